"""The reference that is zero."""

from dataclasses import dataclass

import torch
from torch import Tensor

from xaigrad._types import Context


@dataclass(frozen=True)
class ZeroReferences:
    """Zeros: the customary "absence" of integrated gradients; for a tanh generator a grey image.

    Example:
        >>> import torch
        >>> from xaigrad.explainers import Context
        >>> context = Context(torch.zeros(1, 2), update=0, explanation=0, rng=torch.Generator())
        >>> ZeroReferences()(torch.ones(1, 2), context)
        tensor([[0., 0.]])
    """

    def __call__(self, samples: Tensor, context: Context) -> Tensor:
        """Return zeros of the samples' shape."""
        return torch.zeros_like(samples.detach())

    def share(self, samples: Tensor, count: int, context: Context) -> tuple[Tensor, Tensor]:
        """Return the one row of zeros, for every sample."""
        pool = samples.new_zeros(1, *samples.shape[1:])
        return pool, torch.zeros(count, len(samples), dtype=torch.long, device=samples.device)
