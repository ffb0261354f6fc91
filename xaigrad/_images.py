"""Samples in the shape of images, ``(N, channels, *spatial)``, also where they are kept flat."""

import math
from collections.abc import Sequence

from torch import Tensor


def checked_shape(shape: Sequence[int] | None) -> tuple[int, ...] | None:
    """Return the shape of one image as a tuple.

    Raises:
        ValueError: Unless it is ``None`` or ``(channels, *spatial)``.
    """
    if shape is None:
        return None
    sizes = tuple(shape)
    if not 2 <= len(sizes) <= 4 or not all(isinstance(size, int) and size > 0 for size in sizes):
        raise ValueError(
            "Parameter `shape` should be (channels, *spatial) with one to three spatial sizes. Found "
            f"{sizes}. For example shape=(1, 28, 28)."
        )
    return sizes


def as_images(samples: Tensor, shape: tuple[int, ...] | None) -> Tensor:
    """Return samples, or what has their shape, as ``(N, channels, *spatial)``.

    Args:
        samples: Shape ``(N, ...)``.
        shape: The shape of one image; ``None`` where the samples have it themselves.

    Raises:
        ValueError: If there is no spatial dimension, or more than three, or the shape has another number of features.
    """
    features = tuple(samples.shape[1:])
    sizes = features if shape is None else shape
    if not 2 <= len(sizes) <= 4:
        raise ValueError(
            "Parameter `shape` should say the shape of one sample, (channels, *spatial), where samples do not have "
            f"one to three spatial dimensions. Found samples of shape {tuple(samples.shape)}. For example "
            "shape=(1, 28, 28)."
        )
    if math.prod(sizes) != math.prod(features):
        raise ValueError(
            f"Parameter `shape` should have the samples' number of features, {math.prod(features)}. Found "
            f"{sizes}, which has {math.prod(sizes)}."
        )
    return samples.reshape(len(samples), *sizes)
