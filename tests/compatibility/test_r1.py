"""R1 on real samples and R2 on generated ones, every few updates, also through an augmentation before D."""

from collections.abc import Callable
from functools import partial
from itertools import product

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from ..loops import flat_bits
from .by_hand import (
    ARMS,
    Habit,
    assert_discriminator_learns_as_ever,
    assert_guided_as_by_hand,
    assert_neutral,
)


class Plain(nn.Module):
    """Differentiable, and nothing else."""

    def forward(self, samples: Tensor) -> Tensor:
        return samples.roll(1, 1) * 1.1


class Random(nn.Module):
    """As differentiable augmentation has it: brightness and cut-outs drawn per sample."""

    def forward(self, samples: Tensor) -> Tensor:
        brightness = torch.rand(len(samples), 1) - 0.5
        return (samples + brightness) * (torch.rand_like(samples) > 0.1)


class Learnable(nn.Module):
    """Its parameters learn with D's, so that augmented real samples have a graph of their own."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.linspace(0.9, 1.1, 8))

    def forward(self, samples: Tensor) -> Tensor:
        return samples * self.scale


class Adaptive(nn.Module):
    """As adaptive augmentation has it: its probability follows how sure D is of real samples."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("probability", torch.tensor(0.5))

    def forward(self, samples: Tensor) -> Tensor:
        flipped = torch.rand(len(samples), 1) < self.probability
        return torch.where(flipped, samples.flip(1), samples)

    def follow(self, scores: Tensor) -> None:
        self.probability.add_(0.05 * scores.detach().sign().mean()).clamp_(0, 1)


def steepness(regularised: "Regularised", points: Tensor) -> Tensor:
    scores = regularised.discriminator(regularised.augment(points))
    (slope,) = torch.autograd.grad(scores.sum(), points, create_graph=True)
    return slope.square().sum(1).mean()


def r1(regularised: "Regularised", fake: Tensor, images: Tensor) -> Tensor:
    return steepness(regularised, images.requires_grad_())


def r2(regularised: "Regularised", fake: Tensor, images: Tensor) -> Tensor:
    return steepness(regularised, fake.detach().requires_grad_())


def r2_undetached(regularised: "Regularised", fake: Tensor, images: Tensor) -> Tensor:
    return steepness(regularised, fake)


PENALTIES = {function.__name__: function for function in (r1, r2, r2_undetached)}
AUGMENTATIONS = {kind.__name__: kind for kind in (nn.Identity, Plain, Random, Learnable, Adaptive)}


class Regularised(Habit):
    """Every other turn of D has a second update, by the penalty alone."""

    def __init__(self, penalise: Callable[..., Tensor], augment: Callable[[], nn.Module]) -> None:
        super().__init__()
        # What learns with D before D would feel the guidance of an undetached fake.
        self.pause = penalise is r2_undetached and augment is Learnable
        self.penalise, self.augment, self.penalising = penalise, augment(), 0
        if learnable := list(self.augment.parameters()):
            self.optimizers[1].add_param_group({"params": learnable})

    def verdict(self, samples: Tensor) -> Tensor:
        return super().verdict(self.augment(samples))

    def judge(self, fake: Tensor, real: Tensor) -> Tensor:
        if self.penalising:
            return self.penalise(self, fake, real)
        scores = self.discriminator(self.augment(real))
        if isinstance(self.augment, Adaptive):
            self.augment.follow(scores)
        return softplus(-scores).mean() + softplus(self.discriminator(self.augment(fake.detach()))).mean()

    def state(self) -> dict[str, bytes]:
        return super().state() | flat_bits("T", self.augment.state_dict())

    def step(self, batch: int = 6) -> None:
        """Two turns of G, one of them after the penalty."""
        for turns in (1, 2):
            for self.penalising in range(turns):
                self.turn(1)
            self.turn(0)


HABITS = [partial(Regularised, *parts) for parts in product(PENALTIES.values(), AUGMENTATIONS.values())]
NAMES = ["-".join(names) for names in product(PENALTIES, AUGMENTATIONS)]


@pytest.fixture(params=HABITS, ids=NAMES)
def habit(request: pytest.FixtureRequest) -> Callable[[], Regularised]:
    return request.param


def test_strength_0(habit: Callable[[], Regularised]) -> None:
    assert_neutral(habit, 6)


@pytest.mark.parametrize("arm", ARMS)
def test_guided(habit: Callable[[], Regularised], arm: str) -> None:
    """One explanation per update of G; a penalty on fakes that are not detached pays one that nobody uses."""
    trained = assert_guided_as_by_hand(habit, arm, 3)
    undetached = habit().penalise is r2_undetached
    unused = undetached and not habit().pause
    assert trained.explanations == [3 * (2 + unused)]
    assert trained.guided[0].skipped["create_graph"] == 3 * unused


@pytest.mark.parametrize("penalise", PENALTIES.values(), ids=PENALTIES)
@pytest.mark.parametrize("arm", ARMS)
def test_the_penalty_s_turn(penalise: Callable[..., Tensor], arm: str) -> None:
    def habit() -> Regularised:
        made = Regularised(penalise, Plain)
        made.penalising = True
        return made

    assert_discriminator_learns_as_ever(habit, arm)
