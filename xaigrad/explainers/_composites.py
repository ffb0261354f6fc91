"""Composite functions taken apart into elementwise functions, products, maxima and linear ones."""

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from xaigrad.explainers._attention import attention, multi_head_attention
from xaigrad.explainers._maxima import MAXIMA
from xaigrad.explainers._normalisations import NORMALISATIONS


def divide(a: Any, b: Any, *, rounding_mode: str | None = None) -> Tensor:
    """``a / b`` as a product."""
    quotient: Tensor = a * (torch.reciprocal(b) if isinstance(b, Tensor) else 1 / b)
    return quotient if rounding_mode is None else {"floor": torch.floor, "trunc": torch.trunc}[rounding_mode](quotient)


def power(base: Any, exponent: Any) -> Tensor:
    """``base ** exponent`` of two activations, for a positive base."""
    return torch.exp(exponent * torch.log(base))


def log_softmax(input: Tensor, dim: int, _stacklevel: int = 3, dtype: torch.dtype | None = None) -> Tensor:
    """``F.log_softmax``."""
    input = input if dtype is None else input.to(dtype)
    return input - torch.logsumexp(input, dim, keepdim=True)


def softmax(input: Tensor, dim: int, _stacklevel: int = 3, dtype: torch.dtype | None = None) -> Tensor:
    """``F.softmax``, as the exponential of its logarithm: exp(x) / sum exp(x) would run over for large logits."""
    return torch.exp(log_softmax(input, dim, dtype=dtype))


def softmin(input: Tensor, dim: int, _stacklevel: int = 3, dtype: torch.dtype | None = None) -> Tensor:
    """``F.softmin``."""
    return F.softmax(-input, dim, dtype=dtype)


def logaddexp(input: Tensor, other: Tensor) -> Tensor:
    """``torch.logaddexp``."""
    both = torch.broadcast_tensors(input, other)  # type: ignore[no-untyped-call]
    return torch.logsumexp(torch.stack(both, -1), -1)


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """``F.glu``."""
    value, gate = input.chunk(2, dim)
    return value * torch.sigmoid(gate)


def hypot(input: Tensor, other: Tensor) -> Tensor:
    """``torch.hypot``."""
    return torch.sqrt(torch.square(input) + torch.square(other))


def addcmul(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: float = 1) -> Tensor:
    """``torch.addcmul``."""
    return input + value * (tensor1 * tensor2)


def addcdiv(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: float = 1) -> Tensor:
    """``torch.addcdiv``."""
    return input + value * (tensor1 / tensor2)


def added_product(input: Tensor, first: Tensor, second: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """``torch.addmm`` and its kin."""
    return beta * input + alpha * torch.matmul(first, second)


def lerp(input: Tensor, end: Tensor, weight: Any) -> Tensor:
    """``torch.lerp``."""
    step: Tensor = weight * (end - input)
    return input + step


def mse_loss(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None, reduction: str = "mean", **_: Any
) -> Tensor:
    """``F.mse_loss``."""
    return _reduced(torch.square(input - target), reduction)


def l1_loss(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None, reduction: str = "mean", **_: Any
) -> Tensor:
    """``F.l1_loss``."""
    return _reduced(torch.abs(input - target), reduction)


def _reduced(losses: Tensor, reduction: str) -> Tensor:
    return losses if reduction == "none" else losses.mean() if reduction == "mean" else losses.sum()


def lp_pool(input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Tensor:
    """``F.lp_pool1d`` to ``F.lp_pool3d``."""
    dimensions = input.dim() - 2
    size = kernel_size if isinstance(kernel_size, int) else math.prod(kernel_size)
    pool = (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d)[dimensions - 1]
    count = size**dimensions if isinstance(kernel_size, int) else size
    mean: Tensor = pool(torch.pow(input, norm_type), kernel_size, stride, 0, ceil_mode)
    return torch.pow(torch.relu(mean * count), 1 / norm_type)


COMPOSITES: dict[str, Callable[..., Any]] = {
    **NORMALISATIONS,
    **MAXIMA,
    "scaled_dot_product_attention": attention,
    "multi_head_attention_forward": multi_head_attention,
    "lp_pool1d": lp_pool, "lp_pool2d": lp_pool, "lp_pool3d": lp_pool,
    "log_softmax": log_softmax, "softmax": softmax, "softmin": softmin, "logaddexp": logaddexp, "glu": glu,
    "hypot": hypot, "addcmul": addcmul, "addcdiv": addcdiv, "addmm": added_product, "baddbmm": added_product,
    "addmv": added_product, "lerp": lerp, "mse_loss": mse_loss, "l1_loss": l1_loss, "div": divide, "pow": power,
}  # fmt: skip
"""What each function is made of, by name; ``NotImplementedError`` for a variant that is not known."""
