"""Several generators: each is guided by its own discriminators, shared parts once, and other losses not at all."""

from collections.abc import Iterable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import l1_loss, softplus

from xaigrad import XAIGuidedGenerator
from xaigrad.schedules import Constant

from ..loops import noise, real
from ..networks import FEATURES, LATENT, generator, smooth
from .by_hand import (
    ARMS,
    Habit,
    assert_discriminator_learns_as_ever,
    assert_guided_as_by_hand,
    assert_neutral,
    trained,
)


def translator() -> nn.Module:
    return nn.Sequential(nn.Linear(FEATURES, 16), nn.Tanh(), nn.Linear(16, FEATURES))


class Several(Habit):
    """A loop over all that each discriminator is to judge; the networks are called bare, whatever is wrapped."""

    def __init__(self, makers: Iterable[nn.Module], judges: Iterable[nn.Module]) -> None:
        super().__init__(nn.ModuleList(makers), nn.ModuleList(judges))

    def pairs(self) -> list[tuple[nn.Module, Any]]:
        """Return what is wrapped: each generator with its discriminator."""
        return list(zip(self.generator, self.discriminator, strict=True))

    def attach(self, **settings: Any) -> None:
        self.guided = [XAIGuidedGenerator(maker, judge, **settings) for maker, judge in self.pairs()]

    def shown(self) -> list[tuple[nn.Module, Tensor]]:
        """Return each discriminator with what it is to judge."""
        return [(judge, maker(noise())) for maker, judge in zip(self.generator, self.discriminator, strict=True)]

    def others(self) -> Tensor | float:
        """Return the generators' losses that ask no discriminator."""
        return 0.0

    def turn(self, which: int) -> None:
        self.optimizers[which].zero_grad()
        losses = [
            self.lesson(judge, samples) if which else self.feedback(judge, samples) for judge, samples in self.shown()
        ]
        (sum(losses) + (0.0 if which else self.others())).backward()
        self.optimizers[which].step()

    def lesson(self, judge: nn.Module, samples: Tensor) -> Tensor:
        return softplus(-judge(real(6))).mean() + softplus(judge(samples.detach())).mean()

    def feedback(self, judge: nn.Module, samples: Tensor) -> Tensor:
        return softplus(-judge(self.feel(judge, samples))).mean()


class Cycle(Several):
    """CycleGAN: two domains, each loss of D joined by a cycle and an identity loss."""

    adversarial = True

    def __init__(self) -> None:
        super().__init__((translator(), translator()), (smooth(), smooth()))

    def shown(self) -> list[tuple[nn.Module, Tensor]]:
        self.domains = real(6), real(6)
        self.fakes = [maker(images) for maker, images in zip(self.generator, self.domains, strict=True)]
        return list(zip(self.discriminator, self.fakes, strict=True))

    def others(self) -> Tensor:
        forth, back = self.generator
        (first, second), (to_second, to_first) = self.domains, self.fakes
        cycle = l1_loss(back(to_second), first) + l1_loss(forth(to_first), second)
        identity = l1_loss(forth(second), second) + l1_loss(back(first), first)
        return 10 * cycle + 5 * identity

    def feedback(self, judge: nn.Module, samples: Tensor) -> Tensor:
        return super().feedback(judge, samples) if self.adversarial else samples.new_zeros(())


class Coupled(Several):
    """CoGAN: the generators share their first layers, the discriminators their last."""

    def __init__(self) -> None:
        trunk, last = nn.Linear(LATENT, 16), nn.Linear(16, 1)
        heads, firsts = [[nn.Linear(*sizes) for _ in range(2)] for sizes in ((16, FEATURES), (FEATURES, 16))]
        super().__init__(
            [nn.Sequential(trunk, nn.Tanh(), head) for head in heads],
            [nn.Sequential(first, nn.Tanh(), last) for first in firsts],
        )


class CoupledOnBoth(Coupled):
    """Each generator is wrapped with both discriminators, as by a loop over all pairs."""

    def pairs(self) -> list[tuple[nn.Module, Any]]:
        return [(maker, self.discriminator) for maker in self.generator]


