"""A mask that leaves the learning rate its meaning."""

from dataclasses import dataclass

from torch import Tensor

from xaigrad._checks import check_choice
from xaigrad.masks._rows import Per, divided, rows_of


@dataclass(frozen=True)
class MeanOne:
    r"""A non-negative mask scaled to the mean 1, :math:`M' = M / \mathrm{mean}(M)`.

    A mask in [0, 1] shrinks the gradient besides turning it; with the mean 1, features gain as much as others lose, and
    the learning rate means what it means without a mask. Where the mean is 0, the mask is 1.

    Args:
        per: The mean over each ``"sample"``, or over the ``"batch"``, where samples keep their ratios.

    Raises:
        ValueError: If ``per`` is something else.

    Example:
        >>> import torch
        >>> MeanOne()(torch.tensor([[1.0, 3.0], [0.0, 0.0]]))
        tensor([[0.5000, 1.5000],
                [1.0000, 1.0000]])
    """

    per: Per = "sample"

    def __post_init__(self) -> None:
        check_choice("per", self.per, ("sample", "batch"))

    def __call__(self, mask: Tensor) -> Tensor:
        """Return the scaled mask, of the mask's shape and dtype."""
        rows = rows_of(mask, self.per)
        return divided(rows, rows.mean(1, keepdim=True)).view_as(mask)
