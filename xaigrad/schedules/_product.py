"""The product of schedules: guided as strongly as all of them together allow."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from xaigrad._types import Schedule, Verdicts
from xaigrad.schedules._around import Together


@dataclass(frozen=True)
class Product(Together):
    """The product of schedules, s(t) = s_1(t) s_2(t) ...; also written ``a * b``.

    Of schedules that are 0 or 1, it is 1 where all of them are. A product of products is one product.

    Args:
        schedules: s_1, s_2 and so on: schedules, plain functions, or numbers in [0, 1].

    Raises:
        TypeError: If they are no sequence of schedules and numbers.
        ValueError: If there are none, or a number lies outside [0, 1].

    Example:
        >>> from xaigrad.schedules import Every
        >>> half = 0.5 * Every(2)
        >>> [half(update) for update in range(4)]
        [0.5, 0.0, 0.5, 0.0]
        >>> half == Product((0.5, Every(2)))
        True
    """

    schedules: Sequence[Schedule | float]

    def __call__(self, update: int, verdicts: Verdicts | None = None) -> float:
        """Return the product of the strengths."""
        return prod(self.strengths(update, verdicts), start=1.0)
