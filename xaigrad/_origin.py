"""Which tensors the generator made."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from types import FunctionType, MethodType
from typing import Any

import torch
from torch import Tensor, nn


def made_by(parameters: Callable[[], Iterable[nn.Parameter]], value: Any) -> bool:
    """Return whether a value is a sample whose graph reaches one of the parameters, which are listed only if need be.

    A generated sample is floating, requires grad, is no leaf, and was computed from the generator's parameters. Points
    of a gradient penalty, real images behind an augmentation, and labels are not. The graph of a reentrant checkpoint
    ends at its inputs; what it will run once more tells the parameters that it reaches.
    """
    if not isinstance(value, Tensor) or value.grad_fn is None or not value.is_floating_point():
        return False
    wanted = {id(parameter) for parameter in parameters()}
    pending: list[torch.autograd.graph.Node] = [value.grad_fn]
    seen = set(pending)
    while pending:
        node = pending.pop()
        if id(getattr(node, "variable", None)) in wanted:
            return True
        postponed = getattr(node, "run_function", None)  # Of torch.utils.checkpoint, reentrant.
        if postponed is not None and any(id(parameter) in wanted for parameter in _parameters_of(postponed)):
            return True
        following = {later for later, _ in node.next_functions if later is not None} - seen
        seen |= following
        pending.extend(following)
    return False


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
            case MethodType():
                pending += [held.__func__, held.__self__]
            case FunctionType():
                pending += [cell.cell_contents for cell in held.__closure__ or ()]
            case list() | tuple():
                pending += held
            case _:
                pending += [value for value in getattr(held, "__dict__", {}).values() if isinstance(value, nn.Module)]
