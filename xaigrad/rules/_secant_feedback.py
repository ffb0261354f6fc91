"""The loss's secant slope between the sample and a real one: DeepLIFT's multipliers as feedback."""

from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from xaigrad._context import Context, Score
from xaigrad.explainers import DeepShap
from xaigrad.rules._feedback import Feedback


@dataclass(frozen=True)
class SecantFeedback(Feedback):
    r"""DeepLIFT's multipliers of the loss itself, between the sample and real references.

    .. math:: S = \frac1K \sum_{k=1}^K m_{L \circ D}(x, r_k), \qquad
              \sum_i m_i(x, r)\,(x_i - r_i) = L(D(x)) - L(D(r))

    The multipliers (Shrikumar et al. 2017, arXiv 1704.02685, section 3) are slopes of secants, not of tangents: as long
    as D scores the sample and the real one differently, they are not zero, however flat the loss is at the sample.

    It is put in the place of the gradient as :class:`Feedback` says: g' = (1 - s β) g + s β κ S. The mask has no part
    in it. It costs what :class:`~xaigrad.explainers.DeepShap` costs, and is right for the same discriminators and as
    loud.

    Args:
        loss: L, the generator's loss of each score, ``(N,) -> (N,)``, made of torch functions: :class:`Minimax`,
            :class:`NonSaturating` or any other.
        references: As in :class:`~xaigrad.explainers.DeepShap`.
        share: β, the slope's share in the gradient.
        samples: K, the references per sample and update.
        check: What an incomplete explanation does: ``"raise"``, ``"warn"`` or ``"off"``.

    Raises:
        ValueError: If a setting is out of range; when called, if the loss gives no number per score, or the references
            do not fit.
        CompletenessError: (with ``check="raise"``) if the multipliers do not add up to the loss's difference.

    Example:
        >>> import torch
        >>> from contextlib import nullcontext
        >>> from xaigrad.explainers import Context
        >>> from xaigrad.rules import Minimax
        >>> x, g = torch.tensor([[-20.0]]), torch.tensor([[-2e-9]])
        >>> asking = lambda: nullcontext(lambda x: x.sum(1))
        >>> context = Context(g, 0, 0, torch.Generator(), samples=x, asking=asking)
        >>> SecantFeedback(Minimax(), torch.tensor([[20.0]]))(g, g, 1.0, context)
        tensor([[-0.5000]])
    """

    samples: int = 1
    check: str = "raise"
    _explainer: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        explainer = DeepShap(self.references, self.samples, self.check)
        object.__setattr__(self, "references", explainer.references)
        object.__setattr__(self, "_explainer", explainer)

    @property
    def harvests(self) -> int:
        """How many real samples of D's own calls the references want to be kept."""
        return int(self._explainer.harvests)

    def check_call(self, discriminator: nn.Module | None, samples: Tensor) -> None:
        """Raise, in the user's own call of D, if references that can tell do not fit the samples."""
        self._explainer.check_call(discriminator, samples)

    def slope(self, loss: Score, context: Context) -> Tensor:
        """Return S, of the samples' shape."""
        found: Tensor = self._explainer.multipliers(loss, context.samples, context)
        return found
