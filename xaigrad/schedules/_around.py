"""What schedules that are made of others have in common: they take numbers and functions, and watch D if one does."""

from collections.abc import Sequence

from xaigrad._types import Schedule, Verdicts
from xaigrad.schedules._algebra import Algebra, as_schedule, ask, gathered, watching


class Around(Algebra):
    """A schedule that makes something of another one's strength."""

    schedule: Schedule | float

    def __post_init__(self) -> None:
        object.__setattr__(self, "schedule", as_schedule("schedule", self.schedule))

    @property
    def watches(self) -> bool:
        """Whether the schedule inside wants to know how right the discriminator is."""
        return watching([self.schedule])

    def inside(self, update: int, verdicts: Verdicts | None) -> float:
        """Return the strength of the schedule inside."""
        return ask(self.schedule, update, verdicts)


class Together(Algebra):
    """A schedule that makes one strength of several."""

    schedules: Sequence[Schedule | float]

    def __post_init__(self) -> None:
        object.__setattr__(self, "schedules", gathered(type(self), self.schedules))

    @property
    def watches(self) -> bool:
        """Whether one of them wants to know how right the discriminator is."""
        return watching(self.schedules)

    def strengths(self, update: int, verdicts: Verdicts | None) -> list[float]:
        """Return the strength of each; all are asked, whatever the first says."""
        return [ask(schedule, update, verdicts) for schedule in self.schedules]
