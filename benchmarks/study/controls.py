r"""What a guidance does for other reasons than its explanation: the controls that a claim for it has to beat.

A mask transform here stands behind an arm's own, so that M is the mask that the arm trains with: its values in other
places, other values of the same distribution, its mean. Under all of them the generator draws what it would have drawn.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor

from xaigrad import Guidance
from xaigrad._checks import check_share
from xaigrad.benchmarks.study.matched_rate import MatchedRate, scale_rate
from xaigrad.explainers import Context
from xaigrad.masks._rows import count_of, rows_of

__all__ = [
    "KNOWN",
    "OF_MASKS",
    "TOP_SAMPLES",
    "BatchMean",
    "MatchedRate",
    "RandomLike",
    "SampleMean",
    "Shuffled",
    "TopSamples",
    "controls_of",
    "scale_rate",
]


@dataclass(frozen=True)
class Shuffled:
    r"""Each sample's mask with its F values in random places, :math:`M'_{nf} = M_{n\pi_n(f)}`.

    Every sample has a permutation of its own at every update, of all features, whatever their channel. What is left of
    the explanation is how large its values are in each sample, not where.

    Example:
        >>> mask = torch.tensor([[0.0, 0.5, 1.0], [2.0, 3.0, 4.0]])
        >>> context = Context(mask, update=0, explanation=0, rng=torch.Generator().manual_seed(1))
        >>> Shuffled()(mask, context).sort().values.equal(mask)
        True
    """

    def __call__(self, mask: Tensor, context: Context) -> Tensor:
        """Return the shuffled mask, of the gradient's shape and the mask's dtype."""
        mask = mask.expand_as(context.gradient)
        rows = rows_of(mask)
        keys = torch.rand(rows.shape, generator=context.rng, dtype=torch.float64, device="cpu")
        return rows.gather(1, keys.to(rows.device).argsort(1)).view(mask.shape)


@dataclass(frozen=True)
class SampleMean:
    r"""Each sample's mask replaced by its mean, :math:`M'_{nf} = \mathrm{mean}_f\, M_{nf}`.

    What is left of the explanation is how much each sample counts. Ones stay ones, bit for bit, and any other constant
    to rounding.

    Example:
        >>> mask = torch.tensor([[0.0, 1.0], [0.5, 1.0]])
        >>> SampleMean()(mask, Context(mask, update=0, explanation=0, rng=torch.Generator()))
        tensor([[0.5000, 0.5000],
                [0.7500, 0.7500]])
    """

    def __call__(self, mask: Tensor, context: Context) -> Tensor:
        """Return the means, of the gradient's shape and the mask's dtype."""
        mask = mask.expand_as(context.gradient)
        rows = rows_of(mask)
        return rows.mean(1, keepdim=True).expand_as(rows).view(mask.shape)


@dataclass(frozen=True)
class RandomLike:
    r"""A random mask of the same distribution: each value drawn, with replacement, from all values of the batch's mask.

    What is left of the explanation is which values its masks have. A constant mask stays itself, bit for bit.

    Example:
        >>> mask = torch.tensor([[0.0, 0.5], [0.5, 1.0]])
        >>> context = Context(mask, update=0, explanation=0, rng=torch.Generator().manual_seed(0))
        >>> torch.isin(RandomLike()(mask, context), mask).all()
        tensor(True)
    """

    def __call__(self, mask: Tensor, context: Context) -> Tensor:
        """Return the random mask, of the gradient's shape and the mask's dtype."""
        mask = mask.expand_as(context.gradient)
        places = torch.randint(max(mask.numel(), 1), (mask.numel(),), generator=context.rng, device="cpu")
        return mask.reshape(-1)[places.to(mask.device)].view(mask.shape)


@dataclass(frozen=True)
class BatchMean:
    r"""The constant mask: the mean over the batch, for all samples and features.

    Under :class:`~xaigrad.rules.Multiply` it scales the batch's gradient by a number, which differs from update to
    update. Ones stay ones, bit for bit, and any other constant to rounding.

    Example:
        >>> mask = torch.tensor([[0.0, 1.0], [0.5, 0.5]])
        >>> BatchMean()(mask, Context(mask, update=0, explanation=0, rng=torch.Generator()))
        tensor([[0.5000, 0.5000],
                [0.5000, 0.5000]])
    """

    def __call__(self, mask: Tensor, context: Context) -> Tensor:
        """Return the mean, of the gradient's shape and the mask's dtype."""
        mask = mask.expand_as(context.gradient)
        return mask.mean().expand_as(mask)


@dataclass(frozen=True)
class TopSamples:
    r"""1 for the samples that D scores highest, 0 for the others, whatever the mask was: top-k training.

    .. math:: M'_{nf} = [n \text{ is among the } k \text{ best of } N], \qquad k = \lceil f N \rceil

    Under :class:`~xaigrad.rules.Multiply` G learns from those samples only (Sinha et al. 2020, arXiv 2002.06224). That
    paper averages the loss over k samples, here it stays divided by N: the gradients differ by the factor k / N, which
    Adam does not see. It also lets k fall from N in the course of the training; here it is the same all along. Of
    samples with the same score the first are taken.

    Args:
        share: f in (0, 1].

    Raises:
        ValueError: If the share is not in (0, 1].

    Example:
        >>> mask, scores = torch.ones(4, 1), torch.tensor([0.1, 0.9, 0.3, 0.2])
        >>> context = Context(mask, 0, 0, torch.Generator(), samples=mask, verdict=lambda: scores)
        >>> TopSamples()(mask, context).flatten()
        tensor([0., 1., 1., 0.])
    """

    share: float = 0.5
    asks: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_share("share", self.share)

    def __call__(self, mask: Tensor, context: Context) -> Tensor:
        """Return the choice, of the gradient's shape and the mask's dtype."""
        mask = mask.expand_as(context.gradient)
        best = context.scores.argsort(descending=True, stable=True)[: count_of(self.share, len(mask))]
        chosen = mask.new_zeros(len(mask)).index_fill(0, best, 1.0)
        return chosen.view(-1, *[1] * (mask.dim() - 1)).expand_as(mask)


OF_MASKS: dict[str, Callable[[Tensor, Context], Tensor]] = {
    "shuffled": Shuffled(),
    "sample-mean": SampleMean(),
    "random": RandomLike(),
    "constant": BatchMean(),
}
"""What is put behind an arm's mask, by the control's name."""

TOP_SAMPLES = Guidance(mask=TopSamples())
"""Top-k training, a control of a comparison as a whole: its explainer is not asked, nor does it cost anything."""

KNOWN = (Shuffled, SampleMean, RandomLike, BatchMean, TopSamples, MatchedRate)
"""For :mod:`xaigrad.recipes`, which reads and writes these by their names if it is told of them: ``known=KNOWN``."""


def controls_of(name: str, guidance: Guidance) -> dict[str, Guidance]:
    """Return the controls of a guided arm: of the same explainer, schedule and rule, but for what each is about.

    They control for the mask. Of a rule that looks at the attribution itself (:class:`~xaigrad.rules.Additive`) or at
    no mask (:class:`~xaigrad.rules.SecantFeedback`) they leave that as it is.

    Args:
        name: The arm's.
        guidance: Its recipe.

    Example:
        >>> for control in controls_of("saliency", Guidance()):
        ...     print(control)
        saliency-shuffled
        saliency-sample-mean
        saliency-random
        saliency-constant
        saliency-matched-rate
    """
    masks = {
        f"{name}-{control}": replace(guidance, mask=(*guidance.transforms, transform))
        for control, transform in OF_MASKS.items()
    }
    return {**masks, f"{name}-matched-rate": replace(guidance, rule=MatchedRate(guidance.rule))}
