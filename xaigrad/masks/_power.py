"""A mask's contrast."""

from dataclasses import dataclass

from torch import Tensor

from xaigrad._checks import check_positive


@dataclass(frozen=True)
class Power:
    r"""A power of a non-negative mask, :math:`M' = M^p`.

    On a mask in [0, 1], p < 1 lifts what is small (0.5 is the square root), p > 1 pushes it down; 0 and 1 stay.

    Args:
        exponent: p; 0.5, 1, 2 and 3 are computed much faster than others.

    Raises:
        ValueError: If the exponent is not positive.

    Example:
        >>> import torch
        >>> Power(0.5)(torch.tensor([0.0, 0.25, 1.0]))
        tensor([0.0000, 0.5000, 1.0000])
    """

    exponent: float

    def __post_init__(self) -> None:
        check_positive("exponent", self.exponent)

    def __call__(self, mask: Tensor) -> Tensor:
        """Return the mask's power."""
        return mask.pow(self.exponent)
