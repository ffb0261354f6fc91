"""The gradient plus a share of its masked self."""

from dataclasses import dataclass

from torch import Tensor

from xaigrad._checks import check_finite


@dataclass(frozen=True)
class Residual:
    r"""The released code's rule, :math:`g' = g + \alpha\, g \odot M`, with the strength s as a factor of α.

    .. math:: g' = g \odot (1 + s\,\alpha\, M)

    α = 0 gives g itself, bit for bit.

    Args:
        alpha: α, how much full attribution adds to the gradient.

    Example:
        >>> import torch
        >>> Residual(alpha=0.5)(torch.tensor([2.0, 2.0]), torch.tensor([0.0, 1.0]), 1.0)
        tensor([2., 3.])
    """

    alpha: float = 0.2

    def __post_init__(self) -> None:
        check_finite("alpha", self.alpha)

    def __call__(self, gradient: Tensor, mask: Tensor, strength: float) -> Tensor:
        """Return the re-weighted gradient."""
        return gradient * (1 + strength * self.alpha * mask)
