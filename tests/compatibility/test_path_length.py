"""StyleGAN2's path lengths (arXiv 1912.04958): G is called in its parts, and updated without D in between."""

from copy import deepcopy

import pytest
import torch
from torch import Tensor, nn

from xaigrad.schedules import Alternate

from ..loops import flat_bits, noise
from ..networks import FEATURES, LATENT, smooth
from .by_hand import ARMS, Habit, assert_guided_as_by_hand, assert_neutral, gradients, trained


class Mapping(nn.Module):
    """z to w, with the running mean of w that sampling truncates towards."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(LATENT, 8), nn.LeakyReLU(0.2), nn.Linear(8, 8))
        self.register_buffer("mean", torch.zeros(8))

    def forward(self, z: Tensor) -> Tensor:
        w: Tensor = self.layers(z)
        self.mean.copy_(w.detach().mean(0).lerp(self.mean, 0.9))
        return w


class Generator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.mapping = Mapping()
        self.synthesis = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, FEATURES))

    def forward(self, z: Tensor) -> Tensor:
        raise AssertionError("In training only its parts are called.")


class Styled(Habit):
    """Every other update of G is followed by one of the path lengths alone; an average of G is kept beside it."""

    def __init__(self) -> None:
        super().__init__(Generator(), smooth())
        self.length, self.regularising = torch.zeros(()), False
        self.average: nn.Module | None = None

    def fake(self) -> Tensor:
        maker = self.play or self.generator
        self.w = maker.mapping(noise())
        samples: Tensor = maker.synthesis(self.w)
        return samples

    def make(self, fake: Tensor, real: Tensor) -> Tensor:
        return self.path_length(fake) if self.regularising else super().make(fake, real)

    def path_length(self, fake: Tensor) -> Tensor:
        projected = (fake * torch.randn_like(fake) / FEATURES**0.5).sum()
        (slope,) = torch.autograd.grad(projected, self.w, create_graph=True)
        lengths = slope.square().sum(1).sqrt()
        self.length = self.length.lerp(lengths.mean().detach(), 0.01)
        return 2 * (lengths - self.length).square().mean() + 0 * fake[:, 0].mean()

    def step(self, batch: int = 6) -> None:
        self.turn(1)
        self.turn(0)
        self.turn(1)
        for self.regularising in (False, True):
            self.turn(0)
        self.regularising = False
        self.follow()

    def follow(self) -> None:
        maker = self.play or self.generator
        if self.average is None:
            self.average = deepcopy(maker).eval()
        with torch.no_grad():
            for mean, parameter in zip(self.average.parameters(), maker.parameters(), strict=True):
                mean.copy_(parameter.lerp(mean, 0.9))
            for copied, buffer in zip(self.average.buffers(), maker.buffers(), strict=True):
                copied.copy_(buffer)

    def state(self) -> dict[str, bytes]:
        averaged = {} if self.average is None else self.average.state_dict()
        return super().state() | flat_bits("average", dict(averaged) | {"length": self.length})


class Joint(Styled):
    """Both losses of G in one backward pass, on the same samples."""

    def make(self, fake: Tensor, real: Tensor) -> Tensor:
        return super().make(fake, real) + self.path_length(fake)


@pytest.mark.parametrize("habit", [Styled, Joint])
def test_strength_0(habit: type[Styled]) -> None:
    assert_neutral(habit)


@pytest.mark.parametrize("habit", [Styled, Joint])
@pytest.mark.parametrize("arm", ARMS)
def test_guided(habit: type[Styled], arm: str) -> None:
    """The lazy update needs no explanation, and belongs to the one before it: D was not asked in between."""
    guided = assert_guided_as_by_hand(habit, arm).guided[0]
    assert guided.explanations == 5 * 2
    assert guided.updates == 5 * 2
    assert guided.skipped == {}


def test_the_lazy_update_is_left_to_the_bit() -> None:
    found = []
    for settings in ({}, {"mask": torch.zeros_like}):
        habit = trained(Styled, 0, **settings)
        habit.regularising = True
        habit.turn(0)
        found.append(gradients(habit.generator))
    assert found[0] == found[1]


def test_a_schedule_is_not_thrown_off_by_lazy_updates() -> None:
    guided = trained(Styled, 4, schedule=Alternate()).guided[0]
    assert guided.explanations == 4
    assert guided.skipped == {"strength 0": 4}
