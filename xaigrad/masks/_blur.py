"""A mask without details."""

from dataclasses import dataclass

from torch import Tensor, nn

from xaigrad._checks import check_positive
from xaigrad._gaussian import blurred
from xaigrad._images import as_images, checked_shape


@dataclass(frozen=True)
class Blur:
    r"""The mask's Gaussian blur over the spatial dimensions of images, channel by channel.

    .. math:: M' = M * w, \qquad w_o \propto \exp\left(-\frac{o^2}{2 \sigma^2}\right), \quad |o| \le 3 \sigma

    along each spatial axis, the mask reflected at its borders. Attributions of single pixels are noisy; their
    surroundings agree. The neutral mask stays 1 to the bit (where torch is not told to compute float32 products in
    less), any other constant to rounding.

    Args:
        sigma: The standard deviation of the kernel, in pixels.
        shape: The shape ``(channels, *spatial)`` of a flat sample; ``None`` where samples have it themselves:
            ``(N, C, L)``, ``(N, C, H, W)`` or ``(N, C, D, H, W)``.

    Raises:
        ValueError: If sigma is not positive, or (when called) the samples have no spatial shape.

    Example:
        >>> import torch
        >>> Blur(sigma=0.7)(torch.tensor([[[0.0, 0.0, 1.0, 0.0, 0.0]]]))
        tensor([[[0.0192, 0.2055, 0.5698, 0.2055, 0.0192]]])
    """

    sigma: float
    shape: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        check_positive("sigma", self.sigma)
        object.__setattr__(self, "shape", checked_shape(self.shape))

    def check_call(self, discriminator: nn.Module | None, samples: Tensor) -> None:
        """Raise ``ValueError`` if the samples have no spatial shape, or another one."""
        as_images(samples, self.shape)

    def __call__(self, mask: Tensor) -> Tensor:
        """Return the blurred mask, of the mask's shape and dtype."""
        return blurred(as_images(mask, self.shape), self.sigma).to(mask.dtype).reshape(mask.shape)
