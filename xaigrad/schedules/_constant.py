"""The same strength at every update."""

from dataclasses import dataclass

from xaigrad._checks import check_strength
from xaigrad.schedules._algebra import Algebra


@dataclass(frozen=True)
class Constant(Algebra):
    """The same strength s(t) = s at every update t.

    Args:
        strength: s in [0, 1].

    Raises:
        ValueError: If the strength lies outside [0, 1].

    Example:
        >>> Constant(0.5)(7)
        0.5
    """

    strength: float = 1.0

    def __post_init__(self) -> None:
        check_strength("strength", self.strength)

    def __call__(self, update: int) -> float:
        """Return the strength."""
        return self.strength
