"""DeepLIFT's rules, one function at a time: a nonlinear function of one variable attributes its own difference."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from xaigrad.explainers import Context, DeepShap
from xaigrad.explainers._composites import COMPOSITES
from xaigrad.explainers._convolution import conv2d
from xaigrad.explainers._functions import LINEAR, function_name, works_in_place
from xaigrad.explainers._rules import PRODUCTS, RULES, elementwise

pytestmark = pytest.mark.usefixtures("double")

SETTINGS: dict[str, tuple[Any, ...]] = {
    "threshold": (0.5, 0.2),
    "clamp": (0.3, 0.7),
    "clamp_min": (0.5,),
    "clamp_max": (0.5,),
    "pow": (1.5,),
    "float_power": (1.5,),
}


def function_of(name: str) -> Callable[[Tensor], Tensor]:
    if name == "prelu":
        return lambda x: F.prelu(x - 0.5, torch.tensor([0.3]))
    if name == "log_sigmoid":
        return F.logsigmoid
    if name in {"rpow", "rdiv"}:
        return (lambda x: 2**x) if name == "rpow" else (lambda x: 2 / x)
    if name in {"acosh", "arccosh"}:
        return lambda x: torch.acosh(x + 1)
    for home in (torch, F, Tensor, torch.special):
        name = name.removeprefix("special_")
        if hasattr(home, name):
            return lambda x: getattr(home, name)(x, *SETTINGS.get(name, ()))
    raise AssertionError(f"no function {name}")


ELEMENTWISE = sorted(name for name, rule in RULES.items() if rule is elementwise and name != "step")


def attribute(
    function: Callable[[Tensor], Tensor], samples: Tensor, references: Tensor, check: str = "raise"
) -> Tensor:
    context = Context(samples, 0, 0, torch.Generator())
    return DeepShap(lambda rows, context: references, check=check)(lambda x: function(x).sum(1), samples, context)


def both() -> tuple[Tensor, Tensor]:
    """Samples and references inside every function's domain; some features are equal, some nearly."""
    samples, references = torch.rand(2, 6, 8) * 0.8 + 0.1
    references[:, 0] = samples[:, 0]
    references[:, 1] = samples[:, 1] + 1e-12
    return samples, references


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise(name: str) -> None:
    function, (samples, references) = function_of(name), both()
    expected = function(samples) - function(references)
    torch.testing.assert_close(attribute(function, samples, references), expected, rtol=1e-9, atol=1e-11)


POSITIVE = {"log", "log2", "log10", "sqrt", "rsqrt", "pow", "float_power", "lgamma", "digamma"}
POSITIVE |= {"acos", "arccos", "asin", "arcsin", "acosh", "arccosh", "logit"}


@pytest.mark.parametrize("name", [name for name in ELEMENTWISE if name not in POSITIVE])
def test_negative_inputs(name: str) -> None:
    function, (samples, references) = function_of(name), both()
    samples = -samples
    expected = function(samples) - function(references)
    torch.testing.assert_close(attribute(function, samples, references), expected, rtol=1e-9, atol=1e-11)


WITHOUT_DERIVATIVE = {
    "asinh",
    "arcsinh",
    "acosh",
    "arccosh",
    "atanh",
    "arctanh",
}  # Of the in-place variant, in PyTorch itself.


@pytest.mark.parametrize(
    "name", [name for name in ELEMENTWISE if hasattr(Tensor, f"{name}_") and name not in WITHOUT_DERIVATIVE]
)
def test_in_place(name: str) -> None:
    samples, references = both()
    settings = SETTINGS.get(name, ())
    found = attribute(lambda x: getattr(x + 0, f"{name}_")(*settings), samples, references)
    assert torch.equal(found, attribute(function_of(name), samples, references))


PRODUCT_CALLS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mul": torch.mul,
    "mul of other shapes": lambda a, b: a[:, :1] * b,
    "matmul": lambda a, b: a.view(-1, 2, 2) @ b.view(-1, 2, 2),
    "bmm": lambda a, b: torch.bmm(a.view(-1, 2, 2), b.view(-1, 2, 2)),
    "einsum": lambda a, b: torch.einsum("ni,nj->nij", a, b),
    "linear": lambda a, b: torch.stack([F.linear(row, weight[None]) for row, weight in zip(a, b, strict=True)]),
    "bilinear": lambda a, b: F.bilinear(a, b, torch.ones(3, 4, 4)),
    "conv1d": lambda a, b: F.conv1d(a.view(1, -1, 4), b.view(len(b), 1, 4), groups=len(b)).view(-1, 1),
}


