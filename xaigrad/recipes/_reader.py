"""From text to parts: an expression is taken apart, and of all that Python can say only constructors are understood."""

import ast
import inspect
import operator
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from xaigrad.recipes._source import KINDS, Source, worded
from xaigrad.recipes._vocabulary import DEPTH, Vocabulary

_OPERATORS = {ast.Mult: operator.mul, ast.BitOr: operator.or_}


def read(
    text: str, names: Mapping[str, Any] | None = None, known: Iterable[Any] = (), *, part: str | None = None
) -> Any:
    """Return what an expression says, the text that ``repr`` prints: ``NormPreserving(Residual(alpha=0.3))``.

    Nothing is executed but the constructors that it names. It may hold calls of the public classes of
    :mod:`xaigrad.explainers`, ``references``, ``masks``, ``schedules``, ``rules`` and ``logic`` (and of its ``parse``),
    and of those in ``known``; functions that are public or known; numbers, texts, ``True``, ``False`` and ``None``;
    tuples, lists and dicts; ``*`` and ``|`` between schedules; and the names in ``names``.

    Args:
        text: The expression.
        names: Values that the text names, tensors for example: ``{"real": images}``.
        known: Classes and functions of one's own, which the text may use by their names.
        part: What it should be, ``"explainer"``, ``"mask"``, ``"schedule"`` or ``"rule"``: another part of xaigrad
            is refused then, and messages say so. A mask may be a list of transforms.

    Raises:
        ValueError: If the text says anything else, or a constructor refuses its arguments; in one line, with the place.
        ImportError: If a part needs a library that is not installed.

    Example:
        >>> read("DeepShap(samples=4)").samples
        4
        >>> import torch
        >>> read("[AbsNormalize(), sqrt]", known=[torch.sqrt])[0]
        AbsNormalize(per='sample', by='max')
    """
    if part is not None and part not in KINDS:
        raise ValueError(f"Parameter `part` should be {' or '.join(map(repr, KINDS))}. Found {part!r}.")
    return understood(text, Vocabulary(names, known), f"parameter `{part or 'text'}`", part)


def understood(text: object, vocabulary: Vocabulary, label: str, part: str | None) -> Any:
    """Return what an expression says.

    Args:
        text: The expression.
        vocabulary: What it may name.
        label: Where it stands, for messages.
        part: As in :func:`read`.
    """
    if not isinstance(text, str):
        raise Source("", label, part).refused(
            worded(text), cure=f"Write a text, in quotes: {KINDS[part or 'rule'].example!r}."
        )
    source = Source(text.strip().replace("\r\n", "\n").replace("\r", "\n"), label, part)
    reading, node = _Reading(source, vocabulary), source.parsed()
    value = reading.value(node, DEPTH)
    if part is not None:
        for one in value if part == "mask" and isinstance(value, list | tuple) else [value]:
            reading.check_part(node, one, part)
    return value


