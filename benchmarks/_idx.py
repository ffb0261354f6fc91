"""MNIST and Fashion-MNIST in the layout of torchvision: the files are checked, fetched if asked for, and read."""

import math
import struct
from http.client import HTTPException
from itertools import product
from pathlib import Path

from torch import Tensor

from xaigrad.benchmarks._torchvision import declare_missing_operators
from xaigrad.benchmarks.errors import UsageError

_CLASSES = {"mnist": "MNIST", "fashion-mnist": "FashionMNIST"}
_PREFIXES = {"train": "train", "test": "t10k"}
_IMAGES, _LABELS = "images-idx3-ubyte", "labels-idx1-ubyte"
_MAGIC = {_IMAGES: 2051, _LABELS: 2049}
_ITEM = {_IMAGES: (28, 28), _LABELS: ()}


def read(name: str, split: str, root: Path, *, download: bool) -> tuple[Tensor, Tensor]:
    """Return pixels (uint8, N x 28 x 28) and labels (int64, N) of a split.

    Raises:
        UsageError: If files are missing, damaged or cannot be fetched.
    """
    folder = root / _CLASSES[name] / "raw"
    for kind in (_IMAGES, _LABELS):
        _check(folder / f"{_PREFIXES[split]}-{kind}", kind)
    files = [folder / f"{prefix}-{kind}" for prefix, kind in product(_PREFIXES.values(), (_IMAGES, _LABELS))]
    missing = [file.name for file in files if not file.is_file()]
    if missing and not download:
        found = f"no {', '.join(missing)} there" if folder.is_dir() else "no such folder"
        raise UsageError(
            f"Data set `{name}` should lie in `{folder}`. Found {found}. Name the folder that holds `{_CLASSES[name]}` "
            f"with --data-root or the environment variable XAIGRAD_DATA, or fetch the files with --download."
        )
    try:
        pixels, labels = _read_by_torchvision(_CLASSES[name], split, root, download=bool(missing))
    except (RuntimeError, OSError, HTTPException) as error:
        reason = str(error).strip().splitlines()[-1:] or [type(error).__name__]
        raise UsageError(
            f"Data set `{name}` should be fetched into `{folder}`. Found that this fails: {reason[0]}. Check the "
            f"network and the folder's permissions, or copy the files there by other means."
        ) from error
    if len(labels) != len(pixels) or int(labels.max()) > 9:
        file = folder / f"{_PREFIXES[split]}-{_LABELS}"
        raise _damaged(file, f"a label from 0 to 9 for each of {len(pixels)} images")
    return pixels, labels


def _read_by_torchvision(class_name: str, split: str, root: Path, *, download: bool) -> tuple[Tensor, Tensor]:
    declare_missing_operators()
    from torchvision import datasets

    samples = getattr(datasets, class_name)(root, train=split == "train", download=download)
    return samples.data, samples.targets


def _check(file: Path, kind: str) -> None:
    """Raise unless an existing file is as long as its header says; torchvision's own errors do not name the file."""
    header = struct.Struct(f">{2 + len(_ITEM[kind])}I")
    try:
        with file.open("rb") as stream:
            start = stream.read(header.size)
        size = file.stat().st_size
    except FileNotFoundError:
        return
    except OSError as error:
        raise UsageError(f"File `{file}` should be readable. Found: {error.strerror}. Check what it is.") from error
    if len(start) < header.size:
        raise _damaged(file, f"a header of {header.size} bytes", f"{size} bytes in all")
    magic, count, *item = header.unpack(start)
    if magic != _MAGIC[kind] or tuple(item) != _ITEM[kind] or count == 0:
        raise _damaged(file, f"{'images of 28 x 28 pixels' if kind == _IMAGES else 'labels'} in idx format")
    expected = header.size + count * math.prod(item)
    if size != expected:
        raise _damaged(file, f"{expected} bytes, as its header says", str(size))


def _damaged(file: Path, expected: str, found: str = "something else") -> UsageError:
    return UsageError(
        f"File `{file}` should hold {expected}. Found {found}. It is damaged: delete it, and fetch it anew with "
        f"--download."
    )
