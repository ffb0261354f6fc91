"""DeepSHAP is complete on any discriminator made of torch functions, and loud on any other."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from xaigrad.explainers import CompletenessError, Score

from .blocks import BLOCKS
from .discriminators import SHAPES, Discriminator, Trial, blocks, trials
from .elementwise import ELEMENTWISE, Layer, spellings
from .explaining import TOLERANCE, error_over_batch, error_per_sample, explain

pytestmark = pytest.mark.usefixtures("double")


def error_of(trial: Trial, attribution: Tensor) -> float:
    judge = trial.discriminator
    error = error_over_batch if judge.mixes else error_per_sample
    return error(judge.score, trial.samples, trial.references, attribution)


def explained(trial: Trial, **settings: Any) -> Tensor:
    return explain(trial.discriminator.score, trial.samples, trial.references, **settings)


@settings(max_examples=300)
@given(trials())
def test_random_discriminators(trial: Trial) -> None:
    attribution = explained(trial)
    assert attribution.shape == trial.samples.shape
    assert attribution.dtype == trial.samples.dtype
    assert error_of(trial, attribution) < TOLERANCE[trial.samples.dtype]


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("name", sorted(BLOCKS))
def test_every_block(name: str, count: int) -> None:
    """Twice in a row, with an activation in between."""
    shape = {"sequence": SHAPES[2], "flat": SHAPES[1]}.get(BLOCKS[name].kind, SHAPES[3])
    judge = Discriminator(shape, 4, [name, "silu: module in place", name], conditional=True)
    trial = Trial(judge, torch.randn(4, *shape), torch.randn(4 * count, *shape), count, paired=True)
    assert error_of(trial, explained(trial)) < 1e-10


def between_linear_layers(activation: Layer, domain: Layer = torch.clone) -> Score:
    generator = torch.Generator().manual_seed(1)
    first, second = torch.randn(2, 8, 8, generator=generator, dtype=torch.float64) / 8**0.5

    def score(samples: Tensor) -> Tensor:
        hidden = activation(domain(samples @ first))
        return (activation(domain(hidden @ second)) @ second[:, :1]).squeeze(1)

    return score


@pytest.mark.parametrize(
    ("name", "spelling"), [(name, spelling) for name in ELEMENTWISE for spelling in spellings(name)]
)
def test_every_spelling_of_every_activation(name: str, spelling: str) -> None:
    """Complete, and to the last digits the attribution of the function's first spelling."""
    ways, domain = spellings(name), ELEMENTWISE[name].domain
    samples, references = torch.randn(5, 8), torch.randn(10, 8)
    samples[:, 0] = references[:5, 0]
    score = between_linear_layers(ways[spelling], domain)
    attribution = explain(score, samples, references)
    assert error_per_sample(score, samples, references, attribution) < 1e-12
    first = explain(between_linear_layers(next(iter(ways.values())), domain), samples, references)
    torch.testing.assert_close(attribution, first, rtol=1e-9, atol=1e-11)


SAME: dict[str, list[Layer]] = {
    "softmax": [
        lambda x: x.softmax(1),
        lambda x: F.softmax(x, 1),
        nn.Softmax(1),
        lambda x: torch.softmax(x, dim=-1),
        lambda x: F.softmin(-x, 1),
    ],
    "log softmax": [lambda x: x.log_softmax(1), nn.LogSoftmax(1), lambda x: F.log_softmax(x, dim=-1)],
    "layer norm": [
        nn.LayerNorm(8).double(),
        lambda x: F.layer_norm(x, (8,)),
        lambda x: F.group_norm(x[:, :, None], 1)[:, :, 0],
    ],
    "instance norm": [
        lambda x: F.instance_norm(x.view(-1, 2, 4)).flatten(1),
        lambda x: nn.InstanceNorm1d(2)(x.view(-1, 2, 4)).flatten(1),
        lambda x: F.group_norm(x.view(-1, 2, 4), 2).flatten(1),
    ],
    "glu": [
        lambda x: F.glu(torch.cat([x, x.flip(1)], 1)),
        lambda x: x * torch.sigmoid(x.flip(1)),
        lambda x: torch.sigmoid(x.flip(1)).mul_(x),
    ],
    "max pool": [
        lambda x: F.max_pool1d(x[:, None], 2)[:, 0].repeat(1, 2),
        lambda x: nn.MaxPool2d((1, 2))(x[:, None, None]).flatten(1).repeat(1, 2),
        lambda x: F.adaptive_max_pool1d(x[:, None], 4).flatten(1).repeat(1, 2),
        lambda x: x.unflatten(1, (4, 2)).max(2).values.repeat(1, 2),
        lambda x: x.unflatten(1, (4, 2)).amax(2).repeat(1, 2),
    ],
    "max of two": [
        lambda x: torch.maximum(x, x.flip(1)),
        lambda x: torch.max(x, x.flip(1)),
        lambda x: x.fmax(x.flip(1)),
        lambda x: -torch.minimum(-x, -x.flip(1)),
    ],
    "inner products": [
        lambda x: torch.cat([x[:, 4:], (x[:, :4] * x[:, 4:]).sum(1, keepdim=True)], 1) @ torch.ones(5, 8),
        lambda x: torch.cat([x[:, 4:], torch.einsum("ni,ni->n", x[:, :4], x[:, 4:])[:, None]], 1) @ torch.ones(5, 8),
        lambda x: torch.cat([x[:, 4:], (x[:, None, :4] @ x[:, 4:, None])[:, 0]], 1) @ torch.ones(5, 8),
        lambda x: torch.cat([x[:, 4:], torch.bmm(x[:, None, :4], x[:, 4:, None])[:, 0]], 1) @ torch.ones(5, 8),
    ],
    "mean": [
        lambda x: x - x.mean(1, keepdim=True),
        lambda x: x - x.sum(1, True) / 8,
        lambda x: x.sub_(x.mean(1, True)),
    ],
}


