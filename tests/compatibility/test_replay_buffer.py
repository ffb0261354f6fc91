"""Pools of earlier samples: what D is shown again is guided only where a gradient goes to a living generator."""

import random
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import softplus

from ..loops import real
from .by_hand import ARMS, Habit, assert_guided_as_by_hand, assert_neutral, trained


class Pool:
    """CycleGAN's: half of the samples are swapped for older ones."""

    def __init__(self, keep: Callable[[Tensor], Tensor], size: int = 10) -> None:
        self.keep, self.size = keep, size
        self.samples: list[Tensor] = []

    def query(self, samples: Tensor) -> Tensor:
        return torch.stack([self.swapped(self.keep(sample)) for sample in samples])

    def swapped(self, sample: Tensor) -> Tensor:
        if len(self.samples) < self.size:
            self.samples.append(sample)
        elif random.random() > 0.5:
            place = random.randrange(self.size)
            sample, self.samples[place] = self.samples[place], sample
        return sample


class Replayed(Habit):
    """G's turn comes first, and D's then sees the pool, whose samples' graphs have been freed if they have any."""

    keep = staticmethod(torch.detach)

    def __init__(self) -> None:
        super().__init__()
        self.pool = Pool(self.keep)

    def step(self, batch: int = 6) -> None:
        fake = self.fake()
        self.optimizers[0].zero_grad()
        self.make(fake, real(6)).backward()
        self.optimizers[0].step()
        self.optimizers[1].zero_grad()
        loss = (
            softplus(-self.discriminator(real(6))).mean() + softplus(self.discriminator(self.pool.query(fake))).mean()
        )
        loss.backward(inputs=list(self.discriminator.parameters()))
        self.optimizers[1].step()


class Undetached(Replayed):
    """The pool keeps samples with their graphs; D's turn asks for D's gradients alone, or nothing could be trained."""

    keep = staticmethod(lambda sample: sample)


class Mixed(Replayed):
    """G's own turn shows D fresh samples together with older ones, which learn nothing."""

    def make(self, fake: Tensor, real: Tensor) -> Tensor:
        return super().make(torch.cat([fake, *(sample[None].detach() for sample in self.pool.samples)]), real)


HABITS = [Replayed, Undetached, Mixed]


@pytest.mark.parametrize("habit", HABITS)
def test_strength_0(habit: type[Replayed]) -> None:
    assert_neutral(habit)


@pytest.mark.parametrize("habit", HABITS)
@pytest.mark.parametrize("arm", ARMS)
def test_guided(habit: type[Replayed], arm: str) -> None:
    guided = assert_guided_as_by_hand(habit, arm).guided[0]
    assert (guided.updates, guided.explanations) == (5, 5)
    assert guided.skipped == {}


@pytest.mark.parametrize("settings", [{}, {"explainer": ARMS["exact"][0]}], ids=["bare", "guided"])
def test_a_stale_sample_in_the_generator_s_turn(settings: dict[str, Any]) -> None:
    """It fails as it fails without the guidance, and training goes on."""
    habit = trained(Undetached, 2, **settings)
    with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time"):
        habit.make(torch.stack(habit.pool.samples), real(6)).backward()
    before = habit.explanations
    habit.step()
    assert habit.explanations == [count + 1 for count in before]
