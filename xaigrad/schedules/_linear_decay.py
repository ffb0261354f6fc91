"""Guidance that fades at an even pace."""

from dataclasses import dataclass

from xaigrad._checks import check_count, check_strength
from xaigrad.schedules._algebra import Algebra


@dataclass(frozen=True)
class LinearDecay(Algebra):
    r"""A strength that falls from 1 along a straight line, and then stays where it is.

    .. math:: s(t) = 1 - (1 - e) \min(t / T, 1)

    Args:
        updates: T, the number of updates of the fall; 0 for none, so that it is at its end from the start.
        end: e in [0, 1], the strength from update T on.

    Raises:
        ValueError: If the end lies outside [0, 1], or the number of updates is no whole number of at least 0.

    Example:
        >>> [LinearDecay(4)(update) for update in range(6)]
        [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]
    """

    updates: int
    end: float = 0.0

    def __post_init__(self) -> None:
        check_count("updates", self.updates, 0)
        check_strength("end", self.end)

    def __call__(self, update: int) -> float:
        """Return the strength on the line, then ``end``."""
        if update >= self.updates:
            return float(self.end)
        return 1 - (1 - self.end) * update / self.updates