@pytest.mark.parametrize("name", SAME)
def test_same_network_same_attribution(name: str) -> None:
    samples, references = torch.randn(5, 8), torch.randn(10, 8)
    first, *others = (
        explain(between_linear_layers(way, lambda x: torch.tanh(2 * x)), samples, references) for way in SAME[name]
    )
    for other in others:
        torch.testing.assert_close(other, first, rtol=1e-9, atol=1e-11)


@settings(max_examples=30)
@given(trials(st.lists(blocks, min_size=1, max_size=4)), st.randoms(use_true_random=False))
def test_permuted_samples(trial: Trial, random: Any) -> None:
    """The attributions of samples in another order are the attributions in that order."""
    judge, samples, references = trial.discriminator, trial.samples, trial.references
    order = list(range(len(samples)))
    random.shuffle(order)
    expected = explained(trial)[order]
    judge.labels = judge.labels[order]
    blocks_in_order = references.unflatten(0, (trial.count, -1))[:, order].flatten(0, 1)
    found = explain(judge.score, samples[order], blocks_in_order)
    assert_close(found, expected)


@settings(max_examples=30)
@given(trials(st.lists(blocks, min_size=1, max_size=4)), st.sampled_from([-3.0, 0.25]))
def test_scaled_score(trial: Trial, factor: float) -> None:
    found = explain(lambda x: factor * trial.discriminator.score(x) + 1, trial.samples, trial.references)
    assert_close(found, factor * explained(trial))


@settings(max_examples=30)
@given(trials(st.lists(blocks, min_size=1, max_size=4)))
def test_opposite_attribution_with_sample_and_reference_exchanged(trial: Trial) -> None:
    """Every rule is symmetric in the two: a secant, a mean of two values, a change of the largest."""
    references = trial.references[: len(trial.samples)]
    there = explain(trial.discriminator.score, trial.samples, references)
    back = explain(trial.discriminator.score, references, trial.samples)
    assert_close(there, -back)


def assert_close(found: Tensor, expected: Tensor) -> None:
    tolerance = 10 * TOLERANCE[found.dtype] * float(expected.abs().max())
    torch.testing.assert_close(found, expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("eps", [1e-5, 1e-12])
def test_norms_as_they_are_used(dtype: torch.dtype, eps: float) -> None:
    """Without the help of a large ε."""
    torch.set_default_dtype(dtype)
    norms = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.InstanceNorm2d(8, eps, affine=True), nn.LeakyReLU(0.2, True),
        nn.Conv2d(8, 8, 3, padding=1), nn.GroupNorm(2, 8, eps), nn.GELU(),
        nn.Flatten(), nn.LayerNorm(8 * 36, eps), nn.Linear(8 * 36, 1),
    ).requires_grad_(False)  # fmt: skip
    samples, references = torch.randn(4, 3, 6, 6), torch.randn(12, 3, 6, 6)

    def score(x: Tensor) -> Tensor:
        return norms(x).squeeze(1)

    assert error_per_sample(score, samples, references, explain(score, samples, references)) < TOLERANCE[dtype]


