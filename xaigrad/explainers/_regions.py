"""Interpretable features: regions of a sample that are shown or hidden as a whole.

``regions(samples) -> map``, whole numbers from 0 on, that broadcasts to the samples: ``(1, 1, *spatial)`` or
``(N, 1, *spatial)``, ``(1, F)`` or ``(N, F)`` for flat samples.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor

Regions: TypeAlias = Callable[[Tensor], Tensor]
"""``samples -> region of each feature``."""


@dataclass(frozen=True)
class Partition:
    """The regions of a batch.

    Attributes:
        index: The region of each feature, shape ``(1 or N, ...)``, broadcasting to the samples.
        sizes: The number of features in each region, shape ``(1 or N, M)``; 0 for a region that a sample lacks.
    """

    index: Tensor
    sizes: Tensor

    @property
    def present(self) -> Tensor:
        """Which regions each sample has, shape ``(1 or N, M)``."""
        return self.sizes > 0

    def spread(self, values: Tensor) -> Tensor:
        """Return one value per feature, broadcasting to the samples, of one per region, shape ``(N, M)``."""
        if len(self.index) == 1:
            return values.index_select(1, self.index.flatten()).view(len(values), *self.index.shape[1:])
        return values.gather(1, self.index.flatten(1)).view(self.index.shape)


def partition(regions: Any, samples: Tensor) -> Partition:
    """Return the regions of a batch of samples.

    Raises:
        TypeError: If the map is no tensor of whole numbers.
        ValueError: If it does not broadcast to the samples, or has a negative entry.
    """
    index = regions(samples.detach())
    if not isinstance(index, Tensor) or index.is_floating_point() or index.is_complex() or index.dtype == torch.bool:
        found = index.dtype if isinstance(index, Tensor) else type(index).__name__
        raise TypeError(
            "Parameter `regions` should give a tensor of whole numbers, the region of each feature. Found "
            f"{found}. Convert it with .long()."
        )
    fits = index.dim() == samples.dim() and all(
        found in (1, wanted) for found, wanted in zip(index.shape, samples.shape, strict=True)
    )
    if not fits:
        raise ValueError(
            f"Parameter `regions` should give a map that broadcasts to the samples, of shape {tuple(samples.shape)}. "
            f"Found the shape {tuple(index.shape)}. For one map for all images of (H, W) pixels return map[None, None]."
        )
    index = index.to(device=samples.device, dtype=torch.int64)
    least, most = (int(end) for end in torch.aminmax(index))
    if least < 0:
        raise ValueError(
            f"Parameter `regions` should give whole numbers of at least 0. Found {least}. Number the regions from 0 on."
        )
    flat = index.flatten(1)
    sizes = torch.zeros(len(flat), most + 1, dtype=torch.int64, device=flat.device)
    sizes.scatter_add_(1, flat, torch.ones_like(flat))
    return Partition(index, sizes * (samples[0].numel() // flat.shape[1]))


def check_regions(regions: object) -> None:
    """Raise ``TypeError`` unless regions can be called."""
    if isinstance(regions, type) or not callable(regions):
        raise TypeError(
            "Parameter `regions` should be a callable samples -> region of each feature. Found "
            f"{regions.__name__ if isinstance(regions, type) else repr(regions)}. For example Grid(4), or for a fixed "
            "map: lambda samples: map[None, None]."
        )


def as_images(samples: Tensor, shape: tuple[int, ...] | None) -> Tensor:
    """Return flat samples in the shape ``(N, C, *spatial)``, and others as they are.

    Raises:
        ValueError: If the shape has another number of features.
    """
    if shape is None or samples.dim() > 2:
        return samples
    if torch.Size(shape).numel() != samples[0].numel():
        raise ValueError(
            f"Parameter `shape` should have as many features as a sample, {samples[0].numel()}. Found {shape!r}. It is "
            "the image's (C, H, W)."
        )
    return samples.reshape(len(samples), *shape)


def check_shape(shape: object) -> None:
    """Raise ``ValueError`` unless a shape is ``None`` or the tuple (C, *spatial)."""
    if shape is None:
        return
    if not isinstance(shape, tuple) or len(shape) < 2 or not all(isinstance(n, int) and n > 0 for n in shape):
        raise ValueError(
            f"Parameter `shape` should be None or a tuple (C, H, W) of a flat sample's image. Found {shape!r}. For "
            "example (1, 28, 28)."
        )


def flattened(index: Tensor, images: Tensor, samples: Tensor) -> Tensor:
    """Return an image's region map for samples that may be flat."""
    if images.dim() == samples.dim():
        return index
    return index.expand(len(index), *images.shape[1:]).flatten(1)
