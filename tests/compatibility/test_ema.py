"""Averages of the generator's weights (EMA) are taken of a guided generator as of a bare one, and are not guided."""

from collections.abc import Callable
from copy import deepcopy

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from xaigrad import Guidance, XAIGuidedGenerator

from ..loops import bits, flat_bits
from ..networks import FEATURES, LATENT, discriminator
from .habits import EXPLAINERS, UPDATES, Habit, assert_as_written_out, assert_neutral, trained


class Averaging(Habit):
    """From its third update on the loop averages the generator: parameters drawn near, buffers copied."""

    def networks(self) -> tuple[nn.Module, nn.Module]:
        maker = nn.Sequential(
            nn.Linear(LATENT, 16), nn.BatchNorm1d(16), nn.ReLU(True), nn.Dropout(0.2), nn.Linear(16, FEATURES)
        )
        return maker, discriminator()

    @property
    def played(self) -> nn.Module:
        return self.play or self.generator

    def step(self, batch: int | None = None) -> None:
        super().step(batch)
        self.done = getattr(self, "done", 0) + 1
        if self.done == 3:
            self.average = self.start()
        elif self.done > 3:
            self.follow()

    def start(self) -> nn.Module:
        return deepcopy(self.played).eval().requires_grad_(False)

    @torch.no_grad()
    def follow(self) -> None:
        for ours, theirs in zip(self.average.parameters(), self.played.parameters(), strict=True):
            ours.lerp_(theirs, 0.1)
        for ours, theirs in zip(self.average.buffers(), self.played.buffers(), strict=True):
            ours.copy_(theirs)

    def state(self) -> dict[str, bytes]:
        return super().state() | flat_bits("average", self.average.state_dict())


class OfTheBare(Averaging):
    """The module inside, which carries hooks of the guidance where references are harvested."""

    def start(self) -> nn.Module:
        return deepcopy(self.generator).eval()

    def follow(self) -> None:
        with torch.no_grad():
            names = dict(self.generator.named_parameters())
            for name, parameter in self.average.named_parameters():
                parameter.mul_(0.9).add_(names[name], alpha=0.1)


class ByState(Averaging):
    """Whole states, loaded."""

    def follow(self) -> None:
        ours, theirs = self.average.state_dict(), self.played.state_dict()
        mixed = {name: 0.9 * value + 0.1 * theirs[name] for name, value in ours.items() if value.is_floating_point()}
        self.average.load_state_dict(theirs | mixed)


class ByTorch(Averaging):
    """torch's own, buffers included."""

    def start(self) -> nn.Module:
        return AveragedModel(self.played, multi_avg_fn=get_ema_multi_avg_fn(0.9), use_buffers=True)

    def follow(self) -> None:
        self.average.update_parameters(self.played)


HABITS = [Averaging, OfTheBare, ByState, ByTorch]


@pytest.mark.parametrize("habit", HABITS)
def test_strength_0(habit: type[Averaging]) -> None:
    assert_neutral(habit)


@pytest.mark.parametrize("explainer", EXPLAINERS)
@pytest.mark.parametrize("habit", HABITS)
def test_guided(habit: type[Averaging], explainer: str) -> None:
    assert_as_written_out(habit, explainer)


@pytest.mark.parametrize("habit", HABITS)
def test_the_average_is_not_guided(habit: type[Averaging]) -> None:
    training = trained(habit, Guidance())
    average, judge, guided = training.average.requires_grad_(True), training.discriminator, training.guided
    samples = average(torch.randn(6, LATENT))
    samples.retain_grad()
    judge(samples).sum().backward()
    points = samples.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(judge(points).sum(), points)
    assert bits(samples.grad) == bits(gradient)
    assert (guided.explanations, guided.updates) == (UPDATES, UPDATES)


@pytest.mark.parametrize("habit", HABITS)
def test_the_average_has_parameters_of_its_own(habit: type[Averaging]) -> None:
    training = trained(habit, Guidance())
    shared = {id(tensor) for tensor in [*training.generator.parameters(), *training.generator.buffers()]}
    assert shared.isdisjoint(map(id, [*training.average.parameters(), *training.average.buffers()]))
    before = training.state()
    with torch.no_grad():
        for parameter in training.average.parameters():
            parameter.zero_()
    assert {name: value for name, value in training.state().items() if not name.startswith("average")} == {
        name: value for name, value in before.items() if not name.startswith("average")
    }


AGAIN: dict[str, Callable[[nn.Module], nn.Module]] = {
    "a copy of the wrapper": lambda average: average.bare,
    "its own copy": lambda average: deepcopy(average).bare,
}


@pytest.mark.parametrize("unwrap", AGAIN.values(), ids=AGAIN)
def test_the_average_can_be_guided_when_asked(unwrap: Callable[[nn.Module], nn.Module]) -> None:
    """As training goes on from it."""
    training = trained(Averaging, Guidance())
    average = unwrap(training.average).requires_grad_(True)
    again = XAIGuidedGenerator(average, training.discriminator)
    training.discriminator(again(torch.randn(6, LATENT))).sum().backward()
    assert (again.explanations, training.guided.explanations) == (1, UPDATES)


@pytest.mark.parametrize("habit", HABITS)
def test_samples_of_the_average_between_updates_change_nothing(habit: type[Averaging]) -> None:
    """Evaluated after each update, in eval mode and without gradients, by D as well."""

    def evaluated(looking: bool) -> dict[str, bytes]:
        training = trained(habit, Guidance())
        for _ in range(2):
            with torch.no_grad():
                if looking:
                    training.discriminator(training.average.eval()(torch.ones(6, LATENT)))
            training.step()
        assert training.guided.explanations == UPDATES + 2
        return training.state()

    assert evaluated(True) == evaluated(False)


def test_a_copy_made_before_the_wrapping() -> None:
    class Early(Averaging):
        def __init__(self, written: str | None = None) -> None:
            super().__init__(written)
            self.average = deepcopy(self.generator)

        def start(self) -> nn.Module:
            return self.average

    assert_neutral(Early)