@pytest.mark.parametrize("scale", [1.0, 10.0, 30.0, 1000.0])
@pytest.mark.parametrize(
    "function",
    [
        lambda x: x.softmax(1),
        lambda x: x.log_softmax(1) / 30,
        lambda x: x.logsumexp(1, keepdim=True) / 30,
        lambda x: F.scaled_dot_product_attention(x.view(-1, 4, 2), x.view(-1, 4, 2), x.view(-1, 4, 2).tanh()).flatten(
            1
        ),
        F.softplus,
        torch.sigmoid,
    ],
    ids=["softmax", "log_softmax", "logsumexp", "attention", "softplus", "sigmoid"],
)
def test_large_logits(function: Layer, scale: float) -> None:
    """A sharp softmax saturates: no attribution is lost in the difference of two that are far larger."""
    samples, references = torch.randn(20, 8), torch.randn(20, 8)
    weights = torch.randn_like(function(samples[:1]))[0]

    def score(x: Tensor) -> Tensor:
        return (function(scale * x) * weights).sum(1)

    attribution = explain(score, samples, references)
    difference = score(samples) - score(references)
    size = torch.maximum(difference.abs(), torch.ones(())).max()
    assert (attribution.sum(1) - difference).abs().max() < 1e-10 * size
    assert attribution.abs().sum(1).max() < 100 * size


def test_equal_features_of_sample_and_reference() -> None:
    """A slope that is nothing by nothing, in every block."""
    judge = Discriminator((3, 4, 4), 4, ["max pool after ReLU", "layer norm", "silu: module", "softmax"])
    samples = torch.randn(4, 3, 4, 4)
    references = samples.clone()
    references[:, :, :2] += torch.randn(4, 3, 2, 4)
    references[0] = samples[0]
    references[1] = samples[1] + 1e-13
    attribution = explain(judge.score, samples, references)
    assert attribution.isfinite().all()
    assert not attribution[0].any()
    assert attribution[1].abs().max() < 1e-10
    assert not attribution[:, :, 2:][2:].any()
    assert error_per_sample(judge.score, samples[2:], references[2:], attribution[2:]) < 1e-10


@pytest.mark.parametrize("lower", [torch.bfloat16, torch.float16, torch.float32])
def test_a_part_in_lower_precision(lower: torch.dtype) -> None:
    """Layers that compute in half precision by themselves, as StyleGAN2's do, are no unknown nonlinearity."""

    def halved(x: Tensor) -> Tensor:
        return F.silu(F.leaky_relu(x.to(lower), 0.2) * 1.4).to(x.dtype)

    score, samples, references = between_linear_layers(halved), torch.randn(5, 8), torch.randn(10, 8)
    attribution = explain(score, samples, references)
    assert error_per_sample(score, samples, references, attribution) < torch.finfo(lower).eps ** 0.5


