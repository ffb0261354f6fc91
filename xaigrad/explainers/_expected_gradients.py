"""Expected gradients: integrated gradients in expectation, with real samples as references, by random draws."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from xaigrad._checks import check_count
from xaigrad._types import Context, Score
from xaigrad.explainers._comparison import Comparing, as_references
from xaigrad.explainers._streaming import accumulator, stream_gradients
from xaigrad.references import HarvestedReferences


@dataclass(frozen=True)
class ExpectedGradients(Comparing):
    r"""Expected gradients (Erion et al. 2021, arXiv 1906.10670, equation 2), known as GradientSHAP.

    .. math:: A = \mathbb E_{r,\, \alpha \sim U(0, 1)} \big[(x - r) \odot \nabla D(r + \alpha (x - r))\big]

    estimated by the mean of K draws of a reference and a point of its path. It is unbiased for every K, and its
    expectation sums to :math:`D(x) - \mathbb E_r D(r)`.

    Args:
        references: Real samples to compare with: a tensor of shape ``(M, ...)``, from which one is drawn at random per
            sample and draw; a callable ``(samples, context) -> references``, see :mod:`xaigrad.references`; or
            ``None``, the real samples that D has just been trained on.
        samples: K, the draws; each is one forward and one backward pass of D.
        rows: As in :class:`IntegratedGradients`; the draws do not depend on it.

    Raises:
        ValueError: (when called) if the references have another shape than the samples.

    Example:
        >>> import torch
        >>> from xaigrad.explainers import Context
        >>> x = torch.tensor([[3.0, 2.0]])
        >>> context = Context(gradient=x, update=0, explanation=0, rng=torch.Generator())
        >>> ExpectedGradients(torch.tensor([[1.0, 1.0]]))(lambda x: 2 * x[:, 0] + x[:, 1], x, context)
        tensor([[4., 1.]])
    """

    references: Any = None
    samples: int = 8
    rows: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "references", as_references(self.references, HarvestedReferences()))
        check_count("samples", self.samples, 1)
        if self.rows is not None:
            check_count("rows", self.rows, 1)

    def __call__(self, score: Score, samples: Tensor, context: Context) -> Tensor:
        """Return the attribution, of the samples' shape."""
        ways: list[Tensor] = []

        def write(draw: int, out: Tensor) -> None:
            references = self.references_of(samples, context)
            position = torch.rand(len(samples), generator=context.rng, dtype=torch.float32, device="cpu")
            position = position.to(out).view(-1, *[1] * (samples.dim() - 1))
            ways.append(samples - references)
            torch.addcmul(references, position, ways[-1], out=out)

        total = accumulator(samples)
        for gradient in stream_gradients(score, samples, self.samples, write, self.rows):
            total.addcmul_(gradient.to(total), ways.pop(0).to(total))
        return total.div_(self.samples)
