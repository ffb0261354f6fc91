"""What all measurements of cost have in common: networks, batches, images, threads, and files that are always whole."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from xaigrad.benchmarks import data, results
from xaigrad.benchmarks.errors import UsageError
from xaigrad.benchmarks.setting import Setting

BATCHES = {"mlp": 100, "dcgan": 64}
IMAGES = 1000


def models_of(model: str, **counts: int | None) -> list[str]:
    """Return the names of the networks that one stands for.

    Args:
        model: ``mlp``, ``dcgan`` or ``both``.
        **counts: What should be at least 1 where it is given.

    Raises:
        UsageError: If there is no such model, or a count is too small.

    Example:
        >>> models_of("both", pairs=1, threads=None)
        ['mlp', 'dcgan']
    """
    for name, value in counts.items():
        if value is not None and value < 1:
            raise UsageError(f"Parameter `{name}` should be at least 1. Found {value}.")
    if model not in (*BATCHES, "both"):
        raise UsageError(f"Parameter `model` should be one of {', '.join(BATCHES)}, both. Found {model!r}.")
    return list(BATCHES) if model == "both" else [model]


def settings(models: Sequence[str], batch: int | None, device: str, images: Tensor) -> list[Setting]:
    """Return the setting of each pair of networks.

    Args:
        models: Their names.
        batch: Images per step; if not given, the usual number for the networks.
        device: Where to train.
        images: Real images.

    Raises:
        UsageError: If a number does not fit, or the device is not there.
    """
    found = [Setting(model=name, batch=BATCHES[name] if batch is None else batch, device=device) for name in models]
    for setting in found:
        setting.check_batch(len(images))
    return found


def images() -> Tensor:
    """Return a thousand digits."""
    digits = data.load("mnist-5k").images
    return digits[torch.randperm(len(digits), generator=torch.Generator().manual_seed(0))[:IMAGES]]


def head(asked: Mapping[str, Any], libraries: Sequence[str]) -> dict[str, Any]:
    """Return a record without rows.

    Args:
        asked: The settings.
        libraries: Whose versions to note, of those that are there.
    """
    return {
        "command": results.command_line(sys.argv[1:]),
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "asked": dict(asked),
        "machine": results.machine(),
        "versions": dict(_versions(libraries)),
        "finished": False,
        "rows": [],
    }


def write(folder: Path, texts: Mapping[str, str]) -> None:
    """Write files by their names, each of which is the old or the new one at any time."""
    for name, text in texts.items():
        unfinished = folder / f"{name}.part"
        unfinished.write_text(text)
        unfinished.replace(folder / name)


@contextmanager
def threads_set(count: int | None) -> Iterator[None]:
    """Give PyTorch a number of threads inside the context; ``None`` leaves it as it is."""
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(count or before)
        yield
    finally:
        torch.set_num_threads(before)


def failure(error: Exception) -> str:
    """Return the status of a row that failed, in one line.

    Example:
        >>> failure(ValueError("Not   so."))
        'failed: ValueError: Not so.'
    """
    return f"failed: {type(error).__name__}: {' '.join(str(error).split())}"


def _versions(libraries: Sequence[str]) -> Iterator[tuple[str, str]]:
    for name in libraries:
        try:
            yield name, version(name)
        except PackageNotFoundError:  # An extra that is not there.
            continue
