"""One guided update in so many."""

from dataclasses import dataclass

from xaigrad._checks import check_count
from xaigrad.schedules._algebra import Algebra


@dataclass(frozen=True)
class Every(Algebra):
    """One guided update in k, as lazy regularisers have it: a costly explainer then costs a k-th.

    s(t) = 1 where t mod k = r, else 0.

    Args:
        k: The period.
        offset: r, the first guided update, less than k.

    Raises:
        ValueError: If the offset does not lie in the period.

    Example:
        >>> [Every(3)(update) for update in range(6)]
        [1.0, 0.0, 0.0, 1.0, 0.0, 0.0]
        >>> [Every(3, offset=2)(update) for update in range(6)]
        [0.0, 0.0, 1.0, 0.0, 0.0, 1.0]
    """

    k: int
    offset: int = 0

    def __post_init__(self) -> None:
        check_count("k", self.k, 1)
        check_count("offset", self.offset, 0)
        if self.offset >= self.k:
            raise ValueError(
                f"Parameter `offset` should be less than `k`, {self.k}. Found {self.offset}. For a late start use "
                f"StartAfter({self.offset}, Every({self.k}))."
            )

    def __call__(self, update: int) -> float:
        """Return 1.0 at every k-th update, else 0.0."""
        return float(update % self.k == self.offset)
