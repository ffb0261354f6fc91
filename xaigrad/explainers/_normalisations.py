"""Normalisations by means, variances and norms, taken apart into elementwise functions, products and means."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from xaigrad.explainers._maxima import Dims, amax, dimensions


def _normalised(x: Tensor, dims: Sequence[int], eps: float) -> Tensor:
    centred = x - x.mean(tuple(dims), keepdim=True)
    return centred * torch.rsqrt(torch.square(centred).mean(tuple(dims), keepdim=True) + eps)


def _affine(x: Tensor, weight: Tensor | None, bias: Tensor | None, shape: Sequence[int]) -> Tensor:
    x = x if weight is None else x * weight.view(*shape)
    return x if bias is None else x + bias.view(*shape)


def _channels(x: Tensor) -> tuple[int, ...]:
    return (-1, *[1] * (x.dim() - 2))


def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
    cudnn_enable: bool = True,
) -> Tensor:
    """``F.layer_norm``."""
    return _affine(_normalised(input, range(-len(normalized_shape), 0), eps), weight, bias, normalized_shape)


def rms_norm(
    input: Tensor, normalized_shape: Sequence[int], weight: Tensor | None = None, eps: float | None = None
) -> Tensor:
    """``F.rms_norm``."""
    eps = torch.finfo(input.dtype).eps if eps is None else eps
    mean = torch.square(input).mean(tuple(range(-len(normalized_shape), 0)), keepdim=True)
    return _affine(input * torch.rsqrt(mean + eps), weight, None, normalized_shape)


def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
    cudnn_enabled: bool = True,
) -> Tensor:
    """``F.group_norm``."""
    grouped = _normalised(input.reshape(len(input), num_groups, -1), (-1,), eps).reshape(input.shape)
    return _affine(grouped, weight, bias, _channels(input))


def instance_norm(
    input: Tensor, running_mean: Tensor | None = None, running_var: Tensor | None = None, weight: Tensor | None = None,
    bias: Tensor | None = None, use_input_stats: bool = True, momentum: float = 0.1, eps: float = 1e-5,
) -> Tensor:  # fmt: skip
    """``F.instance_norm``, without its running statistics' update."""
    if not use_input_stats:  # In eval mode with running statistics.
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    return _affine(_normalised(input, range(2, input.dim()), eps), weight, bias, _channels(input))


def batch_norm(
    input: Tensor, running_mean: Tensor | None, running_var: Tensor | None, weight: Tensor | None = None,
    bias: Tensor | None = None, training: bool = False, momentum: float = 0.1, eps: float = 1e-5,
) -> Tensor:  # fmt: skip
    """``F.batch_norm``, without its running statistics' update."""
    if training:
        return _affine(_normalised(input, (0, *range(2, input.dim())), eps), weight, bias, _channels(input))
    assert running_mean is not None
    assert running_var is not None
    shape = _channels(input)
    return _affine((input - running_mean.view(shape)) * torch.rsqrt(running_var + eps).view(shape), weight, bias, shape)


def local_response_norm(input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Tensor:
    """``F.local_response_norm``."""
    rows = (
        torch.square(input).unsqueeze(1).flatten(3)
        if input.dim() > 2
        else torch.square(input).unsqueeze(1).unsqueeze(3)
    )
    padded = F.pad(rows, (0, 0, size // 2, (size - 1) // 2))
    mean = F.avg_pool2d(padded, (size, 1), stride=1).reshape(input.shape)
    return input * torch.pow(mean * alpha + k, -beta)


def var(
    input: Tensor,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> Tensor:
    """``torch.var``."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if correction is None:
        correction = 1 if unbiased is None else int(unbiased)
    dims = dimensions(input, dim)
    count = math.prod(input.shape[one] for one in dims)
    centred = input - input.mean(dims, keepdim=True)
    return torch.square(centred).sum(dims, keepdim=keepdim) / max(count - correction, 0)


def std(input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """``torch.std``."""
    return torch.sqrt(var(input, *args, **kwargs))


def var_mean(input: Tensor, dim: Any = None, *args: Any, keepdim: bool = False, **kwargs: Any) -> tuple[Tensor, Tensor]:
    """``torch.var_mean``."""
    return var(input, dim, *args, **{"keepdim": keepdim, **kwargs}), input.mean(dimensions(input, dim), keepdim=keepdim)


def std_mean(input: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
    """``torch.std_mean``."""
    variance, mean = var_mean(input, *args, **kwargs)
    return torch.sqrt(variance), mean


def norm(
    x: Tensor, ord: Any = None, dim: Dims = None, keepdim: bool = False, dtype: Any = None, **others: Any
) -> Tensor:
    """``torch.norm`` and ``torch.linalg.vector_norm``."""
    p = others.pop("p", ord)
    if isinstance(p, str) and p != "fro":
        raise NotImplementedError
    dims, p = dimensions(x, dim), 2 if p in {None, "fro"} else p
    if p == math.inf:
        return amax(torch.abs(x), dims, keepdim)
    if p == 1:
        return torch.abs(x).sum(dims, keepdim=keepdim)
    if p == 2:
        return torch.sqrt(torch.square(x).sum(dims, keepdim=keepdim))
    if not p > 0:
        raise NotImplementedError
    return torch.pow(torch.pow(torch.abs(x), p).sum(dims, keepdim=keepdim), 1 / p)


def linalg_norm(x: Tensor, ord: Any = None, dim: Dims = None, keepdim: bool = False, dtype: Any = None) -> Tensor:
    """``torch.linalg.norm`` of vectors, and Frobenius' of matrices."""
    matrices = x.dim() == 2 if dim is None else not isinstance(dim, int) and len(dim) == 2
    if matrices and ord not in {None, "fro"}:
        raise NotImplementedError
    return norm(x, ord, dim, keepdim)


def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12, out: None = None) -> Tensor:
    """``F.normalize``."""
    return input * torch.reciprocal(torch.clamp_min(norm(input, p, dim, True), eps))


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """``F.cosine_similarity``."""
    return (normalize(x1, dim=dim, eps=eps) * normalize(x2, dim=dim, eps=eps)).sum(dim)


def pairwise_distance(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Tensor:
    """``F.pairwise_distance``."""
    return norm(x1 - x2 + eps, p, -1, keepdim)


NORMALISATIONS: dict[str, Callable[..., Any]] = {
    "layer_norm": layer_norm, "rms_norm": rms_norm, "group_norm": group_norm, "instance_norm": instance_norm,
    "batch_norm": batch_norm, "local_response_norm": local_response_norm, "var": var, "std": std, "var_mean": var_mean,
    "std_mean": std_mean, "norm": norm, "linalg_norm": linalg_norm, "normalize": normalize,
    "cosine_similarity": cosine_similarity, "pairwise_distance": pairwise_distance,
}  # fmt: skip
"""The normalisations of ``torch`` and ``torch.nn.functional``, by name."""
