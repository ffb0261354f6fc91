"""A nested state as one safetensors file: written whole or not at all, read back bit by bit or refused.

Tensors are stored as they are; dictionaries, lists, tuples, numbers and texts as JSON in the file's header, with a
place for each tensor. Nothing is pickled, so reading a file runs nothing.
"""

import json
import os
from collections import Counter, OrderedDict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as deserialized
from safetensors.torch import save as serialized
from torch import Tensor

from xaigrad.benchmarks.digest import hashed
from xaigrad.benchmarks.errors import UsageError

_FORMAT = "2"


class NotKeptError(TypeError):
    """A state holds something that cannot be saved."""


def save(path: Path, state: Any) -> None:
    """Write a state of dictionaries, lists, tuples, tensors, numbers, texts and ``None``.

    Raises:
        UsageError: If it cannot be written, as on a full disk; a file that was there before stays as it was.
        NotKeptError: If there is something else in the state.

    Example:
        >>> import tempfile, torch
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save(Path(folder) / "a.safetensors", {"weights": [torch.ones(2)], 3: (None, 0.1)})
        ...     load(Path(folder) / "a.safetensors")
        {'weights': [tensor([1., 1.])], 3: (None, 0.1)}
    """
    write(path, packed(state))


def load(path: Path) -> Any:
    """Read a state; its tensors are on the CPU.

    Raises:
        UsageError: If the file is damaged, is no checkpoint or cannot be read.
    """
    try:
        return unpacked(path.read_bytes())
    except (SafetensorError, KeyError, ValueError, OSError):
        raise UsageError(
            f"The checkpoint {path} is damaged or of another version. Delete that file: its trial then starts anew."
        ) from None


def packed(state: Any) -> bytes:
    """Return the content of a state's file."""
    skeleton, tensors = _parts(state)
    return serialized(tensors, {"format": _FORMAT, "state": skeleton, "digest": hashed(skeleton, *tensors.values())})


def digest(state: Any) -> str:
    """Return a hash of a state.

    Example:
        >>> digest([1, torch.ones(2)]) == digest([1, torch.ones(2)]) != digest([1, torch.zeros(2)])
        True
    """
    skeleton, tensors = _parts(state)
    return hashed(skeleton, *tensors.values())


def unpacked(content: bytes) -> Any:
    """Return the state of a file's content."""
    found = deserialized(content)
    length = int.from_bytes(content[:8], "little")
    metadata = json.loads(content[8 : 8 + length])["__metadata__"]
    tensors = {str(place): found[str(place)] for place in range(len(found))}
    if metadata["format"] != _FORMAT or metadata["digest"] != hashed(metadata["state"], *tensors.values()):
        raise ValueError
    return _filled(json.loads(metadata["state"]), tensors)


def write(path: Path, content: bytes) -> None:
    """Write a file so that at any moment there is the old content or the new, whole.

    Raises:
        UsageError: If it cannot be written.
    """
    beside = _beside(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise UsageError(f"{path} cannot be written: {error.strerror}. What was written before is kept.") from None


def remove(path: Path) -> None:
    """Remove a file, and what a process that was killed while it wrote it has left."""
    path.unlink(missing_ok=True)
    _beside(path).unlink(missing_ok=True)


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.part")


def _parts(state: Any) -> tuple[str, dict[str, Tensor]]:
    """Return a state as text with a place for each tensor, and these."""
    tensors: dict[str, Tensor] = {}
    return json.dumps(_skeleton(state, tensors)), tensors


def _skeleton(state: Any, tensors: dict[str, Tensor]) -> Any:
    if isinstance(state, Tensor):
        kept = state.detach().cpu().clone()
        tensors[str(len(tensors))] = kept.contiguous()
        place = str(len(tensors) - 1)
        return {"tensor": place} if kept.is_contiguous() else {"strided": [place, *kept.stride()]}
    if type(state) in (dict, OrderedDict, Counter):
        kind = "counter" if isinstance(state, Counter) else "dict"
        return {kind: [[_skeleton(key, tensors), _skeleton(value, tensors)] for key, value in state.items()]}
    if type(state) in (list, tuple):
        return {"tuple" if isinstance(state, tuple) else "list": [_skeleton(value, tensors) for value in state]}
    if state is None or isinstance(state, bool | int | float | str):
        return state
    raise NotKeptError(f"the state holds an object of type {type(state).__name__}")


def _filled(skeleton: Any, tensors: dict[str, Tensor]) -> Any:
    if not isinstance(skeleton, dict):
        return skeleton
    [(kind, content)] = skeleton.items()
    if kind == "tensor":
        return tensors[content]
    if kind == "strided":
        place, *strides = content  # A convolution of channels_last may end in other bits than one of channels first.
        return torch.empty_strided(tensors[place].shape, strides, dtype=tensors[place].dtype).copy_(tensors[place])
    if kind in ("dict", "counter"):
        pairs = {_filled(key, tensors): _filled(value, tensors) for key, value in content}
        return Counter(pairs) if kind == "counter" else pairs
    values = [_filled(value, tensors) for value in content]
    return tuple(values) if kind == "tuple" else values
