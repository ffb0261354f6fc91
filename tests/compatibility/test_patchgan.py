"""PatchGAN and pix2pix: D judges an image beside its condition, and the pixel loss on the same image is left alone."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from xaigrad import Guidance, XAIGuidedGenerator
from xaigrad.explainers import Saliency

from ..loops import bits, last_of, seed_everything
from .habits import EXPLAINERS, Habit, assert_as_written_out, assert_neutral


class UNet(nn.Module):
    """From a condition to an image of its size, with a connection past the bottleneck."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(1, 4, 4, 2, 1), nn.InstanceNorm2d(4), nn.LeakyReLU(0.2))
        self.inner = nn.Sequential(nn.Conv2d(4, 4, 3, 1, 1), nn.BatchNorm2d(4), nn.ReLU(True), nn.Dropout(0.5))
        self.up = nn.ConvTranspose2d(8, 2, 4, 2, 1)

    def forward(self, condition: Tensor) -> Tensor:
        hidden = self.down(condition)
        return torch.tanh(self.up(torch.cat([hidden, self.inner(hidden)], 1)))


def patches() -> nn.Module:
    """One score for each patch of condition and image."""
    return nn.Sequential(
        nn.Conv2d(3, 4, 4, 2, 1), nn.LeakyReLU(0.2, True), nn.Conv2d(4, 4, 3, 1, 1, bias=False), nn.BatchNorm2d(4),
        nn.LeakyReLU(0.2, True), nn.Conv2d(4, 1, 3, 1, 1),
    )  # fmt: skip


class Outside(Habit):
    """Condition and image are one input of D, as pix2pix has it: all of it is explained, and G gets its part."""

    rows = 4

    def networks(self) -> tuple[nn.Module, nn.Module]:
        return UNet(), patches()

    def inputs(self) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        condition = torch.randn(self.rows, 1, 8, 8)
        return (condition,), (condition,)

    def shown(self, samples: Tensor, *given: Tensor) -> Tensor:
        return torch.cat([*given, samples], 1)

    def scores(self, shown: Tensor, *given: Tensor) -> Tensor:
        verdict: Tensor = self.discriminator(shown)
        return verdict

    def judge(self, fake: Tensor, real: Tensor, *given: Tensor) -> Tensor:
        losses = []
        for samples, label in ((fake, 0.0), (real, 1.0)):
            verdict = self.scores(self.shown(samples, *given), *given)
            losses.append(F.binary_cross_entropy_with_logits(verdict, torch.full_like(verdict, label)))
        return sum(losses) * 0.5

    def make(self, shown: Tensor, real: Tensor, *given: Tensor) -> Tensor:
        verdict = self.scores(shown, *given)
        return F.binary_cross_entropy_with_logits(verdict, torch.ones_like(verdict))

    def besides(self, fake: Tensor, real: Tensor) -> list[Tensor]:
        return [100 * F.l1_loss(fake, real)]


class Inside(Outside):
    """D concatenates itself: the image alone is explained, under its condition."""

    def networks(self) -> tuple[nn.Module, nn.Module]:
        class Judge(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.layers = patches()

            def forward(self, condition: Tensor, image: Tensor) -> Tensor:
                scores: Tensor = self.layers(torch.cat([condition, image], 1))
                return scores

        return UNet(), Judge()

    def shown(self, samples: Tensor, *given: Tensor) -> Tensor:
        return samples

    def scores(self, shown: Tensor, *given: Tensor) -> Tensor:
        verdict: Tensor = self.discriminator(*given, shown)
        return verdict


HABITS = [Outside, Inside]


@pytest.mark.parametrize("habit", HABITS)
def test_strength_0(habit: type[Habit]) -> None:
    assert_neutral(habit)


@pytest.mark.parametrize("explainer", EXPLAINERS)
@pytest.mark.parametrize("habit", HABITS)
def test_guided(habit: type[Habit], explainer: str) -> None:
    assert_as_written_out(habit, explainer)


def turn(habit: type[Habit], adversarial: bool, mask: Any = None) -> tuple[list[Tensor], Habit]:
    """Return the gradients that one turn of the generator leaves in it."""
    seed_everything(0)
    training = habit()
    (condition,), given = training.inputs()
    if mask is not None:
        training.play = XAIGuidedGenerator(training.generator, training.discriminator, mask=mask)
    fake = (training.play or training.generator)(condition)
    real = torch.randn_like(fake)
    losses = training.besides(fake, real)
    if adversarial:
        losses.append(training.make(training.shown(fake, *given), real, *given))
    sum(losses).backward()
    return [parameter.grad for parameter in training.generator.parameters()], training


@pytest.mark.parametrize("habit", HABITS)
def test_the_pixel_loss_is_left_alone(habit: type[Habit]) -> None:
    """With a mask of zeros its gradient is all that is left, to the bit; without the guidance it is not."""
    pixels, _ = turn(habit, adversarial=False)
    masked, training = turn(habit, adversarial=True, mask=torch.zeros_like)
    standard, _ = turn(habit, adversarial=True)
    assert all(map(torch.equal, masked, pixels))
    assert not any(map(torch.equal, standard, pixels))
    assert training.guided.explanations == 1


@pytest.mark.parametrize("habit", HABITS)
def test_what_is_masked(habit: type[Habit]) -> None:
    """The image, or condition and image as D sees them together, of which the condition's part ends there."""
    training = habit()
    (condition,), given = training.inputs()
    guided = XAIGuidedGenerator(training.generator, training.discriminator)
    fake = guided(condition)
    fake.retain_grad()
    training.make(training.shown(fake, *given), fake, *given).backward()
    last = last_of(guided)
    assert last.mask.shape == training.shown(fake, *given).shape
    assert last.mask.amax((1, 2, 3)).eq(1).all()
    assert bits(last.guided[:, -2:]) == bits(fake.grad)
    assert last.guided.any((2, 3)).all()
    assert condition.grad is None


@pytest.mark.parametrize("mask", [torch.zeros_like, torch.ones_like])
def test_the_condition_s_part_of_the_mask_has_no_effect(mask: Any) -> None:
    def of_image(attribution: Tensor) -> Tensor:
        return torch.cat([mask(attribution[:, :1]), attribution[:, 1:].abs()], 1)

    assert all(map(torch.equal, turn(Outside, True, of_image)[0], turn(Outside, True, torch.abs)[0]))


def test_the_explainer_asks_about_the_image_under_its_condition() -> None:
    seen = []
    training = Inside()

    def look(score: Any, samples: Tensor, context: Any) -> Tensor:
        seen.extend([context.args, score(samples)])
        return Saliency(exact=True)(score, samples, context)

    guided = XAIGuidedGenerator(training.generator, training.discriminator, Guidance(look), eval_mode=False)
    (condition,), _ = training.inputs()
    fake = guided(condition)
    verdict = training.discriminator(condition, fake)
    verdict.sum().backward()
    assert torch.equal(seen[0][0], condition)
    assert torch.equal(seen[0][1], fake)
    assert torch.equal(seen[1], verdict.flatten(1).sum(1))
