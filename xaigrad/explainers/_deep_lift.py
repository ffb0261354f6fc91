"""DeepLIFT: the same, against one reference that does not change."""

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from xaigrad._checks import check_choice
from xaigrad._types import Context, Score
from xaigrad.explainers._comparison import Comparing, as_references
from xaigrad.explainers._deep_shap import DeepShap
from xaigrad.references import ZeroReferences


@dataclass(frozen=True)
class DeepLift(Comparing):
    r"""DeepLIFT with the rescale rule (Shrikumar et al. 2017, arXiv 1704.02685, section 3), against one reference.

    .. math:: A = m(x, r) \odot (x - r), \qquad \sum_i A_i = D(x) - D(r)

    It is :class:`DeepShap` with one reference per sample, right for the same discriminators and as loud.

    Args:
        references: r: ``None`` for zeros; a tensor of real samples of shape ``(M, ...)``, from which one is drawn per
            sample and update; or a callable ``(samples, context) -> references``: ``FixedReferences(image[None])`` for
            one image, ``BlurredReferences()`` for each sample's own blur.
        check: What an incomplete explanation does: ``"raise"``, ``"warn"`` or ``"off"``.

    Raises:
        CompletenessError: (with ``check="raise"``) if the attribution does not sum to the score's difference.

    Example:
        >>> import torch
        >>> from xaigrad.explainers import Context
        >>> x = torch.tensor([[3.0, 2.0]])
        >>> context = Context(gradient=x, update=0, explanation=0, rng=torch.Generator())
        >>> DeepLift()(lambda x: torch.relu(x.sum(1) - 3), x, context)
        tensor([[1.2000, 0.8000]])
    """

    references: Any = None
    check: str = "raise"

    def __post_init__(self) -> None:
        object.__setattr__(self, "references", as_references(self.references, ZeroReferences()))
        check_choice("check", self.check, ("raise", "warn", "off"))

    def __call__(self, score: Score, samples: Tensor, context: Context) -> Tensor:
        """Return the attribution, of the samples' shape."""
        return DeepShap(self.references, 1, self.check)(score, samples, context)
