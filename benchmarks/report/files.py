"""The files of a report: written whole, in the place of an earlier report's alone."""

import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from xaigrad.benchmarks.errors import UsageError

PICTURES = "report-pictures"
_PICTURE = re.compile(r"(curves|forest|watch|samples|real|masks)-[\w-]+\.(svg|png)")


def check_ours(out: Path, marks: Mapping[str, str]) -> None:
    """Check that a folder's files of these names, and its pictures, are those of an earlier report.

    Args:
        out: The folder, which need not be there.
        marks: What a report's file of a name has near its beginning, by name.

    Raises:
        UsageError: If one is not.
    """
    for name, mark in marks.items():
        _check_file(out / name, mark)
    _check_pictures(out / PICTURES)


def put(out: Path, texts: Mapping[str, str], pictures: Mapping[str, bytes]) -> tuple[Path, ...]:
    """Write the files into a folder, which is made if need be.

    Args:
        out: The folder.
        texts: By name.
        pictures: By name, of the folder beside them, which is replaced.

    Raises:
        UsageError: If the folder cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{PICTURES}-", dir=out))
        try:
            fresh.chmod(0o755)
            for name, data in pictures.items():
                (fresh / name).write_bytes(data)
            shutil.rmtree(out / PICTURES, ignore_errors=True)
            fresh.rename(out / PICTURES)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
        for name, text in texts.items():
            part = out / f".{name}.{os.getpid()}"
            part.write_text(text, encoding="utf-8")
            part.replace(out / name)
    except OSError as error:
        raise UsageError(
            f"Parameter `out` should be a folder that can be written. Found {out}: {error.strerror}. Name another."
        ) from None
    return (*(out / name for name in texts), out / PICTURES)


def _check_file(path: Path, mark: str) -> None:
    if not os.path.lexists(path):
        return
    if path.is_file():
        with path.open(encoding="utf-8", errors="replace") as opened:
            if mark in opened.read(4096):
                return
    raise UsageError(
        f"Parameter `out` should be a folder without other files of the report's names. Found {path}, which no "
        "report wrote. Name another folder, or move the file away."
    )


def _check_pictures(folder: Path) -> None:
    if not os.path.lexists(folder):
        return
    others = (
        [path.name for path in folder.iterdir() if not _PICTURE.fullmatch(path.name)] if folder.is_dir() else ["file"]
    )
    if others or folder.is_symlink():
        raise UsageError(
            f"Parameter `out` should be a folder whose {PICTURES} holds the pictures of a report. Found {folder} "
            "with others. Name another folder, or move them away."
        )
