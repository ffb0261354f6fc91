"""A recipe's keys as TOML, YAML or JSON: a text, or a list of texts, for each."""

import json
import tomllib
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from importlib import import_module
from pathlib import PurePath
from typing import Any

from xaigrad.recipes._source import worded

Keys = Mapping[str, str | list[str]]


def dumped(keys: Keys, suffix: str, heading: str) -> str:
    """Return the text of a file.

    Args:
        keys: Printable texts by key.
        suffix: The file's, which says the format.
        heading: A comment, where the format has any.
    """
    if suffix == ".json":
        return json.dumps(keys, indent=2, ensure_ascii=False) + "\n"
    # JSON's texts and lists are TOML's and YAML's, too, where they need no escape but those of quotes and backslashes.
    sign = " =" if suffix == ".toml" else ":"
    lines = [f"{key}{sign} {_listed(value)}" for key, value in keys.items()]
    return "\n".join([f"# {heading}", *lines, ""])


def parsed(text: str, suffix: str, file: str) -> dict[str, Any]:
    """Return the keys and values of a file.

    Args:
        text: What it holds.
        suffix: Its suffix, which says the format.
        file: Its name, for messages.

    Raises:
        ValueError: If it is no mapping, or not of its format.
        ImportError: If PyYAML is missing.
    """
    parse = _PARSERS[suffix]
    try:
        found = parse(text)
    except ImportError:
        raise
    except Exception as error:  # Of each library its own.
        said = " ".join(str(error).split()) or type(error).__name__
        form = suffix[1:].upper().replace("YML", "YAML")
        raise ValueError(
            f"{file} should be {form}. Found what that cannot be: {said.rstrip('.')}. Expressions stand in quotes."
        ) from error
    if found is None:  # A file of YAML without any key.
        return {}
    if not isinstance(found, dict):
        raise ValueError(
            f'{file} should hold keys and expressions, for example rule: "Residual(alpha=0.2)". Found {worded(found)}. '
            "Guidance().save(...) writes one."
        )
    return found


def suffix_of(path: PurePath) -> str:
    """Return the suffix of a path, which says its format.

    Raises:
        ValueError: If it is none that is known.
    """
    suffix = path.suffix.lower()
    if suffix not in _PARSERS:
        close = get_close_matches(suffix, _PARSERS, 1)
        cure = f"Did you mean {close[0]}?" if close else "For example recipe.toml."
        raise ValueError(
            f"Parameter `path` should end in {', '.join(_PARSERS)}, which says the format. Found {str(path)!r}. {cure}"
        )
    return suffix


def _listed(value: str | list[str]) -> str:
    line = json.dumps(value, ensure_ascii=False)
    return line if isinstance(value, str) or len(line) < 100 else json.dumps(value, ensure_ascii=False, indent=4)


def _unique(pairs: Iterable[tuple[Any, Any]]) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key!r} twice")
        found[key] = value
    return found


def _json(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_unique)


def _yaml(text: str) -> Any:
    try:
        yaml = import_module("yaml")
    except ImportError:
        raise ImportError("Recipes in YAML need PyYAML. Install it: pip install pyyaml") from None

    class Loader(yaml.SafeLoader):  # type: ignore[name-defined, misc]
        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
            return _unique(
                [(self.construct_object(key, True), self.construct_object(value, True)) for key, value in node.value]
            )

    return yaml.load(text, Loader)


_PARSERS: dict[str, Callable[[str], Any]] = {".toml": tomllib.loads, ".yaml": _yaml, ".yml": _yaml, ".json": _json}
