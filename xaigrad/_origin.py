"""Which tensors the generator made."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn


def made_by(parameters: Callable[[], Iterable[nn.Parameter]], value: Any) -> bool:
    """Return whether a value is a sample whose graph reaches one of the parameters, which are listed only if need be.

    A generated sample is floating, requires grad, is no leaf, and was computed from the generator's parameters. Points
    of a gradient penalty, real images behind an augmentation, and labels are not.
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
        following = {later for later, _ in node.next_functions if later is not None} - seen
        seen |= following
        pending.extend(following)
    return False
