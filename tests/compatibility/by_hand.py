"""Loops in two turns, the discriminator's and the generator's, compared with the guidance written in by hand."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from xaigrad import XAIGuidedGenerator
from xaigrad.explainers import Explainer, Saliency
from xaigrad.schedules import Constant

from ..loops import Training, assert_same_bits, bits, differing, noise, real, seed_everything
from ..networks import generator, smooth

Attribute = Callable[[nn.Module, Tensor, Tensor], Tensor]
Feel = Callable[[nn.Module, Tensor], Tensor]


def score_gradient(judge: nn.Module, samples: Tensor, gradient: Tensor) -> Tensor:
    mode = judge.training
    with torch.enable_grad():
        points = samples.clone().requires_grad_()
        (slope,) = torch.autograd.grad(judge.eval()(points).sum(), points)
    judge.train(mode)
    return slope


ARMS: dict[str, tuple[Explainer, Attribute]] = {
    "fused": (Saliency(), lambda judge, samples, gradient: gradient),
    "exact": (Saliency(exact=True), score_gradient),
}


def by_hand(attribute: Attribute) -> Feel:
    """The method written out: what D is asked about gets the gradient g * |A| / max |A| instead of g."""

    def feel(judge: nn.Module, samples: Tensor) -> Tensor:
        def reweight(gradient: Tensor) -> Tensor:
            size = attribute(judge, samples.detach(), gradient).abs()
            return gradient * (size / size.amax(1, keepdim=True))

        alias = samples.clone()
        alias.register_hook(reweight)
        return alias

    return feel


class Habit(Training):
    """A miniature of somebody's loop; where its generator learns, D is asked about `feel(D, samples)`."""

    pause = False
    """Whether D's turn is inside ``paused()``."""

    def __init__(self, maker: nn.Module | None = None, judge: nn.Module | None = None) -> None:
        super().__init__(maker or generator(), judge or smooth())
        self.feel: Feel = lambda judge, samples: samples
        self.guided: Sequence[XAIGuidedGenerator] = ()

    def attach(self, **settings: Any) -> None:
        self.play = XAIGuidedGenerator(self.generator, self.discriminator, **settings)
        self.guided = [self.play]

    def fake(self) -> Tensor:
        samples: Tensor = (self.play or self.generator)(noise())
        return samples

    def verdict(self, samples: Tensor) -> Tensor:
        scores: Tensor = self.discriminator(self.feel(self.discriminator, samples))
        return scores

    def judge(self, fake: Tensor, real: Tensor) -> Tensor:
        return softplus(-self.discriminator(real)).mean() + softplus(self.discriminator(fake.detach())).mean()

    def make(self, fake: Tensor, real: Tensor) -> Tensor:
        return softplus(-self.verdict(fake)).mean()

    def turn(self, which: int) -> None:
        with ExitStack() as pauses:
            for guided in self.guided if self.pause and which == 1 else ():
                pauses.enter_context(guided.paused())
            self.optimizers[which].zero_grad()
            (self.make, self.judge)[which](self.fake(), real(6)).backward()
            self.optimizers[which].step()

    def step(self, batch: int = 6) -> None:
        self.turn(1)
        self.turn(0)

    @property
    def explanations(self) -> list[int]:
        return [guided.explanations for guided in self.guided]

    def state(self) -> dict[str, bytes]:
        return super().state() | {"G.grad": gradients(self.generator), "D.grad": gradients(self.discriminator)}


def gradients(network: nn.Module) -> bytes:
    return b"".join(bits(parameter.grad) for parameter in network.parameters())


def trained(kind: Callable[[], Habit], steps: int = 5, feel: Feel | None = None, **settings: Any) -> Habit:
    """Train from seed 0: guided if there are settings, by hand if told how to feel, else as it always was."""
    seed_everything(0)
    habit = kind()
    if settings:
        habit.attach(**settings)
    habit.feel = feel or habit.feel
    for _ in range(steps):
        habit.step()
    return habit


def assert_neutral(kind: Callable[[], Habit], steps: int = 8) -> None:
    """At strength 0 the whole training is the bare one, to the bit."""
    resting = trained(kind, steps, schedule=Constant(0), explainer=Saliency(exact=True))
    assert_same_bits(resting.state(), trained(kind, steps).state())
    assert not any(resting.explanations)


def assert_guided_as_by_hand(kind: Callable[[], Habit], arm: str, steps: int = 5) -> Habit:
    """Guided, the whole training is the one with g * M written into the generator's loss, to the bit.

    There D's turn is the bare loop's: its gradients are unguided ones.
    """
    explainer, attribute = ARMS[arm]
    guided = trained(kind, steps, explainer=explainer)
    assert_same_bits(guided.state(), trained(kind, steps, by_hand(attribute)).state())
    assert differing(guided.state(), trained(kind, steps).state())
    return guided


def assert_discriminator_learns_as_ever(kind: Callable[[], Habit], arm: str) -> None:
    """In its own turn D gets the bare loop's gradients, to the bit."""
    found = []
    for settings in ({}, {"explainer": ARMS[arm][0]}):
        habit = trained(kind, 0, **settings)
        habit.turn(1)
        found.append(gradients(habit.discriminator))
    assert found[0] == found[1]
