"""The Hadamard product of gradient and mask."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Multiply:
    r"""The paper's rule, :math:`g' = g \odot M` (LogicGAN, Algorithm 1, line 7), blended in by the strength s.

    .. math:: g' = g \odot (1 + s\,(M - 1))

    A mask of ones and a strength of 0 give g itself, bit for bit.

    Example:
        >>> import torch
        >>> Multiply()(torch.tensor([2.0, 2.0]), torch.tensor([0.0, 1.0]), 1.0)
        tensor([0., 2.])
    """

    def __call__(self, gradient: Tensor, mask: Tensor, strength: float) -> Tensor:
        """Return the re-weighted gradient."""
        return gradient * (mask if strength == 1 else 1 + strength * (mask - 1))
