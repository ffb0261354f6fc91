r"""The parts of an attribution by its sign, :math:`A = A^+ - A^-` and :math:`|A| = A^+ + A^-`."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Abs:
    r"""The attribution without its sign, :math:`M = |A|`: what matters to the score, whichever way.

    Example:
        >>> import torch
        >>> Abs()(torch.tensor([1.0, -4.0]))
        tensor([1., 4.])
    """

    def __call__(self, attribution: Tensor) -> Tensor:
        """Return the mask."""
        return attribution.abs()


@dataclass(frozen=True)
class PositivePart:
    r"""What speaks for a real sample, :math:`M = \max(A, 0)`.

    Example:
        >>> import torch
        >>> PositivePart()(torch.tensor([1.0, -4.0]))
        tensor([1., 0.])
    """

    def __call__(self, attribution: Tensor) -> Tensor:
        """Return the mask."""
        return attribution.clamp(min=0)


@dataclass(frozen=True)
class NegativePart:
    r"""What speaks against a real sample, :math:`M = \max(-A, 0)`.

    Example:
        >>> import torch
        >>> NegativePart()(torch.tensor([1.0, -4.0]))
        tensor([0., 4.])
    """

    def __call__(self, attribution: Tensor) -> Tensor:
        """Return the mask."""
        return (-attribution).clamp(min=0)
