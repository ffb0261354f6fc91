"""A strength that follows how right the discriminator is."""

from dataclasses import dataclass

from xaigrad._checks import check_count, check_finite, check_strength
from xaigrad._types import Verdicts
from xaigrad._verdicts import check_batches
from xaigrad.schedules._algebra import Algebra


@dataclass(frozen=True)
class Adaptive(Algebra):
    r"""A strength that follows the discriminator's accuracy a on the last batches that it was trained on.

    .. math:: s = \min(\max(\frac{a - l}{h - l}, 0), 1)

    An explanation is worth as much as the judge: one that guesses (a = 0.5) gives no reason worth following. With
    l > h it is turned round: the less right D is, the more G is guided, up to full strength at h. Before D's first
    verdict the strength is 0.

    The accuracy is read once in ``every`` updates, for a device has to be waited for there; in between the strength is
    kept, and saved with the guidance. Each process of a distributed training goes by its own part of the batches. What
    :class:`Verdicts` misread is misread here.

    Args:
        low: l, the accuracy up to which the strength is 0.
        high: h, the accuracy from which on it is 1.
        threshold: The score from which on a sample passes for real: 0 for logits, 0.5 for probabilities.
        batches: How many of D's calls to look at, at most 64; a batch of real and one of generated samples are two.
        every: How many updates to keep a strength for.

    Raises:
        ValueError: If a setting lies outside its range, or ``low`` and ``high`` are the same.

    Example:
        >>> from torch import ones, tensor
        >>> verdicts = Verdicts()
        >>> _ = verdicts.note(scores=tensor([2.0, -1.0, 3.0, 1.0]), rise=ones(4))  # All four are real.
        >>> Adaptive()(0, verdicts)
        0.5
    """

    low: float = 0.5
    high: float = 1.0
    threshold: float = 0.0
    batches: int = 8
    every: int = 4

    def __post_init__(self) -> None:
        check_strength("low", self.low)
        check_strength("high", self.high)
        if self.low == self.high:
            raise ValueError(
                f"Parameter `high` should differ from `low`. Found {self.high!r} for both. For a step choose them "
                "close together."
            )
        check_finite("threshold", self.threshold)
        check_batches(self.batches)
        check_count("every", self.every, 1)

    @property
    def watches(self) -> bool:
        """Whether it wants to know how right the discriminator is: yes."""
        return True

    def __call__(self, update: int, verdicts: Verdicts) -> float:
        """Return the strength that was read last, or is due to be read."""
        turn, key = update // self.every, repr(self)
        read, strength = verdicts.state.get(key, (None, 0.0))
        if read != turn:
            accuracy = verdicts.accuracy(self.threshold, self.batches)
            if accuracy is not None:
                strength = min(max((accuracy - self.low) / (self.high - self.low), 0.0), 1.0)
                verdicts.state[key] = (turn, strength)
        return float(strength)
