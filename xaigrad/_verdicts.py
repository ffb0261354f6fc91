"""How right the discriminator has been of late, told by what its own loss teaches it."""

import copy
from collections import deque
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from xaigrad._checks import check_count

_KEPT = 64
"""The calls whose verdicts are remembered."""


class Verdicts:
    """What D said of the last batches that it was trained on, and what its loss taught it to say of them.

    A verdict is right if the score is above a threshold where the loss lets it rise (a real sample), or below it where
    the loss lets it fall (a generated one); where the loss is satisfied (a hinge) it is right, too. Nothing waits for a
    device until :meth:`accuracy` is asked for.

    Noted are the calls from which D learns and whose samples no other network has a part in: those of several
    discriminators together, and where D's turn does not detach the fake, those of real samples alone. A loss that pulls
    scores back from beyond their aim (least squares, smoothed labels), or one of the generator's turn that teaches real
    samples to fall (relativistic), is misread there; the scores of a critic (Wasserstein) have no threshold.

    Args:
        sign: 1 where D scores real samples high, -1 where it scores them low.

    Attributes:
        state: What a schedule carries from one update to the next: numbers by name. It is saved with the guidance.

    Example:
        >>> verdicts = Verdicts()
        >>> _ = verdicts.note(scores=torch.tensor([2.0, -1.0, 3.0]), rise=torch.ones(3))  # All three are real.
        >>> round(verdicts.accuracy(), 4)
        0.6667
    """

    def __init__(self, sign: int = 1) -> None:
        self.state: dict[str, Any] = {}
        self._sign = sign
        self._calls: deque[Tensor] = deque(maxlen=_KEPT)

    def __len__(self) -> int:
        """Return how many calls are remembered."""
        return len(self._calls)

    def accuracy(self, threshold: float = 0.0, batches: int = 8) -> float | None:
        """Return the share of right verdicts in the last calls of D's turn; ``None`` before the first.

        Args:
            threshold: The score of D from which on a sample passes for real, or down from which where D scores real
                samples low: 0 for logits, 0.5 for probabilities. The score is the sum of a map of scores.
            batches: How many calls to look at, at most 64; a batch of real and one of generated samples are two.

        Raises:
            ValueError: If ``batches`` lies outside its range.
        """
        check_batches(batches)
        calls = [*self._calls][-batches:]
        if not calls:
            return None
        scores, rise = torch.cat([call.to(calls[-1].device) for call in calls], 1)
        right = (rise == 0) | ((scores > self._sign * threshold) == (rise > 0))
        known = ~rise.isnan()  # A loss scaler may have gone too far.
        told, count = torch.stack([(right & known).sum(), known.sum()]).tolist()
        return told / count if count else None

    def note(self, scores: Tensor, rise: Tensor) -> Tensor:
        """Remember one call of D's turn, and return what is remembered: both rows, shape ``(2, N)``.

        Args:
            scores: One per sample, high for real ones.
            rise: How the loss lets each of them rise: above 0 for a real sample, below for a generated one, 0 where the
                loss is satisfied.
        """
        self._calls.append(torch.stack([scores.detach().float(), rise.detach().float()]))
        return self._calls[-1]

    def state_dict(self) -> dict[str, Any]:
        """Return the verdicts and the schedule's own numbers."""
        return {"calls": list(self._calls), "schedule": copy.deepcopy(self.state)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where saved verdicts stopped."""
        self._calls = deque(state["calls"], maxlen=_KEPT)
        self.state = copy.deepcopy(dict(state["schedule"]))


def check_batches(batches: int) -> None:
    """Raise ``ValueError`` unless so many calls can be looked at."""
    check_count("batches", batches, 1)
    if batches > _KEPT:
        raise ValueError(f"Parameter `batches` should be at most {_KEPT}, the calls that are kept. Found {batches}.")