class Staged(Several):
    """StackGAN: the second stage refines what the first made, and one discriminator sees both."""

    def __init__(self) -> None:
        super().__init__((generator(), translator()), (smooth(),))

    def pairs(self) -> list[tuple[nn.Module, Any]]:
        return [(maker, self.discriminator[0]) for maker in self.generator]

    def shown(self) -> list[tuple[nn.Module, Tensor]]:
        coarse = self.generator[0](noise())
        return [(self.discriminator[0], samples) for samples in (coarse, self.generator[1](coarse))]


class Heads(Several):
    """MGAN: several heads on one trunk, their samples judged as one batch."""

    def __init__(self) -> None:
        trunk = nn.Sequential(nn.Linear(LATENT, 16), nn.Tanh())
        super().__init__([nn.Sequential(trunk, nn.Linear(16, FEATURES)) for _ in range(3)], (smooth(),))

    def pairs(self) -> list[tuple[nn.Module, Any]]:
        return [(self.generator, self.discriminator[0])]

    def shown(self) -> list[tuple[nn.Module, Tensor]]:
        return [(self.discriminator[0], torch.cat([maker(noise(2)) for maker in self.generator]))]


class HeadsOneByOne(Heads):
    """The samples of each head are judged in a call of their own; the list of heads is wrapped."""

    def shown(self) -> list[tuple[nn.Module, Tensor]]:
        return [(self.discriminator[0], maker(noise())) for maker in self.generator]


class HeadsWrappedEach(Heads):
    """One wrapper per head, on the one discriminator."""

    def pairs(self) -> list[tuple[nn.Module, Any]]:
        return [(maker, self.discriminator[0]) for maker in self.generator]


EXPLAINED: dict[type[Several], list[int]] = {
    Cycle: [1, 1],
    Coupled: [1, 1],
    CoupledOnBoth: [2, 0],
    Staged: [2, 0],
    Heads: [1],
    HeadsOneByOne: [3],
    HeadsWrappedEach: [1, 0, 0],
}
"""How many explanations each wrapper gives per update: a sample that several made is guided by the first."""


@pytest.mark.parametrize("habit", EXPLAINED)
def test_strength_0(habit: type[Several]) -> None:
    assert_neutral(habit)


@pytest.mark.parametrize("habit", EXPLAINED)
@pytest.mark.parametrize("arm", ARMS)
def test_guided(habit: type[Several], arm: str) -> None:
    """Every sample once, whoever made it."""
    trained = assert_guided_as_by_hand(habit, arm)
    assert trained.explanations == [5 * count for count in EXPLAINED[habit]]
    assert {guided.updates for guided in trained.guided} == {5}


@pytest.mark.parametrize(
    ("habit", "already"), [(CoupledOnBoth, [0, 2]), (Staged, [0, 1]), (HeadsWrappedEach, [0, 1, 1])]
)
def test_a_sample_of_several_generators_is_counted(habit: type[Several], already: list[int]) -> None:
    found = [guided.skipped["guided already"] for guided in trained(habit, 3, schedule=Constant(1)).guided]
    assert found == [3 * count for count in already]


@pytest.mark.parametrize("habit", EXPLAINED)
@pytest.mark.parametrize("arm", ARMS)
def test_the_discriminators_turn(habit: type[Several], arm: str) -> None:
    assert_discriminator_learns_as_ever(habit, arm)


def test_cycle_and_identity_losses_are_left_to_the_bit() -> None:
    """With masks of zeros the generators learn what they learn where no discriminator is asked."""
    found = []
    for adversarial, settings in ((False, {}), (True, {"mask": torch.zeros_like})):
        habit = trained(Cycle, 0, **settings)
        habit.adversarial = adversarial
        habit.turn(0)
        found.append([parameter.grad for parameter in habit.generator.parameters()])
    assert habit.explanations == [1, 1]
    assert all(map(torch.equal, *found))
