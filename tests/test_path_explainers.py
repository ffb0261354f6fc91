"""Integrated and expected gradients and SmoothGrad are their definitions, loop by loop, whatever the rows per call."""

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from xaigrad import XAIGuidedGenerator
from xaigrad.explainers import Context, Score
from xaigrad.explainers._expected_gradients import ExpectedGradients
from xaigrad.explainers._integrated_gradients import IntegratedGradients
from xaigrad.explainers._smooth_grad import SmoothGrad
from xaigrad.references import HarvestedReferences

from .loops import assert_same_bits, last_of, noise, random_states
from .networks import FEATURES, Lambda, generator, smooth

pytestmark = pytest.mark.usefixtures("double")

Explainers = dict[str, Callable[..., Any]]
EXPLAINERS: Explainers = {
    "integrated": lambda **settings: IntegratedGradients(steps=5, **settings),
    "integrated, real": lambda **settings: IntegratedGradients(bank(), steps=5, **settings),
    "expected": lambda **settings: ExpectedGradients(bank(), samples=5, **settings),
    "smooth": lambda **settings: SmoothGrad(samples=5, **settings),
}


def context(seed: int = 0) -> Context:
    return Context(torch.zeros(1), 0, 0, torch.Generator().manual_seed(seed))


def rows(count: int = 6) -> Tensor:
    return torch.randn(count, FEATURES)


def bank() -> Tensor:
    return torch.linspace(-1, 1, 5 * FEATURES).reshape(5, FEATURES)


def frozen() -> nn.Module:
    judge = smooth().requires_grad_(False)
    for parameter in judge.parameters():
        parameter.mul_(2)
    return judge


def score_of(judge: nn.Module) -> Score:
    return lambda samples: judge(samples.clone()).flatten(1).sum(1)


def gradient_at(score: Score, point: Tensor) -> Tensor:
    """The gradient at one point, of no batch dimension."""
    leaf = point.detach().clone().requires_grad_()
    (gradient,) = torch.autograd.grad(score(leaf[None]).sum(), leaf)
    return gradient


def on_cpu(draw: Callable[..., Tensor], *shape: int, rng: torch.Generator, dtype: torch.dtype) -> Tensor:
    return draw(*shape, generator=rng, dtype=dtype, device="cpu").to(torch.get_default_device()).double()


@pytest.mark.parametrize("steps", [1, 3, 8])
def test_integrated_gradients_by_loops(steps: int) -> None:
    score, samples, references = score_of(frozen()), rows(), rows()
    expected = torch.zeros_like(samples)
    for n in range(len(samples)):
        for step in range(steps):
            way = samples[n] - references[n]
            expected[n] += way * gradient_at(score, references[n] + (step + 0.5) / steps * way) / steps
    found = IntegratedGradients(lambda rows, context: references, steps)(score, samples, context())
    torch.testing.assert_close(found, expected)


def test_integrated_gradients_equal_to_captum_s() -> None:
    captum = pytest.importorskip("captum.attr")
    judge, samples, references = frozen(), rows(), rows()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = captum.IntegratedGradients(judge).attribute(
            samples, references, target=0, n_steps=8, method="riemann_middle"
        )
    found = IntegratedGradients(lambda rows, context: references)(score_of(judge), samples, context())
    torch.testing.assert_close(found, expected.to(found.dtype))


def test_completeness_improves_with_steps() -> None:
    score, samples = score_of(frozen()), rows()
    difference = score(samples) - score(torch.zeros_like(samples))
    errors = [
        float((IntegratedGradients(steps=steps)(score, samples, context()).sum(1) - difference).abs().max())
        for steps in (1, 4, 16, 64, 256)
    ]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 1e-3 * errors[0]


def test_expected_gradients_by_loops() -> None:
    score, samples, real = score_of(frozen()), rows(), bank()
    expected, rng = torch.zeros_like(samples), context().rng
    for _ in range(5):
        index = torch.randint(len(real), (len(samples),), generator=rng, device="cpu")
        position = on_cpu(torch.rand, len(samples), rng=rng, dtype=torch.float32)
        for n in range(len(samples)):
            way = samples[n] - real[index[n]]
            expected[n] += way * gradient_at(score, real[index[n]] + position[n] * way) / 5
    found = ExpectedGradients(real, samples=5)(score, samples, context())
    torch.testing.assert_close(found, expected)


def test_expected_gradients_converge_to_integrated_gradients_over_the_bank() -> None:
    score, samples = score_of(frozen()), rows(3)
    expected = sum(
        IntegratedGradients(lambda rows, context, real=real: real.expand_as(rows), steps=100)(score, samples, context())
        for real in bank()
    ) / len(bank())
    errors = [
        float((ExpectedGradients(bank(), samples=draws, rows=600)(score, samples, context()) - expected).abs().max())
        for draws in (10, 10_000)
    ]
    assert errors[1] < 0.1 * errors[0]
    assert errors[1] < 0.05 * float(expected.abs().max())


