"""Thresholds, crisp and soft, and hedges: functions of one truth value."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from xaigrad._checks import check_finite, check_strength
from xaigrad.logic._atoms import Constant
from xaigrad.logic._coercion import as_formula
from xaigrad.logic._formula import Binding, Compound, Formula
from xaigrad.logic._world import World

COMPARISONS = {">": torch.gt, ">=": torch.ge, "<": torch.lt, "<=": torch.le}


@dataclass(frozen=True, repr=False)
class Comparison(Compound):
    """``a > b`` and its kin: 1 where it is so, 0 elsewhere."""

    left: Formula
    sign: str
    right: Formula
    binding: ClassVar[Binding] = Binding.COMPARE

    def __post_init__(self) -> None:
        object.__setattr__(self, "right", as_formula(self.right))
        super().__post_init__()

    def __str__(self) -> str:
        return f"{self.enclosed(self.left, Binding.NOT)} {self.sign} {self.enclosed(self.right, Binding.NOT)}"

    def value(self, world: World, *operands: Tensor) -> Tensor:
        """Return the comparison's outcome."""
        left, right = operands
        bound = self.right.degree if isinstance(self.right, Constant) else right
        # Into floating numbers at once: to convert yes and no takes several times as long.
        outcome: Tensor = COMPARISONS[self.sign](left, bound, out=left.new_empty(0))
        outcome.add_(left, alpha=0)  # What is not a number stays so, for the guidance to see.
        return outcome if isinstance(self.right, Constant) else outcome.add_(right, alpha=0)


@dataclass(frozen=True, repr=False)
class _Soft(Compound):
    """A threshold that is crossed gradually."""

    formula: Formula
    threshold: float
    softness: float = 0.1

    def __post_init__(self) -> None:
        object.__setattr__(self, "formula", as_formula(self.formula))
        check_strength("threshold", self.threshold)
        check_finite("softness", self.softness)
        if self.softness <= 0:
            raise ValueError(
                f"Parameter `softness` should be larger than 0. Found {self.softness!r}. For a crisp threshold "
                "compare: a >= 0.5."
            )
        super().__post_init__()

    def ramp(self, surplus: Tensor) -> Tensor:
        """Return 1 from a surplus of 0 on, less below."""
        softness = max(self.softness, torch.finfo(surplus.dtype).tiny)
        return surplus.div_(softness).add_(1).clamp_(0, 1)


@dataclass(frozen=True, repr=False)
class AtLeast(_Soft):
    r"""``at_least(a, t)``: fully true from the threshold t on, and less and less below it.

    .. math:: \min\big(1, \max(0, 1 - (t - a) / s)\big)

    With the softness s = 1 it is Łukasiewicz's :math:`t \to a`.

    Args:
        formula: a.
        threshold: t, in [0, 1].
        softness: s, how far below the threshold nothing is left.

    Raises:
        ValueError: If the threshold is not in [0, 1], or the softness not larger than 0.
    """

    word: ClassVar[str] = "at_least"

    def value(self, world: World, *operands: Tensor) -> Tensor:
        """Return the ramp."""
        return self.ramp(operands[0] - self.threshold)


@dataclass(frozen=True, repr=False)
class AtMost(_Soft):
    r"""``at_most(a, t)``: fully true up to the threshold t, and less and less above it.

    .. math:: \min\big(1, \max(0, 1 - (a - t) / s)\big)

    Args:
        formula: a.
        threshold: t, in [0, 1].
        softness: s, how far above the threshold nothing is left.

    Raises:
        ValueError: If the threshold is not in [0, 1], or the softness not larger than 0.
    """

    word: ClassVar[str] = "at_most"

    def value(self, world: World, *operands: Tensor) -> Tensor:
        """Return the ramp."""
        return self.ramp(self.threshold - operands[0])


@dataclass(frozen=True, repr=False)
class _Hedge(Compound):
    """A word that changes how much is needed."""

    formula: Formula

    def __post_init__(self) -> None:
        object.__setattr__(self, "formula", as_formula(self.formula))
        super().__post_init__()


@dataclass(frozen=True, repr=False)
class Very(_Hedge):
    """``very(a)``: the square.

    The hedge of concentration (Zadeh 1972, *A fuzzy-set-theoretic interpretation of linguistic hedges*).
    """

    word: ClassVar[str] = "very"

    def value(self, world: World, *operands: Tensor) -> Tensor:
        """Return the square."""
        return operands[0].square()


@dataclass(frozen=True, repr=False)
class Somewhat(_Hedge):
    """``somewhat(a)``: the square root, the hedge of dilation (Zadeh 1972)."""

    word: ClassVar[str] = "somewhat"

    def value(self, world: World, *operands: Tensor) -> Tensor:
        """Return the square root."""
        return operands[0].sqrt()


at_least, at_most, very, somewhat = AtLeast, AtMost, Very, Somewhat
