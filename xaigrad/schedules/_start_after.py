"""Standard updates first, guided ones later."""

from dataclasses import dataclass

from xaigrad._checks import check_count
from xaigrad._types import Schedule, Verdicts
from xaigrad.schedules._around import Around
from xaigrad.schedules._constant import Constant


@dataclass(frozen=True)
class StartAfter(Around):
    """Standard training for the first updates, then another schedule that starts from its own update 0.

    s(t) = 0 for t < T, else s'(t - T). The released code guides only the second half of a training.

    Args:
        updates: T, the number of standard updates at the beginning.
        schedule: s', what follows: a schedule, or a number in [0, 1].

    Raises:
        TypeError: If what follows is neither.
        ValueError: If the number of updates is no whole number of at least 0.

    Example:
        >>> [StartAfter(2)(update) for update in range(4)]
        [0.0, 0.0, 1.0, 1.0]
    """

    updates: int
    schedule: Schedule | float = Constant()

    def __post_init__(self) -> None:
        check_count("updates", self.updates, 0)
        super().__post_init__()

    def __call__(self, update: int, verdicts: Verdicts | None = None) -> float:
        """Return 0.0 before ``updates``, then what the schedule says."""
        return 0.0 if update < self.updates else self.inside(update - self.updates, verdicts)
