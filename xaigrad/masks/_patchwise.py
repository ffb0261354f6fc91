"""A mask of patches."""

from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from xaigrad._checks import check_choice
from xaigrad._images import as_images, checked_shape

_POOLS: dict[str, tuple[Any, ...]] = {
    "mean": (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d),
    "max": (F.max_pool1d, F.max_pool2d, F.max_pool3d),
}


@dataclass(frozen=True)
class Patchwise:
    r"""The mean, or the maximum, over each patch of an image, the same for all of its pixels.

    .. math:: M'_p = \frac{1}{|P|} \sum_{q \in P} M_q, \quad p \in P

    Patches do not overlap and begin in the first corner; where the size does not divide a side, the last are smaller.
    Masks that are constant on each patch stay, to rounding; the neutral mask to the bit.

    Args:
        size: A patch's side, one number for all spatial dimensions or a tuple of one per dimension.
        by: ``"mean"`` or ``"max"``.
        shape: The shape ``(channels, *spatial)`` of a flat sample; ``None`` where samples have it themselves:
            ``(N, C, L)``, ``(N, C, H, W)`` or ``(N, C, D, H, W)``.

    Raises:
        ValueError: If a size is no whole number of at least 1, or (when called) the samples have no spatial shape, or
            not as many spatial dimensions as there are sizes.

    Example:
        >>> import torch
        >>> Patchwise(2)(torch.tensor([[[1.0, 2.0, 3.0, 4.0, 5.0]]]))
        tensor([[[1.5000, 1.5000, 3.5000, 3.5000, 5.0000]]])
    """

    size: int | tuple[int, ...]
    by: Literal["mean", "max"] = "mean"
    shape: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        sizes = self.size if isinstance(self.size, tuple) else (self.size,)
        if not sizes or not all(isinstance(n, int) and not isinstance(n, bool) and n > 0 for n in sizes):
            raise ValueError(
                "Parameter `size` should be a whole number of at least 1, or a tuple of one per spatial dimension. "
                f"Found {self.size!r}. For example 4."
            )
        check_choice("by", self.by, ("mean", "max"))
        object.__setattr__(self, "shape", checked_shape(self.shape))

    def check_call(self, discriminator: nn.Module | None, samples: Tensor) -> None:
        """Raise ``ValueError`` if the samples have no spatial shape, or another one."""
        self._sizes(as_images(samples, self.shape))

    def __call__(self, mask: Tensor) -> Tensor:
        """Return the mask of patches, of the mask's shape and dtype."""
        images = as_images(mask, self.shape)
        sizes = self._sizes(images)
        settings = {"count_include_pad": False} if self.by == "mean" else {}
        patches: Tensor = _POOLS[self.by][len(sizes) - 1](images, sizes, ceil_mode=True, **settings)
        for axis, size in enumerate(sizes, start=2):
            patch = torch.arange(images.shape[axis], device=mask.device) // size
            patches = patches.index_select(axis, patch)
        return patches.reshape(mask.shape)

    def _sizes(self, images: Tensor) -> tuple[int, ...]:
        spatial = images.shape[2:]
        sizes = self.size if isinstance(self.size, tuple) else (self.size,) * len(spatial)
        if len(sizes) != len(spatial):
            raise ValueError(
                f"Parameter `size` should be one number, or one per spatial dimension of the samples, {len(spatial)}. "
                f"Found {self.size!r}."
            )
        return tuple(map(min, sizes, spatial))
