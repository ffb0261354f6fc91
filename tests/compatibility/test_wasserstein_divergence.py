"""Wasserstein divergence (arXiv 1712.01026): the penalty sits on the real and the generated samples themselves."""

import pytest
import torch
from torch import Tensor

from .by_hand import (
    ARMS,
    Habit,
    assert_discriminator_learns_as_ever,
    assert_guided_as_by_hand,
    assert_neutral,
)


class Divergence(Habit):
    """Two turns of the critic for each of the generator; nothing is detached."""

    def judge(self, fake: Tensor, real: Tensor) -> Tensor:
        real.requires_grad_()
        of_real, of_fake = self.discriminator(real), self.discriminator(fake)
        ones = torch.ones_like(of_real)
        slopes = [
            torch.autograd.grad(scores, points, ones, create_graph=True, retain_graph=True, only_inputs=True)[0]
            for scores, points in ((of_real, real), (of_fake, fake))
        ]
        steepness = [slope.square().sum(1) ** 3 for slope in slopes]
        return of_fake.mean() - of_real.mean() + (steepness[0] + steepness[1]).mean()

    def make(self, fake: Tensor, real: Tensor) -> Tensor:
        return -self.verdict(fake).mean()

    def step(self, batch: int = 6) -> None:
        for which in (1, 1, 0):
            self.turn(which)


class Paused(Divergence):
    """As it saves the explanations that nobody uses."""

    pause = True


@pytest.mark.parametrize("habit", [Divergence, Paused])
def test_strength_0(habit: type[Divergence]) -> None:
    assert_neutral(habit)


@pytest.mark.parametrize("arm", ARMS)
def test_guided(arm: str) -> None:
    """Of the two gradients at a fake in the critic's turn the penalty's is left alone, the loss's is not needed."""
    trained = assert_guided_as_by_hand(Divergence, arm)
    assert trained.explanations == [5 * (1 + 2)]
    assert trained.guided[0].skipped == {"create_graph": 5 * 2}


@pytest.mark.parametrize("arm", ARMS)
def test_paused(arm: str) -> None:
    trained = assert_guided_as_by_hand(Paused, arm)
    assert trained.explanations == [5]


@pytest.mark.parametrize("habit", [Divergence, Paused])
@pytest.mark.parametrize("arm", ARMS)
def test_the_critic_s_turn(habit: type[Divergence], arm: str) -> None:
    assert_discriminator_learns_as_ever(habit, arm)
