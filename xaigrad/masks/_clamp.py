"""A mask cut to an interval."""

from dataclasses import dataclass

from torch import Tensor

from xaigrad._checks import check_finite


@dataclass(frozen=True)
class Clamp:
    r"""The mask cut to an interval, :math:`M' = \min(\max(M, l), h)`.

    Args:
        low: l, the smallest value of the mask: no feature's gradient is scaled by less.
        high: h, the largest.

    Raises:
        ValueError: If ``low`` exceeds ``high``.

    Example:
        >>> import torch
        >>> Clamp(low=0.1)(torch.tensor([0.0, 0.5, 1.0]))
        tensor([0.1000, 0.5000, 1.0000])
    """

    low: float = 0.0
    high: float = 1.0

    def __post_init__(self) -> None:
        check_finite("low", self.low)
        check_finite("high", self.high)
        if self.low > self.high:
            raise ValueError(
                f"Parameter `low` should be at most `high`. Found low={self.low}, high={self.high}. Swap them."
            )

    def __call__(self, mask: Tensor) -> Tensor:
        """Return the cut mask."""
        return mask.clamp(self.low, self.high)
