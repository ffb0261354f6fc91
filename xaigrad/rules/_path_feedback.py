"""The loss's mean gradient on the way from the sample to a real one."""

from dataclasses import dataclass

import torch
from torch import Tensor

from xaigrad._checks import check_count
from xaigrad._context import Context, Score
from xaigrad.explainers._comparison import Comparing, as_references
from xaigrad.explainers._streaming import accumulator, stream_gradients
from xaigrad.references import HarvestedReferences
from xaigrad.rules._feedback import Feedback


@dataclass(frozen=True)
class PathFeedback(Comparing, Feedback):
    r"""The gradient of the loss, averaged over a stretch of the path from the sample to a real reference.

    .. math:: S = \frac1K \sum_{k=1}^K \nabla (L \circ D)\big(x + \alpha_k (r_k - x)\big), \qquad
              \alpha_k \in \Big[a + \tfrac{k - 1}{K} (b - a),\; a + \tfrac{k}{K} (b - a)\Big]

    Over the whole path, [a, b] = [0, 1], it is the slope by which integrated gradients (Sundararajan et al. 2017, arXiv
    1703.01365, equation 1) and, with the position drawn at random, expected gradients (Erion et al. 2021, arXiv
    1906.10670, equation 2) multiply the way from reference to sample. Where D is sure at x and the loss is flat there,
    it is not flat all the way to a real sample; on the first part of it, the default stretch, it may be.

    It is put in the place of the gradient as :class:`Feedback` says: g' = (1 - s β) g + s β κ S. The mask has no part
    in it. It costs K forward and backward passes of D.

    Args:
        loss: L, the generator's loss of each score, ``(N,) -> (N,)``: :class:`Minimax`, :class:`NonSaturating` or any
            function.
        references: r, real samples: a tensor of shape ``(M, ...)`` to draw from, one for each sample and position; a
            callable ``(samples, context) -> references``; or ``None``, those that D has just been trained on.
        share: β, the slope's share in the gradient.
        stretch: (a, b), from which to which part of the path; 0 is the sample, 1 the reference.
        steps: K, the positions.
        jitter: Whether each position is drawn at random from its K-th part of the stretch (unbiased for every K), or is
            the middle of it (one reference per sample then serves all K).
        rows: As in :class:`~xaigrad.explainers.IntegratedGradients`.

    Raises:
        ValueError: If a setting is out of range; when called, if the loss gives no number per score, or the references
            do not fit.

    Example:
        >>> from contextlib import nullcontext
        >>> from xaigrad.explainers import Context
        >>> from xaigrad.rules import Minimax
        >>> x, g = torch.tensor([[-20.0]]), torch.tensor([[-2e-9]])
        >>> asking = lambda: nullcontext(lambda x: x.sum(1))
        >>> context = Context(g, 0, 0, torch.Generator(), samples=x, asking=asking)
        >>> rule = PathFeedback(Minimax(), torch.tensor([[20.0]]), stretch=(0.0, 1.0), jitter=False)
        >>> rule(g, g, 1.0, context)
        tensor([[-0.5000]])
    """

    stretch: tuple[float, float] = (0.0, 0.3)
    steps: int = 4
    jitter: bool = True
    rows: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "references", as_references(self.references, HarvestedReferences()))
        check_count("steps", self.steps, 1)
        if self.rows is not None:
            check_count("rows", self.rows, 1)
        object.__setattr__(self, "stretch", tuple(self.stretch))
        if len(self.stretch) != 2 or not 0 <= self.stretch[0] < self.stretch[1] <= 1:
            raise ValueError(
                "Parameter `stretch` should be two numbers a < b in [0, 1], from the sample at 0 towards the reference "
                f"at 1. Found {self.stretch!r}. For example stretch=(0.0, 0.3)."
            )

    def slope(self, loss: Score, context: Context) -> Tensor:
        """Return S, of the samples' shape."""
        samples, (start, end) = context.samples, self.stretch
        fixed = None if self.jitter else self.references_of(samples, context)

        def write(step: int, out: Tensor) -> None:
            references = self.references_of(samples, context) if fixed is None else fixed
            within = torch.full((len(samples),), 0.5, device="cpu")
            if self.jitter:
                within = torch.rand(len(samples), generator=context.rng, dtype=torch.float32, device="cpu")
            position = (start + (end - start) * (step + within) / self.steps).to(out).view(-1, *[1] * (out.dim() - 1))
            torch.lerp(samples, references, position, out=out)

        total = accumulator(samples)
        for gradient in stream_gradients(loss, samples, self.steps, write, self.rows):
            total += gradient
        return total.div_(self.steps)
