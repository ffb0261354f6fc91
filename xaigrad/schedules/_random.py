"""Guided updates at random."""

from dataclasses import dataclass
from hashlib import sha256

from xaigrad._checks import check_count, check_strength
from xaigrad.schedules._algebra import Algebra


@dataclass(frozen=True)
class Random(Algebra):
    r"""Guided updates at random, each with the same probability, independently of all others.

    .. math:: s(t) = [u(\mathrm{seed}, t) < p], \quad u \sim U(0, 1)

    The answer depends on the seed and the update alone: no random state is drawn from or advanced, a resumed training
    goes on with the same updates, and all processes of a distributed one guide the same.

    Args:
        probability: p.
        seed: Another seed, other updates.

    Raises:
        ValueError: If the probability lies outside [0, 1], or the seed is no whole number of at least 0.

    Example:
        >>> [Random(0.5)(update) for update in range(8)]
        [0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0]
        >>> sum(Random(0.25, seed=1)(update) for update in range(1000))
        257.0
    """

    probability: float
    seed: int = 0

    def __post_init__(self) -> None:
        check_strength("probability", self.probability)
        check_count("seed", self.seed, 0)

    def __call__(self, update: int) -> float:
        """Return 1.0 with the probability, else 0.0."""
        # A hash, so that neighbouring updates have nothing in common, and the same on every machine.
        digest = sha256(f"{self.seed}:{update}".encode()).digest()
        return float(int.from_bytes(digest[:6], "big") / 2**48 < self.probability)
