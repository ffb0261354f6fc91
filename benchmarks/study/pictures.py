"""Pictures of samples: grey strips of 8 bits, pixel by pixel."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor, nn

from xaigrad.benchmarks.data import to_pixels
from xaigrad.benchmarks.study import checkpoint

PICTURED = 20


def draw(images: Tensor, path: Path) -> None:
    """Write the first images side by side.

    Args:
        images: Of shape (N, 1 or 3, H, W) in [-1, 1].
        path: The PNG file.
    """
    _save(_strip(to_pixels(images[:PICTURED].nan_to_num(-1))), path)


def masks(last: Mapping[str, Tensor] | None, path: Path) -> None:
    """Write samples of the last guided update above their masks, if there are any."""
    if last is not None:
        samples, shown = last["samples"], last["masks"]
        if samples.ndim == shown.ndim == 4:
            both = np.concatenate([_strip(to_pixels(samples)), _strip(to_pixels(2 * shown.expand_as(samples) - 1))])
            _save(both, path)


def _strip(pixels: Tensor) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return images side by side, a pixel of background between: (H, N (W + 1)), of colours (H, N (W + 1), 3)."""
    padded = nn.functional.pad(pixels, (0, 1))
    strip = padded.permute(2, 0, 3, 1).flatten(1, 2).numpy()
    return strip[..., 0] if strip.shape[-1] == 1 else strip


def _save(pixels: np.ndarray[Any, np.dtype[np.uint8]], path: Path) -> None:
    picture = io.BytesIO()
    Image.fromarray(pixels).save(picture, "PNG")
    checkpoint.write(path, picture.getvalue())
