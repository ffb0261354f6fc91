"""Guidance that sets in gradually."""

from dataclasses import dataclass

from xaigrad._checks import check_count
from xaigrad._types import Schedule, Verdicts
from xaigrad.schedules._around import Around
from xaigrad.schedules._constant import Constant


@dataclass(frozen=True)
class WarmUp(Around):
    r"""A strength that rises linearly from 0, times another schedule.

    .. math:: s(t) = \min(t / T, 1) \, s'(t)

    Update 0 is a standard one, at which nothing is computed; the full strength is reached at update T.

    Args:
        updates: T, the number of updates of the rise; 0 for none.
        schedule: s', what is warmed up: a schedule, or a number in [0, 1].

    Raises:
        TypeError: If what is warmed up is neither.
        ValueError: If the number of updates is no whole number of at least 0.

    Example:
        >>> [WarmUp(4)(update) for update in range(6)]
        [0.0, 0.25, 0.5, 0.75, 1.0, 1.0]
    """

    updates: int
    schedule: Schedule | float = Constant()

    def __post_init__(self) -> None:
        check_count("updates", self.updates, 0)
        super().__post_init__()

    def __call__(self, update: int, verdicts: Verdicts | None = None) -> float:
        """Return the schedule's strength, reduced at the beginning."""
        risen = update / self.updates if update < self.updates else 1.0
        return risen * self.inside(update, verdicts)
