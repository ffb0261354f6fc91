"""Atoms that D's scores give: for how real it takes a sample."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from xaigrad._checks import check_finite
from xaigrad.logic._formula import Formula
from xaigrad.logic._intensity import check_interval, placed_between
from xaigrad.logic._world import World


@dataclass(frozen=True, repr=False)
class _Judged(Formula):
    """An atom that D's scores give, high for real samples, one truth value per sample."""

    @property
    def asks(self) -> bool:
        """Whether it looks at D's scores: it does."""
        return True


@dataclass(frozen=True, repr=False)
class Realness(_Judged):
    r"""``realness``: for how real D takes a sample, the sigmoid of its score :math:`1 / (1 + e^{-D(x)})`.

    With both ends it is :math:`(D(x) - l) / (h - l)`, cut to [0, 1]: ``realness(0, 1)`` for a D that gives
    probabilities itself.

    Args:
        low: l, the score that counts as 0; ``None`` for the sigmoid.
        high: h, the score that counts as 1; ``None`` for the sigmoid.

    Raises:
        ValueError: If only one end is given, or ``low`` is not less than ``high``.
    """

    low: float | None = None
    high: float | None = None
    word: ClassVar[str] = "realness"

    def __post_init__(self) -> None:
        if self.low is None and self.high is None:
            return
        if self.low is None or self.high is None:
            raise ValueError(
                f"Parameters `low` and `high` should be given together. Found low={self.low}, high={self.high}. For "
                "scores that are probabilities: realness(0, 1)."
            )
        check_interval(self.low, self.high)

    def __call__(self, low: float | None = None, high: float | None = None) -> "Realness":
        """Return the same with other ends."""
        return Realness(low, high)

    def value(self, world: World, *operands: Tensor) -> Tensor:
        """Return one truth value per sample."""
        scores = world.context.scores
        if self.low is None or self.high is None:
            return world.per_sample(scores.sigmoid())
        return world.per_sample(placed_between(scores, self.low, self.high))


@dataclass(frozen=True, repr=False)
class Accepted(_Judged):
    """``accepted(threshold)``: 1 for samples that D takes for real, with a score above the threshold; 0 for others.

    Args:
        threshold: 0 where D gives logits, 0.5 where it gives probabilities.

    Raises:
        ValueError: If it is not finite.
    """

    threshold: float
    word: ClassVar[str] = "accepted"

    def __post_init__(self) -> None:
        check_finite("threshold", self.threshold)

    def value(self, world: World, *operands: Tensor) -> Tensor:
        """Return one truth value per sample."""
        return world.per_sample(world.context.scores > self.threshold)


@dataclass(frozen=True, repr=False)
class Rejected(Accepted):
    """``rejected(threshold)``: 1 for samples that D takes for generated; ``~accepted(threshold)``.

    Args:
        threshold: As for ``accepted``.
    """

    word: ClassVar[str] = "rejected"

    def value(self, world: World, *operands: Tensor) -> Tensor:
        """Return one truth value per sample."""
        return 1 - super().value(world)


realness = Realness()
accepted, rejected = Accepted, Rejected