@dataclass(frozen=True)
class _Reading:
    """What the nodes of one expression stand for."""

    source: Source
    vocabulary: Vocabulary

    def value(self, node: ast.expr, depth: int) -> Any:
        if depth == 0:
            raise self._refused(f"parts nested more than {DEPTH} deep", node, "Take some of them away.")
        match node:
            case ast.Constant(value=None | bool() | int() | float() | str() as value):
                return value
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant() | ast.Name() as operand):
                return self._negative(node, self.value(operand, depth))
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                entries = [self.value(element, depth - 1) for element in elements]
                return entries if isinstance(node, ast.List) else tuple(entries)
            case ast.Dict():
                return self._dict(node, depth - 1)
            case ast.Name(id=name):
                return self._named(name, node)
            case ast.Call(func=ast.Name(id=name)):
                return self._called(name, node, depth - 1)
            case ast.BinOp(op=ast.Mult() | ast.BitOr()):
                return self._combined(node, depth - 1)
        raise self._refused(self.source.segment(node), node, self.source.only)

    def _refused(self, found: str, node: ast.expr | ast.keyword, cure: str) -> ValueError:
        return self.source.refused(found, self.source.place(node), cure)

    def check_part(self, node: ast.expr, value: Any, part: str) -> None:
        """Raise ``ValueError`` for what is no part of a guidance, or is another part of xaigrad than it should be."""
        if not callable(value):
            raise self._refused(worded(value), node, self.source.choices)
        package = self.vocabulary.package_of(value)
        name = getattr(value, "__name__", type(value).__name__)
        if package is not None and name not in KINDS[part].choices:
            raise self._refused(f"`{name}` of xaigrad.{package}", node, self.source.choices)

    def _negative(self, node: ast.expr, value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._refused(self.source.segment(node), node, "Only numbers can be negative.")
        return -value

    def _dict(self, node: ast.Dict, depth: int) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        for key, entry in zip(node.keys, node.values, strict=True):
            named = None if key is None else self.value(key, depth)
            if key is None or not isinstance(named, int | float | str):
                raise self._refused(self.source.segment(node), node, "The keys of a dict are numbers or texts.")
            found[named] = self.value(entry, depth)
        return found

    def _named(self, name: str, node: ast.expr) -> Any:
        if name in self.vocabulary.values:
            return self.vocabulary.values[name]
        if name in self.vocabulary.makers:
            raise self._refused(f"`{name}`", node, f"Call it: {name}().")
        close = get_close_matches(name, self.vocabulary.listed, 1)
        cure = f"Did you mean `{close[0]}`?" if close else f'Say what it is: names={{"{name}": ...}}.'
        raise self._refused(f"the name `{name}`", node, cure)

    def _called(self, name: str, node: ast.Call, depth: int) -> Any:
        if name in self.vocabulary.values:
            raise self._refused(f"a call of `{name}`", node, f"It stands for itself: {name}, without brackets.")
        if name not in self.vocabulary.makers:
            close = get_close_matches(name, self.vocabulary.makers, 1)
            raise self._refused(f"`{name}`", node, f"Did you mean `{close[0]}`?" if close else self.source.choices)
        maker = self.vocabulary.makers[name]
        arguments = [self.value(argument, depth) for argument in node.args]
        settings: dict[str, Any] = {}
        for keyword in node.keywords:
            if keyword.arg is None or keyword.arg in settings:
                raise self._refused(self.source.segment(keyword), keyword, "Give each parameter once, by name.")
            settings[keyword.arg] = self.value(keyword.value, depth)
        self._check_parameters(maker, node, arguments, settings)
        try:
            return maker(*arguments, **settings)
        except ImportError as error:
            raise ImportError(self.source.placed(error, node)) from error
        except Exception as error:
            raise ValueError(self.source.placed(error, node)) from error

    def _check_parameters(self, maker: Any, node: ast.Call, arguments: list[Any], settings: dict[str, Any]) -> None:
        signature = inspect.signature(maker)
        takes = [one.name for one in signature.parameters.values() if one.kind != one.VAR_KEYWORD]
        listed = f"`{maker.__name__}` takes {', '.join(f'`{name}`' for name in takes) or 'nothing'}"
        for keyword in node.keywords if len(takes) == len(signature.parameters) else ():
            if keyword.arg not in takes:
                close = get_close_matches(str(keyword.arg), takes, 1)
                cure = f"{listed}. Did you mean `{close[0]}`?" if close else f"{listed}."
                raise self._refused(f"the parameter `{keyword.arg}`", keyword, cure)
        try:
            signature.bind(*arguments, **settings)
        except TypeError as error:
            raise self._refused(self.source.segment(node), node, f"{listed}: {error}.") from error

    def _combined(self, node: ast.BinOp, depth: int) -> Any:
        left, right = self.value(node.left, depth), self.value(node.right, depth)
        if "schedules" not in map(self.vocabulary.package_of, (left, right)):
            raise self._refused(self.source.segment(node), node, "Only schedules are combined by * and |.")
        try:
            return _OPERATORS[type(node.op)](left, right)
        except Exception as error:
            raise ValueError(self.source.placed(error, node)) from error
