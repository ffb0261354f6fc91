"""DeepSHAP: DeepLIFT's multipliers times the difference from a real sample, averaged over real samples."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves

from xaigrad._checks import check_choice, check_count
from xaigrad._isolation import forked_rng
from xaigrad._types import Context, Score
from xaigrad.explainers._comparison import Comparing, as_references, fitting
from xaigrad.explainers._completeness import completeness_error, report
from xaigrad.explainers._trace import Trace
from xaigrad.references import HarvestedReferences

_APART = "DeepShap: rows of a batch stand apart"


@dataclass(frozen=True)
class DeepShap(Comparing):
    r"""DeepSHAP (Lundberg & Lee 2017, arXiv 1705.07874, section 4.2), the explainer of the LogicGAN paper.

    .. math:: A = \frac1K \sum_{k=1}^K m(x, r_k) \odot (x - r_k), \qquad
              \sum_i A_i = D(x) - \frac1K \sum_k D(r_k)

    with :math:`m` the multipliers of DeepLIFT's rescale rule (Shrikumar et al. 2017, arXiv 1704.02685, section 3):
    every nonlinearity's derivative is replaced by its secant slope between sample and reference. Functions are
    intercepted, not modules, so functional calls, reused modules and in-place activations are as right as any other;
    products of activations share their difference by the symmetric rule (each factor meets the mean of the other's two
    values), and through it normalisations, attention and minibatch statistics are right too.

    D is asked once of the samples, and once of a few references that all samples share; each further reference per
    sample costs a backward pass alone, and no memory. Where D's batch matters, or D was called with labels, each sample
    has references of its own instead, in batches of the samples' size.

    The second equation, *completeness*, is checked at the first explanation and every 100th after it, so a
    nonlinearity that is not known is loud.

    Args:
        references: Real samples to compare with: a tensor of shape ``(M, ...)``, to draw from at every update; a
            callable ``(samples, context) -> references``, see :mod:`xaigrad.references`; or ``None``, the real samples
            that D has just been trained on (:class:`~xaigrad.references.HarvestedReferences`).
        samples: K, the references per sample and update. K = 1 is an unbiased estimate and costs about one forward and
            one backward pass of D more than an unguided update.
        check: What an incomplete explanation does: ``"raise"``, ``"warn"`` or ``"off"``.

    Raises:
        CompletenessError: (with ``check="raise"``) if the attribution does not sum to the score's difference.

    Example:
        >>> import torch
        >>> from xaigrad.explainers import Context
        >>> x = torch.tensor([[3.0, 1.0]])
        >>> context = Context(gradient=x, update=0, explanation=0, rng=torch.Generator())
        >>> DeepShap(torch.tensor([[1.0, 1.0]]))(lambda x: torch.relu(x.sum(1) - 3), x, context)
        tensor([[1., 0.]])
    """

    references: Any = None
    samples: int = 1
    check: str = "raise"

    def __post_init__(self) -> None:
        object.__setattr__(self, "references", as_references(self.references, HarvestedReferences()))
        check_count("samples", self.samples, 1)
        check_choice("check", self.check, ("raise", "warn", "off"))

    def __call__(self, score: Score, samples: Tensor, context: Context) -> Tensor:
        """Return the attribution, of the samples' shape."""
        here = Trace(score, samples)
        due = context.explanation % 100 == 0
        if self._shareable(here, context):
            before = context.rng.get_state()
            pool, index = self.references.share(samples, self.samples, context)
            there = Trace(score, fitting(pool, (len(pool), *samples.shape[1:]))).without_graph()
            if here.comparable(there):
                asked = _plain(score, samples) if due or _APART not in context.memory else None
                attribution, error = _mean(here, ((there, rows) for rows in index), asked)
                if error <= here.tolerance:
                    context.memory[_APART] = True
                    return attribution
            context.rng.set_state(before)
            context.memory[_APART] = False
        rows = samples.repeat(self.samples, *[1] * (samples.dim() - 1))
        batches = torch.split(self.references_of(rows, context), len(samples))
        theirs = ((Trace(score, batch).without_graph(), None) for batch in batches)
        attribution, error = _mean(here, theirs, _plain(score, samples) if due and self.check != "off" else None)
        if error > here.tolerance:
            report(error, here.unknown, self.check)
        return attribution

    def _shareable(self, here: Trace, context: Context) -> bool:
        """Return whether samples may be compared with references that were not at their place in a batch.

        Not where something was computed of the batch, nor where D was told something of each sample (labels), as the
        score of a function may have been, too.
        """
        if not hasattr(self.references, "share") or context.discriminator is None or here.batch_matters:
            return False
        others = [leaf for leaf in tree_leaves((context.args, context.kwargs)) if isinstance(leaf, Tensor)]
        told_of_each = sum(leaf.dim() > 0 and len(leaf) == len(here.rows) for leaf in others) > 1
        return not told_of_each and bool(context.memory.get(_APART, True))


def _mean(
    here: Trace, comparisons: Iterable[tuple[Trace, Tensor | None]], asked: Tensor | None
) -> tuple[Tensor, float]:
    """Return the mean attribution over comparisons, and the largest error of one against the scores that were asked."""
    total, error, count = torch.zeros_like(here.rows), 0.0, 0
    for there, index in comparisons:
        multipliers = here.multipliers(there, index)
        references, scores = there.rows, there.scores
        if index is not None:
            references, scores = references[index], scores[index]
        attribution = multipliers * (here.rows - references)
        total += attribution
        count += 1
        if asked is not None:
            error = max(error, completeness_error(attribution, asked - scores))
    return total / count, error


def _plain(score: Score, samples: Tensor) -> Tensor:
    """Return the scores as D gives them untraced: a function that was taken apart wrongly would be complete as well."""
    with torch.no_grad(), forked_rng(samples.device):
        return score(samples)