class Square(torch.autograd.Function):
    """A function of another library, of which torch sees nothing."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x**2

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return 2 * ctx.saved_tensors[0] * gradients[0]


def test_function_of_another_library_is_loud() -> None:
    score = between_linear_layers(Square.apply)
    message = r"should sum to the score's difference.*relative error of .*check=\"warn\" or check=\"off\""
    with pytest.raises(CompletenessError, match=message):
        explain(score, torch.randn(5, 8), torch.randn(5, 8))


UNUSUAL: dict[str, Callable[[Tensor], Tensor]] = {
    "sort": lambda x: torch.sort(x, 1).values,
    "argsort": lambda x: x.gather(1, x.argsort(1)),
    "topk": lambda x: x.topk(2, 1).values.repeat(1, 4),
    "kthvalue": lambda x: x.kthvalue(2, 1, keepdim=True).values.expand(-1, 8),
    "median": lambda x: x.median(1, keepdim=True).values.expand(-1, 8),
    "quantile": lambda x: x - x.quantile(0.3, 1, keepdim=True),
    "cumprod": lambda x: torch.cumprod(x, 1),
    "cummax": lambda x: torch.cummax(x, 1).values,
    "logcumsumexp": lambda x: torch.logcumsumexp(x, 1),
    "prod": lambda x: x.prod(1, keepdim=True) + x,
    "fft": lambda x: torch.fft.fft(x).abs(),
    "floor": lambda x: x.floor() + x,
    "round": lambda x: torch.round(x * 2),
    "sign": lambda x: torch.sign(x) + x,
    "remainder": lambda x: torch.remainder(x, 0.7),
    "lgamma": lambda x: torch.lgamma(x.abs() + 1),
    "sinc": torch.sinc,
    "logaddexp": lambda x: torch.logaddexp(x, x.flip(1)),
    "atan2": lambda x: torch.atan2(x, x.flip(1)),
    "hypot": lambda x: torch.hypot(x, x.flip(1)),
    "xlogy": lambda x: torch.xlogy(x, x.flip(1).square() + 1),
    "cdist": lambda x: torch.cdist(x.view(-1, 4, 2), x.view(-1, 4, 2)).flatten(1)[:, :8],
    "cosine_similarity": lambda x: F.cosine_similarity(x, x.flip(1).tanh(), 1)[:, None] + x,
    "pairwise_distance": lambda x: F.pairwise_distance(x, x.flip(1).tanh(), keepdim=True) + x,
    "bilinear": lambda x: F.bilinear(x, x.tanh(), torch.ones(8, 8, 8).tril()),
    "outer": lambda x: torch.stack([torch.outer(row[:2], row[4:]).flatten() for row in x]),
    "kron": lambda x: torch.stack([torch.kron(row[:2], row[4:]) for row in x]),
    "cross": lambda x: torch.linalg.cross(x[:, :3], x[:, 3:6]).repeat(1, 3)[:, :8],
    "det": lambda x: torch.linalg.det(x[:, :4].view(-1, 2, 2))[:, None] + x,
    "inverse": lambda x: torch.linalg.inv(x[:, :4].view(-1, 2, 2) + 4 * torch.eye(2)).flatten(1).repeat(1, 2),
    "svd": lambda x: torch.linalg.svdvals(x.view(-1, 4, 2)).repeat(1, 4),
    "lp pool": lambda x: F.lp_pool1d(x[:, None], 2, 2)[:, 0].repeat(1, 2),
    "fractional": lambda x: x.frac(),
    "gru": lambda x: GRU(x.view(-1, 4, 2))[0].flatten(1),
    "lstm": lambda x: LSTM(x.view(-1, 4, 2))[0].flatten(1),
    "detach": lambda x: x * torch.sigmoid(x.detach()),
    "no_grad": lambda x: x * of_a_constant(x),
    "data": lambda x: x * torch.sigmoid(x.data),
    "item": lambda x: x / (1 + x.abs().max().item()),
    "mask assignment": lambda x: assigned_by_mask(x),
    "mask": lambda x: (x > 0).double() * x.tanh() + (x <= 0).to(x.dtype) * 0.2 * x,
    "two masks": lambda x: x * ((x > -0.5) & (x < 0.5)),
    "boolean index": lambda x: x + x[x > 0].mean(),
    "vmap": torch.vmap(lambda row: torch.tanh(row) * row),
    "deformed": lambda x: F.grid_sample(x.view(-1, 1, 2, 4), x.view(-1, 2, 2, 2).tanh(), align_corners=False).flatten(1)
    .repeat(1, 2),
}  # fmt: skip


def of_a_constant(x: Tensor) -> Tensor:
    with torch.no_grad():
        return torch.sigmoid(x)


def assigned_by_mask(x: Tensor) -> Tensor:
    hidden = x * 1.0
    hidden[hidden < 0] *= 0.2
    return hidden


GRU, LSTM = (layer(2, 2, batch_first=True).double().requires_grad_(False) for layer in (nn.GRU, nn.LSTM))
SAID = {"fractional": "frac", "inverse": "inv", "deformed": "grid_sample"}
UNNAMED = {"data", "item", "mask assignment", "two masks", "boolean index", "vmap"}
"""Of no function's name, or of more than one."""


@pytest.mark.parametrize("name", UNUSUAL)
def test_right_or_loud(name: str) -> None:
    """A function that no discriminator is known to use: complete, or an error that names it."""
    score = between_linear_layers(UNUSUAL[name])
    samples, references = torch.randn(5, 8), torch.randn(5, 8)
    attribution = explain(score, samples, references, check="off")
    if error_per_sample(score, samples, references, attribution) < 1e-10:
        torch.testing.assert_close(explain(score, samples, references), attribution)
        return
    with pytest.raises(CompletenessError, match=None if name in UNNAMED else rf"`\w*{SAID.get(name, name)}\w*`"):
        explain(score, samples, references)


def test_another_path_at_the_references() -> None:
    score = between_linear_layers(lambda x: torch.tanh(x) if x.sum() > 0 else torch.sigmoid(x))
    samples = torch.randn(5, 8)
    with pytest.raises(RuntimeError, match=r"should call the same functions.*`(tanh|sigmoid)`.*`(tanh|sigmoid)`"):
        explain(score, samples, -samples)


@pytest.fixture
def incomplete() -> Score:
    return between_linear_layers(Square.apply)


def test_warn(incomplete: Score) -> None:
    with pytest.warns(UserWarning, match="attribution should sum"):
        explain(incomplete, torch.randn(5, 8), torch.randn(5, 8), check="warn")


def test_off(incomplete: Score) -> None:
    explain(incomplete, torch.randn(5, 8), torch.randn(5, 8), check="off")


def test_complete_explanations_do_not_warn() -> None:
    explain(between_linear_layers(torch.tanh), torch.randn(5, 8), torch.randn(5, 8), check="warn")


def test_the_check_changes_nothing() -> None:
    score, samples, references = between_linear_layers(F.gelu), torch.randn(5, 8), torch.randn(5, 8)
    first, *others = (explain(score, samples, references, check) for check in ("raise", "warn", "off"))
    for other in others:
        assert torch.equal(other, first)