@pytest.mark.parametrize("name", PRODUCT_CALLS)
def test_product(name: str) -> None:
    """Each factor's share is its difference times the other's mean."""
    samples, references = both()
    call = PRODUCT_CALLS[name]
    found = attribute(lambda x: call(x[:, :4], x[:, 4:]).reshape(len(x), -1), samples, references)
    (a, a_reference), (b, b_reference) = (
        (samples[:, part], references[:, part]) for part in (slice(None, 4), slice(4, None))
    )
    of_a = call(a - a_reference, (b + b_reference) / 2).reshape(6, -1).sum(1)
    of_b = call((a + a_reference) / 2, b - b_reference).reshape(6, -1).sum(1)
    torch.testing.assert_close(found[:, :4].sum(1), of_a)
    torch.testing.assert_close(found[:, 4:].sum(1), of_b)


@pytest.mark.parametrize("function", [torch.div, torch.true_divide, torch.divide, Tensor.__truediv__])
def test_quotient(function: Callable[[Tensor, Tensor], Tensor]) -> None:
    samples, references = both()
    found = attribute(lambda x: function(x[:, :4], x[:, 4:]), samples, references)
    a, b, a_reference, b_reference = samples[:, :4], samples[:, 4:], references[:, :4], references[:, 4:]
    of_a = (a - a_reference) * (1 / b + 1 / b_reference) / 2
    torch.testing.assert_close(found[:, :4], of_a)
    torch.testing.assert_close(found[:, 4:], a / b - a_reference / b_reference - of_a)


def test_symmetric_rule() -> None:
    samples, references = both()
    a, b, a_reference, b_reference = samples[:, :4], samples[:, 4:], references[:, :4], references[:, 4:]
    found = attribute(lambda x: x[:, :4] * x[:, 4:], samples, references)
    torch.testing.assert_close(found[:, :4], (a - a_reference) * (b + b_reference) / 2)
    torch.testing.assert_close(found[:, 4:], (b - b_reference) * (a + a_reference) / 2)


LINEAR_CALLS: dict[str, Callable[[Tensor], Tensor]] = {
    "sub": lambda x: 1 - x,
    "neg": lambda x: -x,
    "mean": lambda x: x.mean(1, keepdim=True),
    "cumsum": lambda x: x.cumsum(1),
    "linear": lambda x: F.linear(x, torch.ones(3, 8)),
    "conv1d": lambda x: F.conv1d(x[:, None], torch.ones(2, 1, 3)).flatten(1),
    "conv_transpose2d": lambda x: F.conv_transpose2d(x.view(-1, 1, 2, 4), torch.ones(1, 2, 3, 3)).flatten(1),
    "avg_pool2d": lambda x: F.avg_pool2d(x.view(-1, 1, 2, 4), 2).flatten(1),
    "adaptive_avg_pool2d": lambda x: F.adaptive_avg_pool2d(x.view(-1, 1, 2, 4), 1).flatten(1),
    "interpolate": lambda x: F.interpolate(x[:, None], scale_factor=2, mode="linear").flatten(1),
    "pad": lambda x: F.pad(x[:, None], (1, 1), mode="reflect").flatten(1),
    "pixel_unshuffle": lambda x: F.pixel_unshuffle(x.view(-1, 1, 2, 4), 2).flatten(1),
    "batch_norm": lambda x: F.batch_norm(x, torch.ones(8), torch.ones(8) * 4, torch.ones(8) * 3, torch.ones(8)),
    "dropout": lambda x: F.dropout(x, 0.5, training=False),
    "cat": lambda x: torch.cat([x, x], 1),
    "stack": lambda x: torch.stack([x, 2 * x], 1).flatten(1),
    "chunk": lambda x: x.chunk(2, 1)[1],
    "getitem": lambda x: x[:, 2:5],
    "permute": lambda x: x.view(-1, 2, 4).permute(0, 2, 1).flatten(1),
    "masked_fill": lambda x: x.masked_fill(torch.arange(8) > 3, 0.0),
    "expand": lambda x: x[:, None].expand(-1, 3, -1).flatten(1),
    "roll": lambda x: x.roll(1, 1),
    "T": lambda x: x.T.T,
    "clone": lambda x: x.clone().contiguous(),
    "to": lambda x: x.to(torch.float64).double(),
    "div": lambda x: x / 3 + x.div(torch.tensor(2.0)),
    "mul": lambda x: x * torch.arange(8.0) * 2,
}


