"""What an expression may name: the public classes and functions of xaigrad, and what the user adds to them."""

import math
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from importlib import import_module
from inspect import signature
from keyword import iskeyword
from types import FunctionType
from typing import Any, get_type_hints

from torch import Tensor

DEPTH = 64
"""How deep parts may stand in parts."""

PACKAGES = ("explainers", "references", "masks", "schedules", "rules", "logic")
_NUMBERS = {"inf": math.inf, "nan": math.nan}


def is_plain(value: object) -> bool:
    """Return whether a value is a number, a text, a truth or nothing: what is written out, not named."""
    return value is None or isinstance(value, bool | int | float | str)


def is_made_of_fields(value: object) -> bool:
    """Return whether something is an instance of a dataclass whose constructor takes its fields."""
    if isinstance(value, type) or not is_dataclass(value):
        return False
    return {field.name for field in fields(value) if field.init} == {*signature(type(value)).parameters}


def members() -> Iterator[tuple[str, Any, str]]:
    """Yield what of the public packages can stand in an expression: its name, itself and its package.

    These are the strategies (dataclasses whose instances are called), the functions that make one, and the functions
    that are as good as one.
    """
    for package in PACKAGES:
        module = import_module(f"xaigrad.{package}")
        for name in module.__all__:
            value = getattr(module, name)
            if _is_strategy(value) or _is_strategy(_result(value)) or _result(value) in (Tensor, float):
                yield name, value, package


@cache
def public() -> dict[str, tuple[Any, str]]:
    """Return the members by name, each with its package."""
    return {name: (value, package) for name, value, package in members()}


def _is_strategy(value: Any) -> bool:
    if not isinstance(value, type) or not is_dataclass(value):
        return False
    return any("__call__" in vars(base) for base in value.__mro__)


def _result(value: object) -> Any:
    """Return what a function says that it returns; ``None`` for anything else."""
    try:
        return get_type_hints(value).get("return") if isinstance(value, FunctionType) else None
    except (NameError, TypeError):  # Its hints name what is not there, or are no types.
        return None


class Vocabulary:
    """What may be called in an expression, and the values that have a name.

    Args:
        names: Values by name.
        known: Classes and functions besides those of xaigrad.

    Raises:
        ValueError: If a name is none, or taken.
    """

    def __init__(self, names: Mapping[str, Any] | None, known: Iterable[Any]) -> None:
        listed = {name: value for name, (value, _) in public().items()}
        for value in known:
            name = str(getattr(value, "__name__", ""))
            if not callable(value) or not _is_name(name):
                raise ValueError(
                    f"Parameter `known` should hold classes and functions with a name. Found {value!r}. Give a value a "
                    'name of your own: names={"mine": ...}.'
                )
            _add(listed, "known", name, value)
        self.makers = {name: value for name, value in listed.items() if makes(value)}
        self.values = {name: value for name, value in listed.items() if name not in self.makers} | _NUMBERS
        for name, value in (names or {}).items():
            if not _is_name(name) or name in self.makers:
                raise ValueError(
                    "Parameter `names` should have names of Python for keys, other than those of known classes. Found "
                    f'{name!r}. For example names={{"real": images}}.'
                )
            _add(self.values, "names", name, value)

    @property
    def listed(self) -> list[str]:
        """Every name."""
        return [*self.makers, *self.values]

    def name_of(self, value: object) -> str | None:
        """Return the name that a value has, where it is not one that is written out."""
        if is_plain(value):
            return None
        return next((name for name, named in self.values.items() if named is value), None)

    def package_of(self, value: object) -> str | None:
        """Return the package that a strategy's class is from, or a function; ``None`` where it is none of xaigrad's."""
        found = [package for named, package in public().values() if named is type(value) or named is value]
        return found[0] if found else None


def makes(value: object) -> bool:
    """Return whether something is to be called to get a strategy: a class, or a function that says so."""
    return isinstance(value, type) or _is_strategy(_result(value))


def _is_name(name: object) -> bool:
    if not isinstance(name, str) or not name.isidentifier() or iskeyword(name):
        return False
    return unicodedata.normalize("NFKC", name) == name  # As Python's parser does.


def _add(listed: dict[str, Any], parameter: str, name: str, value: Any) -> None:
    if listed.setdefault(name, value) is not value:
        raise ValueError(
            f"Parameter `{parameter}` should have names of its own. Found `{name}`, which is taken. Name it otherwise."
        )
