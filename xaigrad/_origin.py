"""Which tensors the generator made."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from enum import Enum
from functools import partial
from types import FunctionType, MethodType
from typing import Any, cast

import torch
from torch import Tensor, nn

_CLONE = "CloneBackward0"
_GUIDED = "guided by xaigrad"


class Origin(Enum):
    """Where a tensor comes from: elsewhere, from the generator, or from one of its samples that is guided already."""

    ELSEWHERE = 0
    GENERATOR = 1
    GUIDED = 2


def mark_guided(clone: Tensor) -> None:
    """Mark a clone, so that nothing made of it is guided once more: its mask would be squared."""
    assert clone.grad_fn is not None
    _metadata(clone.grad_fn)[_GUIDED] = True


def origin(parameters: Callable[[], Iterable[nn.Parameter]], value: Any) -> Origin:
    """Return where a value comes from: whether its graph reaches one of the parameters, listed only if need be.

    A generated sample is floating, requires grad, is no leaf, and was computed from the generator's parameters. Points
    of a gradient penalty, real images behind an augmentation, and labels are not. The graph of a reentrant checkpoint
    ends at its inputs; what it will run once more tells the parameters that it reaches.
    """
    if not isinstance(value, Tensor) or value.grad_fn is None or not value.is_floating_point():
        return Origin.ELSEWHERE
    wanted = {id(parameter) for parameter in parameters()}
    pending: list[torch.autograd.graph.Node] = [value.grad_fn]
    behind: list[torch.autograd.graph.Node] = []
    seen, found = set(pending), Origin.GENERATOR
    while pending or behind:
        if not pending:  # Only what lies behind guided clones is left.
            pending, behind, found = behind, [], Origin.GUIDED
        node = pending.pop()
        if id(getattr(node, "variable", None)) in wanted:
            return found
        postponed = getattr(node, "run_function", None)  # Of torch.utils.checkpoint, reentrant.
        if postponed is not None and any(id(parameter) in wanted for parameter in _parameters_of(postponed)):
            return found
        following = {later for later, _ in node.next_functions if later is not None} - seen
        seen |= following
        guided = found is Origin.GENERATOR and type(node).__name__ == _CLONE and _GUIDED in _metadata(node)
        (behind if guided else pending).extend(following)
    return Origin.ELSEWHERE


def _metadata(node: torch.autograd.graph.Node) -> dict[Any, Any]:
    return cast(dict[Any, Any], node.metadata)


def _parameters_of(function: Any) -> Iterator[nn.Parameter]:
    """Yield the parameters of the modules that a function is, or holds: as its owner, in its arguments or closure."""
    pending, seen = [function], set[int]()
    while pending:
        held = pending.pop()
        if id(held) in seen:
            continue
        seen.add(id(held))
        match held:
            case nn.Module():
                yield from held.parameters()
            case partial():
                pending += [held.func, *held.args, *held.keywords.values()]
            case MethodType() | FunctionType():
                pending += _used_by(held)
            case list() | tuple():
                pending += held
            case _:
                pending += [value for value in getattr(held, "__dict__", {}).values() if isinstance(value, nn.Module)]


def _used_by(function: MethodType | FunctionType) -> Iterator[Any]:
    """Yield what a function uses: of its closure, its script, and, of an owner that is no module, what its code names.

    A trainer's method may use its encoder alone, however much else the trainer has.
    """
    plain: Any = getattr(function, "__func__", function)
    names = plain.__code__.co_names if isinstance(plain, FunctionType) else ()
    for held in (getattr(function, "__self__", None), *_cells(plain)):
        if isinstance(held, nn.Module | MethodType | FunctionType | partial | list | tuple):
            yield held
            continue
        own = getattr(held, "__dict__", {})
        for name in names:
            method = getattr(type(held), name, None)
            yield MethodType(method, held) if isinstance(method, FunctionType) else own.get(name)
    script = getattr(plain, "__globals__", {})
    for value in (script[name] for name in names if name in script):
        if isinstance(value, nn.Module) or (isinstance(value, FunctionType) and value.__globals__ is script):
            yield value


def _cells(function: Any) -> Iterator[Any]:
    for cell in getattr(function, "__closure__", None) or ():
        with suppress(ValueError):  # An empty one: its variable has been deleted.
            yield cell.cell_contents
