"""An affine mask: how much of the standard gradient every feature keeps."""

from dataclasses import dataclass

from torch import Tensor

from xaigrad._checks import check_finite


@dataclass(frozen=True)
class Offset:
    r"""The mask moved off zero, :math:`M' = b + s M` ("offsetting the mask M", LogicGAN, section 6.1).

    Under :class:`~xaigrad.rules.Multiply`, ``Offset(1.0, 0.2)`` is the released code's :math:`g' = g + 0.2\, g M`.

    Args:
        base: b, the share of the gradient that features without attribution keep.
        scale: s, what full attribution adds.

    Example:
        >>> import torch
        >>> Offset(base=0.5, scale=0.5)(torch.tensor([0.0, 1.0]))
        tensor([0.5000, 1.0000])
    """

    base: float = 1.0
    scale: float = 0.2

    def __post_init__(self) -> None:
        check_finite("base", self.base)
        check_finite("scale", self.scale)

    def __call__(self, mask: Tensor) -> Tensor:
        """Return the moved mask."""
        return self.base + self.scale * mask