def test_mean_of_single_draws_is_the_expectation_of_many() -> None:
    """The estimate is unbiased for every number of draws, and updates continue one stream of draws."""
    score, samples, once = score_of(frozen()), rows(), context()
    apart = [ExpectedGradients(bank(), samples=1)(score, samples, once) for _ in range(7)]
    together = ExpectedGradients(bank(), samples=7)(score, samples, context())
    torch.testing.assert_close(torch.stack(apart).mean(0), together)


@pytest.mark.parametrize("sigma", [0.0, 0.1, 0.5])
def test_smooth_grad_by_loops(sigma: float) -> None:
    score, samples = score_of(frozen()), rows()
    expected, rng = torch.zeros_like(samples), context().rng
    for _ in range(5):
        normal = on_cpu(torch.randn, *samples.shape, rng=rng, dtype=torch.float64)
        for n in range(len(samples)):
            deviation = sigma * (samples[n].max() - samples[n].min())
            expected[n] += gradient_at(score, samples[n] + deviation * normal[n]) / 5
    torch.testing.assert_close(SmoothGrad(sigma, samples=5)(score, samples, context()), expected)


def test_noise_follows_each_sample_s_range() -> None:
    """With twice the range and half the weight the hidden unit sees the same, and its gradient is half as large."""
    small, large = rows(1), torch.randn(FEATURES)
    once = SmoothGrad(0.3)(lambda x: torch.tanh(x @ large), small, context())
    twice = SmoothGrad(0.3)(lambda x: torch.tanh(x @ (large / 2)), 2 * small, context())
    torch.testing.assert_close(twice, once / 2)


@pytest.mark.parametrize("name", EXPLAINERS)
def test_exact_for_a_linear_discriminator(name: str) -> None:
    weight, samples = torch.randn(FEATURES), rows()
    found = EXPLAINERS[name]()(lambda x: x @ weight, samples, context())
    if name == "smooth":
        torch.testing.assert_close(found, weight.expand_as(samples))
    elif name == "integrated":
        torch.testing.assert_close(found, weight * samples)
    else:
        references = samples - found / weight
        assert (bank().mean(0) - references).abs().max() <= 2
        torch.testing.assert_close(found.sum(1), (samples - references) @ weight)


@pytest.mark.parametrize("shape", [(4, FEATURES), (4, 2, 5), (4, 1, 3, 5), (2, 2, 2, 3, 2)])
@pytest.mark.parametrize(
    "explainer", [IntegratedGradients(), SmoothGrad(), ExpectedGradients(lambda rows, _: 0 * rows)]
)
def test_any_shape_of_samples(explainer: Any, shape: tuple[int, ...]) -> None:
    samples, weight = torch.randn(shape), torch.randn(shape[1:])
    found = explainer(lambda x: (x * weight).flatten(1).sum(1), samples, context())
    expected = weight.expand(shape) if isinstance(explainer, SmoothGrad) else weight * samples
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("bound", [1, 6, 13, 18, 1000])
@pytest.mark.parametrize("precision", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", EXPLAINERS)
def test_equal_for_every_bound_on_rows(name: str, precision: torch.dtype, bound: int) -> None:
    score, samples = score_of(frozen().to(precision)), rows().to(precision)
    expected, found = (EXPLAINERS[name](rows=limit)(score, samples, context()) for limit in (None, bound))
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("bound", "calls"), [(None, [6] * 5), (1, [6] * 5), (12, [12, 12, 6]), (17, [12, 12, 6]), (99, [30])]
)
@pytest.mark.parametrize("name", EXPLAINERS)
def test_rows_per_call(name: str, bound: int | None, calls: list[int]) -> None:
    """By default each call is one batch in the user's composition; a bound asks whole batches, at least one."""
    found: list[int] = []

    def score(samples: Tensor) -> Tensor:
        found.append(len(samples))
        return samples.square().sum(1)

    EXPLAINERS[name](rows=bound)(score, rows(), context())
    assert found == calls


@pytest.mark.parametrize("bound", [None, 18])
@pytest.mark.parametrize("name", EXPLAINERS)
def test_reproducible_from_the_guidance_s_generator(name: str, bound: int | None) -> None:
    score, samples, before = score_of(frozen()), rows(), random_states()
    first, second = (EXPLAINERS[name](rows=bound)(score, samples, context()) for _ in range(2))
    assert torch.equal(first, second)
    assert_same_bits(random_states(), before)
    assert torch.equal(first, EXPLAINERS[name](rows=bound)(score, samples, context(1))) == (name == "integrated")


@pytest.mark.parametrize("name", EXPLAINERS)
def test_scores_of_several_samples(name: str) -> None:
    """Packed and batch-wide scores are differentiated as their sum."""
    score, samples = score_of(frozen()), rows()
    packed = EXPLAINERS[name]()(lambda x: score(x).view(-1, 2).sum(1), samples, context())
    torch.testing.assert_close(packed, EXPLAINERS[name]()(score, samples, context()))


