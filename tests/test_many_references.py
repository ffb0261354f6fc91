"""Several references per sample: the mean over them, in as many pieces as memory asks for, one at a time by chance."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from xaigrad import XAIGuidedGenerator
from xaigrad.explainers import Context, DeepShap, Score
from xaigrad.references import RandomReferences

from .blocks import BLOCKS
from .discriminators import Discriminator, Trial, trials
from .explaining import TOLERANCE, context, error_over_batch, error_per_sample, explain
from .layers import Chain
from .loops import last_of

pytestmark = pytest.mark.usefixtures("double")

SHAPE = (2, 5, 5)


def convolutional() -> Score:
    torch.manual_seed(5)
    judge = nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1), nn.GELU(), nn.MaxPool2d(2), nn.InstanceNorm2d(4), nn.Flatten(), nn.Linear(16, 1)
    ).requires_grad_(False)  # fmt: skip
    return lambda samples: judge(samples).squeeze(1)


def images(rows: int) -> Tensor:
    return torch.randn(rows, *SHAPE)


@dataclass(frozen=True)
class Remembering:
    """A bank, and the reference that each row was compared with, in the order of the rows."""

    bank: Callable[[Tensor, Context], Tensor]
    used: list[Tensor] = field(default_factory=list)

    def __call__(self, rows: Tensor, context: Context) -> Tensor:
        self.used.append(self.bank(rows, context))
        return self.used[-1]

    @property
    def share(self) -> Callable[[Tensor, int, Context], tuple[Tensor, Tensor]]:
        """Raises AttributeError, as if there were none, where the bank has none."""
        share = self.bank.share

        def remembering(samples: Tensor, count: int, context: Context) -> tuple[Tensor, Tensor]:
            pool, index = share(samples, count, context)
            self.used.append(pool[index].flatten(0, 1))
            return pool, index

        return remembering


def draws(score: Score, samples: Tensor, bank: Tensor, count: int) -> Tensor:
    """Attributions with one random reference per sample each, (count, N, ...), from one stream of chance."""
    explainer, chance = DeepShap(bank), context(seed=1)
    return torch.stack([explainer(score, samples, chance) for _ in range(count)])


def with_whole_bank(score: Score, samples: Tensor, bank: Tensor) -> Tensor:
    return explain(score, samples, bank.repeat_interleave(len(samples), 0))


@cache
def four_hundred() -> tuple[Tensor, Tensor]:
    """Attributions from 400 draws, and the one with all of a bank's 40 samples."""
    torch.manual_seed(0)
    score, samples, bank = convolutional(), images(4), images(40)
    return draws(score, samples, bank, 400), with_whole_bank(score, samples, bank)


def test_one_reference_is_unbiased() -> None:
    """The mean of 400 draws lies within 5 of its standard errors of the attribution with all references."""
    found, expected = four_hundred()
    errors = (found.mean(0) - expected).abs() / (found.std(0) / 400**0.5)
    assert errors.max() < 5
    assert 0.5 < errors.square().mean().sqrt() < 1.5


def test_the_error_falls_as_the_root_of_the_draws() -> None:
    found, expected = four_hundred()
    of_one = (found - expected).square().mean().sqrt()
    of_sixteen = (found.unflatten(0, (25, 16)).mean(1) - expected).square().mean().sqrt()
    of_all = (found.mean(0) - expected).square().mean().sqrt()
    assert 3.2 < of_one / of_sixteen < 5
    assert of_one / of_all > 10


def test_drawn_references_converge_too() -> None:
    """Many references per sample, drawn from the bank, are as good as many explanations."""
    score, samples, bank = convolutional(), images(3), images(5)
    found = DeepShap(bank, samples=200)(score, samples, context())
    spread = draws(score, samples, bank, 100).std(0) / 200**0.5
    assert ((found - with_whole_bank(score, samples, bank)).abs() / spread).max() < 6


