"""Every elementwise function of torch and torch.nn.functional, in every spelling that torch offers for it."""

import inspect
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Layer = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Elementwise:
    """A function of one variable.

    Attributes:
        settings: Its further arguments, in their order, by their names.
        module: Its class in ``torch.nn``.
        domain: What brings any number into its domain.
        others: Spellings that cannot be found by the name.
    """

    settings: dict[str, Any] = field(default_factory=dict)
    module: type[nn.Module] | None = None
    domain: Layer = torch.Tensor.clone
    others: dict[str, Layer] = field(default_factory=dict)


def positive(x: Tensor) -> Tensor:
    return x.square() + 0.2


def inside(x: Tensor) -> Tensor:
    return 0.8 * torch.tanh(x)


def beyond_one(x: Tensor) -> Tensor:
    return x.square() + 1.3


PRELU = torch.tensor([0.3], dtype=torch.float64)

ELEMENTWISE: dict[str, Elementwise] = {
    "relu": Elementwise(
        module=nn.ReLU,
        others={
            "clamp": lambda x: x.clamp(min=0),
            "maximum": lambda x: torch.maximum(x, torch.zeros_like(x)),
            "where": lambda x: torch.where(x > 0, x, torch.zeros_like(x)),
            "mask": lambda x: x * (x > 0),
            "half of the sum": lambda x: (x + x.abs()) / 2,
        },
    ),
    "relu6": Elementwise(module=nn.ReLU6, others={"clamp": lambda x: x.clamp(0, 6)}),
    "leaky_relu": Elementwise(
        {"negative_slope": 0.2},
        nn.LeakyReLU,
        others={
            "where": lambda x: torch.where(x > 0, x, 0.2 * x),
            "Tensor.where": lambda x: x.where(x > 0, 0.2 * x),
            "maximum": lambda x: torch.maximum(x, 0.2 * x),
            "max": lambda x: torch.max(x, 0.2 * x),
            "prelu": lambda x: F.prelu(x, torch.tensor([0.2], dtype=x.dtype)),
            "rrelu": nn.RReLU(0.2, 0.2).eval(),
            "scaled": lambda x: F.leaky_relu(x / 2, 0.2) * 2,
        },
    ),
    "parametric relu": Elementwise(
        others={
            "F": lambda x: F.prelu(x, PRELU.to(x)),
            "torch": lambda x: torch.prelu(x, PRELU.to(x)),
            "method": lambda x: x.prelu(PRELU.to(x)),
            "keywords": lambda x: F.prelu(weight=PRELU.to(x), input=x),
            "module": lambda x: nn.PReLU(init=0.3).to(x).requires_grad_(False)(x),
        }
    ),
    "rrelu": Elementwise(
        {"lower": 0.1, "upper": 0.3},
        others={
            "module": nn.RReLU(0.1, 0.3).eval(),
            "module in place": nn.RReLU(0.1, 0.3, True).eval(),
            "leaky ReLU": lambda x: F.leaky_relu(x, 0.2),
        },
    ),
    "elu": Elementwise({"alpha": 0.7}, nn.ELU),
    "selu": Elementwise(module=nn.SELU),
    "celu": Elementwise({"alpha": 0.7}, nn.CELU),
    "gelu": Elementwise(module=nn.GELU, others={"by hand": lambda x: 0.5 * x * (1 + torch.erf(x * 0.5**0.5))}),
    "gelu by tanh": Elementwise(
        others={"F": lambda x: F.gelu(x, approximate="tanh"), "module": nn.GELU(approximate="tanh")}
    ),
    "silu": Elementwise(module=nn.SiLU),
    "mish": Elementwise(module=nn.Mish),
    "softplus": Elementwise({"beta": 1.5, "threshold": 20}, nn.Softplus),
    "hardtanh": Elementwise(
        {"min_val": -0.5, "max_val": 0.7}, nn.Hardtanh, others={"clamp": lambda x: x.clamp(-0.5, 0.7)}
    ),
    "hardswish": Elementwise(module=nn.Hardswish),
    "hardsigmoid": Elementwise(module=nn.Hardsigmoid),
    "sigmoid": Elementwise(
        module=nn.Sigmoid,
        others={"special": torch.special.expit, "softmax": lambda x: torch.stack([x, 0 * x], -1).softmax(-1)[..., 0]},
    ),
    "tanh": Elementwise(module=nn.Tanh),
    "logsigmoid": Elementwise(module=nn.LogSigmoid, others={"by softplus": lambda x: -F.softplus(-x)}),
    "softsign": Elementwise(module=nn.Softsign),
    "tanhshrink": Elementwise(module=nn.Tanhshrink),
    "softshrink": Elementwise({"lambd": 0.3}, nn.Softshrink),
    "hardshrink": Elementwise({"lambd": 0.3}, nn.Hardshrink),
    "threshold": Elementwise({"threshold": 0.1, "value": 0.4}, nn.Threshold),
    "exp": Elementwise(domain=inside),
    "exp2": Elementwise(domain=inside),
    "expm1": Elementwise(domain=inside),
    "log": Elementwise(domain=positive),
    "log2": Elementwise(domain=positive),
    "log10": Elementwise(domain=positive),
    "log1p": Elementwise(domain=positive),
    "sqrt": Elementwise(domain=positive, others={"power": lambda x: x**0.5, "pow": lambda x: x.pow(0.5)}),
    "rsqrt": Elementwise(domain=positive, others={"power": lambda x: x**-0.5, "quotient": lambda x: 1 / x.sqrt()}),
    "square": Elementwise(
        others={
            "operator": lambda x: x**2,
            "product": lambda x: x * x,
            "product in place": lambda x: x.mul_(x.clone()),
            "product with itself, in place": lambda x: x.mul_(x),
            "operator in place": lambda x: operator.ipow(x, 2),
        }
    ),
    "abs": Elementwise(others={"absolute": torch.absolute, "operator": abs, "maximum": lambda x: torch.maximum(x, -x)}),
    "pow": Elementwise({"exponent": 1.7}, domain=positive, others={"operator": lambda x: x**1.7}),
    "cube": Elementwise(others={"operator": lambda x: x**3, "pow": lambda x: x.pow(3), "product": lambda x: x * x * x}),
    "power of two": Elementwise(
        domain=inside,
        others={"operator": lambda x: 2**x, "pow": lambda x: torch.pow(2, x), "exp2": torch.exp2},
    ),
    "power in float64": Elementwise(
        domain=positive,
        others={
            "torch": lambda x: torch.float_power(x, 1.7).to(x.dtype),
            "method": lambda x: x.float_power(1.7).type_as(x),
        },
    ),
    "reciprocal": Elementwise(
        domain=positive,
        others={"operator": lambda x: 1 / x, "div": lambda x: torch.div(1, x), "power": lambda x: x**-1},
    ),
    "clamp": Elementwise({"min": -0.4, "max": 0.6}, others={"clip": lambda x: torch.clip(x, -0.4, 0.6)}),
    "clamp above": Elementwise(
        others={
            "clamp": lambda x: torch.clamp(x, max=0.6),
            "position": lambda x: x.clamp(None, 0.6),
            "clamp_max": lambda x: x.clamp_max(0.6),
            "minimum": lambda x: torch.minimum(x, torch.tensor(0.6, dtype=x.dtype)),
            "in place": lambda x: x.clamp_(max=0.6),
        }
    ),
    "clamp below": Elementwise(
        others={
            "clamp": lambda x: torch.clamp(x, -0.4),
            "keyword": lambda x: x.clamp(min=-0.4),
            "tensor": lambda x: x.clamp(min=torch.tensor(-0.4, dtype=x.dtype)),
            "clamp_min": lambda x: torch.clamp_min(x, -0.4),
            "in place": lambda x: x.clamp_min_(-0.4),
            "written by mask": lambda x: x.masked_fill(x < -0.4, -0.4),
        }
    ),
    "sin": Elementwise(),
    "cos": Elementwise(),
    "tan": Elementwise(domain=inside),
    "asin": Elementwise(domain=inside),
    "acos": Elementwise(domain=inside),
    "atan": Elementwise(others={"arctan": torch.arctan}),
    "sinh": Elementwise(domain=inside),
    "cosh": Elementwise(domain=inside),
    "asinh": Elementwise(),
    "acosh": Elementwise(domain=beyond_one),
    "atanh": Elementwise(domain=inside),
    "erf": Elementwise(others={"special": torch.special.erf}),
    "erfc": Elementwise(),
}


