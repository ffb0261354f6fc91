"""A mask that remembers what masks have been."""

from dataclasses import dataclass

import torch
from torch import Tensor

from xaigrad._types import Context


@dataclass(frozen=True)
class EMA:
    r"""The mask, drawn towards the running mean of the masks of earlier updates.

    .. math::
        M'_t &= \beta\, m_{t-1} + (1 - \beta)\, M_t, \qquad M'_1 = M_1 \\
        m_t &= \frac{1 - \beta}{1 - \beta^t} \sum_{i \le t} \beta^{t-i}\, \overline{M}_i

    where :math:`\overline{M}_i` is the mean over the i-th batch and the factor corrects for the start, as in Adam. What
    D looks at in every sample weighs more, and what one sample's attribution says by chance weighs less.

    The mean is saved and loaded with the guidance. Each discriminator, and each shape of samples, has its own. A step
    is a guided gradient: with accumulation there are several in an update. A feature's mean over a batch that is not
    finite counts for nothing.

    Args:
        decay: β; 0 gives M itself, bit for bit.

    Raises:
        ValueError: If the decay is not in [0, 1).

    Example:
        >>> ema, context = EMA(0.5), Context(torch.ones(1, 2), update=0, explanation=0, rng=torch.Generator())
        >>> ema(torch.tensor([[1.0, 0.0]]), context)
        tensor([[1., 0.]])
        >>> ema(torch.tensor([[1.0, 1.0]]), context)
        tensor([[1.0000, 0.5000]])
    """

    decay: float = 0.9

    def __post_init__(self) -> None:
        if not isinstance(self.decay, int | float) or not 0 <= self.decay < 1:
            raise ValueError(f"Parameter `decay` should be a number in [0, 1). Found {self.decay!r}.")

    def __call__(self, mask: Tensor, context: Context) -> Tensor:
        """Return the smoothed mask, of the mask's shape and dtype."""
        if self.decay == 0:
            return mask
        state = context.within(str(tuple(mask.shape[1:]))).state
        step = state.get("step", 0) + 1
        now = mask.detach().mean(0)
        before = state["mean"].to(now) if step > 1 else torch.ones_like(now)
        news = torch.where(now.isfinite(), now, before)
        state["step"] = step
        state["mean"] = before.lerp(news, (1 - self.decay) / (1 - self.decay**step))
        return mask.lerp(before, self.decay) if step > 1 else mask
