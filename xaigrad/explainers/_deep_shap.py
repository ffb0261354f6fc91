"""DeepSHAP: DeepLIFT's multipliers times the difference from a real sample, averaged over real samples."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from xaigrad._checks import check_choice, check_count
from xaigrad._types import Context, Score
from xaigrad.explainers._completeness import check_completeness
from xaigrad.explainers._deep_lift import Linearize, RecordReferences
from xaigrad.references import RandomReferences


@dataclass(frozen=True)
class DeepShap:
    r"""DeepSHAP (Lundberg & Lee 2017, arXiv 1705.07874, section 4.2), the explainer of the LogicGAN paper.

    .. math:: A = \frac1K \sum_{k=1}^K m(x, r_k) \odot (x - r_k), \qquad
              \sum_i A_i = D(x) - \frac1K \sum_k D(r_k)

    with :math:`m` the multipliers of DeepLIFT's rescale rule (Shrikumar et al. 2017, arXiv 1704.02685, section 3):
    every nonlinearity's derivative is replaced by its secant slope between sample and reference. Functions are
    intercepted, not modules, so functional calls, reused modules and in-place activations are as right as any other,
    and for products of activations the symmetric rule (each factor's mean of sample and reference) is exact.

    The second equation, *completeness*, is checked at the first explanation and every 100th after it, so a
    nonlinearity that is not known is loud.

    Args:
        references: Real samples to compare with: a tensor of shape ``(M, ...)``, from which one is drawn at random per
            sample and update, or a callable ``(samples, context) -> references``, see :mod:`xaigrad.references`.
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

    references: Any
    samples: int = 1
    check: str = "raise"

    def __post_init__(self) -> None:
        if not callable(self.references):
            object.__setattr__(self, "references", RandomReferences(self.references))
        check_count("samples", self.samples, 1)
        check_choice("check", self.check, ("raise", "warn", "off"))

    def __call__(self, score: Score, samples: Tensor, context: Context) -> Tensor:
        """Return the attribution, of the samples' shape."""
        rows = samples.repeat(self.samples, *[1] * (samples.dim() - 1))
        references: Tensor = self.references(rows, context)
        if references.shape != rows.shape:
            raise ValueError(
                f"Parameter `references` should give one reference per sample, of shape {tuple(rows.shape)}. Found "
                f"{tuple(references.shape)}. Reshape the real samples to the discriminator's input."
            )
        with torch.no_grad(), RecordReferences() as recorded:
            reference_scores = score(references)
        points = rows.detach().requires_grad_()
        with torch.enable_grad(), Linearize(recorded.tape) as linearized:
            scores = score(points)
            linearized.finish()
        multipliers: Tensor = torch.autograd.grad(scores.sum(), points)[0]
        attribution = multipliers * (rows - references)
        if self.check != "off" and context.explanation % 100 == 0:
            check_completeness(attribution, scores - reference_scores, linearized.unknown, self.check)
        return attribution.reshape(self.samples, *samples.shape).mean(0)
