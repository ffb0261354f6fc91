"""A non-negative mask, scaled over each sample or over the whole batch."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from xaigrad._checks import check_choice, check_share
from xaigrad.masks._rows import Per, count_of, divided, of_rank, rows_of


@dataclass(frozen=True)
class Normalize:
    r"""A non-negative mask M, scaled over each sample or over the whole batch.

    .. math::
        M' &= M / \max M                            & (\texttt{by="max"}) \\
        M' &= (M - \min M) / (\max M - \min M)      & (\texttt{by="minmax"}) \\
        M' &= \min(M / Q_q(M),\, 1)                 & (\texttt{by="quantile"}) \\
        M' &= M / \textstyle\sum M                  & (\texttt{by="sum"})

    :math:`Q_q` is the least value that at least a share q of the values does not exceed. Where the largest value, or
    the whole range, is 0 nothing prefers one feature to another, and the mask is 1. Where only the quantile is 0, the
    features other than 0 get 1.

    All but ``"sum"`` give [0, 1]. With ``"sum"`` the values of a sample of F features are about 1/F, and the gradient
    shrinks as much: :class:`MeanOne` keeps its size.

    Args:
        per: Over each ``"sample"`` (independent of the batch, so of accumulation and of the number of devices) or over
            the ``"batch"``.
        by: ``"max"`` keeps the ratios of the values; ``"minmax"`` also maps the smallest to 0; ``"quantile"`` lets no
            single feature set the scale; ``"sum"`` makes shares.
        quantile: q, of ``by="quantile"`` alone.

    Raises:
        ValueError: If ``per`` or ``by`` is something else, or the quantile is not in (0, 1].

    Example:
        >>> import torch
        >>> mask = torch.tensor([[1.0, 2.0, 2.0, 8.0], [0.0, 0.0, 0.0, 0.0]])
        >>> Normalize(by="quantile", quantile=0.75)(mask)
        tensor([[0.5000, 1.0000, 1.0000, 1.0000],
                [1.0000, 1.0000, 1.0000, 1.0000]])
    """

    per: Per = "sample"
    by: Literal["max", "minmax", "quantile", "sum"] = "max"
    quantile: float = 0.99

    def __post_init__(self) -> None:
        check_choice("per", self.per, ("sample", "batch"))
        check_choice("by", self.by, ("max", "minmax", "quantile", "sum"))
        check_share("quantile", self.quantile)

    def __call__(self, mask: Tensor) -> Tensor:
        """Return the scaled mask, of the mask's shape and dtype."""
        rows = rows_of(mask, self.per)
        if self.by == "minmax":
            rows = rows - rows.amin(1, keepdim=True)
        if self.by == "quantile":
            scaled = self._clipped(rows)
        else:
            scaled = divided(rows, rows.sum(1, keepdim=True) if self.by == "sum" else rows.amax(1, keepdim=True))
        return scaled.view_as(mask)

    def _clipped(self, rows: Tensor) -> Tensor:
        largest = rows.amax(1, keepdim=True)
        scale = of_rank(rows, count_of(self.quantile, rows.shape[1]))
        scale = scale.masked_fill(scale == 0, torch.finfo(rows.dtype).tiny)
        # A largest value that is not finite makes the row so, which clipping would hide.
        return ((rows + (largest == 0)) / (scale + 0 * largest)).clamp(max=1)
