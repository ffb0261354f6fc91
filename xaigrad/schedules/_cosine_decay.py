"""Guidance that fades along half a period of a cosine."""

import math
from dataclasses import dataclass

from xaigrad._checks import check_count, check_strength
from xaigrad.schedules._algebra import Algebra


@dataclass(frozen=True)
class CosineDecay(Algebra):
    r"""A strength that falls from 1 along half a period of a cosine, and then stays where it is.

    .. math:: s(t) = e + (1 - e) \frac{1 + \cos(\pi \min(t / T, 1))}{2}

    It is flat at both ends, as the learning rates of "SGDR" (Loshchilov and Hutter, arXiv 1608.03983, equation 5) are.

    Args:
        updates: T, the number of updates of the fall; 0 for none, so that it is at its end from the start.
        end: e in [0, 1], the strength from update T on.

    Raises:
        ValueError: If the end lies outside [0, 1], or the number of updates is no whole number of at least 0.

    Example:
        >>> [round(CosineDecay(4)(update), 3) for update in range(6)]
        [1.0, 0.854, 0.5, 0.146, 0.0, 0.0]
    """

    updates: int
    end: float = 0.0

    def __post_init__(self) -> None:
        check_count("updates", self.updates, 0)
        check_strength("end", self.end)

    def __call__(self, update: int) -> float:
        """Return the strength on the cosine, then ``end``."""
        if update >= self.updates:
            return float(self.end)
        return 1 - (1 - self.end) * (1 - math.cos(math.pi * update / self.updates)) / 2
