"""Formulas: immutable trees of atoms, connectives and quantifiers, which say how true something is of each feature."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar

from xaigrad.logic._node import Node

MAX_LEVELS = 64
"""How deep formulas may be nested: far deeper than anyone writes, and within Python's own limit."""


class Binding(IntEnum):
    """How tightly the parts of a formula's text hold together."""

    IFF = 0
    IMPLIES = 1
    OR = 2
    AND = 3
    COMPARE = 4
    NOT = 5
    TERM = 6


@dataclass(frozen=True, repr=False)
class Formula(Node):
    """Something that is more or less true of each feature of each sample, by a degree in [0, 1].

    Formulas are built of others with the operators of the text: ``a & b``, ``a | b``, ``~a``, ``a > 0.5`` and its kin;
    for ``->`` and ``<->`` write ``a.implies(b)`` and ``a.iff(b)``. They can be compared, hashed and printed: ``str``
    gives the text.

    In Python a comparison binds less tightly than ``&``: write ``(a > 0.5) & b``. In the text it binds more tightly.
    """

    binding: ClassVar[Binding] = Binding.TERM

    def implies(self, other: Any) -> "Formula":
        """Return the formula ``self -> other``."""
        return _made("Implication", self, other)

    def iff(self, other: Any) -> "Formula":
        """Return the formula ``self <-> other``."""
        return _made("Equivalence", self, other)

    def __and__(self, other: Any) -> "Formula":
        return _made("Conjunction", (self, other))

    def __or__(self, other: Any) -> "Formula":
        return _made("Disjunction", (self, other))

    def __invert__(self) -> "Formula":
        return _made("Negation", self)

    def __gt__(self, other: Any) -> "Formula":
        return _compared(self, ">", other)

    def __ge__(self, other: Any) -> "Formula":
        return _compared(self, ">=", other)

    def __lt__(self, other: Any) -> "Formula":
        return _compared(self, "<", other)

    def __le__(self, other: Any) -> "Formula":
        return _compared(self, "<=", other)

    def __rand__(self, other: Any) -> "Formula":
        raise TypeError(_LOOSE.format(other, "&", self))

    def __ror__(self, other: Any) -> "Formula":
        raise TypeError(_LOOSE.format(other, "|", self))

    def __bool__(self) -> bool:
        raise TypeError(
            f"A formula should be joined with `&`, `|` and `~`. Found {self} where Python wants a plain yes or no, as "
            "`and`, `or`, `not` and 0.2 < a < 0.8 do. Write (a > 0.2) & (a < 0.8)."
        )

    def enclosed(self, part: "Formula", least: int) -> str:
        """Return a part's text, in parentheses if it would not hold together without."""
        return str(part) if part.binding >= least else f"({part})"


_LOOSE = (
    "A comparison should stand in parentheses, for in Python `{1}` binds more tightly. Found {0!r} {1} {2}. Write "
    "(a > 0.5) {1} b; or, for the truth value itself, put the formula first."
)


@dataclass(frozen=True, repr=False)
class Compound(Formula):
    """A formula that is made of others."""

    def __post_init__(self) -> None:
        levels = 1 + max((part.levels for part in self.operands), default=0)
        if levels > MAX_LEVELS:
            raise ValueError(
                f"A formula should be nested at most {MAX_LEVELS} levels deep. Found one level more. Say it in several "
                "specifications, applied one after the other."
            )
        object.__setattr__(self, "_levels", levels)
        object.__setattr__(self, "_written", all(part.written for part in self.operands))
        object.__setattr__(self, "_fixed", all(part.fixed for part in self.operands))

    @property
    def levels(self) -> int:
        """How deep it is nested."""
        levels: int = self._levels  # type: ignore[attr-defined]
        return levels

    @property
    def fixed(self) -> bool:
        """Whether its value is the same for all samples of a shape, at every update."""
        fixed: bool = self._fixed  # type: ignore[attr-defined]
        return fixed

    @property
    def written(self) -> bool:
        """Whether its text, read again, is the same."""
        written: bool = self._written  # type: ignore[attr-defined]
        return written


def _compared(left: Formula, sign: str, right: Any) -> Formula:
    """Return a comparison; what it is can be known only after what a formula is."""
    from xaigrad.logic._thresholds import Comparison

    return Comparison(left, sign, right)


def _made(kind: str, *parts: Any) -> Formula:
    """Return a connective; likewise."""
    from xaigrad.logic import _connectives

    found: Formula = getattr(_connectives, kind)(*parts)
    return found
