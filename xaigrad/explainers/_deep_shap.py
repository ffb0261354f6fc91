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
from xaigrad.explainers._comparison import Comparing, as_references
from xaigrad.explainers._completeness import completeness_error, report
from xaigrad.explainers._trace import Trace
from xaigrad.references import HarvestedReferences
from xaigrad.references._rows import fitting

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
        return self._averaged(score, samples, context, slopes=False)

    def multipliers(self, score: Score, samples: Tensor, context: Context) -> Tensor:
        r"""Return the mean multipliers, :math:`\frac1K \sum_k m(x, r_k)`: slopes towards the references."""
        return self._averaged(score, samples, context, slopes=True)

    def _averaged(self, score: Score, samples: Tensor, context: Context, slopes: bool) -> Tensor:
        due = context.explanation % 100 == 0
        if self._shareable(samples, context):
            before = context.rng.get_state()
            try:
                attribution = self._against_shared(score, samples, context, due or _APART not in context.memory, slopes)
            except (RuntimeError, AssertionError):
                if _APART in context.memory:
                    raise
                attribution = None  # A D that takes batches of one size alone; other errors come again below.
            if attribution is not None:
                context.memory[_APART] = True
                return attribution
            context.rng.set_state(before)
            context.memory[_APART] = False
        here = Trace(score, samples)
        rows = samples.repeat(self.samples, *[1] * (samples.dim() - 1))
        batches = torch.split(self.references_of(rows, context), len(samples))
        theirs = ((Trace(score, batch).without_graph(), None) for batch in batches)
        asked = _plain(score, samples) if due and self.check != "off" else None
        attribution, error = _mean(here, samples, theirs, asked, slopes)
        if error > here.tolerance:
            report(error, here.unknown, self.check)
        return attribution

    def _shareable(self, samples: Tensor, context: Context) -> bool:
        """Return whether samples may be compared with references that were not at their place in a batch.

        Not where D's batch is known to matter, nor where it was told something of each sample (labels), as the score of
        a function may have been, too.
        """
        if (
            not hasattr(self.references, "share")
            or context.discriminator is None
            or not context.memory.get(_APART, True)
        ):
            return False
        others = [leaf for leaf in tree_leaves((context.args, context.kwargs)) if isinstance(leaf, Tensor)]
        return sum(leaf.dim() > 0 and len(leaf) == len(samples) for leaf in others) <= 1

    def _against_shared(
        self, score: Score, samples: Tensor, context: Context, checked: bool, slopes: bool
    ) -> Tensor | None:
        """Return the attribution against references that all samples share; ``None`` if D's batch matters."""
        pool, index = self.references.share(samples, self.samples, context)
        fitting(pool, (len(pool), *samples.shape[1:]))
        if self.samples == 1:  # In one pass; of more, every backward pass would run through the references again.
            here = there = Trace(score, torch.cat([samples, pool]))
            index = index + len(samples)
        else:
            here, there = Trace(score, samples), Trace(score, pool).without_graph()
        if not here.comparable(there):
            return None
        comparisons = ((there, rows) for rows in index)
        attribution, error = _mean(here, samples, comparisons, _plain(score, samples) if checked else None, slopes)
        return attribution if error <= here.tolerance else None


def _mean(
    here: Trace,
    samples: Tensor,
    comparisons: Iterable[tuple[Trace, Tensor | None]],
    asked: Tensor | None,
    slopes: bool,
) -> tuple[Tensor, float]:
    """Return the mean over comparisons, and the largest error of one against the scores that were asked.

    The mean is that of the attributions, or with ``slopes`` that of the multipliers alone.
    """
    total, error, count = torch.zeros_like(samples), 0.0, 0
    for there, index in comparisons:
        multipliers = here.multipliers(there, index)
        references, scores = there.rows, there.scores.detach()
        if index is not None:
            references, scores = references.index_select(0, index), scores.index_select(0, index)
        attribution = (samples - references).mul_(multipliers)
        total += multipliers if slopes else attribution
        count += 1
        if asked is not None:
            error = max(error, completeness_error(attribution, asked - scores))
    return total / count, error


def _plain(score: Score, samples: Tensor) -> Tensor:
    """Return the scores as D gives them untraced: a function that was taken apart wrongly would be complete as well."""
    with torch.no_grad(), forked_rng(samples.device):
        return score(samples)
