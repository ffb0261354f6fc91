"""A mask's opposite."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Invert:
    r"""The mask turned round, :math:`M' = 1 - M`: the gradient passes where there is no attribution.

    A control: if what the explainer says matters, its opposite should do worse. The neutral mask 1 becomes 0, also that
    of a sample without attribution.

    Example:
        >>> import torch
        >>> Invert()(torch.tensor([0.0, 0.25, 1.0]))
        tensor([1.0000, 0.7500, 0.0000])
    """

    def __call__(self, mask: Tensor) -> Tensor:
        """Return the opposite."""
        return 1 - mask
