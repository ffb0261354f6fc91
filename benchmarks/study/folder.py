"""The folder of a run: facts that are written once, results that are only ever added to, and checkpoints."""

import contextlib
import fcntl
import json
import math
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xaigrad.benchmarks.errors import UsageError
from xaigrad.benchmarks.study import checkpoint

FORMAT = 1


@dataclass(frozen=True)
class Run:
    """What a folder holds, for reading.

    Attributes:
        folder: Where it lies.
        facts: What was asked, of which data, on which machine, with which versions.
        starts: One record of each trial that was begun.
        epochs: One record of each epoch of each trial.
        done: One record of each trial that was finished.
    """

    folder: Path
    facts: dict[str, Any]
    starts: list[dict[str, Any]]
    epochs: list[dict[str, Any]]
    done: list[dict[str, Any]]

    def samples(self, trial: str, epoch: int | None = None) -> Path:
        """Return the picture of an epoch's samples, or of the last masks."""
        return picture_of(self.folder, trial, epoch)

    def record(self) -> dict[str, Any]:
        """Return all but the folder as data, for one file."""
        return {"facts": self.facts, "epochs": self.epochs, "done": self.done}


def picture_of(folder: Path, trial: str, epoch: int | None) -> Path:
    """Return the file of an epoch's samples, or of the last masks."""
    return folder / "samples" / trial / ("masks.png" if epoch is None else f"epoch-{epoch:04d}.png")


def read(folder: Path) -> Run:
    """Read a folder; a line that was cut off while it was written is left out, and of two the later counts.

    Raises:
        UsageError: If it is no folder of a run, or of another version.
    """
    facts = _facts(folder)
    kinds: dict[str, dict[tuple[Any, ...], dict[str, Any]]] = {"start": {}, "epoch": {}, "done": {}}
    for path in sorted(folder.glob("results*.jsonl")):
        for record in _records(path):
            kinds.get(record["kind"], {})[record["trial"], record.get("epoch")] = record
    return Run(folder, facts, *(list(found.values()) for found in kinds.values()))


class RunFolder:
    """The folder of a run that is under way.

    Any number of processes, on any number of machines that share the folder, may each work on trials of their own: each
    adds to a file of its own.

    Args:
        path: Where it lies; made by :func:`create`.
        process: The number of this process.

    Raises:
        UsageError: If another process of that number is at work in it, or it cannot be written.
    """

    def __init__(self, path: Path, process: int = 0) -> None:
        self.path = path
        results = path / ("results.jsonl" if process == 0 else f"results-{process:04d}.jsonl")
        try:
            for name in ("checkpoints", "samples", "weights"):
                (path / name).mkdir(exist_ok=True)
            self._file = os.open(results, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(
                f"The run {path} is being written by another process. Wait for it, or choose another folder."
            ) from None
        except OSError as error:
            raise UsageError(f"{results} cannot be written: {error.strerror}.") from None
        self._cut_torn_line()
        run = read(path)
        self._known = {_key(record): _untimed(record) for record in [*run.starts, *run.epochs, *run.done]}
        self._paired = {record["trial"]: record.get("paired") for record in run.starts}

    def close(self) -> None:
        """Let others write."""
        os.close(self._file)

    def add(self, record: Mapping[str, Any]) -> None:
        """Add a line, unless there is one that says the same but for the seconds; NaN and infinity become null.

        A trial that was cut off and starts anew ends in other bits on a GPU: then its new records count.

        Raises:
            UsageError: If it cannot be written, as on a full disk; a part of a line is taken back.
        """
        line = (json.dumps(_plain(record), allow_nan=False) + "\n").encode()
        untimed = _untimed(json.loads(line))
        if self._known.get(_key(record)) == untimed:
            return
        end = os.fstat(self._file).st_size
        try:
            written = os.write(self._file, line)
            os.fsync(self._file)
            if written < len(line):
                raise OSError(None, "No space left on device")
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, end)
            raise UsageError(
                f"The results in {self.path} cannot be added to: {error.strerror}. What was written before is kept; "
                "make room and go on with --resume."
            ) from None
        self._known[_key(record)] = untimed

    def check_start(self, record: Mapping[str, Any]) -> None:
        """Check that a trial starts as it did when it was begun.

        Raises:
            UsageError: If it does not, as where the code of its networks was changed.
        """
        if self._paired.get(record["trial"], record["paired"]) != record["paired"]:
            raise UsageError(
                f"The trial {record['trial']} in {self.path} should start from the weights that it was begun with. "
                "Found others: its networks were changed since. Change them back, or choose another folder."
            )

    def is_done(self, trial: str) -> bool:
        """Return whether a trial was finished."""
        return ("done", trial, None) in self._known

    def checkpoint(self, trial: str) -> Path:
        """Return the file of a trial's state."""
        return self.path / "checkpoints" / f"{trial}.safetensors"

    def weights(self, trial: str, kind: str) -> Path:
        """Return the file of a trial's final weights."""
        return self.path / "weights" / f"{trial}-{kind}.safetensors"

    def picture(self, trial: str, epoch: int | None = None) -> Path:
        """Return the picture of an epoch's samples, or of the last masks."""
        return picture_of(self.path, trial, epoch)

    def _cut_torn_line(self) -> None:
        size = os.fstat(self._file).st_size
        whole = os.pread(self._file, size, 0).rfind(b"\n") + 1
        if whole < size:
            os.ftruncate(self._file, whole)


