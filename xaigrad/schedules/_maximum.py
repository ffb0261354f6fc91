"""The maximum of schedules: guided as strongly as any of them wants."""

from collections.abc import Sequence
from dataclasses import dataclass

from xaigrad._types import Schedule, Verdicts
from xaigrad.schedules._around import Together


@dataclass(frozen=True)
class Maximum(Together):
    """The maximum of schedules, s(t) = max(s_1(t), s_2(t), ...); also written ``a | b``.

    Of schedules that are 0 or 1, it is 1 where any of them is. A maximum of maxima is one maximum.

    Args:
        schedules: s_1, s_2 and so on: schedules, plain functions, or numbers in [0, 1].

    Raises:
        TypeError: If they are no sequence of schedules and numbers.
        ValueError: If there are none, or a number lies outside [0, 1].

    Example:
        >>> from xaigrad.schedules import Every
        >>> either = Every(2) | 0.25
        >>> [either(update) for update in range(4)]
        [1.0, 0.25, 1.0, 0.25]
        >>> either == Maximum((Every(2), 0.25))
        True
    """

    schedules: Sequence[Schedule | float]

    def __call__(self, update: int, verdicts: Verdicts | None = None) -> float:
        """Return the greatest of the strengths."""
        return max(self.strengths(update, verdicts))
