r"""DeepLIFT's rules: how each nonlinear function passes a multiplier back, between a sample and its reference.

A rule takes a call and the multipliers at its value, and returns those at its arguments that depend on the samples, so
that the function's difference is shared out in full: :math:`\sum_i m_i (x_i - r_i) = m\,(f(x) - f(r))`.
"""

from collections.abc import Callable, Sequence
from itertools import product as product_of
from math import factorial
from typing import TypeAlias

import torch
from torch import Tensor
from torch.overrides import handle_torch_function, has_torch_function_unary

from xaigrad.explainers._function_call import Call
from xaigrad.explainers._functions import PRODUCTS

Rule: TypeAlias = Callable[[Call, Tensor], tuple[Tensor, ...]]


def _threshold(dtype: torch.dtype) -> float:
    """Return the difference below which the derivative stands in for the slope.

    Between numbers of the size of 1 a difference is nearly always 0 or larger than this, so that rounding cannot make a
    slope more than a small number wrong; a larger threshold would be met in every pass of a convolutional network.
    """
    return 1e-10 if dtype == torch.float64 else 1e-8


def elementwise(call: Call, multiplier: Tensor) -> tuple[Tensor]:
    r"""The rescale rule, :math:`m = (f(x) - f(r)) / (x - r)`, and :math:`f'(x)` where :math:`x \approx r`."""
    (place,) = call.slots
    x = call.leaves[place]
    difference, slope = call.change(place), call.value_change()
    own = slope.shape == difference.shape and slope.dtype == difference.dtype == multiplier.dtype
    slope = slope.div_(difference) if own else slope / difference
    size = difference.abs() if difference.is_complex() else difference.abs_()
    threshold = _threshold(difference.dtype)
    # Mostly no difference is tiny; elsewhere than on a CPU asking would wait. Not >=: where both are -inf it is NaN.
    if difference.device.type != "cpu" or not size.amin() >= threshold:
        slope = _with_derivative(call, place, slope, ~(size >= threshold))
    return ((slope.mul_(multiplier) if own else slope * multiplier).sum_to_size(x.shape),)


def _with_derivative(call: Call, place: int, slope: Tensor, same: Tensor) -> Tensor:
    """Return an elementwise function's slopes, with its derivative at the samples where the reference is the same."""
    x, same = call.leaves[place].expand_as(slope), same.expand_as(slope)
    alone = not any(isinstance(leaf, Tensor) for other, leaf in enumerate(call.leaves) if other != place)
    if alone and same.device.type == "cpu":  # Few places: elsewhere, counting them would wait.
        places = same.flatten().nonzero().squeeze(1)
        few = x.flatten()[places]
        found = call.gradient(place, torch.ones_like(few, dtype=call.value.dtype), {place: few})
        slope = slope.contiguous()
        slope.view(-1).index_copy_(0, places, found.to(slope.dtype).nan_to_num(0.0, 0.0, 0.0))
        return slope
    derivative = call.gradient(place, torch.ones_like(call.value), {place: x})
    return torch.where(same, derivative.nan_to_num(0.0, 0.0, 0.0), slope)


def product(call: Call, multiplier: Tensor) -> tuple[Tensor, ...]:
    r"""The symmetric rule for a bilinear function :math:`ab`: each factor meets the mean of the other's two values.

    Exact: :math:`ab - a_r b_r = (a - a_r)\,\bar b + \bar a\,(b - b_r)`; these are the Shapley values of the factors. Of
    more factors than two, as in an ``einsum``, each meets the Shapley mean of the others' products.
    """
    if call.name == "mul":
        a, b = ((call.leaves[place] + call.reference(place)) / 2 for place in call.slots)
        return (multiplier * b).sum_to_size(a.shape), (multiplier * a).sum_to_size(b.shape)
    if len(call.slots) == 2:
        first, second = call.slots
        a, b = ((call.leaves[place] + call.reference(place)) / 2 for place in call.slots)
        return call.gradient(first, multiplier, {second: b}), call.gradient(second, multiplier, {first: a})
    return tuple(_shapley(call, multiplier, place) for place in call.slots)