@settings(max_examples=40)
@given(trials(), st.sampled_from([1, 3, 12, 20]))
def test_references_from_a_bank(trial: Trial, size: int) -> None:
    """Complete whether D is asked of the bank's rows apart from the samples' places, or in batches like theirs."""
    judge, samples = trial.discriminator, trial.samples
    bank = Remembering(RandomReferences(torch.randn(size, *samples.shape[1:], dtype=samples.dtype)))
    explainer = DeepShap(bank, samples=trial.count)
    attribution = explainer(judge.score, samples, context(args=(samples, judge.labels)))
    error = error_over_batch if judge.mixes else error_per_sample
    assert error(judge.score, samples, bank.used[-1], attribution) < TOLERANCE[samples.dtype]


@pytest.mark.parametrize("name", sorted(name for name, block in BLOCKS.items() if block.mixes))
@pytest.mark.parametrize("rows", [16, 5])
def test_a_bank_where_the_batch_matters(name: str, rows: int) -> None:
    """Also in a batch as large as the pool that samples share."""
    judge = Discriminator((2, 5, 5), rows, [name])
    bank = Remembering(RandomReferences(images(40)))
    memory: dict[str, Any] = {}
    for explanation in (0, 1, 2):
        samples, asked = images(rows), context(explanation, memory=memory)
        attribution = DeepShap(bank, samples=2)(judge.score, samples, asked)
        assert error_over_batch(judge.score, samples, bank.used[-1], attribution) < 1e-10


@pytest.mark.parametrize("rows", [5, 16])
@pytest.mark.parametrize("count", [1, 2])
def test_labels_that_only_the_score_knows(rows: int, count: int) -> None:
    """The user's own function holds the labels of the samples, in their order."""
    judge, labels, samples = Conditional().requires_grad_(False), torch.arange(rows) % 3, torch.randn(rows, 8)
    bank = Remembering(RandomReferences(torch.randn(40, 8)))

    def score(x: Tensor) -> Tensor:
        return judge(x, labels).squeeze(1)

    alone = replace(context(args=(samples,)), discriminator=None)
    attribution = DeepShap(bank, samples=count)(score, samples, alone)
    expected = [explain(score, samples, references) for references in bank.used[-1].split(rows)]
    torch.testing.assert_close(attribution, torch.stack(expected).mean(0))


@settings(max_examples=40)
@given(trials(), st.integers(2, 4))
def test_mean_of_single_references(trial: Trial, count: int) -> None:
    judge, samples = trial.discriminator, trial.samples
    references = torch.randn(count * len(samples), *samples.shape[1:], dtype=samples.dtype)
    apart = [explain(judge.score, samples, part) for part in references.split(len(samples))]
    expected = torch.stack(apart).mean(0)
    tolerance = 10 * TOLERANCE[samples.dtype] * float(expected.abs().max())
    if not judge.mixes:
        found = explain(judge.score, samples, references)
        torch.testing.assert_close(found, expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("count", [1, 3, 30])
def test_asked_of_one_batch_at_a_time(count: int) -> None:
    """However many references: the memory does not grow with them, and a D whose batch matters sees batches of N."""
    inner, samples, references = convolutional(), images(4), images(4 * count)
    asked: list[int] = []

    def score(points: Tensor) -> Tensor:
        asked.append(len(points))
        return inner(points)

    explain(score, samples, references)
    assert set(asked) == {4}


@pytest.mark.parametrize("count", [1, 3, 30])
def test_shared_references_are_asked_about_once(count: int) -> None:
    inner, samples, asked = convolutional(), images(4), []

    def score(points: Tensor) -> Tensor:
        asked.append(len(points))
        return inner(points)

    DeepShap(images(50), samples=count)(score, samples, context(explanation=1, memory={}))
    # Of one reference per sample in the samples' own pass. The last one is the check of the first explanation.
    assert asked == ([4 + 8, 4] if count == 1 else [4, max(count, 8), 4])


@pytest.mark.parametrize("count", [1, 3])
def test_discriminator_of_one_batch_size(count: int) -> None:
    """Its own code says how many rows a batch has: each sample then has references of its own."""
    weights, samples, asked = torch.randn(6, 6), torch.randn(4, 6), []

    def score(points: Tensor) -> Tensor:
        asked.append(len(points))
        return torch.tanh(points.view(4, 6) @ weights).sum(1)

    memory: dict[str, Any] = {}
    for explanation in (0, 1):
        found = DeepShap(torch.randn(30, 6), samples=count)(score, samples, context(explanation, memory=memory))
        assert found.shape == (4, 6)
    assert asked[-1 - count :] == [4] * (1 + count)
    with pytest.raises(RuntimeError, match="shape"):
        DeepShap(torch.randn(30, 6))(lambda x: x.view(3, 6).sum(1), samples, context())


def test_a_reference_of_each_sample_s_own() -> None:
    """Row j * N + n is the j-th of sample n: no sample meets another's reference."""
    samples = torch.randn(3, 4)
    references = torch.randn(2, 3, 4)
    found = explain(lambda x: torch.tanh(x).sum(1), samples, references.flatten(0, 1))
    expected = (torch.tanh(samples) - torch.tanh(references)).mean(0)
    torch.testing.assert_close(found, expected)


def test_a_callable_sees_the_tiled_samples() -> None:
    samples, seen = torch.randn(3, 4), []

    def references(rows: Tensor, context: object) -> Tensor:
        seen.append(rows.clone())
        return rows + 1

    DeepShap(references, samples=2)(lambda x: x.tanh().sum(1), samples, context())
    assert torch.equal(seen[0], samples.repeat(2, 1))


class Conditional(nn.Module):
    """A projection discriminator that also scales its features by the label."""

    def __init__(self, classes: int = 3) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Linear(8, 6), nn.SiLU(), nn.Linear(6, 6), nn.LeakyReLU(0.2, inplace=True))
        self.score, self.of_label, self.scale = nn.Linear(6, 1), nn.Embedding(classes, 6), nn.Embedding(classes, 6)

    def forward(self, samples: Tensor, labels: Tensor, *, weight: Tensor | None = None) -> Tensor:
        features = self.features(samples) * torch.sigmoid(self.scale(labels))
        scores = self.score(features) + (features * self.of_label(labels)).sum(1, keepdim=True)
        return scores if weight is None else scores * weight