@pytest.mark.parametrize("name", EXPLAINERS)
def test_samples_are_left_alone(name: str) -> None:
    samples = rows()
    before = samples.clone()
    EXPLAINERS[name]()(score_of(frozen()), samples, context())
    assert torch.equal(samples, before)
    assert not samples.requires_grad


@pytest.mark.parametrize("name", EXPLAINERS)
def test_half_precision_is_summed_in_single(name: str) -> None:
    judge, samples = frozen().bfloat16(), rows().bfloat16()
    found = EXPLAINERS[name]()(score_of(judge), samples, context())
    assert found.dtype == torch.float32
    expected = EXPLAINERS[name]()(score_of(judge.double()), samples.double(), context())
    if name != "smooth":  # It draws its noise in the precision that it sums in.
        torch.testing.assert_close(found.double(), expected, rtol=0.2, atol=0.2)


@pytest.mark.parametrize("bound", [None, 18])
@pytest.mark.parametrize("name", EXPLAINERS)
def test_labels_follow_their_samples(name: str, bound: int | None) -> None:
    """Each block of rows is asked with the labels of the user's call."""
    embedding, labels = torch.randn(3, FEATURES), torch.tensor([0, 1, 2, 2, 1, 0])
    judge = Lambda(lambda net, x, labels: net(x * embedding[labels]), frozen())

    def explainer(score: Score, samples: Tensor, told: Context) -> Tensor:
        attribution: Tensor = EXPLAINERS[name](rows=bound)(score, samples, replace(told, rng=context().rng))
        return attribution

    guided = XAIGuidedGenerator(generator(), judge, explainer=explainer)
    fake = guided(noise())
    judge(fake, labels).sum().backward()
    expected = EXPLAINERS[name]()(lambda x: judge(x, labels).flatten(), fake.detach(), context())
    torch.testing.assert_close(last_of(guided).attribution, expected)


@pytest.mark.parametrize("name", ["integrated", "expected"])
def test_wrong_shape_of_references(name: str) -> None:
    message = r"Parameter `references` should give references of shape \(6, 8\)\. Found \(6, 3\)\. Resh"
    explainer = {"integrated": IntegratedGradients, "expected": ExpectedGradients}[name](torch.zeros(20, 3))
    with pytest.raises(ValueError, match=message):
        explainer(lambda x: x.sum(1), rows(), context())


@pytest.mark.parametrize("make", [IntegratedGradients, ExpectedGradients])
def test_references_of_another_type(make: Callable[..., Any]) -> None:
    with pytest.raises(TypeError, match=r"Parameter `references` should be a (tensor|callable).*Found (int|3)"):
        make(3)


@pytest.mark.parametrize("make", [IntegratedGradients, ExpectedGradients])
def test_harvested_references(make: Callable[..., Any]) -> None:
    """The guidance is told how many real samples to keep, and hands them over in the context."""
    explainer, samples, weight = make(HarvestedReferences(32)), rows(), torch.randn(FEATURES)
    assert explainer.harvests == 32
    assert make(bank()).harvests == 0
    found = explainer(lambda x: x @ weight, samples, replace(context(), real=bank()[:1]))
    torch.testing.assert_close(found, weight * (samples - bank()[0]))


def test_expected_gradients_harvest_their_references_by_default() -> None:
    assert ExpectedGradients().harvests == 256
    assert IntegratedGradients().harvests == 0


@pytest.mark.parametrize("value", [0, -1, 1.0, True, "1"])
@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("steps", lambda value: IntegratedGradients(steps=value)),
        ("rows", lambda value: IntegratedGradients(rows=value)),
        ("samples", lambda value: ExpectedGradients(rows, samples=value)),
        ("rows", lambda value: ExpectedGradients(rows, rows=value)),
        ("samples", lambda value: SmoothGrad(samples=value)),
        ("rows", lambda value: SmoothGrad(rows=value)),
    ],
)
def test_counts(name: str, make: Callable[[object], Any], value: object) -> None:
    message = rf"Parameter `{name}` should be a whole number of at least 1\. Found {value!r}\."
    with pytest.raises(ValueError, match=message):
        make(value)


@pytest.mark.parametrize("sigma", [float("nan"), float("inf"), "0.1"])
def test_sigma_that_is_not_finite(sigma: Any) -> None:
    with pytest.raises(ValueError, match=rf"Parameter `sigma` should be a finite number\. Found {sigma!r}"):
        SmoothGrad(sigma)


def test_negative_sigma() -> None:
    with pytest.raises(ValueError, match=r"Parameter `sigma` should be at least 0\. Found -0\.1\. It is relative"):
        SmoothGrad(-0.1)


def test_repr() -> None:
    assert repr(IntegratedGradients()) == "IntegratedGradients(references=ZeroReferences(), steps=8, rows=None)"
    expected = "ExpectedGradients(references=RandomReferences(5 samples of shape (8,)), samples=8, rows=None)"
    assert repr(ExpectedGradients(bank())) == expected
    assert SmoothGrad() == SmoothGrad(0.1, 8)
