"""References without the samples' details."""

from dataclasses import dataclass

from torch import Tensor

from xaigrad._checks import check_positive
from xaigrad._gaussian import blurred
from xaigrad._images import as_images, checked_shape
from xaigrad._types import Context
from xaigrad.references._rows import block_count


@dataclass(frozen=True)
class BlurredReferences:
    r"""Each sample's own blur, so that the attribution is about its details alone (Fong & Vedaldi 2017, 1704.03296).

    .. math:: r = x * w, \qquad w_o \propto \exp\left(-\frac{o^2}{2 \sigma^2}\right), \quad |o| \le 3 \sigma

    along each spatial axis, channel by channel, the sample reflected at its borders. A kernel wider than the sample
    ends where one reflection does.

    Args:
        sigma: The standard deviation of the kernel, in pixels.
        shape: The shape ``(channels, *spatial)`` of a flat sample; ``None`` where samples have it themselves:
            ``(N, C, L)``, ``(N, C, H, W)`` or ``(N, C, D, H, W)``.

    Raises:
        ValueError: If sigma is not positive, or (when called) the samples have no spatial shape.

    Example:
        >>> import torch
        >>> from xaigrad.explainers import Context
        >>> samples = torch.tensor([[0.0, 0.0, 1.0, 0.0, 0.0]])
        >>> context = Context(samples, update=0, explanation=0, rng=torch.Generator())
        >>> BlurredReferences(sigma=0.7, shape=(1, 5))(samples, context)
        tensor([[0.0192, 0.2055, 0.5698, 0.2055, 0.0192]])
    """

    sigma: float = 2.0
    shape: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        check_positive("sigma", self.sigma)
        object.__setattr__(self, "shape", checked_shape(self.shape))

    def check_samples(self, samples: Tensor) -> None:
        """Raise ``ValueError`` if the samples have no spatial shape, or another one."""
        as_images(samples, self.shape)

    def __call__(self, samples: Tensor, context: Context) -> Tensor:
        """Return the blurred samples, of their shape."""
        blocks = block_count(samples, context)
        images = as_images(samples.detach()[: len(samples) // blocks], self.shape)
        own = blurred(images, self.sigma).to(samples.dtype)
        return own.repeat(blocks, *[1] * (own.dim() - 1)).reshape(samples.shape)
