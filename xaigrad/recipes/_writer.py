"""From parts to text: the constructor of each, with every setting, as ``repr`` prints it."""

import dataclasses
from collections.abc import Iterable, Mapping
from types import BuiltinFunctionType, FunctionType
from typing import Any

from xaigrad._checks import structure
from xaigrad.recipes._vocabulary import DEPTH, Vocabulary, is_made_of_fields, is_plain


def write(part: Any, names: Mapping[str, Any] | None = None, known: Iterable[Any] = ()) -> str:
    """Return the expression that :func:`read` makes a part of again, equal to this one.

    Every setting is written, also one that has its default: a recipe says what was done, and goes on saying so when a
    default is changed.

    Args:
        part: Of frozen dataclasses, functions, numbers, texts, lists, tuples and dicts. A class that is made otherwise
            than by its fields has a method ``recipe_arguments() -> (positional, keywords)``; one that others put around
            what they are given, ``recipe_part()``, which returns that.
        names: As in :func:`read`. Tensors, modules and functions without a name are written by the name that they
            have here; it has to be the same object.
        known: As in :func:`read`.

    Raises:
        ValueError: If a part is made of something that a text cannot hold.

    Example:
        >>> from xaigrad.rules import Residual
        >>> write(Residual(0.3))
        'Residual(alpha=0.3)'
        >>> import torch
        >>> from xaigrad.references import FixedReferences
        >>> real = torch.zeros(8, 784)
        >>> write(FixedReferences(real), names={"real": real})
        'FixedReferences(batch=real)'
    """
    return expression(part, Vocabulary(names, known), "part")


def expression(part: Any, vocabulary: Vocabulary, label: str) -> str:
    """Return the expression of a part.

    Args:
        part: What to write.
        vocabulary: What may be named.
        label: What the part is, for messages.
    """
    return _Writing(vocabulary, label).text(part, "", DEPTH)


@dataclasses.dataclass
class _Writing:
    """One part on its way."""

    vocabulary: Vocabulary
    label: str

    def text(self, value: Any, path: str, depth: int) -> str:
        if depth == 0:
            raise self._refused(f"parts nested more than {DEPTH} deep", "", "Take some of them away.")
        name = self.vocabulary.name_of(value)
        if name is not None:
            return name
        if is_plain(value):
            return _plain(value)
        if isinstance(value, list | tuple):
            entries = [self.text(entry, f"{path}[{number}]", depth - 1) for number, entry in enumerate(value)]
            listed = ", ".join(entries)
            return f"[{listed}]" if isinstance(value, list) else f"({listed}{',' * (len(entries) == 1)})"
        if isinstance(value, dict):
            return f"{{{', '.join(self._entry(key, entry, path, depth) for key, entry in value.items())}}}"
        if hasattr(value, "recipe_part") and not isinstance(value, type):
            return self.text(value.recipe_part(), path, depth)
        return self._call(value, path, depth)

    def _entry(self, key: Any, value: Any, path: str, depth: int) -> str:
        if not isinstance(key, int | float | str):
            raise self._refused(f"the key {key!r}", path, "The keys of a dict are numbers or texts.")
        return f"{_plain(key)}: {self.text(value, f'{path}[{_plain(key)}]', depth - 1)}"

    def _call(self, value: Any, path: str, depth: int) -> str:
        name = type(value).__name__
        if self.vocabulary.makers.get(name) is not type(value):
            raise self._unknown(value, path)
        positional, keywords = self._arguments(value, path)
        arguments = [self.text(argument, f"{path}[{number}]", depth - 1) for number, argument in enumerate(positional)]
        for keyword, argument in keywords.items():
            at = f"{path}.{keyword}" if path else keyword
            arguments.append(f"{keyword}={self.text(argument, at, depth - 1)}")
        return f"{name}({', '.join(arguments)})"

    def _arguments(self, value: Any, path: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
        if hasattr(value, "recipe_arguments"):
            positional, keywords = value.recipe_arguments()
            return tuple(positional), dict(keywords)
        if is_made_of_fields(value):
            return (), {field.name: getattr(value, field.name) for field in dataclasses.fields(value) if field.init}
        raise self._refused(
            f"an object of type {type(value).__name__}, which does not say how it is made",
            path,
            "Make it a frozen dataclass, or give it a method recipe_arguments() -> (positional, keywords).",
        )

    def _unknown(self, value: Any, path: str) -> ValueError:
        key = path.rpartition(".")[2].partition("[")[0] or self.label.partition("[")[0]
        cure = f'Pass it by a name: names={{"{key}": ...}}.'
        if isinstance(value, FunctionType | BuiltinFunctionType):
            named = value.__name__.isidentifier()
            return self._refused(
                f"the function {value.__name__}", path, f"Pass known=[{value.__name__}]." if named else cure
            )
        if is_made_of_fields(value) and not type(value).__module__.startswith("xaigrad."):
            cure = f"Pass known=[{type(value).__name__}]."
        return self._refused(f"the class {value.__name__}" if isinstance(value, type) else structure(value), path, cure)

    def _refused(self, found: str, path: str, cure: str) -> ValueError:
        place = f" at `{path}`" if path else ""
        return ValueError(
            f"Parameter `{self.label}` should be made of what a text can hold. Found {found}{place}. {cure}"
        )


def _plain(value: Any) -> str:
    """Return a number, a text, a truth or nothing as a literal, also of a type derived from these."""
    plain = next((plain for plain in (bool, int, float, str) if isinstance(value, plain)), None)
    return repr(value) if plain is None else plain.__repr__(value)
