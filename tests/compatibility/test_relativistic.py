"""Relativistic losses: real samples and generated ones are judged together in the generator's turn."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from xaigrad import Guidance

from ..loops import last_of
from ..networks import FEATURES
from .habits import EXPLAINERS, UPDATES, Habit, assert_as_written_out, assert_neutral, trained


class Paired(Habit):
    """RSGAN (Jolicoeur-Martineau 2018, arXiv 1807.00734, section 4.1): each fake against one real sample."""

    def judge(self, fake: Tensor, real: Tensor, *given: Tensor) -> Tensor:
        return F.softplus(self.scores(fake) - self.scores(real)).mean()

    def make(self, shown: Tensor, real: Tensor, *given: Tensor) -> Tensor:
        return F.softplus(self.scores(real) - self.scores(shown)).mean()


class Averaged(Habit):
    """RaSGAN (section 4.2): each sample against the mean of the other kind, so that losses mix samples."""

    def judge(self, fake: Tensor, real: Tensor, *given: Tensor) -> Tensor:
        return self.compared(self.scores(real), self.scores(fake))

    def make(self, shown: Tensor, real: Tensor, *given: Tensor) -> Tensor:
        return self.compared(self.scores(shown), self.scores(real))

    def compared(self, better: Tensor, worse: Tensor) -> Tensor:
        return F.softplus(worse.mean() - better).mean() + F.softplus(worse - better.mean()).mean()


class LeastSquares(Averaged):
    """RaLSGAN."""

    def compared(self, better: Tensor, worse: Tensor) -> Tensor:
        return (better - worse.mean() - 1).square().mean() + (worse - better.mean() + 1).square().mean()


class RealFirst(Averaged):
    """D judges the real samples before the fakes in the generator's turn, without a gradient."""

    def make(self, shown: Tensor, real: Tensor, *given: Tensor) -> Tensor:
        with torch.no_grad():
            of_real = self.scores(real)
        return self.compared(self.scores(shown), of_real)


class Together(Averaged):
    """Real and generated samples are one batch of D, and all of it is explained; G gets its rows."""

    def inputs(self) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        return super().inputs()[0], (torch.randn(self.rows, FEATURES),)

    def shown(self, samples: Tensor, *given: Tensor) -> Tensor:
        return torch.cat([*given, samples])

    def scores(self, shown: Tensor, *given: Tensor) -> Tensor:
        return super().scores(shown)

    def judge(self, fake: Tensor, real: Tensor, *given: Tensor) -> Tensor:
        return self.compared(*self.scores(self.shown(fake, *given)).chunk(2))

    def make(self, shown: Tensor, real: Tensor, *given: Tensor) -> Tensor:
        return self.compared(*self.scores(shown).chunk(2)[::-1])


HABITS = [Paired, Averaged, LeastSquares, RealFirst, Together]


@pytest.mark.parametrize("habit", HABITS)
def test_strength_0(habit: type[Habit]) -> None:
    assert_neutral(habit)


@pytest.mark.parametrize("explainer", EXPLAINERS)
@pytest.mark.parametrize("habit", HABITS)
def test_guided(habit: type[Habit], explainer: str) -> None:
    assert_as_written_out(habit, explainer)


@pytest.mark.parametrize("habit", HABITS[:-1])
def test_only_the_generated_samples_are_explained(habit: type[Habit]) -> None:
    training = trained(habit, Guidance())
    samples = training.generator(*training.inputs()[0])
    training.make(samples, torch.randn_like(samples)).backward()
    assert torch.equal(last_of(training.guided).samples, samples)
    assert training.guided.explanations == UPDATES + 1
