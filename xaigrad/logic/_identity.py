"""When two things that a formula holds, but does not know, are the same."""

from typing import Any

import torch
from torch import Tensor


def alike(first: Any, second: Any) -> bool:
    """Return whether two things are the same or equal, also where their own comparison gives no answer.

    Example:
        >>> import torch
        >>> alike(torch.zeros(2), torch.zeros(2)), alike(torch.zeros(2), torch.zeros(2).double())
        (True, False)
    """
    if first is second:
        return True
    if type(first) is not type(second):
        return False
    if isinstance(first, Tensor):
        return (first.dtype, first.device, first.shape) == (
            second.dtype,
            second.device,
            second.shape,
        ) and torch.equal(first, second)
    try:
        return bool(first == second)
    except (RuntimeError, TypeError, ValueError):  # Of tensors or arrays inside.
        return False
