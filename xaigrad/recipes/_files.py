"""The four parts of a guidance in a file, and back."""

import os
import secrets
import shutil
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from xaigrad.recipes._formats import dumped, parsed, suffix_of
from xaigrad.recipes._reader import understood
from xaigrad.recipes._source import KINDS
from xaigrad.recipes._vocabulary import Vocabulary
from xaigrad.recipes._writer import expression


def save_parts(
    parts: Mapping[str, Any], path: str | os.PathLike[str], names: Mapping[str, Any] | None, known: Iterable[Any]
) -> None:
    """Write the parts of a guidance by name; a file that was there is replaced in one step, or stays as it is."""
    from xaigrad import __version__

    target = Path(os.path.realpath(path))
    suffix = suffix_of(Path(path))
    vocabulary = Vocabulary(names, known)
    keys = {
        name: [expression(one, vocabulary, f"{name}[{number}]") for number, one in enumerate(value)]
        if isinstance(value, tuple)
        else expression(value, vocabulary, name)
        for name, value in parts.items()
    }
    text = dumped(keys, suffix, f"A recipe of xaigrad {__version__}, for Guidance.load.")
    beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with beside.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
        if target.exists():
            shutil.copymode(target, beside)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def load_parts(path: str | os.PathLike[str], names: Mapping[str, Any] | None, known: Iterable[Any]) -> dict[str, Any]:
    """Return the parts of a guidance that a file holds, by name; those that it does not hold are left out."""
    suffix = suffix_of(Path(path))
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{os.fspath(path)} should be a text in UTF-8. Found {error.reason} at byte {error.start}. Save it so."
        ) from error
    return parts_of(text, suffix, os.fspath(path), names, known)


def parts_of(
    text: str, suffix: str, file: str, names: Mapping[str, Any] | None, known: Iterable[Any]
) -> dict[str, Any]:
    """Return the parts that the text of a file holds.

    Args:
        text: What the file holds.
        suffix: Its suffix, which says the format.
        file: Its name, for messages.
        names: As in :func:`read`.
        known: As in :func:`read`.
    """
    keys = parsed(text, suffix, file)
    _check_keys(keys, file)
    vocabulary = Vocabulary(names, known)
    parts: dict[str, Any] = {}
    for name, value in keys.items():
        if name == "mask" and isinstance(value, list):
            parts[name] = [
                understood(entry, vocabulary, f"key `mask[{number}]` of {file}", name)
                for number, entry in enumerate(value)
            ]
        else:
            parts[name] = understood(value, vocabulary, f"key `{name}` of {file}", name)
    return parts


def _check_keys(keys: Mapping[Any, Any], file: str) -> None:
    listed = ", ".join(KINDS)
    for key in keys:
        if key not in KINDS:
            close = get_close_matches(str(key), KINDS, 1)
            cure = f"Did you mean `{close[0]}`?" if close else "Leave it out."
            found = " ".join(str(key).split())[:60]
            raise ValueError(f"The keys of {file} should be among {listed}. Found `{found}`. {cure}")
    if not keys:
        raise ValueError(
            f"{file} should hold at least one of the keys {listed}. Found none. For example, for rule, "
            '"Residual(alpha=0.2)"; keys that are left out have the defaults of Guidance().'
        )
