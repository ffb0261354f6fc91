"""The folder of a run: what was asked, what came out, on which machine, with which versions."""

import json
import os
import platform
import shlex
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save as serialize

from xaigrad.benchmarks.arms import Result
from xaigrad.benchmarks.errors import UsageError
from xaigrad.benchmarks.pictures import draw

_LIBRARIES = ("xaigrad", "torch", "torch-fidelity", "numpy")


def command_line(words: Sequence[str]) -> str:
    """Return what was typed, without the folders of a machine.

    Example:
        >>> command_line(["demo", "--out", "/a/folder", "--epochs", "3", "--data-root=/data"])
        'xaigrad demo --epochs 3'
    """
    folders = ("--out", "--data-root")
    kept = [
        word
        for before, word in zip(["", *words], words, strict=False)
        if before not in folders and word.partition("=")[0] not in folders
    ]
    return shlex.join(["xaigrad", *kept])


def default_folder(command: str) -> Path:
    """Return a folder under ``runs``, named after the command and the time."""
    return Path("runs") / f"{command}-{datetime.now():%Y%m%d-%H%M%S}"


def new_folder(folder: Path) -> Path:
    """Make the folder of a run.

    Raises:
        UsageError: If it exists, so that nothing is overwritten, or cannot be made.
    """
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise UsageError(
            f"Parameter `out` should be a new folder. Found {folder}, which exists. Name another."
        ) from None
    except OSError as error:
        raise UsageError(
            f"Parameter `out` should be a folder that can be made. Found {folder}: {error.strerror}."
        ) from None
    return folder


def machine() -> dict[str, Any]:
    """Return what the figures were measured on."""
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "gpu": gpu,
        "python": platform.python_version(),
    }


def save(folder: Path, asked: dict[str, Any], results: Sequence[Result]) -> dict[str, Any]:
    """Write ``results.json``, ``samples.png`` and the generators' weights into the folder of a run; return the record.

    Args:
        folder: Made by :func:`new_folder`.
        asked: The settings that all arms have in common.
        results: The arms.
    """
    record = {
        "command": command_line(sys.argv[1:]),
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "asked": asked,
        "machine": machine(),
        "versions": {name: version(name) for name in _LIBRARIES},
        "arms": [result.record() for result in results],
    }
    for result in results:
        weights = {name: value.contiguous() for name, value in result.state.items()}
        # Not `save_file`, which makes a file that its owner alone can read.
        (folder / f"{result.name}.safetensors").write_bytes(serialize(weights))
    draw(results, folder / "samples.png")
    (folder / "results.json").write_text(json.dumps(record, indent=1) + "\n")
    return record


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
