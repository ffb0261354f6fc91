"""What torch functions are called, which of them are linear, and which write into their first argument."""

import inspect
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

_SUMS = frozenset(
    """
    add sub subtract rsub cat concat concatenate stack hstack vstack dstack column_stack broadcast_tensors block_diag
    setitem copy index_copy index_put index_add scatter scatter_add slice_scatter select_scatter masked_scatter where
    """.split()
)
"""Functions that are linear in all of their arguments together."""

LINEAR = _SUMS | frozenset(
    """
    neg negative positive sum mean nansum cumsum diff trace conv_transpose1d conv_transpose2d conv_transpose3d
    div batch_norm dropout dropout1d dropout2d dropout3d alpha_dropout feature_alpha_dropout
    feature_dropout avg_pool1d avg_pool2d avg_pool3d adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d
    interpolate upsample upsample_nearest upsample_bilinear pad constant_pad_nd pixel_shuffle pixel_unshuffle
    channel_shuffle native_channel_shuffle unfold fold im2col col2im grid_sample
    chunk split split_with_sizes tensor_split hsplit vsplit dsplit
    unbind select narrow index_select gather take take_along_dim getitem masked_select view view_as reshape reshape_as
    flatten unflatten ravel squeeze unsqueeze expand expand_as broadcast_to repeat repeat_interleave tile roll flip
    fliplr flipud rot90 permute transpose swapaxes swapdims movedim moveaxis t adjoint contiguous clone to type
    type_as float double half bfloat16 cpu cuda diagonal diag diag_embed tril triu masked_fill requires_grad_ fft rfft
    irfft rfft2 irfft2 fft2 ifft ifft2 fftn ifftn fftshift ifftshift view_as_real view_as_complex zero fill get set
    real imag nan_to_num ones_like zeros_like full_like empty_like rand_like randn_like new_zeros new_ones new_full
    new_empty isnan isfinite isinf
    """.split()
)
"""Functions through which a difference passes unchanged."""

PRODUCTS = frozenset(
    """
    mul matmul bmm mv dot vdot inner outer ger vecdot einsum tensordot kron linear conv1d conv2d conv3d bilinear cross
    linalg_cross rmatmul
    """.split()
)
"""Functions that are linear in each of two arguments."""


def is_linear(name: str, args: tuple[Any, ...], kwargs: dict[str, Any], slots: Sequence[int]) -> bool:
    """Return whether a difference passes unchanged through a call.

    Args:
        name: The function's.
        args: Its positional arguments.
        kwargs: Its keyword arguments.
        slots: Which of the flattened arguments depend on the samples.
    """
    if name in PRODUCTS:
        return len(slots) == 1
    if name == "div" and kwargs.get("rounding_mode") is not None:
        return False
    if name == "batch_norm" and (args[5] if len(args) > 5 else kwargs.get("training", False)):
        return False
    if name in {"grid_sample", "div"} and slots[0] != 0:
        return False
    return name in LINEAR and (name in _SUMS or len(slots) == 1)


@cache
def function_name(func: Callable[..., Any]) -> str:
    """Return one name for a function, its method, its operators and its in-place variant: ``mul`` for ``__imul__``."""
    name: str = getattr(func, "__name__", type(func).__name__)
    if name.startswith("__") and name.endswith("__"):
        name = name.strip("_").removeprefix("special_")
    name = name.strip("_").removeprefix("special_")
    return _ALIASES.get(name, name)


_ALIASES = {
    "imul": "mul", "rmul": "mul", "multiply": "mul", "iadd": "add", "radd": "add", "isub": "sub", "truediv": "div",
    "itruediv": "div", "idiv": "div", "divide": "div", "true_divide": "div", "rtruediv": "rdiv", "ipow": "pow",
    "mm": "matmul", "imatmul": "matmul", "log_sigmoid": "logsigmoid", "absolute": "abs", "clip": "clamp",
    "linalg_vector_norm": "norm", "vector_norm": "norm", "expit": "sigmoid",
    "greater": "gt", "greater_equal": "ge", "less": "lt", "less_equal": "le", "bitwise_not": "logical_not",
    "invert": "logical_not", "linalg_vecdot": "vecdot",
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
