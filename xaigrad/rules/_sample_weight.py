"""The weight of each sample's loss, by how much explanation there is."""

from dataclasses import dataclass

from torch import Tensor

from xaigrad.rules._norms import total


@dataclass(frozen=True)
class SampleWeight:
    r"""Each sample's gradient times a weight: its share of the explanation's mass in the batch of N samples.

    .. math:: g'_n = g_n\, (1 + s\,(w_n - 1)), \qquad w_n = \frac{m_n}{\frac{1}{N}\sum_k m_k}, \qquad
              m_n = \mathrm{mean}\,|M_n|

    That is the gradient of a loss whose terms are weighted; inside a sample nothing changes. The mean weight is 1, and
    every weight is where all the masses are the same: a mask of ones gives g itself, bit for bit, as do masks of zeros.
    The weights depend on the batch: a batch of one sample has the weight 1.

    A mask that is scaled by its own largest value (:class:`~xaigrad.masks.AbsNormalize`) says how evenly an attribution
    is spread; ``AbsNormalize(per="batch")`` says which samples have most of it.

    Example:
        >>> import torch
        >>> SampleWeight()(torch.ones(2, 2), torch.tensor([[0.25, 0.25], [0.5, 1.0]]), 1.0)
        tensor([[0.5000, 0.5000],
                [1.5000, 1.5000]])
    """

    def __call__(self, gradient: Tensor, mask: Tensor, strength: float) -> Tensor:
        """Return the weighted gradient."""
        mass = total(mask.abs())
        largest = mass.amax()
        mass = mass / largest  # The sum of them all stays finite.
        weight = (mass / mass.mean()).masked_fill_(largest == 0, 1.0)
        return gradient * (weight if strength == 1 else 1 + strength * (weight - 1))
