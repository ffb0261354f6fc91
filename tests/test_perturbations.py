"""Occlusion, LIME and KernelSHAP are their definitions, sample by sample, whatever the rows per call."""

import math
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from xaigrad import XAIGuidedGenerator
from xaigrad.explainers import Context, Score
from xaigrad.explainers._grid import Grid
from xaigrad.explainers._kernel_shap import KernelShap
from xaigrad.explainers._lime import Lime
from xaigrad.explainers._occlusion import Occlusion
from xaigrad.references import HarvestedReferences, RandomReferences

from .loops import assert_same_bits, last_of, noise, random_states
from .networks import FEATURES, Lambda, generator
from .perturbing import context, frozen, hidden, image_judge, rows, score_of, uneven

pytestmark = pytest.mark.usefixtures("double")

EXPLAINERS: dict[str, Callable[..., Any]] = {
    "occlusion": lambda **settings: Occlusion(3, 2, **settings),
    "lime": lambda **settings: Lime(9, Grid(2), **settings),
    "kernel shap": lambda **settings: KernelShap(9, Grid(1), **settings),
    "exact kernel shap": lambda **settings: KernelShap(14, Grid(2), **settings),
}
PASSES = {"occlusion": 5, "lime": 9, "kernel shap": 10, "exact kernel shap": 16}


@pytest.mark.parametrize("regions", [Grid(2), uneven], ids=["2", "uneven"])
@pytest.mark.parametrize("ridge", [1.0, 1e-3])
def test_lime_by_loops(ridge: float, regions: Any) -> None:
    """Each sample's own regression, with its intercept and its penalty as rows of one least-squares problem."""
    score, samples, references = score_of(frozen()), rows(), rows()
    index = regions(samples).expand_as(samples)
    count, width = int(index.max()) + 1, 0.4
    drawn = torch.rand(30, len(samples), count, generator=context().rng, dtype=torch.float32, device="cpu") < 0.5
    drawn[0] = True
    expected = torch.zeros_like(samples)
    for n, sample in enumerate(samples):
        there = sorted(set(index[n].tolist()))
        z = drawn[:, n][:, there].to(samples)
        y = torch.stack([score(hidden(sample, references[n], index[n], shown)[None])[0] for shown in drawn[:, n]])
        distance = torch.tensor([1 - math.sqrt(float(row.sum()) / len(there)) for row in z])
        weight = torch.exp(-(distance**2) / (2 * width**2)).sqrt()[:, None]
        rows_ = torch.cat(
            [weight * torch.cat([torch.ones(30, 1), z], 1), math.sqrt(ridge) * torch.eye(len(there) + 1)[1:]]
        )
        right = torch.cat([weight * y[:, None], torch.zeros(len(there), 1)])
        beta = torch.linalg.lstsq(rows_, right).solution[1:, 0]
        for region, value in zip(there, beta, strict=True):
            expected[n][index[n] == region] = value
    explainer = Lime(30, regions, lambda rows, context: references, kernel_width=width, ridge=ridge)
    torch.testing.assert_close(explainer(score, samples, context()), expected)


def test_lime_of_a_linear_discriminator() -> None:
    weight, samples = torch.randn(FEATURES), rows()
    found = Lime(64, Grid(1), ridge=1e-10)(lambda x: x @ weight, samples, context())
    torch.testing.assert_close(found, weight * samples)


def test_a_larger_ridge_shrinks() -> None:
    score, samples = score_of(frozen()), rows()
    sizes = [float(Lime(ridge=ridge)(score, samples, context()).norm()) for ridge in (0.01, 1.0, 100.0)]
    assert sizes == sorted(sizes, reverse=True)


def occluded(score: Score, samples: Tensor, window: tuple[int, int], stride: tuple[int, int]) -> Tensor:
    """Occlusion of images by its definition, with zeros."""
    total, count = torch.zeros_like(samples), torch.zeros_like(samples)
    for top in range(0, max(samples.shape[2] - window[0], 0) + stride[0], stride[0]):
        for left in range(0, max(samples.shape[3] - window[1], 0) + stride[1], stride[1]):
            covered = samples.clone()
            covered[:, :, top : top + window[0], left : left + window[1]] = 0
            drop = (score(samples) - score(covered))[:, None, None, None]
            total[:, :, top : top + window[0], left : left + window[1]] += drop
            count[:, :, top : top + window[0], left : left + window[1]] += 1
    assert count.min() >= 1
    return total / count


