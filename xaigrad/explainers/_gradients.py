r"""The score's own gradient as its explanation, taken for free from the gradient that trains the generator.

For a loss that is a sum of per-sample terms :math:`L(D(x))`, the gradient that arrives at a sample is
:math:`g = L'(D(x))\, \partial D / \partial x`: the score's gradient times one number per sample. After any
normalisation of :math:`|g|` per sample it *is* the saliency map, so no further pass through D is needed. A generator's
loss falls where the score rises, :math:`L' < 0`, so that -g has the signs of the score's gradient, too.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from xaigrad._types import Context, Score


def score_gradient(score: Score, samples: Tensor) -> Tensor:
    """Return the gradient of each sample's score at the sample, in the samples' shape."""
    with torch.enable_grad():
        points = samples.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(score(points).sum(), points)
    return gradient


@dataclass(frozen=True)
class Saliency:
    r"""The score's gradient, :math:`A = \partial D / \partial x` (Simonyan et al. 2014, arXiv 1312.6034, section 3).

    The absolute value is left to the mask transform.

    Args:
        exact: ``False`` (fused): A is the arriving gradient, negated, equal to the score's gradient up to one positive
            factor per sample for every loss that is a sum over samples of a function of one score each and falls where
            the score rises (BCE, hinge, Wasserstein, least squares below its aim ...).
            ``True``: differentiate the score itself, with one more forward and backward pass of D:
            for losses that mix samples or patches, for masks normalised over the batch, and to explain D in eval mode
            where it trains with dropout.

    Example:
        >>> import torch
        >>> from xaigrad.explainers import Context
        >>> x = torch.tensor([[1.0, 2.0]])
        >>> context = Context(gradient=torch.tensor([[-0.5, -2.0]]), update=0, explanation=0, rng=torch.Generator())
        >>> Saliency()(lambda x: (x**2).sum(1), x, context)
        tensor([[0.5000, 2.0000]])
        >>> Saliency(exact=True)(lambda x: (x**2).sum(1), x, context)
        tensor([[2., 4.]])
    """

    exact: bool = False

    @property
    def fused(self) -> bool:
        """Whether D is left unasked."""
        return not self.exact

    def __call__(self, score: Score, samples: Tensor, context: Context) -> Tensor:
        """Return the attribution, of the samples' shape."""
        return score_gradient(score, samples) if self.exact else -context.gradient


@dataclass(frozen=True)
class InputXGradient:
    r"""Sample times score gradient, :math:`A = x \odot \partial D / \partial x` (Shrikumar et al. 2016, 1605.01713).

    It is DeepLIFT's answer for a linear D with the reference 0; features that are 0 get none.

    Args:
        exact: As in :class:`Saliency`.

    Example:
        >>> import torch
        >>> from xaigrad.explainers import Context
        >>> x = torch.tensor([[1.0, 2.0]])
        >>> context = Context(gradient=torch.tensor([[-0.5, -2.0]]), update=0, explanation=0, rng=torch.Generator())
        >>> InputXGradient()(lambda x: (x**2).sum(1), x, context)
        tensor([[0.5000, 4.0000]])
    """

    exact: bool = False

    @property
    def fused(self) -> bool:
        """Whether D is left unasked."""
        return not self.exact

    def __call__(self, score: Score, samples: Tensor, context: Context) -> Tensor:
        """Return the attribution, of the samples' shape."""
        return samples * (score_gradient(score, samples) if self.exact else -context.gradient)
