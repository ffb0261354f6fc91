"""A user's own images, from a function of theirs that returns a tensor or a data set."""

import random
from collections.abc import Sized
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from xaigrad._checks import structure
from xaigrad._isolation import forked_rng
from xaigrad.benchmarks.data import Digits, from_pixels
from xaigrad.benchmarks.errors import UsageError
from xaigrad.benchmarks.yours._imported import imported, users_code

_PARAMETER = "data"
_LEAST = 4
_BATCH = 256
_SHOULD = f"Parameter `{_PARAMETER}` should name images of shape (N, C, H, W)"


def images(text: str) -> Digits:
    """Return the images that a function of a user's returns, or that are there by a name.

    They are a tensor of shape (N, C, H, W), a pair of such a tensor and labels of shape (N,), or a
    ``torch.utils.data.Dataset`` of images (C, H, W), or of pairs of an image and a label. A data set is read once, in
    its order and in this process, and kept in memory as float32: 60,000 colour images of 64 x 64 pixels take 2.9 GB. An
    augmentation therefore happens once for each image, from the same random numbers at every call of this.

    Floating values lie in [-1, 1]; uint8 from 0 to 255 is mapped to that. Whatever looks like something else is
    refused, as a training on a wrong range would be a silent mistake.

    Args:
        text: ``module:function`` or ``file.py:function``; the function takes no arguments.

    Returns:
        The images, with labels of 0 where there are none; the name is the text, of a file without its folder.

    Raises:
        UsageError: If it returns something else, in one line, with a cure.
    """
    made = imported(_PARAMETER, text)
    with forked_rng(torch.device("cpu")):
        torch.manual_seed(0)
        random.seed(0)
        np.random.seed(0)  # noqa: NPY002
        if callable(made):
            with users_code(_PARAMETER, f"{text} was called"):
                made = made()
        found, labels = _read(made, text) if isinstance(made, Dataset) else _parts(made, text)
    converted = _in_range(found, text).contiguous()
    classes = torch.zeros(len(converted), dtype=torch.int64) if labels is None else _classes(labels, len(converted))
    place, _, attribute = text.rpartition(":")
    return Digits(converted, classes, f"{Path(place).name}:{attribute}")


def _parts(made: Any, text: str) -> tuple[Tensor, Tensor | None]:
    """Return images and labels of a tensor or a pair."""
    if isinstance(made, Tensor):
        return made, None
    if isinstance(made, tuple | list) and len(made) == 2 and all(isinstance(one, Tensor) for one in made):
        return made[0], made[1]
    cure = "Return a tensor, a pair of tensors, or a torch Dataset."
    if isinstance(made, DataLoader):
        cure = "Return the Dataset itself, without the DataLoader."
    elif type(made).__module__.partition(".")[0] == "numpy":
        cure = "Return torch.from_numpy(...)."
    raise UsageError(f"{_SHOULD}. Found {structure(made)} from {text}. {cure}")


def _read(dataset: Dataset[Any], text: str) -> tuple[Tensor, Tensor | None]:
    """Return all images and labels of a data set."""
    if not isinstance(dataset, Sized) or len(dataset) == 0:
        found = "an empty one" if isinstance(dataset, Sized) else "one without a length"
        raise UsageError(f"{_SHOULD}, or a Dataset of images. Found {found} from {text}. Return one with __len__.")
    with users_code(_PARAMETER, f"the first item of {text} was read"):
        first = dataset[0]
    parts = list(first) if isinstance(first, tuple | list) else [first]
    if not isinstance(parts[0], Tensor) or len(parts) > 2:
        pictured = type(parts[0]).__module__.partition(".")[0] == "PIL"
        cure = (
            "Give the Dataset a transform that ends in ToTensor() and Normalize([0.5], [0.5])."
            if pictured
            else "Let its items be images, as tensors, or pairs of an image and a label."
        )
        raise UsageError(f"{_SHOULD}, or a Dataset of such images. Found items that are {structure(first)}. {cure}")
    cure = "Images are to be of one shape: resize or crop them in the Dataset's transform."
    with users_code(_PARAMETER, f"the items of {text} were read", cure):
        batches = list(DataLoader(dataset, batch_size=_BATCH))
    if len(parts) == 1:
        return torch.cat([batch[0] if isinstance(batch, list) else batch for batch in batches]), None
    return torch.cat([batch[0] for batch in batches]), torch.cat([torch.as_tensor(batch[1]) for batch in batches])


def _in_range(found: Tensor, text: str) -> Tensor:
    """Return images as float32 in [-1, 1]."""
    found = found.detach().cpu()
    shape = tuple(found.shape)
    if found.dim() != 4 or len(found) < _LEAST or found.numel() == 0:
        cure = "Add a dimension for the channel: images.unsqueeze(1)." if found.dim() == 3 else "Reshape it."
        cure = f"Take at least {_LEAST}." if found.dim() == 4 else cure
        raise UsageError(f"{_SHOULD}, at least {_LEAST}. Found the shape {shape} from {text}. {cure}")
    if shape[1] > shape[3] and shape[3] in (1, 3, 4):
        raise UsageError(
            f"{_SHOULD}. Found the shape {shape} from {text}, which looks like (N, H, W, C). Return images.permute(0, "
            "3, 1, 2)."
        )
    if found.dtype != torch.uint8 and not found.is_floating_point():
        raise UsageError(
            f"{_SHOULD} that are floating or uint8. Found {found.dtype} from {text}. Convert them: images.to("
            "torch.uint8) if they go from 0 to 255."
        )
    if not found.isfinite().all():
        raise UsageError(
            f"{_SHOULD} that are finite. Found NaN or infinite values from {text}. Leave these images out."
        )
    low, high = float(found.min()), float(found.max())
    cure = ""
    if low == high:
        cure = "All values are the same: look at how the images are read."
    elif found.dtype == torch.uint8:
        cure = "It looks like 0 and 1: return 255 * images." if high <= 1 else ""
    elif low >= 0:
        cure = (
            "It looks like [0, 1]: return 2 * images - 1, or uint8."
            if high <= 1
            else "It looks like 0 to 255: return uint8, or images / 127.5 - 1."
        )
    elif low < -1 or high > 1:
        cure = "Scale it, by Normalize([0.5], [0.5]) behind ToTensor() for example."
    if cure:
        wanted = "uint8 from 0 to 255" if found.dtype == torch.uint8 else "floating values in [-1, 1]"
        raise UsageError(f"{_SHOULD}, {wanted}. Found values from {low:g} to {high:g} from {text}. {cure}")
    return from_pixels(found) if found.dtype == torch.uint8 else found.to(torch.float32)


def _classes(labels: Tensor, count: int) -> Tensor:
    whole = not labels.is_floating_point() and not labels.is_complex()
    if labels.shape != (count,) or not whole or (labels < 0).any():
        raise UsageError(
            f"Parameter `{_PARAMETER}` should name labels of shape ({count},), whole numbers from 0. Found "
            f"{structure(labels)}. Return the images alone if the networks are told no classes."
        )
    return labels.detach().cpu().to(torch.int64)
