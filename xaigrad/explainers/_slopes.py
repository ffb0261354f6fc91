"""DeepLIFT's rules: for each nonlinear function a linear one with the same difference between sample and reference.

A rule returns the function's value at the samples and a *surrogate*: an expression that is linear in the samples'
activations, built from torch functions, whose gradient autograd takes in the function's place. ``None`` means that the
call is linear as it stands.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import torch
from torch import Tensor

from xaigrad.explainers._functions import works_in_place


class Recorded(NamedTuple):
    """One call of a nonlinear function at the references."""

    name: str
    args: tuple[Any, ...]
    value: Tensor


Linearized: TypeAlias = tuple[Tensor, Tensor] | None
Rule: TypeAlias = Callable[[Callable[..., Any], tuple[Any, ...], dict[str, Any], Recorded], Linearized]


def _depends(argument: Any) -> bool:
    """Return whether an argument depends on the samples: the parameters are detached."""
    return isinstance(argument, Tensor) and argument.requires_grad


def _evaluate(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Return the function's value, without a gradient and without writing into its argument."""
    first, *rest = (argument.detach() if isinstance(argument, Tensor) else argument for argument in args)
    with torch.no_grad():
        return func(first.clone() if works_in_place(func, args, kwargs) else first, *rest, **kwargs)


def negligible(difference: Tensor) -> Tensor:
    """Return where a difference is too small to divide by, so that the derivative has to stand in for the slope."""
    return difference.abs() < (1e-10 if difference.dtype == torch.float64 else 1e-6)


def elementwise(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], at: Recorded) -> Linearized:
    r"""The rescale rule, :math:`m = (f(x) - f(r)) / (x - r)`, and :math:`f'(x)` where :math:`x \approx r`."""
    if not _depends(args[0]):
        return None
    value = _evaluate(func, args, kwargs)
    with torch.no_grad():
        difference = args[0] - at.args[0]
        same = negligible(difference)
        slope = (value - at.value) / difference.masked_fill_(same, 1.0)
    if same.is_cuda or same.any():
        with torch.enable_grad():
            point = args[0].detach().requires_grad_()
            output = func(point.clone(), *args[1:], **kwargs)
            (derivative,) = torch.autograd.grad(output, point, torch.ones_like(output))
        slope = torch.where(same, derivative, slope)
    return value, args[0] * slope


def product(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], at: Recorded) -> Linearized:
    r"""The symmetric rule for :math:`z = ab`: each factor's multiplier is the mean of the other's two values.

    Exact for every bilinear function: :math:`ab - a_r b_r = \bar b\,(a - a_r) + \bar a\,(b - b_r)`. These are the
    Shapley values of the two factors.
    """
    if not (len(args) > 1 and _depends(args[0]) and _depends(args[1])):
        return None
    a, b, *rest = args
    with torch.no_grad():
        mean_a, mean_b = (a + at.args[0]) / 2, (b + at.args[1]) / 2
    factor = a.clone() if works_in_place(func, args, kwargs) else a
    surrogate = func(factor, mean_b, *rest, **kwargs) + func(mean_a, b, *rest, **kwargs)
    return _evaluate(func, args, kwargs), surrogate


def quotient(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], at: Recorded) -> Linearized:
    """The symmetric rule for a/b = a · (1/b), with the secant slope of 1/b between b and b_r: -1 / (b b_r)."""
    if len(args) < 2 or not _depends(args[1]):
        return None
    if kwargs.get("rounding_mode") is not None:
        return None
    (a, b), (a_reference, b_reference) = args[:2], at.args[:2]
    with torch.no_grad():
        mean_a = (a + a_reference) / 2
        mean_inverse = (1 / b + 1 / b_reference) / 2
        slope = -1 / (b * b_reference)
    return _evaluate(func, args, kwargs), a * mean_inverse + mean_a * slope * b


RULES: dict[str, Rule] = (
    dict.fromkeys(
        """
    relu relu6 leaky_relu prelu rrelu elu selu celu gelu silu mish softplus hardtanh hardswish hardsigmoid sigmoid
    logsigmoid tanh softsign tanhshrink hardshrink softshrink threshold exp exp2 expm1 log log2 log10 log1p sqrt rsqrt
    square abs absolute pow rpow rdiv float_power reciprocal clamp clip clamp_min clamp_max sin cos atan arctan sinh
    cosh asinh erf erfc
    """.split(),
        elementwise,
    )
    | dict.fromkeys("mul multiply matmul mm bmm".split(), product)
    | dict.fromkeys("div divide true_divide".split(), quotient)
)
