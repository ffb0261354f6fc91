"""One schedule after another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xaigrad._types import Schedule, Verdicts
from xaigrad.schedules._algebra import Algebra, as_schedule, ask, watching


@dataclass(frozen=True)
class Piecewise(Algebra):
    """One schedule after another, each from its own update 0.

    s(t) = s_i(t - T_i) for T_i <= t < T_(i + 1), and 0 before the first.

    Args:
        parts: The schedules, or numbers in [0, 1], by the update from which they hold: a dict, or pairs.

    Raises:
        TypeError: If the parts are no schedules by updates, or there are none.
        ValueError: If an update is no whole number of at least 0, or a strength lies outside [0, 1].

    Example:
        >>> from xaigrad.schedules import Every
        >>> schedule = Piecewise({0: 1.0, 2: 0.5, 4: Every(2)})
        >>> [schedule(update) for update in range(8)]
        [1.0, 1.0, 0.5, 0.5, 1.0, 0.0, 1.0, 0.0]
    """

    parts: Mapping[int, Schedule | float] | Sequence[tuple[int, Schedule | float]]

    def __post_init__(self) -> None:
        parts = _by_update(self.parts)
        for start in parts:
            if not isinstance(start, int) or isinstance(start, bool) or start < 0:
                raise ValueError(
                    f"Parameter `parts` should hold from updates on, whole numbers of at least 0. Found {start!r}."
                )
        checked = tuple((start, as_schedule("parts", parts[start])) for start in sorted(parts))
        object.__setattr__(self, "parts", checked)

    @property
    def watches(self) -> bool:
        """Whether one of the parts wants to know how right the discriminator is."""
        return watching(schedule for _, schedule in self._pairs)

    @property
    def _pairs(self) -> tuple[tuple[int, Schedule], ...]:
        pairs: tuple[tuple[int, Schedule], ...] = self.parts  # type: ignore[assignment]
        return pairs

    def __call__(self, update: int, verdicts: Verdicts | None = None) -> float:
        """Return what the part that holds at the update says."""
        for start, schedule in reversed(self._pairs):
            if update >= start:
                return ask(schedule, update - start, verdicts)
        return 0.0


def _by_update(parts: Any) -> dict[int, Any]:
    try:
        found = dict(parts)
    except (TypeError, ValueError):
        found = {}
    if not found:
        raise TypeError(
            f"Parameter `parts` should be schedules by the update from which they hold. Found {parts!r}. For example "
            "Piecewise({0: 1.0, 1000: 0.5})."
        )
    return found
