"""Maxima and minima, of two tensors, along dimensions and in windows, as a selection of the largest values."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from xaigrad.explainers._rules import select_largest

Dims = int | Sequence[int] | None


def dimensions(x: Tensor, dim: Dims) -> tuple[int, ...]:
    """Return the dimensions that an argument ``dim`` names."""
    if dim is None or (isinstance(dim, Sequence) and len(dim) == 0):
        return tuple(range(x.dim()))
    return (dim,) if isinstance(dim, int) else tuple(dim)


def maximum(input: Tensor, other: Tensor) -> Tensor:
    """``torch.maximum``."""
    return other + torch.relu(input - other)


def minimum(input: Tensor, other: Tensor) -> Tensor:
    """``torch.minimum``."""
    return input - torch.relu(input - other)


def amax(input: Tensor, dim: Dims = (), keepdim: bool = False) -> Tensor:
    """``torch.amax``."""
    dims = sorted(one % input.dim() for one in dimensions(input, dim))
    last = input.movedim(dims, tuple(range(-len(dims), 0))).flatten(-len(dims))
    value = select_largest(last, last.data.argmax(-1, keepdim=True)).squeeze(-1)
    for one in dims if keepdim else ():
        value = value.unsqueeze(one)
    return value


def amin(input: Tensor, dim: Dims = (), keepdim: bool = False) -> Tensor:
    """``torch.amin``."""
    return -amax(-input, dim, keepdim)


def max_(input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Tensor | None = None) -> Any:
    """``torch.max`` in its three meanings."""
    dim = dim if other is None else other
    if dim is None:
        return amax(input)
    if isinstance(dim, Tensor):
        return maximum(input, dim)
    return torch.return_types.max((amax(input, dim, keepdim), input.argmax(dim, keepdim)))


def min_(input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Tensor | None = None) -> Any:
    """``torch.min`` in its three meanings."""
    dim = dim if other is None else other
    if dim is None:
        return amin(input)
    if isinstance(dim, Tensor):
        return minimum(input, dim)
    return torch.return_types.min((amin(input, dim, keepdim), input.argmin(dim, keepdim)))


def _pooled(count: int, indices: Callable[..., Any], both: bool) -> Callable[..., Any]:
    """Return a max pool as the selection of each window's largest value, with the places too if asked for."""

    def pool(input: Tensor, *args: Any, return_indices: bool = False, **kwargs: Any) -> Any:
        places = indices(input.data, *args, **kwargs)[1]
        value = select_largest(input.flatten(-count), places.flatten(-count)).view(places.shape)
        return (value, places) if both or return_indices else value

    return pool


_POOLS: tuple[tuple[Any, ...], ...] = (
    (F.max_pool1d_with_indices, F.adaptive_max_pool1d_with_indices),
    (F.max_pool2d_with_indices, F.adaptive_max_pool2d_with_indices),
    (F.max_pool3d_with_indices, F.adaptive_max_pool3d_with_indices),
)
MAXIMA: dict[str, Callable[..., Any]] = {
    "maximum": maximum, "minimum": minimum, "fmax": maximum, "fmin": minimum, "amax": amax, "amin": amin, "max": max_,
    "min": min_,
    **{
        name: _pooled(count, indices, both)
        for count, pools in enumerate(_POOLS, 1)
        for indices in pools
        for name, both in ((indices.__name__, True), (indices.__name__.removesuffix("_with_indices"), False))
    },
}  # fmt: skip
"""The maxima, minima and max pools of ``torch`` and ``torch.nn.functional``, by name."""
