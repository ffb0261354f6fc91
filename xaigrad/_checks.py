"""Checks of the settings of strategies, in one wording: what the parameter should be, what was found, the cure."""

import math
from collections.abc import Collection
from typing import Any

from torch import nn


def check_choice(name: str, value: object, choices: Collection[str]) -> None:
    """Raise ``ValueError`` unless the value is one of the choices."""
    if value not in choices:
        listed = " or ".join(f'"{choice}"' for choice in choices)
        raise ValueError(f"Parameter `{name}` should be {listed}. Found {value!r}.")


def check_finite(name: str, value: float) -> None:
    """Raise ``ValueError`` unless the value is a finite number."""
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"Parameter `{name}` should be a finite number. Found {value!r}.")


def check_count(name: str, value: int, least: int) -> None:
    """Raise ``ValueError`` unless the value is a whole number of at least ``least``."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ValueError(f"Parameter `{name}` should be a whole number of at least {least}. Found {value!r}.")


def check_strength(name: str, value: float) -> None:
    """Raise ``ValueError`` unless the value lies in [0, 1]."""
    if not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError(f"Parameter `{name}` should be a number in [0, 1]. Found {value!r}.")


def check_callable(name: str, part: Any, example: str) -> None:
    """Raise ``TypeError`` unless a part of a guidance can be called: classes and networks cannot."""
    if isinstance(part, type):
        raise TypeError(
            f"Parameter `{name}` should be a callable instance. Found the class `{part.__name__}`. "
            f"Instantiate it before passing it: {part.__name__}()."
        )
    if not callable(part):
        raise TypeError(f"Parameter `{name}` should be a callable. Found {part!r}. For example {example}.")
    if isinstance(part, nn.Module):
        raise TypeError(
            f"Parameter `{name}` should be a strategy. Found the module `{type(part).__name__}`. Pass the networks "
            "first: XAIGuidedGenerator(generator, discriminator, ...)."
        )