@pytest.mark.parametrize("keywords", [True, False])
@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("banked", [True, False])
def test_labels(banked: bool, count: int, keywords: bool) -> None:
    """Within a guided update each sample is explained with its own label, whichever reference it meets."""
    judge, maker, labels = Conditional(), nn.Linear(4, 8), torch.tensor([2, 0, 1, 0, 2])
    references = Remembering(
        RandomReferences(torch.randn(20, 8)) if banked else lambda rows, context: torch.randn_like(rows)
    )
    guided = XAIGuidedGenerator(maker, judge, explainer=DeepShap(references, samples=count))
    fake, weight = guided(torch.randn(5, 4)), torch.rand(5, 1)
    scores = judge(fake, labels=labels, weight=weight) if keywords else judge(fake, labels)
    F.softplus(-scores).mean().backward()
    judge.requires_grad_(False)
    found = last_of(guided).attribution
    for n in range(5):

        def score(sample: Tensor, n: int = n) -> Tensor:
            label = labels[n].repeat(len(sample))
            return judge(sample, label, weight=weight[n] if keywords else None).squeeze(1)

        own = references.used[-1].unflatten(0, (count, 5))[:, n]
        sample = fake[n : n + 1].detach()
        expected = explain(score, sample, own)
        assert error_per_sample(score, sample, own, expected) < 1e-12
        torch.testing.assert_close(found[n : n + 1], expected)


@pytest.mark.parametrize(
    "layer", [nn.BatchNorm1d(8), nn.Dropout(0.5), nn.utils.parametrizations.spectral_norm(nn.Linear(8, 8))]
)
def test_in_train_mode(layer: nn.Module) -> None:
    """A discriminator whose calls change it is asked the same question of samples and references."""
    judge = Chain(nn.Linear(8, 8), layer, nn.SiLU(), nn.Linear(8, 1)).double().train()
    maker = nn.Linear(4, 8)
    guided = XAIGuidedGenerator(maker, judge, explainer=DeepShap(torch.randn(7, 8), samples=2), eval_mode=False)
    F.softplus(-judge(guided(torch.randn(6, 4)))).mean().backward()
    assert last_of(guided).attribution.isfinite().all()