WITHOUT_DERIVATIVE = {"asinh_", "acosh_", "atanh_"}
"""In PyTorch itself, so that no discriminator learns through them."""


def spellings(name: str) -> dict[str, Layer]:
    """Return the ways to write a function: all are the same function of its domain."""
    entry = ELEMENTWISE[name]
    return dict(_by_name(name, entry)) | entry.others


def _by_name(name: str, entry: Elementwise) -> Iterator[tuple[str, Layer]]:
    settings = tuple(entry.settings.values())
    for home, label in ((F, "F"), (torch, "torch"), (Tensor, "Tensor")):
        for variant in (name, f"{name}_"):
            if (function := getattr(home, variant, None)) is None or variant in WITHOUT_DERIVATIVE:
                continue
            yield f"{label}.{variant}", lambda x, function=function: function(x, *settings)
            if settings and label != "torch":
                yield f"{label}.{variant} by keywords", lambda x, function=function: function(x, **entry.settings)
        function = getattr(home, name, None)
        if label == "F" and function is not None and "inplace" in _parameters(function):
            yield "F in place", lambda x, function=function: function(x, *settings, inplace=True)
        if label == "F" and function is not None:
            yield "F, all by keywords", lambda x, function=function: function(input=x, **entry.settings)
    if entry.module is not None:
        yield "module", entry.module(*settings)
        if "inplace" in _parameters(entry.module):
            yield "module in place", entry.module(*settings, inplace=True)


def _parameters(function: Callable[..., Any]) -> list[str]:
    try:
        return list(inspect.signature(function).parameters)
    except ValueError:
        return []
