"""Checks of the settings of strategies, in one wording: what the parameter should be, what was found, the cure."""

import inspect
import math
from collections.abc import Collection
from typing import Any

from torch import Tensor, nn


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


def check_positive(name: str, value: float) -> None:
    """Raise ``ValueError`` unless the value is a finite number above 0."""
    check_finite(name, value)
    if value <= 0:
        raise ValueError(f"Parameter `{name}` should be positive. Found {value!r}.")


def check_share(name: str, value: float) -> None:
    """Raise ``ValueError`` unless the value lies in (0, 1]: a share that is not nothing."""
    if not isinstance(value, int | float) or not 0 < value <= 1:
        raise ValueError(f"Parameter `{name}` should be a number in (0, 1]. Found {value!r}.")


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


def takes_context(part: Any, plain: int) -> bool:
    """Return whether a part has to be given one argument more than the plain ones of its kind, the context.

    Example:
        >>> import torch
        >>> [takes_context(part, 1) for part in (torch.abs, lambda mask: mask, lambda mask, context: mask)]
        [False, False, True]
    """
    try:
        parameters = inspect.signature(part).parameters.values()
    except (TypeError, ValueError):  # A function of torch, which does not say.
        return False
    places = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(one.kind in places and one.default is inspect.Parameter.empty for one in parameters) > plain


def structure(value: Any) -> str:
    """Return what a value is made of, in words: ``(tensor of shape (4, 1), 3 entries more)``."""
    if isinstance(value, Tensor):
        return f"a tensor of shape {tuple(value.shape)} and dtype {value.dtype}"
    if isinstance(value, list | tuple):
        return f"a {type(value).__name__} of [{', '.join(map(structure, value))}]"
    if isinstance(value, dict):
        return f"a dict of {{{', '.join(f'{key!r}: {structure(entry)}' for key, entry in value.items())}}}"
    return f"an object of type {type(value).__name__}"