def create(path: Path, facts: Mapping[str, Any]) -> None:
    """Make the folder of a run with its facts, both or none.

    Raises:
        UsageError: If it exists, so that nothing is overwritten, or cannot be made.
    """
    if path.exists():
        raise UsageError(
            f"Parameter `out` should be a new folder. Found {path}, which exists. Name another, or go on with it by "
            "--resume."
        )
    beside = path.with_name(f".{path.name}.part")
    try:
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
        checkpoint.write(beside / "run.json", (json.dumps({"format": FORMAT, **facts}, indent=1) + "\n").encode())
        beside.rename(path)
    except OSError as error:
        raise UsageError(
            f"Parameter `out` should be a folder that can be made. Found {path}: {error.strerror}."
        ) from None


def check_same(path: Path, facts: Mapping[str, Any]) -> None:
    """Check that a folder is of a run that was asked for with the same facts.

    Raises:
        UsageError: If it is not; it says the first of the differences.
    """
    found, asked = _facts(path)["determined_by"], json.loads(json.dumps(facts["determined_by"]))
    if found != asked:
        raise UsageError(
            f"Parameter `resume` should be the folder of a run of the same configuration. Found {path}, in which "
            f"{_difference(found, asked)}. Repeat its command (`xaigrad resume {path}`), or choose another folder."
        )


def _difference(found: Any, asked: Any, name: str = "") -> str:
    """Return where two facts differ first, in words."""
    if isinstance(found, dict) and isinstance(asked, dict):
        pairs: Iterable[tuple[Any, Any, Any]] = ((key, found.get(key), asked.get(key)) for key in {**found, **asked})
    elif isinstance(found, list) and isinstance(asked, list) and len(found) == len(asked):
        pairs = zip(range(len(found)), found, asked, strict=True)
    else:
        return "" if found == asked else f"{name} is {found!r}, not {asked!r}"
    return next(
        (words for key, one, other in pairs if (words := _difference(one, other, f"{name}.{key}".lstrip(".")))), ""
    )


def _facts(folder: Path) -> dict[str, Any]:
    try:
        facts: dict[str, Any] = json.loads((folder / "run.json").read_text())
    except (OSError, ValueError):
        raise UsageError(
            f"There should be a folder of a run, with a run.json. Found {folder}, which has none that can be read."
        ) from None
    if facts.get("format") != FORMAT:
        raise UsageError(
            f"The run in {folder} should be of format {FORMAT}. Found {facts.get('format')!r}. Read it with the "
            "version of xaigrad that wrote it."
        )
    return facts


def _records(path: Path) -> list[dict[str, Any]]:
    *lines, _ = path.read_bytes().split(b"\n")
    try:
        return [json.loads(line) for line in lines]
    except ValueError:
        raise UsageError(f"{path} should hold a JSON object in each line. Found one that is damaged.") from None


def _key(record: Mapping[str, Any]) -> tuple[str, str, int | None]:
    return record["kind"], record["trial"], record.get("epoch")


def _untimed(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != "seconds"}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
