"""Comparisons of activations, ``x > 0`` and the like, as step functions that carry a difference on."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.overrides import handle_torch_function, has_torch_function_unary

from xaigrad.explainers._arguments import Structure, unflatten

COMPARISONS = frozenset("gt ge lt le eq ne".split())
_CARRYING = frozenset("mul add sub rsub float double half bfloat16 to type type_as".split())


def step(difference: Tensor, compared: Tensor) -> Tensor:
    """Return a comparison as 0 or 1. It is a torch function of our own, with a rule like any other."""
    if has_torch_function_unary(difference):
        result: Tensor = handle_torch_function(step, (difference,), difference, compared)
        return result
    return compared.to(difference.dtype) + torch.zeros_like(difference) * difference


class Steps:
    """The truth values of a pass that depend on its samples: autograd cannot carry on through them, a step can."""

    def __init__(self) -> None:
        self._steps: dict[int, tuple[Tensor, Tensor]] = {}

    def concern(self, leaves: list[Any]) -> bool:
        """Return whether one of the arguments is such a truth value."""
        return bool(self._steps) and any(id(leaf) in self._steps for leaf in leaves)

    def remember(self, truth: Tensor, difference: Tensor) -> Tensor:
        """Return truth values, and remember the difference whose sign they say."""
        return self._remember(truth, step(difference, truth))

    def carry_on(self, name: str, func: Callable[..., Any], leaves: list[Any], structure: Structure) -> Any:
        """Return what a function makes of truth values that are numbers, or ``NotImplemented``."""
        steps = [self._steps[id(leaf)][1] if id(leaf) in self._steps else leaf for leaf in leaves]
        args, kwargs = unflatten(steps, structure)
        if name in _CARRYING:
            return func(*args, **kwargs)
        if name == "where" and len(steps) == 3:
            place = [id(leaf) in self._steps for leaf in leaves].index(True)
            truth, (first, second) = steps[place], steps[:place] + steps[place + 1 :]
            return second + truth * (first - second)
        if name == "masked_fill" and not func.__name__.endswith("_") and abs(float(steps[2])) < float("inf"):
            samples, truth, value = steps
            return samples + truth * (value - samples)
        if name == "logical_not":
            return self._remember(steps[0].data < 0.5, 1 - steps[0])
        return NotImplemented

    def _remember(self, truth: Tensor, step: Tensor) -> Tensor:
        self._steps[id(truth)] = truth, step
        return truth
