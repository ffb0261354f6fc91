"""Superpixels: regions that follow an image's edges, by k-means in colour and position."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from xaigrad._checks import check_count, check_finite
from xaigrad.explainers._regions import as_images, check_shape, flattened


@dataclass(frozen=True)
class Superpixels:
    r"""Superpixels by k-means over all pixels, after SLIC (Achanta et al. 2012, doi 10.1109/TPAMI.2012.120, section 3).

    A pixel p belongs to the nearest of the centres k that start on a regular grid of spacing S,

    .. math:: \min_k\; \|c_p - c_k\|^2 + m^2\, \|p - k\|^2 / S^2

    with colours c relative to each sample's range. All samples are clustered at once; SLIC's limited search and its
    joining of stray pixels are left out, so a region need not be connected.

    Args:
        count: About how many regions, a grid of centres with equally many along each dimension.
        compactness: m: the larger, the squarer.
        iterations: Rounds of k-means.
        shape: The image's ``(C, H, W)`` where the samples are flat.

    Returns (when called): The region of each pixel, ``(N, 1, *spatial)`` or ``(N, F)``. Memory: N x pixels x count.

    Raises:
        ValueError: If a setting is out of range, or the samples are no images.

    Example:
        >>> import torch
        >>> image = torch.tensor([[0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.0, 1.0]])
        >>> Superpixels(4)(image[None, None])
        tensor([[[[0, 0, 0, 1],
                  [0, 0, 0, 1],
                  [2, 2, 2, 3]]]])
    """

    count: int = 49
    compactness: float = 0.3
    iterations: int = 5
    shape: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        check_count("count", self.count, 1)
        check_count("iterations", self.iterations, 1)
        check_finite("compactness", self.compactness)
        if self.compactness <= 0:
            raise ValueError(
                f"Parameter `compactness` should be larger than 0. Found {self.compactness!r}. The smaller, the more "
                "the regions follow colours; for example 0.1."
            )
        check_shape(self.shape)

    def __call__(self, samples: Tensor) -> Tensor:
        """Return the region of each pixel."""
        images = as_images(samples.detach(), self.shape)
        if images.dim() < 3:
            raise ValueError(
                f"Parameter `shape` should say the image's shape of samples of shape {tuple(samples.shape)}. Found "
                "None, and superpixels need images: Superpixels(shape=(C, H, W)), or use Grid()."
            )
        pixels, centres = self._start(images.to(torch.promote_types(images.dtype, torch.float32)))
        nearest = _nearest(pixels, centres)
        for _ in range(self.iterations - 1):
            sizes = torch.zeros_like(centres[..., 0]).scatter_add_(1, nearest, torch.ones_like(pixels[..., 0]))
            sums = torch.zeros_like(centres).scatter_add_(1, nearest[..., None].expand_as(pixels), pixels)
            # An empty region keeps its centre.
            centres = torch.where(sizes[..., None] > 0, sums / sizes[..., None].clamp(min=1), centres)
            nearest = _nearest(pixels, centres)
        return flattened(nearest.view(len(images), 1, *images.shape[2:]), images, samples)

    def _start(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return the pixels' and the first centres' colours and scaled positions, (N, P, C + d) and (N, K, C + d)."""
        batch, channels, *spatial = images.shape
        side = max(1, round(self.count ** (1 / len(spatial))))
        parts = [min(side, length) for length in spatial]
        spacing = math.prod(length / part for length, part in zip(spatial, parts, strict=True)) ** (1 / len(spatial))
        axes = [torch.arange(length, device=images.device) for length in spatial]
        position = torch.stack(torch.meshgrid(*axes, indexing="ij"), -1).flatten(0, -2)
        low, high = torch.aminmax(images.flatten(1), dim=1, keepdim=True)
        colour = (images.flatten(1) - low) / (high - low).clamp(min=torch.finfo(images.dtype).tiny)
        colour = colour.view(batch, channels, -1).transpose(1, 2)
        scaled = (position * (self.compactness / spacing)).to(images)
        pixels = torch.cat([colour, scaled.expand(batch, -1, -1)], 2)
        rows = [
            ((2 * torch.arange(part, device=images.device) + 1) * length) // (2 * part)
            for part, length in zip(parts, spatial, strict=True)
        ]
        at = torch.zeros((), dtype=torch.int64, device=images.device)
        for row, length in zip(rows, spatial, strict=True):
            at = at[..., None] * length + row
        return pixels, pixels[:, at.flatten()]


def _nearest(pixels: Tensor, centres: Tensor) -> Tensor:
    """Return the nearest centre of each pixel, shape (N, P)."""
    return torch.cdist(pixels, centres).argmin(2)
