"""The folder of a run: what was asked, what came out, on which machine, with which versions."""

import os
import platform
import re
import shlex
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import torch

from xaigrad.benchmarks.errors import UsageError


def command_line(words: Sequence[str]) -> str:
    """Return what was typed, without the folders of a machine and the password of a database.

    Example:
        >>> command_line(["demo", "--out", "/a/folder", "--epochs", "3", "--data-root=/data"])
        'xaigrad demo --epochs 3'
        >>> print(command_line(["sweep", "--storage", "postgresql://me:secret@host/sweeps"]))
        xaigrad sweep --storage 'postgresql://me:***@host/sweeps'
    """
    return shlex.join(["xaigrad", *without(("--out", "--data-root"), words)])


def without(options: Sequence[str], words: Sequence[str]) -> list[str]:
    """Return the words of a command line without some options and their values, passwords, and that it was resumed."""
    return [
        without_password(word)
        for before, word in zip(["", *words], words, strict=False)
        if before not in options and word.partition("=")[0] not in options and word != "--resume"
    ]


def without_password(text: str) -> str:
    """Return a text with *** for the password in a database's URL.

    Example:
        >>> without_password("--storage=postgresql://me:secret@host/sweeps")
        '--storage=postgresql://me:***@host/sweeps'
    """
    return re.sub(r"(://[^/@:\s]*:).*(@)", r"\1***\2", text)


def resumable(out: Path | None, resume: bool) -> None:
    """Check that a run that is to be gone on with is named and there.

    Raises:
        UsageError: If it is not.
    """
    if resume and (out is None or not out.exists()):
        raise UsageError(
            f"Parameter `resume` should stand beside --out with the folder of a run. Found {out or 'none'}"
            f"{', which is not there' if out else ''}. Name it, or use `xaigrad resume FOLDER`."
        )


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


def on_cpu(found: Mapping[str, Any]) -> str:
    """Return the processor and the threads of a machine in words.

    Example:
        >>> on_cpu({"processor": "A CPU", "threads": 1}), on_cpu({"processor": "A CPU", "threads": 2})
        ('A CPU, 1 thread', 'A CPU, 2 threads')
    """
    return f"{found['processor']}, {found['threads']} thread{'s' if found['threads'] > 1 else ''}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
