"""A training loop of some habit, standard, guided, or with the guidance written out in plain code."""

from collections.abc import Callable
from functools import cache
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from xaigrad import Guidance, XAIGuidedGenerator
from xaigrad.explainers import Explainer, Saliency
from xaigrad.schedules import Constant

from ..loops import Training, assert_same_bits, differing, flat_bits, seed_everything
from ..networks import LATENT, discriminator, generator

UPDATES = 6
EXPLAINERS: dict[str, Explainer] = {"fused": Saliency(), "exact": Saliency(exact=True)}


class Habit(Training):
    """A loop of some habit. With ``written`` it is the guided loop in plain code, without the library.

    Args:
        written: What explains: ``"fused"`` or ``"exact"`` saliency; ``None`` for the standard loop.
    """

    rows = 6
    calls = 1
    """How often an update asks D about the samples."""
    settings: ClassVar[dict[str, Any]] = {}
    """What the guided generator is told besides the recipe."""

    def __init__(self, written: str | None = None) -> None:
        super().__init__(*self.networks())
        self.written = written

    def networks(self) -> tuple[nn.Module, nn.Module]:
        return generator(), discriminator()

    def inputs(self) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        """Return what G is called with, and what D is given besides a sample."""
        return (torch.randn(self.rows, LATENT),), ()

    def shown(self, samples: Tensor, *given: Tensor) -> Tensor:
        """Return what D sees of the samples."""
        return samples

    def scores(self, shown: Tensor, *given: Tensor) -> Tensor:
        """Return D's verdict, the score that is explained."""
        verdict: Tensor = self.discriminator(shown, *given)
        return verdict

    def judge(self, fake: Tensor, real: Tensor, *given: Tensor) -> Tensor:
        of_real, of_fake = (self.scores(self.shown(samples, *given), *given) for samples in (real, fake))
        return F.softplus(-of_real).mean() + F.softplus(of_fake).mean()

    def make(self, shown: Tensor, real: Tensor, *given: Tensor) -> Tensor:
        """Return the generator's loss through D."""
        return F.softplus(-self.scores(shown, *given)).mean()

    def besides(self, fake: Tensor, real: Tensor) -> list[Tensor]:
        """Return the generator's other losses."""
        return []

    def step(self, batch: int | None = None) -> None:
        (maker, judge), (inputs, given) = self.optimizers, self.inputs()
        fake = (self.play or self.generator)(*inputs)
        real = torch.randn_like(fake)
        judge.zero_grad()
        self.judge(fake.detach(), real, *given).backward()
        judge.step()
        maker.zero_grad()
        if self.written is None:
            sum(self.besides(fake, real), self.make(self.shown(fake, *given), real, *given)).backward()
        else:
            self.write_out(fake, real, *given)
        maker.step()

    def write_out(self, fake: Tensor, real: Tensor, *given: Tensor) -> None:
        """The generator's turn in plain code: the gradient at what D sees, times the mask."""
        shown = self.shown(fake, *given)
        points = shown.detach().requires_grad_()
        self.make(points, real, *given).backward()
        guided = points.grad * self.mask(points, lambda: self.scores(points, *given))
        others = self.besides(fake, real)
        torch.autograd.backward([shown, *others], [guided, *[None] * len(others)])

    def mask(self, points: Tensor, score: Callable[[], Tensor]) -> Tensor:
        """Return the saliency of each row, scaled to [0, 1]; the exact one of D in eval mode."""
        attribution = points.grad
        if self.written == "exact":
            self.discriminator.eval()
            (attribution,) = torch.autograd.grad(score().sum(), points)
            self.discriminator.train()
        assert attribution is not None
        size = attribution.abs()
        return size / size.amax(tuple(range(1, size.dim())), keepdim=True)

    def state(self) -> dict[str, bytes]:
        """Return all that a continuation depends on, and D's gradients, the generator's turn included."""
        gradients = {name: parameter.grad for name, parameter in self.discriminator.named_parameters()}
        return super().state() | flat_bits("D's gradients", gradients)

    @property
    def guided(self) -> XAIGuidedGenerator:
        assert isinstance(self.play, XAIGuidedGenerator)
        return self.play


def trained(habit: Callable[..., Habit], guidance: Guidance | None = None, **settings: Any) -> Habit:
    """Train from seed 0, guided if asked."""
    seed_everything(0)
    training = habit(**settings)
    if guidance is not None:
        training.play = XAIGuidedGenerator(training.generator, training.discriminator, guidance, **training.settings)
    for _ in range(UPDATES):
        training.step()
    return training


@cache
def standard(habit: type[Habit]) -> dict[str, bytes]:
    """The state after the loop without the library."""
    return trained(habit).state()


def assert_neutral(habit: type[Habit]) -> None:
    """At strength 0 networks, optimizers, buffers, D's gradients and random states are the standard loop's."""
    resting = trained(habit, Guidance(schedule=Constant(0)))
    assert_same_bits(resting.state(), standard(habit))
    assert resting.guided.explanations == 0
    assert resting.guided.skipped == {"strength 0": UPDATES * habit.calls}


def assert_as_written_out(habit: type[Habit], explainer: str) -> None:
    """The guided loop is ``g * M`` in plain code, bit for bit, and explains once per question of the generator's."""
    training = trained(habit, Guidance(EXPLAINERS[explainer]))
    state = training.state()
    assert_same_bits(state, trained(habit, written=explainer).state())
    assert any(name.startswith(".G") for name in differing(state, standard(habit)))
    assert training.guided.explanations == UPDATES * habit.calls
    assert (training.guided.updates, training.guided.fallbacks, training.guided.skipped) == (UPDATES, 0, {})
