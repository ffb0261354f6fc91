"""What is done to images, pixel by pixel."""

import math
from itertools import product

import torch
from torch import Tensor


def plainly_blurred(images: Tensor, sigma: float) -> Tensor:
    """Pixel by pixel: along each axis the weighted mean of the pixels around, mirrored at the borders."""
    for axis in range(2, images.dim()):
        size = images.shape[axis]
        radius = min(math.ceil(3 * sigma), size - 1)
        blurred = torch.zeros_like(images)
        weights = {offset: math.exp(-(offset**2) / (2 * sigma**2)) for offset in range(-radius, radius + 1)}
        for place in range(size):
            for offset, weight in weights.items():
                mirrored = abs(place + offset)
                mirrored = 2 * (size - 1) - mirrored if mirrored >= size else mirrored
                share = weight / sum(weights.values())
                blurred.select(axis, place).add_(images.select(axis, mirrored), alpha=share)
        images = blurred
    return images


def plainly_patched(images: Tensor, size: int | tuple[int, ...], by: str) -> Tensor:
    """Patch by patch: the mean or the maximum of each channel, written to all of its pixels."""
    spatial = images.shape[2:]
    sizes = size if isinstance(size, tuple) else (size,) * len(spatial)
    found = images.clone()
    corners = product(*(range(0, side, step) for side, step in zip(spatial, sizes, strict=True)))
    for corner in corners:
        patch = (slice(None), slice(None), *(slice(at, at + step) for at, step in zip(corner, sizes, strict=True)))
        values = images[patch].flatten(2)
        value = values.mean(2) if by == "mean" else values.amax(2)
        found[patch] = value.view(*value.shape, *[1] * len(spatial))
    return found
