"""What torch functions are called, which of them are linear, and which write into their first argument."""

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

from torch import Tensor

LINEAR = frozenset(
    """
    add sub subtract neg negative sum mean nansum cumsum linear conv1d conv2d conv3d conv_transpose1d
    conv_transpose2d conv_transpose3d mv addmm baddbmm einsum tensordot dot batch_norm dropout dropout1d dropout2d
    dropout3d alpha_dropout feature_alpha_dropout avg_pool1d avg_pool2d avg_pool3d adaptive_avg_pool1d
    adaptive_avg_pool2d adaptive_avg_pool3d interpolate upsample pad pixel_shuffle pixel_unshuffle channel_shuffle
    unfold fold grid_sample affine_grid cat concat concatenate stack hstack vstack dstack chunk split tensor_split
    unbind select narrow index_select gather take getitem setitem view view_as reshape reshape_as flatten unflatten
    ravel squeeze unsqueeze expand expand_as repeat repeat_interleave tile roll flip rot90 permute transpose
    swapaxes swapdims movedim moveaxis t contiguous clone to type type_as float double half bfloat16 cpu cuda
    diagonal diag_embed tril triu masked_fill requires_grad_ detach copy fft rfft rfft2 fft2 ifft2 embedding zero
    fill get set real T mT H mH
    """.split()
)
"""Functions through which a difference passes unchanged."""

_MULTILINEAR = frozenset("linear conv1d conv2d conv3d mv addmm baddbmm einsum tensordot dot".split())


def is_linear(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Return whether a difference passes unchanged through this call."""
    if name == "batch_norm":
        return not (args[5] if len(args) > 5 else kwargs.get("training", False))
    operands = [argument for argument in args if isinstance(argument, Tensor) and argument.requires_grad]
    return name in LINEAR and not (name in _MULTILINEAR and len(operands) > 1)


@cache
def function_name(func: Callable[..., Any]) -> str:
    """Return one name for a function, its method, its operators and its in-place variant: ``mul`` for ``__imul__``."""
    name: str = getattr(func, "__name__", type(func).__name__)
    if name.startswith("__") and name.endswith("__"):
        name = name.strip("_")
    name = name.rstrip("_")
    return _ALIASES.get(name, name)


_ALIASES = {
    "imul": "mul", "rmul": "mul", "iadd": "add", "radd": "add", "isub": "sub", "rsub": "sub", "truediv": "div",
    "itruediv": "div", "ipow": "pow", "idiv": "div",
    "log_sigmoid": "logsigmoid", "rtruediv": "rdiv",
}  # fmt: skip


@cache
def _inplace_position(func: Callable[..., Any]) -> int | None:
    """Return the position of a function's ``inplace`` parameter."""
    try:
        return list(inspect.signature(func).parameters).index("inplace")
    except (TypeError, ValueError):
        return None


def works_in_place(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Return whether this call writes its result into its first argument."""
    name = getattr(func, "__name__", "")
    if name.startswith("__"):
        return name in {"__setitem__", "__imul__", "__iadd__", "__isub__", "__itruediv__", "__ipow__", "__idiv__"}
    if name.endswith("_") and name != "requires_grad_":
        return True
    position = _inplace_position(func)
    if position is None:
        return False
    return bool(args[position] if position < len(args) else kwargs.get("inplace", False))