@pytest.mark.parametrize("call", LINEAR_CALLS.values(), ids=LINEAR_CALLS)
def test_linear(call: Callable[[Tensor], Tensor]) -> None:
    """A linear function hands the difference to its inputs by its weights, and is under no suspicion."""
    samples, references = both()
    points = samples.clone().requires_grad_()
    (weights,) = torch.autograd.grad(call(points).sum(), points)
    found = attribute(lambda x: call(torch.sin(x)), samples, references)
    torch.testing.assert_close(found, weights * (samples.sin() - references.sin()), rtol=1e-6, atol=1e-7)


def test_linear_and_nonlinear_are_told_apart() -> None:
    assert not LINEAR & RULES.keys()
    assert COMPOSITES.keys() & RULES.keys() == {"pow"}
    assert LINEAR & COMPOSITES.keys() == {"batch_norm", "div"}
    assert RULES.keys() >= PRODUCTS


NAMES = {
    Tensor.__mul__: "mul",
    Tensor.__imul__: "mul",
    Tensor.__rmul__: "mul",
    Tensor.__itruediv__: "div",
    Tensor.__pow__: "pow",
    Tensor.__neg__: "neg",
    Tensor.__getitem__: "getitem",
    torch.relu_: "relu",
    Tensor.tanh_: "tanh",
    F.leaky_relu: "leaky_relu",
    F.leaky_relu_: "leaky_relu",
}


@pytest.mark.parametrize(
    ("function", "name"), NAMES.items(), ids=[f"{name}-{place}" for place, name in enumerate(NAMES.values())]
)
def test_one_name_for_all_spellings(function: Callable[..., Any], name: str) -> None:
    assert function_name(function) == name


X = torch.zeros(1)
CALLS: list[tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any], bool]] = [
    (F.relu, (X,), {}, False),
    (F.relu, (X, True), {}, True),
    (F.relu, (X,), {"inplace": True}, True),
    (F.relu, (X,), {"inplace": False}, False),
    (F.leaky_relu, (X, 0.2, True), {}, True),
    (F.leaky_relu, (X, 0.2), {}, False),
    (F.elu, (X, 1.0, True), {}, True),
    (torch.relu_, (X,), {}, True),
    (Tensor.mul_, (X, 2), {}, True),
    (Tensor.__imul__, (X, 2), {}, True),
    (Tensor.__mul__, (X, 2), {}, False),
    (Tensor.requires_grad_, (X,), {}, False),
    (torch.tanh, (X,), {}, False),
]


@pytest.mark.parametrize(("function", "args", "kwargs", "expected"), CALLS)
def test_works_in_place(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], expected: bool
) -> None:
    assert works_in_place(function, args, kwargs) is expected


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"stride": 2, "padding": 1},
        {"stride": (2, 1), "padding": (0, 2), "dilation": (1, 2)},
        {"padding": "same"},
        {"groups": 2},
    ],
)
@pytest.mark.parametrize("channels", [2, 4, 6])
def test_convolution_of_few_channels(channels: int, settings: dict[str, Any]) -> None:
    """As a matrix product: the same values and the same gradient."""
    weight = torch.randn(6, channels // settings.get("groups", 1), 3, 3)
    images, bias = torch.randn(4, channels, 9, 8), torch.randn(6)
    found, expected = [], []
    for results, convolve in ((found, conv2d), (expected, F.conv2d)):
        points = images.clone().requires_grad_()
        values = convolve(points, weight, bias, **settings)
        results += [values, *torch.autograd.grad(values.square().sum(), points)]
    torch.testing.assert_close(found, expected)
