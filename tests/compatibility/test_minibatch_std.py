"""Discriminators that look at the whole batch are asked about each sample among the batch's others, as in training."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from xaigrad import XAIGuidedGenerator
from xaigrad.explainers import (
    Context,
    DeepShap,
    Explainer,
    IntegratedGradients,
    KernelShap,
    Lime,
    Occlusion,
    Saliency,
    Score,
    SmoothGrad,
)

from ..loops import last_of, noise
from ..networks import FEATURES, generator
from .habits import EXPLAINERS, Habit, assert_as_written_out, assert_neutral

GROUP = 4


def deviation(hidden: Tensor) -> Tensor:
    """StyleGAN's minibatch standard deviation, one statistic for each group of four, as one more feature."""
    groups = hidden.reshape(GROUP, -1, hidden.shape[1])
    spread = ((groups - groups.mean(0)).square().mean(0) + 1e-8).sqrt().mean(1)
    return torch.cat([hidden, spread.repeat(GROUP)[:, None]], 1)


def discrimination(hidden: Tensor) -> Tensor:
    """Minibatch discrimination (Salimans et al. 2016, arXiv 1606.03498, section 3.2), one kernel."""
    distance = (hidden[None] - hidden[:, None]).abs().sum(2)
    return torch.cat([hidden, (-distance).exp().sum(1, keepdim=True)], 1)


class Judge(nn.Module):
    """Features, a statistic of the batch, and a score; it tells a list how many rows it was asked about."""

    def __init__(self, statistic: Any, asked: list[int]) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Linear(FEATURES, 8), nn.Tanh())
        self.score = nn.Linear(9, 1)
        self.statistic = statistic
        self.tell = asked.append

    def forward(self, samples: Tensor) -> Tensor:
        self.tell(len(samples))
        scores: Tensor = self.score(self.statistic(self.features(samples)))
        return scores


class Deviation(Habit):
    rows = 2 * GROUP
    statistic = staticmethod(deviation)

    def networks(self) -> tuple[nn.Module, nn.Module]:
        self.asked: list[int] = []
        return generator(), Judge(self.statistic, self.asked)


class Discrimination(Deviation):
    statistic = staticmethod(discrimination)


HABITS = [Deviation, Discrimination]


@pytest.mark.parametrize("habit", HABITS)
def test_strength_0(habit: type[Habit]) -> None:
    assert_neutral(habit)


@pytest.mark.parametrize("explainer", EXPLAINERS)
@pytest.mark.parametrize("habit", HABITS)
def test_guided(habit: type[Habit], explainer: str) -> None:
    assert_as_written_out(habit, explainer)


def guide(habit: type[Deviation], explainer: Explainer) -> tuple[Tensor, Deviation, XAIGuidedGenerator]:
    """Return the scores that the user saw, after an explanation."""
    training = habit()
    guided = XAIGuidedGenerator(training.generator, training.discriminator, explainer=explainer)
    scores = training.discriminator(guided(noise(training.rows)))
    scores.sum().backward()
    return scores, training, guided


@pytest.mark.parametrize("habit", HABITS)
def test_the_score_is_the_user_s_own(habit: type[Deviation]) -> None:
    seen = []

    def look(score: Score, samples: Tensor, context: Context) -> Tensor:
        seen.append(score(samples))
        return samples

    scores, training, guided = guide(habit, look)
    assert torch.equal(seen[0], scores[:, 0])
    alone = torch.cat([training.discriminator(half) for half in last_of(guided).samples.split(GROUP)])
    assert not torch.equal(alone, scores)


ASKING: dict[str, Explainer] = {
    "exact": Saliency(exact=True),
    "SmoothGrad": SmoothGrad(),
    "IntegratedGradients": IntegratedGradients(steps=4),
    "DeepShap": DeepShap(torch.randn(20, FEATURES), samples=2),
    "Occlusion": Occlusion(window=2),
    "Lime": Lime(perturbations=8),
    "KernelShap": KernelShap(perturbations=8),
    "KernelShap, two batches a call": KernelShap(perturbations=8, rows=4 * GROUP),
}


@pytest.mark.parametrize("explainer", ASKING.values(), ids=ASKING)
@pytest.mark.parametrize("habit", HABITS)
def test_batches_of_the_user_s_own_size(habit: type[Deviation], explainer: Explainer) -> None:
    """No explainer asks about fewer samples, or about parts of a group."""
    _, training, guided = guide(habit, explainer)
    assert guided.explanations == 1
    assert last_of(guided).attribution.any(1).all()
    assert len(training.asked) > 1
    sizes = {training.rows, getattr(explainer, "rows", None) or training.rows}
    assert set(training.asked) <= sizes


@pytest.mark.parametrize("habit", HABITS)
def test_all_samples_are_perturbed_together(habit: type[Deviation]) -> None:
    """Occlusion in plain code: the same window covered in every sample of the batch."""
    _, training, guided = guide(habit, Occlusion(window=2))
    samples, judge = last_of(guided).samples, training.discriminator
    expected = torch.zeros_like(samples)
    for start in range(0, FEATURES, 2):
        covered = samples.clone()
        covered[:, start : start + 2] = 0
        expected[:, start : start + 2] = (judge(samples) - judge(covered)).detach()
    torch.testing.assert_close(last_of(guided).attribution, expected)


@pytest.mark.parametrize("habit", HABITS)
def test_shapley_values_sum_to_the_score_in_the_batch(habit: type[Deviation]) -> None:
    scores, training, guided = guide(habit, KernelShap(perturbations=8))
    nothing = training.discriminator(torch.zeros_like(last_of(guided).samples))
    torch.testing.assert_close(last_of(guided).attribution.sum(1, keepdim=True), scores - nothing)