def _shapley(call: Call, multiplier: Tensor, factor: int) -> Tensor:
    """Return the multipliers of one factor of several: the mean over all orders in which the others change."""
    others = [place for place in call.slots if place != factor]
    total = torch.zeros_like(call.leaves[factor])
    for moved in product_of([True, False], repeat=len(others)):
        replaced = {place: call.reference(place) for place, there in zip(others, moved, strict=True) if not there}
        orders = factorial(sum(moved)) * factorial(len(others) - sum(moved)) / factorial(len(call.slots))
        total += call.gradient(factor, multiplier * orders, replaced)
    return total


def log_sum_exp(call: Call, multiplier: Tensor) -> tuple[Tensor]:
    """The rescale rule for the exponentials, and for the logarithm of their sum."""
    (place,) = call.slots
    x, r = call.leaves[place], call.reference(place)
    dims = tuple(leaf for leaf in call.leaves if isinstance(leaf, int) and not isinstance(leaf, bool))
    top = torch.maximum(x.amax(dims, keepdim=True), r.amax(dims, keepdim=True))
    e_x, e_r, difference = (x - top).exp(), (r - top).exp(), x - r
    same = ~(difference.abs() >= _threshold(x.dtype))  # Also where both are -inf: a masked logit.
    slope = torch.where(same, e_x, (e_x - e_r) / difference.masked_fill(same, 1.0))
    s_x = e_x.sum(dims, keepdim=True)
    change = s_x - e_r.sum(dims, keepdim=True)
    # Not log(s_x / s_r): one of the sums may vanish beside the other.
    risen = (call.value - call.reference_value).reshape(s_x.shape)
    same = change.abs() < _threshold(x.dtype)
    log_slope = torch.where(same, 1 / s_x, risen / change.masked_fill(same, 1.0))
    return (slope * log_slope * multiplier.reshape(s_x.shape),)


def select_largest(values: Tensor, places: Tensor) -> Tensor:
    """Return the values at the places of the largest of each group, along the last dimension.

    It is a torch function of our own, so that what calls it is met by :func:`largest`.
    """
    if has_torch_function_unary(values):
        return handle_torch_function(select_largest, (values,), values, places)
    return values.gather(-1, places)


def largest(call: Call, multiplier: Tensor) -> tuple[Tensor]:
    r"""The rule for a maximum, between the place of the sample's maximum and that of its reference's.

    With :math:`c = \max(y, y_r)`, the sample's maximum gets :math:`(c - y_r) / (x - r)` at its place and the
    reference's :math:`(y - c) / (x - r)` at its own: both lie in [0, 1], and one of them is 0.
    """
    x, places = call.leaves
    r, reference_places = call.reference(0), call.reference(1)
    y, y_reference = call.value, call.reference_value
    top = torch.maximum(y, y_reference)
    risen = _ratio(top - y_reference, (x - r).gather(-1, places), (y >= y_reference).to(y.dtype))
    fallen = _ratio(y - top, (x - r).gather(-1, reference_places), torch.zeros_like(y))
    result = torch.zeros_like(x, dtype=multiplier.dtype).scatter_add_(-1, places, multiplier * risen)
    return (result.scatter_add_(-1, reference_places, multiplier * fallen),)


def _ratio(change: Tensor, difference: Tensor, otherwise: Tensor) -> Tensor:
    same = difference.abs() < _threshold(difference.dtype)
    return torch.where(same, otherwise, change / difference.masked_fill(same, 1.0))


RULES: dict[str, Rule] = {
    **dict.fromkeys(
        """
    relu relu6 leaky_relu prelu rrelu elu selu celu gelu silu mish softplus hardtanh hardswish hardsigmoid sigmoid
    logsigmoid tanh softsign tanhshrink hardshrink softshrink threshold exp exp2 expm1 log log2 log10 log1p sqrt rsqrt
    square abs pow rpow rdiv float_power reciprocal clamp clamp_min clamp_max sin cos tan asin acos atan arcsin arccos
    arctan sinh cosh asinh acosh atanh arcsinh arccosh arctanh erf erfc erfinv logit sinc sign floor ceil round
    trunc fix frac deg2rad rad2deg lgamma digamma i0 erfcx ndtr log_ndtr step
    """.split(),
        elementwise,
    ),
    **dict.fromkeys(PRODUCTS, product),
    "logsumexp": log_sum_exp,
    "select_largest": largest,
}


def has_rule(name: str, slots: Sequence[int]) -> bool:
    """Return whether there is a rule for a function of that many arguments that depend on the samples."""
    return name in RULES and (len(slots) == (2 if name in PRODUCTS else 1) or (name == "einsum" and len(slots) > 1))
