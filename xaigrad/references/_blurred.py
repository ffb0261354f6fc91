"""References without the samples' details."""

import math
from dataclasses import dataclass
from functools import reduce

import torch
from torch import Tensor
from torch.nn.functional import pad

from xaigrad._checks import check_finite
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
        check_finite("sigma", self.sigma)
        if self.sigma <= 0:
            raise ValueError(f"Parameter `sigma` should be positive. Found {self.sigma!r}. For example sigma=2.0.")
        if self.shape is not None:
            object.__setattr__(self, "shape", tuple(self.shape))
            sizes = self.shape
            if not 2 <= len(sizes) <= 4 or not all(isinstance(size, int) and size > 0 for size in sizes):
                raise ValueError(
                    "Parameter `shape` should be (channels, *spatial) with one to three spatial sizes. Found "
                    f"{sizes}. For example shape=(1, 28, 28)."
                )

    def check_samples(self, samples: Tensor) -> None:
        """Raise ``ValueError`` if the samples have no spatial shape, or another one."""
        self._images(samples)

    def __call__(self, samples: Tensor, context: Context) -> Tensor:
        """Return the blurred samples, of their shape."""
        blocks = block_count(samples, context)
        blurred = self._blurred(self._images(samples.detach()[: len(samples) // blocks]))
        return blurred.to(samples.dtype).repeat(blocks, *[1] * (blurred.dim() - 1)).reshape(samples.shape)

    def _images(self, samples: Tensor) -> Tensor:
        shape = tuple(samples.shape[1:]) if self.shape is None else self.shape
        if not 2 <= len(shape) <= 4:
            raise ValueError(
                "Parameter `shape` should say the shape of one sample, (channels, *spatial), where samples do not have "
                f"one to three spatial dimensions. Found samples of shape {tuple(samples.shape)}. For example "
                "BlurredReferences(shape=(1, 28, 28))."
            )
        if math.prod(shape) != math.prod(samples.shape[1:]):
            raise ValueError(
                f"Parameter `shape` should have the samples' number of features, {math.prod(samples.shape[1:])}. Found "
                f"{shape}, which has {math.prod(shape)}."
            )
        return samples.reshape(-1, *shape)

    def _blurred(self, images: Tensor) -> Tensor:
        # Sums of shifted images rather than a convolution, which autocast and TF32 would compute coarsely.
        full = images if images.dtype == torch.float64 else images.float()
        radii = [min(math.ceil(3 * self.sigma), size - 1) for size in full.shape[2:]]
        padded = pad(full, [radius for radius in reversed(radii) for _ in range(2)], mode="reflect")
        for axis, radius in enumerate(radii, start=2):
            weights = [math.exp(-0.5 * (offset / self.sigma) ** 2) for offset in range(-radius, radius + 1)]
            size, total = full.shape[axis], sum(weights)
            padded = reduce(torch.add, (w / total * padded.narrow(axis, i, size) for i, w in enumerate(weights)))
        return padded
