"""Discriminators that score real samples low, autoencoders among them, and critics with a margin."""

from functools import cache
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from xaigrad import Guidance, XAIGuidedGenerator
from xaigrad.explainers import DeepShap, Explainer, Occlusion, Saliency

from ..loops import assert_same_bits, bits, flat_bits, last_of
from ..networks import FEATURES, Lambda, generator
from .habits import EXPLAINERS, UPDATES, Habit, assert_as_written_out, assert_neutral, trained


def squared(output: Tensor, samples: Tensor) -> Tensor:
    return (output - samples).square()


def autoencoder() -> nn.Sequential:
    return nn.Sequential(nn.Linear(FEATURES, 4), nn.LeakyReLU(0.2), nn.Linear(4, FEATURES))


class EnergyBased(Habit):
    """EBGAN (Zhao et al. 2016, arXiv 1609.03126, equations 1 to 3): D restores a sample, its energy is the error.

    The error is computed outside of D, so the sample reaches it on two ways: through D, which is guided, and as what
    the restored one is compared with, which no discriminator has seen and which is a pixel loss like any other.
    """

    settings: ClassVar[dict[str, Any]] = {"target": squared, "real": "low"}

    def networks(self) -> tuple[nn.Module, nn.Module]:
        return generator(), autoencoder()

    def energy(self, shown: Tensor, compared: Tensor) -> Tensor:
        return squared(self.discriminator(shown), compared)

    def scores(self, shown: Tensor, *given: Tensor) -> Tensor:
        return self.energy(shown, shown)

    def judge(self, fake: Tensor, real: Tensor, *given: Tensor) -> Tensor:
        return self.scores(real).mean() + F.relu(1.5 - self.scores(fake).mean(1)).mean()

    def make(self, shown: Tensor, real: Tensor, *given: Tensor) -> Tensor:
        (compared,) = given or (shown,)
        return self.energy(shown, compared).mean()

    def write_out(self, fake: Tensor, real: Tensor, *given: Tensor) -> None:
        points, compared = (fake.detach().requires_grad_() for _ in range(2))
        self.make(points, real, compared).backward()
        fake.backward(points.grad * self.mask(points, lambda: self.scores(points)) + compared.grad)


class RepellingCode(EnergyBased):
    """With EBGAN's pulling-away term, through the code that D returns as well."""

    settings: ClassVar[dict[str, Any]] = {"target": lambda output, samples: squared(output[0], samples), "real": "low"}

    def networks(self) -> tuple[nn.Module, nn.Module]:
        encoder, _, decoder = autoencoder()
        return generator(), Lambda(
            lambda encode, decode, samples: (decode(code := F.leaky_relu(encode(samples), 0.2)), code), encoder, decoder
        )

    def energy(self, shown: Tensor, compared: Tensor) -> Tensor:
        return squared(self.discriminator(shown)[0], compared)

    def make(self, shown: Tensor, real: Tensor, *given: Tensor) -> Tensor:
        restored, code = self.discriminator(shown)
        (compared,) = given or (shown,)
        directions = F.normalize(code)
        return squared(restored, compared).mean() + 0.1 * (directions @ directions.T).square().mean()


class BoundaryEquilibrium(EnergyBased):
    """BEGAN (Berthelot et al. 2017, arXiv 1703.10717, section 3.3): absolute errors, balanced by k."""

    settings: ClassVar[dict[str, Any]] = {"target": lambda output, samples: (output - samples).abs(), "real": "low"}
    k = 0.0

    def energy(self, shown: Tensor, compared: Tensor) -> Tensor:
        return (self.discriminator(shown) - compared).abs()

    def judge(self, fake: Tensor, real: Tensor, *given: Tensor) -> Tensor:
        of_real, of_fake = self.scores(real).mean(), self.scores(fake).mean()
        loss = of_real - self.k * of_fake
        self.k = min(max(self.k + 0.5 * (0.5 * of_real - of_fake).item(), 0.0), 1.0)
        return loss

    def state(self) -> dict[str, bytes]:
        return super().state() | flat_bits("k", self.k)


class EnergyInside(EnergyBased):
    """D returns the energy itself: all of its gradient is guided, and no target is needed."""

    settings: ClassVar[dict[str, Any]] = {"real": "low"}

    def networks(self) -> tuple[nn.Module, nn.Module]:
        return generator(), Lambda(lambda restore, samples: squared(restore(samples), samples).mean(1), autoencoder())

    def scores(self, shown: Tensor, *given: Tensor) -> Tensor:
        energy: Tensor = self.discriminator(shown)
        return energy[:, None]

    def make(self, shown: Tensor, real: Tensor, *given: Tensor) -> Tensor:
        return self.scores(shown).mean()

    write_out = Habit.write_out


