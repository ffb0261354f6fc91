"""Masks for some samples only, chosen by the discriminator's verdict."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from xaigrad._checks import check_finite
from xaigrad._types import Context


@dataclass(frozen=True)
class RejectedOnly:
    r"""The mask for samples that D rejects, :math:`D(x) < \theta`; the neutral mask 1 for the others.

    The released code of LogicGAN (XAIGAN) explains only what D takes for generated: there D gives probabilities and
    :math:`\theta = 0.5`.

    Args:
        threshold: θ, the score from which on a sample passes for real: 0 for logits, 0.5 for probabilities. A score is
            what ``target`` says, summed over a sample's patches, and with ``real="low"`` negated.

    Raises:
        ValueError: If the threshold is no finite number.

    Example:
        >>> mask, scores = torch.tensor([[0.2, 0.5], [0.2, 0.5]]), torch.tensor([-1.0, 1.0])
        >>> context = Context(mask, 0, 0, torch.Generator(), samples=mask, verdict=lambda: scores)
        >>> RejectedOnly()(mask, context)
        tensor([[0.2000, 0.5000],
                [1.0000, 1.0000]])
    """

    threshold: float = 0.0
    asks: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_finite("threshold", self.threshold)

    def __call__(self, mask: Tensor, context: Context) -> Tensor:
        """Return the mask, of the mask's shape and dtype."""
        return _kept(mask, context.scores < self.threshold)


@dataclass(frozen=True)
class AcceptedOnly:
    r"""The mask for samples that D does not reject, :math:`D(x) \ge \theta`; the neutral mask 1 for the others.

    The complement of :class:`RejectedOnly`.

    Args:
        threshold: θ, as there.

    Raises:
        ValueError: If the threshold is no finite number.

    Example:
        >>> mask, scores = torch.tensor([[0.2, 0.5], [0.2, 0.5]]), torch.tensor([-1.0, 1.0])
        >>> context = Context(mask, 0, 0, torch.Generator(), samples=mask, verdict=lambda: scores)
        >>> AcceptedOnly()(mask, context)
        tensor([[1.0000, 1.0000],
                [0.2000, 0.5000]])
    """

    threshold: float = 0.0
    asks: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_finite("threshold", self.threshold)

    def __call__(self, mask: Tensor, context: Context) -> Tensor:
        """Return the mask, of the mask's shape and dtype."""
        return _kept(mask, ~(context.scores < self.threshold))


def _kept(mask: Tensor, samples: Tensor) -> Tensor:
    """Return the mask for some samples and 1 for the others; what is not finite stays so for all."""
    kept = samples.to(mask.dtype).view(-1, *[1] * (mask.dim() - 1))
    return torch.addcmul(1 - kept, mask, kept)
