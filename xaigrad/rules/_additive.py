"""A step along the attribution itself, beside the gradient."""

from dataclasses import dataclass

import torch
from torch import Tensor

from xaigrad._checks import check_finite
from xaigrad._context import Context
from xaigrad.rules._norms import either, scaled


@dataclass(frozen=True)
class Additive:
    r"""The gradient, and a step of each sample towards what speaks for real, of α times the gradient's length.

    .. math:: g' = g - s\,\alpha\,\|g\|\, \frac{A \odot M}{\|A \odot M\|}

    A is the signed attribution and the norms are each sample's. The optimizer goes along -g', hence the minus. The mask
    says which features may be moved, and in which proportion; its scale cancels. So transforms that choose features
    (the largest ones, a region) have a part in this rule as in any other; ``mask=torch.ones_like`` leaves the whole
    attribution. A mask of ones is therefore not neutral here, while one of zeros is.

    A sample whose attribution is zero or not finite keeps its gradient, bit for bit; so does every sample at α = 0. The
    rule is homogeneous for positive factors alone, g'(cg) = c g'(g) for c > 0: turning g round does not turn the
    attribution. Its A should be a direction, as a gradient is (``Saliency(exact=True)``, ``SmoothGrad``): then the step
    raises the score. A contribution, such as sample times gradient, has the direction's signs where samples are
    positive alone. With the fused ``Saliency()`` and a mask of ones the rule scales g by 1 + s α.

    Args:
        alpha: α, the length of the step beside the gradient's.

    Raises:
        ValueError: If ``alpha`` is not finite.

    Example:
        >>> from xaigrad.explainers import Context
        >>> g, attribution = torch.tensor([[3.0, 4.0]]), torch.tensor([[0.0, 7.0]])
        >>> context = Context(
        ...     gradient=g, update=0, explanation=0, rng=torch.Generator(), attribution=attribution
        ... )
        >>> Additive(alpha=0.1)(g, torch.ones(1, 2), 1.0, context)
        tensor([[3.0000, 3.5000]])
    """

    alpha: float = 0.1

    def __post_init__(self) -> None:
        check_finite("alpha", self.alpha)

    def __call__(self, gradient: Tensor, mask: Tensor, strength: float, context: Context) -> Tensor:
        """Return the gradient with the step."""
        weight = strength * self.alpha
        if weight == 0:
            return gradient
        _, step, size = scaled(context.attribution * mask)
        power, _, norm = scaled(gradient)
        moved = torch.addcmul(gradient, step, power * (norm * weight / size), value=-1)
        return either(size > 0, moved, gradient)
