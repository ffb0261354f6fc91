"""Norms and sums over each sample or over the batch, in a shape that broadcasts back.

Squares of gradients leave the range of floats long before the gradients do. So norms are taken of values that were
divided by a power of two near the largest of them, unless all norms are seen to be far from both ends: that division
changes no bit of a norm, nor does it matter which of both was done.
"""

from typing import Literal, NamedTuple, TypeAlias

import torch
from torch import Tensor

Per: TypeAlias = Literal["sample", "batch"]

_BITS = {torch.float32: (torch.int32, 0xFF << 23), torch.float64: (torch.int64, 0x7FF << 52)}
"""The exponent's bits, which alone are a power of two."""


class Scaled(NamedTuple):
    """Values as a power of two times values whose squares can be summed.

    Attributes:
        power: The power of two.
        unit: The values divided by it.
        norm: Their Euclidean norm; NaN where a value is not finite.
    """

    power: Tensor | float
    unit: Tensor
    norm: Tensor


def scaled(values: Tensor, per: Per = "sample") -> Scaled:
    """Return the values with their norm."""
    precision = torch.finfo(values.dtype)
    found, low = _norm(values, per), precision.tiny**0.5 / precision.eps
    if values.device.type == "cpu":  # Elsewhere the question would wait.
        least, most = map(float, found.aminmax())
        if low < least <= most < 1 / low:
            return Scaled(1.0, values, found)
    integers, exponent = _BITS[values.dtype]
    largest = values.abs().unsqueeze(-1).amax(_dims(values, per), keepdim=True).squeeze(-1)
    power = (largest.view(integers) & exponent).view(values.dtype).clamp(min=precision.tiny)
    unit = values / power
    return Scaled(power, unit, _norm(unit, per))


def total(values: Tensor, per: Per = "sample") -> Tensor:
    """Return the sum."""
    return values.unsqueeze(-1).sum(_dims(values, per), keepdim=True).squeeze(-1)


def either(condition: Tensor, found: Tensor, otherwise: Tensor) -> Tensor:
    """Return ``torch.where``, for a condition of each sample that nearly always holds for all, or for none."""
    if condition.device.type == "cpu":  # Elsewhere `where` is cheap, and the question would wait.
        if condition.all():
            return found
        if not condition.any():
            return otherwise
    return torch.where(condition, found, otherwise)


def _norm(values: Tensor, per: Per) -> Tensor:
    found: Tensor = torch.linalg.vector_norm(values.unsqueeze(-1), 2, _dims(values, per), keepdim=True)
    return found.squeeze(-1)


def _dims(values: Tensor, per: Per) -> tuple[int, ...]:
    # One dimension more than there is, for samples of shape (N,): no dimensions would stand for all of them.
    return tuple(range(per == "sample", values.dim() + 1))
