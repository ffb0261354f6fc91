"""Checks of the settings of strategies, in one wording: what the parameter should be, what was found, the cure."""

import math
from collections.abc import Collection


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