@pytest.mark.parametrize(("window", "stride"), [(4, None), (3, 1), (3, 2), ((2, 4), (2, 3)), (6, None), (9, 5)])
def test_occlusion_by_loops(window: Any, stride: Any) -> None:
    score, samples = score_of(image_judge()), torch.randn(3, 2, 6, 6)
    pair = window if isinstance(window, tuple) else (window, window)
    steps = pair if stride is None else stride if isinstance(stride, tuple) else (stride, stride)
    found = Occlusion(window, stride)(score, samples, context())
    torch.testing.assert_close(found, occluded(score, samples, pair, steps))


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_occlusion_equal_to_captum_s(stride: int) -> None:
    captum = pytest.importorskip("captum.attr")
    judge, samples = image_judge(), torch.randn(3, 2, 6, 6)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = captum.Occlusion(judge).attribute(samples, (2, 3, 3), (2, stride, stride), target=0)
    found = Occlusion(3, stride)(score_of(judge), samples, context())
    torch.testing.assert_close(found, expected.to(found))


@pytest.mark.parametrize("shape", [(8,), (2, 9), (1, 5, 4), (2, 3, 4, 3)])
def test_occlusion_of_any_shape(shape: tuple[int, ...]) -> None:
    """With windows of one place the drop is the place's own term of a linear score, summed over channels."""
    samples, weight = torch.randn(2, *shape), torch.randn(shape)
    found = Occlusion(1)(lambda x: (x * weight).flatten(1).sum(1), samples, context())
    terms = weight * samples
    torch.testing.assert_close(found, terms if len(shape) == 1 else terms.sum(1, keepdim=True).expand_as(samples))


def test_covered_windows_show_the_reference() -> None:
    samples, references, weight = rows(), rows(), torch.randn(FEATURES)
    found = Occlusion(1, references=lambda rows, context: references)(lambda x: x @ weight, samples, context())
    torch.testing.assert_close(found, weight * (samples - references))


