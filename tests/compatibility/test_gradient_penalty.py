"""Gradient penalties: wherever their points come from, D learns as ever and G's feedback is guided as ever."""

from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from .by_hand import ARMS, Habit, assert_discriminator_learns_as_ever, assert_guided_as_by_hand, assert_neutral


def steepness(judge: nn.Module, points: Tensor) -> Tensor:
    """The norm of D's gradient at each point, differentiable."""
    (slope,) = torch.autograd.grad(judge(points).sum(), points, create_graph=True)
    return slope.norm(2, 1)


def between(fake: Tensor, images: Tensor) -> Tensor:
    share = torch.rand(len(fake), 1)
    return share * images + (1 - share) * fake


def leaf(judge: nn.Module, fake: Tensor, images: Tensor) -> Tensor:
    return (steepness(judge, between(fake, images).detach().requires_grad_()) - 1).square().mean()


def not_a_leaf(judge: nn.Module, fake: Tensor, images: Tensor) -> Tensor:
    return (steepness(judge, between(fake.detach(), images.requires_grad_())) - 1).square().mean()


def undetached(judge: nn.Module, fake: Tensor, images: Tensor) -> Tensor:
    return (steepness(judge, between(fake, images)) - 1).square().mean()


def one_sided(judge: nn.Module, fake: Tensor, images: Tensor) -> Tensor:
    """WGAN-LP: only slopes above 1 are punished (arXiv 1709.08894)."""
    return relu(steepness(judge, between(fake, images).detach().requires_grad_()) - 1).square().mean()


def around_the_data(judge: nn.Module, fake: Tensor, images: Tensor) -> Tensor:
    """DRAGAN: around real samples (arXiv 1705.07215)."""
    points = images + 0.5 * images.std() * torch.rand_like(images)
    return (steepness(judge, points.requires_grad_()) - 1).square().mean()


PENALTIES = {function.__name__: function for function in (leaf, not_a_leaf, undetached, one_sided, around_the_data)}


class Penalised(Habit):
    """WGAN-GP: two turns of the critic for each of the generator; its fake is not detached."""

    def __init__(self, penalty: Callable[[nn.Module, Tensor, Tensor], Tensor], pause: bool = False) -> None:
        super().__init__()
        self.penalty, self.pause = penalty, pause

    def judge(self, fake: Tensor, real: Tensor) -> Tensor:
        judge = self.discriminator
        return judge(fake).mean() - judge(real).mean() + 10 * self.penalty(judge, fake, real)

    def make(self, fake: Tensor, real: Tensor) -> Tensor:
        return -self.verdict(fake).mean()

    def step(self, batch: int = 6) -> None:
        for which in (1, 1, 0):
            self.turn(which)


@pytest.fixture(params=PENALTIES.values(), ids=PENALTIES)
def habit(request: pytest.FixtureRequest) -> partial[Penalised]:
    return partial(Penalised, request.param)


def test_strength_0(habit: partial[Penalised]) -> None:
    assert_neutral(habit)


@pytest.mark.parametrize("arm", ARMS)
def test_guided(habit: partial[Penalised], arm: str) -> None:
    """A critic's turn pays for a fake that is not detached: an explanation that nobody uses.

    It pays a second one where the penalty's own backward pass comes through the fake.
    """
    unused = 2 if habit.args == (undetached,) else 1
    assert assert_guided_as_by_hand(habit, arm).explanations == [5 * (1 + 2 * unused)]


@pytest.mark.parametrize("arm", ARMS)
def test_the_critic_s_turn(habit: partial[Penalised], arm: str) -> None:
    assert_discriminator_learns_as_ever(habit, arm)


def test_a_paused_critic_pays_nothing(habit: partial[Penalised]) -> None:
    guided = assert_guided_as_by_hand(partial(habit, pause=True), "exact")
    assert guided.explanations == [5]
    assert guided.guided[0].skipped["paused"] >= 10
