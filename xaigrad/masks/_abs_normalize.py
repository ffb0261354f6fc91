"""The absolute attribution, scaled to [0, 1]."""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from xaigrad._checks import check_choice
from xaigrad.masks._normalize import Normalize
from xaigrad.masks._parts import Abs
from xaigrad.masks._rows import Per


@dataclass(frozen=True)
class AbsNormalize:
    r"""The absolute attribution A, scaled to [0, 1] over each sample or over the whole batch.

    .. math:: M = \frac{|A|}{\max |A|} \quad (\texttt{by="max"}), \qquad
              M = \frac{|A| - \min |A|}{\max |A| - \min |A|} \quad (\texttt{by="minmax"})

    ``per="sample", by="max"`` is the paper's mask (LogicGAN, section 3: "take the absolute value of the explanation
    matrix M and normalize them to the range [0, 1]"); ``per="batch", by="minmax"`` is what the authors' released code
    computes. Where the denominator is 0 the attribution gives no reason to prefer one feature over another, and the
    mask is 1: that gradient stays the standard one.

    It is :class:`Abs` followed by :class:`Normalize`, which has more ways to scale.

    Args:
        per: Take the maximum over each ``"sample"`` (independent of the batch, so of accumulation and of the number of
            devices) or over the ``"batch"``.
        by: ``"max"`` keeps the ratios of the attribution; ``"minmax"`` also maps the smallest value to 0.

    Example:
        >>> import torch
        >>> AbsNormalize()(torch.tensor([[1.0, -4.0], [0.0, 0.0]]))
        tensor([[0.2500, 1.0000],
                [1.0000, 1.0000]])
    """

    per: Per = "sample"
    by: Literal["max", "minmax"] = "max"

    def __post_init__(self) -> None:
        check_choice("per", self.per, ("sample", "batch"))
        check_choice("by", self.by, ("max", "minmax"))

    def __call__(self, attribution: Tensor) -> Tensor:
        """Return the mask, of the attribution's shape and dtype."""
        return Normalize(self.per, self.by)(Abs()(attribution))