@pytest.mark.parametrize("bound", [1, 6, 13, 24, 1000])
@pytest.mark.parametrize("precision", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", EXPLAINERS)
def test_equal_for_every_bound_on_rows(name: str, precision: torch.dtype, bound: int) -> None:
    score, samples = score_of(frozen().to(precision)), rows().to(precision)
    real = torch.randn(5, FEATURES)
    expected, found = (EXPLAINERS[name](references=real, rows=k)(score, samples, context()) for k in (None, bound))
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("bound", [None, 1, 13, 24, 1000])
@pytest.mark.parametrize("name", EXPLAINERS)
def test_rows_per_call(name: str, bound: int | None) -> None:
    """By default each call is one batch in the user's composition; a bound asks whole batches, at least one."""
    found: list[int] = []

    def score(samples: Tensor) -> Tensor:
        found.append(len(samples))
        return samples.square().sum(1)

    EXPLAINERS[name](rows=bound)(score, rows(), context())
    per_call = max(1, (bound or 6) // 6)
    expected = [6 * min(per_call, PASSES[name] - first) for first in range(0, PASSES[name], per_call)]
    assert found == expected


@pytest.mark.parametrize("name", EXPLAINERS)
def test_batch_keeps_its_composition(name: str) -> None:
    """Each call has the same perturbation of every sample: a D of minibatch statistics can tell no other batch."""
    weight, seen = torch.randn(FEATURES), []

    def score(samples: Tensor) -> Tensor:
        seen.append(samples.clone())
        return samples @ weight + samples.std(0).sum()

    samples = rows()
    EXPLAINERS[name]()(score, samples, context())
    for block in seen:
        assert ((block == samples) | (block == 0)).all()


def test_scores_that_are_views_of_their_rows() -> None:
    """The rows' memory is used again for the next call."""
    samples = rows()
    found = Occlusion(1)(lambda x: x[:, 3], samples, context())
    torch.testing.assert_close(found, samples * (torch.arange(FEATURES) == 3))


@pytest.mark.parametrize("bound", [None, 24])
@pytest.mark.parametrize("name", EXPLAINERS)
def test_reproducible_from_the_guidance_s_generator(name: str, bound: int | None) -> None:
    score, samples, before = score_of(frozen()), rows(), random_states()
    first, second = (EXPLAINERS[name](rows=bound)(score, samples, context()) for _ in range(2))
    assert torch.equal(first, second)
    assert_same_bits(random_states(), before)
    drawn = name in ("lime", "kernel shap")
    assert torch.equal(first, EXPLAINERS[name](rows=bound)(score, samples, context(1))) != drawn


@pytest.mark.parametrize("name", EXPLAINERS)
def test_nothing_is_differentiated(name: str) -> None:
    score, samples = score_of(frozen()), rows()
    before = samples.clone()

    def asked(some: Tensor) -> Tensor:
        assert not torch.is_grad_enabled()
        return score(some)

    found = EXPLAINERS[name]()(asked, samples, context())
    assert not found.requires_grad
    assert torch.equal(samples, before)


@pytest.mark.parametrize("bound", [None, 24])
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


@pytest.mark.parametrize("name", EXPLAINERS)
def test_half_precision_is_solved_in_double(name: str) -> None:
    judge, samples = frozen().bfloat16(), rows().bfloat16()
    found = EXPLAINERS[name]()(score_of(judge), samples, context())
    assert found.dtype == torch.float32
    expected = EXPLAINERS[name]()(score_of(judge.double()), samples.double(), context())
    torch.testing.assert_close(found.double(), expected, rtol=0.3, atol=0.3)


@pytest.mark.parametrize("score", [lambda x: x.sum(1).view(-1, 2).sum(1), lambda x: x.sum()])
@pytest.mark.parametrize("name", EXPLAINERS)
def test_scores_of_several_samples(name: str, score: Score) -> None:
    message = r"should give one score per sample.*of shape \(6,\)\. Found the shape \(3?,?\).*Saliency\(exact=True\)"
    with pytest.raises(ValueError, match=message):
        EXPLAINERS[name]()(score, rows(), context())


@pytest.mark.parametrize("name", EXPLAINERS)
def test_wrong_shape_of_references(name: str) -> None:
    message = r"Parameter `references` should give references of shape \(6, 8\)\. Found \(6, 3\)\. Resh"
    with pytest.raises(ValueError, match=message):
        EXPLAINERS[name](references=torch.zeros(20, 3))(lambda x: x.sum(1), rows(), context())


@pytest.mark.parametrize("name", EXPLAINERS)
def test_references_of_another_type(name: str) -> None:
    with pytest.raises(TypeError, match=r"Parameter `references` should be .* Found"):
        EXPLAINERS[name](references=0.5)


@pytest.mark.parametrize("name", EXPLAINERS)
def test_harvested_references(name: str) -> None:
    """The guidance is told how many real samples to keep, and hands them over in the context."""
    explainer, samples, real = EXPLAINERS[name](references=HarvestedReferences(32)), rows(), rows(1)
    assert explainer.harvests == 32
    assert EXPLAINERS[name](references=real).harvests == 0
    score, harvested = score_of(frozen()), replace(context(), real=real)
    expected = EXPLAINERS[name](references=RandomReferences(real))(score, samples, context())
    torch.testing.assert_close(explainer(score, samples, harvested), expected)


@pytest.mark.parametrize("value", [0, -1, 1.0, True, "1"])
@pytest.mark.parametrize("name", EXPLAINERS)
def test_rows_setting(name: str, value: Any) -> None:
    with pytest.raises(
        ValueError, match=rf"Parameter `rows` should be a whole number of at least 1\. Found {value!r}\."
    ):
        EXPLAINERS[name](rows=value)


@pytest.mark.parametrize("value", [1, 0, 2.0, True])
@pytest.mark.parametrize("make", [Lime, KernelShap])
def test_perturbations_setting(make: Any, value: Any) -> None:
    with pytest.raises(
        ValueError, match=rf"`perturbations` should be a whole number of at least 2\. Found {value!r}\."
    ):
        make(value)


@pytest.mark.parametrize("make", [Lime, KernelShap])
def test_regions_setting(make: Any) -> None:
    with pytest.raises(
        TypeError, match=r"Parameter `regions` should be a callable .* Found Grid\. For example Grid\(4\)"
    ):
        make(regions=Grid)


@pytest.mark.parametrize("name", ["kernel_width", "ridge"])
@pytest.mark.parametrize(("value", "wanted"), [(0, "larger than 0"), (-1.0, "larger than 0"), (math.inf, "a finite")])
def test_settings_of_the_regression(name: str, value: float, wanted: str) -> None:
    with pytest.raises(ValueError, match=rf"Parameter `{name}` should be {wanted}.*Found {value!r}"):
        Lime(**{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["window", "stride"])
@pytest.mark.parametrize("value", [0, -1, 1.5, True, (), (2, 0), "4"])
def test_sides(name: str, value: Any) -> None:
    with pytest.raises(
        ValueError, match=rf"Parameter `{name}` should be a whole number of at least 1, or a tuple.*Found"
    ):
        Occlusion(**{name: value})


@pytest.mark.parametrize("name", ["window", "stride"])
def test_sides_of_another_dimension(name: str) -> None:
    message = (
        rf"Parameter `{name}` should be one number, or one per spatial dimension of the samples, 1\. Found \(2, 2\)"
    )
    with pytest.raises(ValueError, match=message):
        Occlusion(**{name: (2, 2)})(lambda x: x.sum(1), rows(), context())


def test_stride_that_leaves_gaps() -> None:
    message = r"Parameter `stride` should be at most the window's side, 2, so that every feature is covered\. Found 3\."
    with pytest.raises(ValueError, match=message):
        Occlusion(2, 3)(lambda x: x.sum(1), rows(), context())


def test_repr() -> None:
    grid = "regions=Grid(size=None, shape=None)"
    assert repr(KernelShap()) == f"KernelShap(perturbations=64, {grid}, references=ZeroReferences(), rows=None)"
    expected = f"Lime(perturbations=64, {grid}, references=ZeroReferences(), kernel_width=0.25, ridge=1.0, rows=None)"
    assert repr(Lime()) == expected
    assert repr(Occlusion()) == "Occlusion(window=4, stride=None, references=ZeroReferences(), rows=None)"
    assert KernelShap() == KernelShap(64)
