"""Guided and standard updates in turn."""

from dataclasses import dataclass

from xaigrad._checks import check_count
from xaigrad.schedules._algebra import Algebra


@dataclass(frozen=True)
class Alternate(Algebra):
    """Guided and standard updates in turn ("alternating between xAI-guided and standard", LogicGAN, section 6.1).

    s(t) = 1 where t mod (m + n) < m, else 0.

    Args:
        guided: m, the guided updates of each period.
        standard: n, the standard updates that follow them.

    Raises:
        ValueError: If there is no guided update in a period.

    Example:
        >>> [Alternate(guided=1, standard=2)(update) for update in range(6)]
        [1.0, 0.0, 0.0, 1.0, 0.0, 0.0]
    """

    guided: int = 1
    standard: int = 1

    def __post_init__(self) -> None:
        check_count("guided", self.guided, 1)
        check_count("standard", self.standard, 0)

    def __call__(self, update: int) -> float:
        """Return 1.0 in the guided part of a period, 0.0 in the standard part."""
        return float(update % (self.guided + self.standard) < self.guided)
