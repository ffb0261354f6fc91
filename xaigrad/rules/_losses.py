"""The losses of a generator as functions of one score, for rules that ask for their slopes elsewhere than at a sample.

Both are those of Goodfellow et al. 2014, arXiv 1406.2661.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Minimax:
    r"""The original loss, :math:`L = \log(1 - D(x))` (equation 1): flat where D is sure that x is generated.

    Args:
        probabilities: Whether D returns probabilities (it ends in a sigmoid). Logits otherwise,
            :math:`L = -\mathrm{softplus}(s)`. Probabilities that their precision cannot tell from 0 or 1 are taken for
            the nearest that it can, so that no slope is 0/0: in float32 the loss ends at -16.6. The slope is 0 there,
            so logits are better where they can be had.

    Example:
        >>> Minimax()(torch.tensor([0.0, -20.0]))
        tensor([-6.9315e-01, -2.0612e-09])
    """

    probabilities: bool = False

    def __call__(self, scores: Tensor) -> Tensor:
        """Return one loss per score."""
        return torch.log1p(-_told_apart(scores)) if self.probabilities else -F.softplus(scores)


@dataclass(frozen=True)
class NonSaturating:
    r"""The loss that was invented against the flatness of the first, :math:`L = -\log D(x)` (section 3).

    Args:
        probabilities: As in :class:`Minimax`.

    Example:
        >>> NonSaturating()(torch.tensor([0.0, -20.0]))
        tensor([ 0.6931, 20.0000])
    """

    probabilities: bool = False

    def __call__(self, scores: Tensor) -> Tensor:
        """Return one loss per score."""
        return -torch.log(_told_apart(scores)) if self.probabilities else F.softplus(-scores)


def _told_apart(probabilities: Tensor) -> Tensor:
    """Return probabilities that are neither 0 nor 1."""
    precision = torch.finfo(probabilities.dtype)
    return probabilities.clamp(precision.tiny, 1 - precision.eps / 2)
