"""Guided updates first, standard ones later."""

from dataclasses import dataclass

from xaigrad._checks import check_count
from xaigrad._types import Schedule, Verdicts
from xaigrad.schedules._around import Around
from xaigrad.schedules._constant import Constant


@dataclass(frozen=True)
class StopAfter(Around):
    """A schedule for the first updates, then standard training to the end.

    s(t) = s'(t) for t < T, else 0.

    Args:
        updates: T, the number of updates until guidance ends.
        schedule: s', what comes before: a schedule, or a number in [0, 1].

    Raises:
        TypeError: If what comes before is neither.
        ValueError: If the number of updates is no whole number of at least 0.

    Example:
        >>> [StopAfter(2)(update) for update in range(4)]
        [1.0, 1.0, 0.0, 0.0]
    """

    updates: int
    schedule: Schedule | float = Constant()

    def __post_init__(self) -> None:
        check_count("updates", self.updates, 0)
        super().__post_init__()

    def __call__(self, update: int, verdicts: Verdicts | None = None) -> float:
        """Return what the schedule says before ``updates``, then 0.0."""
        return self.inside(update, verdicts) if update < self.updates else 0.0
