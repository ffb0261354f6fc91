"""One optimizer for both networks, one backward pass for both, and one optimizer for several generators."""

from itertools import chain
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from xaigrad import XAIGuidedGenerator

from ..loops import noise, real
from ..networks import Lambda, generator, smooth
from .by_hand import (
    ARMS,
    Habit,
    assert_discriminator_learns_as_ever,
    assert_guided_as_by_hand,
    assert_neutral,
)


class Shared(Habit):
    """One Adam over all parameters; each turn freezes the network whose turn it is not."""

    set_to_none = True

    def __init__(self) -> None:
        super().__init__()
        both = torch.optim.Adam(chain(self.generator.parameters(), self.discriminator.parameters()), 2e-3)
        self.optimizers = [both, both]

    def turn(self, which: int) -> None:
        self.discriminator.requires_grad_(which == 1)
        optimizer = self.optimizers[which]
        optimizer.zero_grad(self.set_to_none)
        (self.make, self.judge)[which](self.fake(), real(6)).backward()
        optimizer.step()


class Zeroed(Shared):
    """Gradients are set to 0 rather than to None, so that Adam's momentum moves G in D's turn too."""

    set_to_none = False


class Reverse(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, samples: Tensor) -> Tensor:
        return samples.clone()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return -gradient


class Reversed(Shared):
    """Gradient reversal (arXiv 1409.7495): one loss, one backward pass and one step train both, against each other."""

    def step(self, batch: int = 6) -> None:
        self.turn(1)

    def judge(self, fake: Tensor, real: Tensor) -> Tensor:
        return softplus(-self.discriminator(real)).mean() + softplus(self.verdict(self.reverse(fake))).mean()

    def reverse(self, samples: Tensor) -> Tensor:
        return Reverse.apply(samples)


class ReversedInside(Reversed):
    """The reversal is D's own first layer."""

    def __init__(self) -> None:
        super().__init__()
        self.discriminator.insert(0, Lambda(Reverse.apply))

    def reverse(self, samples: Tensor) -> Tensor:
        return samples


class Crowd(Shared):
    """One Adam for two generators, each with a discriminator of its own, and all four networks in it."""

    def __init__(self) -> None:
        Habit.__init__(self, nn.ModuleList([generator(), generator()]), nn.ModuleList([smooth(), smooth()]))
        both = torch.optim.Adam(chain(self.generator.parameters(), self.discriminator.parameters()), 2e-3)
        self.optimizers = [both, both]

    def attach(self, **settings: Any) -> None:
        pairs = zip(self.generator, self.discriminator, strict=True)
        self.guided = [XAIGuidedGenerator(maker, judge, **settings) for maker, judge in pairs]

    def fake(self) -> Tensor:
        return torch.stack([maker(noise()) for maker in self.generator])

    def judge(self, fake: Tensor, real: Tensor) -> Tensor:
        return sum(
            softplus(-judge(real)).mean() + softplus(judge(samples.detach())).mean()
            for judge, samples in zip(self.discriminator, fake, strict=True)
        )

    def make(self, fake: Tensor, real: Tensor) -> Tensor:
        return sum(
            softplus(-judge(self.feel(judge, samples))).mean()
            for judge, samples in zip(self.discriminator, fake, strict=True)
        )


HABITS = [Shared, Zeroed, Reversed, ReversedInside, Crowd]


@pytest.mark.parametrize("habit", HABITS)
def test_strength_0(habit: type[Shared]) -> None:
    assert_neutral(habit)


@pytest.mark.parametrize("habit", HABITS)
@pytest.mark.parametrize("arm", ARMS)
def test_guided(habit: type[Shared], arm: str) -> None:
    trained = assert_guided_as_by_hand(habit, arm)
    assert trained.explanations == [5] * len(trained.guided)
    # A step that moves G is an update of it, whosever turn it was.
    assert {guided.updates for guided in trained.guided} == {9 if habit is Zeroed else 5}


@pytest.mark.parametrize("habit", HABITS)
@pytest.mark.parametrize("arm", ARMS)
def test_the_discriminator_s_gradients(habit: type[Shared], arm: str) -> None:
    """Also where they come from the very backward pass that guides the generator."""
    assert_discriminator_learns_as_ever(habit, arm)
