"""The recipes that xaigrad brings along, each a file of this package."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Any

from xaigrad.recipes._files import parts_of

_SUFFIX = ".toml"


def _summaries() -> dict[str, str]:
    found = {entry.name.removesuffix(_SUFFIX): entry for entry in files(__package__).iterdir() if _is_recipe(entry)}
    return {name: found[name].read_text(encoding="utf-8").partition("\n")[0].lstrip("# ") for name in sorted(found)}


def _is_recipe(entry: Traversable) -> bool:
    return entry.name.endswith(_SUFFIX)


NAMES: Mapping[str, str] = MappingProxyType(_summaries())
"""The recipes by name, and what each is: the first comment of its file."""


def named_parts(name: str, names: Mapping[str, Any] | None, known: Iterable[Any]) -> dict[str, Any]:
    """Return the parts of a recipe that xaigrad brings along.

    Raises:
        ValueError: If there is none of that name.
    """
    if name not in NAMES:
        close = get_close_matches(str(name), NAMES, 1)
        cure = f'Did you mean "{close[0]}"?' if close else "A file of your own is read by Guidance.load."
        raise ValueError(f"Parameter `name` should be one of {', '.join(NAMES)}. Found {name!r}. {cure}")
    file = f"{name}{_SUFFIX}"
    return parts_of(files(__package__).joinpath(file).read_text(encoding="utf-8"), _SUFFIX, file, names, known)
