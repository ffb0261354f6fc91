"""Conditional GANs: whoever judges a sample by its label is asked with that label; labels themselves are not guided."""

from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from xaigrad import XAIGuidedGenerator
from xaigrad.explainers import Context, DeepShap, Score
from xaigrad.references import ClassReferences

from ..networks import FEATURES, LATENT
from .habits import EXPLAINERS, UPDATES, Habit, assert_as_written_out, assert_neutral

CLASSES = 3


class MakerOfClasses(nn.Module):
    """Noise beside an embedding of the labels."""

    def __init__(self) -> None:
        super().__init__()
        self.labels = nn.Embedding(CLASSES, 2)
        self.layers = nn.Sequential(nn.Linear(LATENT + 2, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, FEATURES))

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        samples: Tensor = self.layers(torch.cat([noise, self.labels(labels)], 1))
        return samples


class JudgeOfClasses(nn.Module):
    """Samples beside their labels: an embedding of whole numbers, or one-hot rows as they are."""

    def __init__(self) -> None:
        super().__init__()
        self.labels = nn.Embedding(CLASSES, CLASSES)
        self.layers = nn.Sequential(
            nn.Linear(FEATURES + CLASSES, 16), nn.LeakyReLU(0.2, True), nn.Dropout(0.3), nn.Linear(16, 1)
        )

    def forward(self, samples: Tensor, labels: Tensor) -> Tensor:
        given = labels if labels.is_floating_point() else self.labels(labels)
        scores: Tensor = self.layers(torch.cat([samples, given], 1))
        return scores


class Conditional(Habit):
    """The cGAN: G and D are told the labels."""

    def networks(self) -> tuple[nn.Module, nn.Module]:
        return MakerOfClasses(), JudgeOfClasses()

    def inputs(self) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        self.labels = torch.randint(CLASSES, (self.rows,))
        return (torch.randn(self.rows, LATENT), self.labels), (self.labels,)


class ByKeyword(Conditional):
    def scores(self, shown: Tensor, *given: Tensor) -> Tensor:
        verdict: Tensor = self.discriminator(labels=given[0], samples=shown)
        return verdict


class OneHot(Conditional):
    """Labels that are floating, and so could be taken for samples."""

    def scores(self, shown: Tensor, *given: Tensor) -> Tensor:
        return super().scores(shown, F.one_hot(given[0], CLASSES).to(shown))


class Auxiliary(Conditional):
    """ACGAN: D returns its verdict and the class that it sees; what G learns of both through D is guided."""

    settings: ClassVar[dict[str, Any]] = {"target": lambda output, samples: output[0]}

    def networks(self) -> tuple[nn.Module, nn.Module]:
        class Judge(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.body = nn.Sequential(nn.Linear(FEATURES, 16), nn.LeakyReLU(0.2))
                self.heads = nn.ModuleList([nn.Linear(16, 1), nn.Linear(16, CLASSES)])

            def forward(self, samples: Tensor) -> tuple[Tensor, ...]:
                hidden = self.body(samples)
                return tuple(head(hidden) for head in self.heads)

        return MakerOfClasses(), Judge()

    def scores(self, shown: Tensor, *given: Tensor) -> Tensor:
        verdict: Tensor = self.discriminator(shown)[0]
        return verdict

    def judge(self, fake: Tensor, real: Tensor, *given: Tensor) -> Tensor:
        return super().judge(fake, real, *given) + F.cross_entropy(self.discriminator(real)[1], given[0])

    def make(self, shown: Tensor, real: Tensor, *given: Tensor) -> Tensor:
        verdict, classes = self.discriminator(shown)
        return F.softplus(-verdict).mean() + F.cross_entropy(classes, given[0])


HABITS = [Conditional, ByKeyword, OneHot, Auxiliary]


@pytest.mark.parametrize("habit", HABITS)
def test_strength_0(habit: type[Habit]) -> None:
    assert_neutral(habit)


@pytest.mark.parametrize("explainer", EXPLAINERS)
@pytest.mark.parametrize("habit", HABITS)
def test_guided(habit: type[Habit], explainer: str) -> None:
    assert_as_written_out(habit, explainer)


@pytest.mark.parametrize("habit", [Conditional, ByKeyword, OneHot])
def test_references_of_the_label_of_the_call(habit: type[Habit]) -> None:
    """Each class has one real sample here: the attribution sums to the difference from it, under the same label."""
    bank = torch.randn(CLASSES, FEATURES)
    explainer = DeepShap(ClassReferences(bank, torch.arange(CLASSES)), check="off")
    training = habit()

    def checked(score: Score, samples: Tensor, context: Context) -> Tensor:
        attribution = explainer(score, samples, context)
        torch.testing.assert_close(attribution.sum(1), score(samples) - score(bank[training.labels]))
        return attribution

    training.play = XAIGuidedGenerator(training.generator, training.discriminator, explainer=checked)
    for _ in range(UPDATES):
        training.step()
    assert training.guided.explanations == UPDATES