class Hinge(Habit):
    """A critic that is content beyond a margin."""

    def judge(self, fake: Tensor, real: Tensor, *given: Tensor) -> Tensor:
        return F.relu(1 - self.scores(real)).mean() + F.relu(1 + self.scores(fake)).mean()

    def make(self, shown: Tensor, real: Tensor, *given: Tensor) -> Tensor:
        return -self.scores(shown).mean()


class Inverted(Hinge):
    """A critic whose author chose the other sign."""

    settings: ClassVar[dict[str, Any]] = {"real": "low"}

    def judge(self, fake: Tensor, real: Tensor, *given: Tensor) -> Tensor:
        return super().judge(real, fake)

    def make(self, shown: Tensor, real: Tensor, *given: Tensor) -> Tensor:
        return -super().make(shown, real)


LOW = [EnergyBased, RepellingCode, BoundaryEquilibrium, EnergyInside, Inverted]
HABITS = [*LOW, Hinge]


@pytest.mark.parametrize("habit", HABITS)
def test_strength_0(habit: type[Habit]) -> None:
    assert_neutral(habit)


@pytest.mark.parametrize("explainer", EXPLAINERS)
@pytest.mark.parametrize("habit", HABITS)
def test_guided(habit: type[Habit], explainer: str) -> None:
    assert_as_written_out(habit, explainer)


ASKING: dict[str, Explainer] = {
    "exact": Saliency(exact=True),
    "DeepShap": DeepShap(torch.zeros(1, FEATURES), check="off"),
    "Occlusion": Occlusion(window=2),
}


@pytest.mark.parametrize("explainer", ASKING.values(), ids=ASKING)
@pytest.mark.parametrize("habit", LOW)
def test_low_is_the_opposite_of_high(habit: type[Habit], explainer: Explainer) -> None:
    training, found = habit(), {}
    inputs, _ = training.inputs()
    for real in ("low", "high"):
        settings = training.settings | {"real": real}
        guided = XAIGuidedGenerator(training.generator, training.discriminator, explainer=explainer, **settings)
        samples = guided(*inputs)
        training.make(samples, samples).backward()
        found[real] = last_of(guided)
        guided.detach()
    assert found["low"].attribution.any()
    assert torch.equal(found["low"].attribution, -found["high"].attribution)
    assert bits(found["low"].guided) == bits(found["high"].guided)


@pytest.mark.parametrize("habit", LOW)
def test_what_raises_the_energy_counts_against_a_sample(habit: type[Habit]) -> None:
    """So a mask that keeps only what speaks for a sample has the right sign: here the score falls with the energy."""
    training = habit()
    guided = XAIGuidedGenerator(
        training.generator, training.discriminator, explainer=Saliency(exact=True), **training.settings
    )
    samples = guided(*training.inputs()[0])
    training.make(samples, samples).backward()
    points = samples.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(training.scores(points).sum(), points)
    assert torch.equal(last_of(guided).attribution, -gradient)


@cache
def harvested(habit: type[Habit]) -> tuple[list[Tensor], Habit]:
    reals: list[Tensor] = []

    class Remembering(habit):  # type: ignore[misc, valid-type]
        def judge(self, fake: Tensor, real: Tensor, *given: Tensor) -> Tensor:
            reals.append(real)
            loss: Tensor = super().judge(fake, real, *given)
            return loss

    return reals, trained(Remembering, Guidance(DeepShap(check="off")))


@pytest.mark.parametrize("habit", HABITS)
def test_harvested_references_are_the_real_samples(habit: type[Habit]) -> None:
    reals, training = harvested(habit)
    ((bank,),) = training.guided.interception.state_dict()["real"]
    rows = {bits(row) for batch in reals for row in batch}
    kept = [row for value in bank.values() if isinstance(value, Tensor) and value.dim() == 2 for row in value]
    assert training.guided.explanations == UPDATES
    assert len(kept) >= len(reals[0])
    assert {bits(row) for row in kept} <= rows


def test_an_energy_made_outside_can_be_guided_whole() -> None:
    """What ``intercept`` returns is the sample on both ways to the error."""

    class Intercepted(EnergyBased):
        def shown(self, samples: Tensor, *given: Tensor) -> Tensor:
            if self.written is not None or not samples.requires_grad:
                return samples
            return self.guided.intercept(samples, lambda points: -self.scores(points).sum(1))

        write_out = Habit.write_out

    for name, explainer in EXPLAINERS.items():
        training = trained(Intercepted, Guidance(explainer))
        assert_same_bits(training.state(), trained(Intercepted, written=name).state())
        assert training.guided.explanations == UPDATES
