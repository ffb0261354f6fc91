"""The gradient is caught at D's input: what the generator made, on the path through D, and nothing else."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from xaigrad import XAIGuidedGenerator
from xaigrad.explainers import DeepShap, Explainer, Saliency

from .loops import bits, last_of, noise, real, seed_everything
from .networks import DISCRIMINATORS, FEATURES, discriminator, generator, smooth

EXPLAINERS: dict[str, Explainer] = {
    "fused": Saliency(),
    "exact": Saliency(exact=True),
    "DeepShap": DeepShap(torch.randn(20, FEATURES)),
}


def leaf_gradients(module: nn.Module) -> list[bytes]:
    return [bits(parameter.grad) for parameter in module.parameters()]


@pytest.mark.parametrize("weight", [1.0, 100.0])
def test_another_loss_on_the_sample_is_left_alone(weight: float) -> None:
    """With a mask of zeros only the pixel loss is left, to the bit, before and after D's own."""
    target = real(6)
    found = []
    for guided in (False, True):
        seed_everything(0)
        maker, judge = generator(), discriminator()
        guide = XAIGuidedGenerator(maker, judge, mask=torch.zeros_like) if guided else None
        samples = maker(noise())
        samples.register_hook(lambda gradient: found.append(gradient))
        adversarial = judge(samples).sum() if guided else 0.0
        (weight * F.l1_loss(samples, target) + adversarial).backward()
    assert guide is not None
    assert guide.explanations == 1
    assert torch.equal(*found)


def test_the_sum_of_both_losses() -> None:
    maker, judge, target = generator(), smooth(), real(6)
    guided = XAIGuidedGenerator(maker, judge, explainer=Saliency(exact=True))
    samples = guided(noise())
    samples.retain_grad()
    (judge(samples).sum() + F.mse_loss(samples, target)).backward()
    last = last_of(guided)
    pixels = torch.autograd.grad(F.mse_loss(points := samples.detach().requires_grad_(), target), points)[0]
    torch.testing.assert_close(samples.grad, last.gradient * last.mask + pixels)
    assert torch.equal(last.guided, last.gradient * last.mask)


def penalty_gradients(guide: bool, penalise: Callable[..., Tensor], explainer: Explainer) -> tuple[list[bytes], Any]:
    seed_everything(0)
    maker, judge = generator(), smooth()
    guided = XAIGuidedGenerator(maker, judge, explainer=explainer) if guide else None
    penalise(judge, maker(noise()), real(6)).backward()
    return leaf_gradients(judge), guided


def norm_of_gradient(judge: nn.Module, points: Tensor) -> Tensor:
    (gradient,) = torch.autograd.grad(judge(points).sum(), points, create_graph=True)
    return gradient.square().sum(1).mean()


def divergence(judge: nn.Module, fake: Tensor, images: Tensor) -> Tensor:
    """Wasserstein divergence: the penalty sits on the fake itself, undetached."""
    return judge(images).mean() - judge(fake).mean() + 2 * norm_of_gradient(judge, fake)


def interpolated(judge: nn.Module, fake: Tensor, images: Tensor) -> Tensor:
    """WGAN-GP: between real and generated samples, as a leaf."""
    share = torch.linspace(0, 1, len(fake))[:, None]
    points = (share * images + (1 - share) * fake).detach().requires_grad_()
    return judge(fake.detach()).mean() + 10 * norm_of_gradient(judge, points)


def undetached_interpolation(judge: nn.Module, fake: Tensor, images: Tensor) -> Tensor:
    share = torch.linspace(0, 1, len(fake))[:, None]
    return judge(fake).mean() + 10 * norm_of_gradient(judge, share * images + (1 - share) * fake)


def r1_through_augmentation(judge: nn.Module, fake: Tensor, images: Tensor) -> Tensor:
    """Real, not a leaf, and requiring grad: an augmentation lies before D."""
    images = images.requires_grad_()
    augmented = images.roll(1, 1) * 1.1
    (gradient,) = torch.autograd.grad(judge(augmented).sum(), images, create_graph=True)
    return judge(fake.detach()).mean() + gradient.square().sum(1).mean()


PENALTIES = [divergence, interpolated, undetached_interpolation, r1_through_augmentation]


@pytest.mark.parametrize("explainer", EXPLAINERS.values(), ids=EXPLAINERS)
@pytest.mark.parametrize("penalise", PENALTIES)
def test_penalties_train_the_discriminator_as_ever(penalise: Callable[..., Tensor], explainer: Explainer) -> None:
    bare, _ = penalty_gradients(False, penalise, explainer)
    ours, guided = penalty_gradients(True, penalise, explainer)
    assert ours == bare
    assert guided is not None


@pytest.mark.parametrize("penalise", [interpolated, r1_through_augmentation])
def test_what_the_generator_did_not_make_is_left_alone(penalise: Callable[..., Tensor]) -> None:
    _, guided = penalty_gradients(True, penalise, Saliency())
    assert (guided.explanations, guided.skipped) == (0, {})


def test_the_caller_s_sample_is_left_alone() -> None:
    judge = DISCRIMINATORS["in-place first layer"]()
    guided = XAIGuidedGenerator(generator(), judge, explainer=Saliency(exact=True))
    samples = guided(noise())
    before = samples.clone()
    judge(samples).sum().backward()
    assert torch.equal(samples, before)
    assert torch.equal(last_of(guided).samples, before)


@pytest.mark.parametrize(
    "route",
    [lambda maker, z: maker(z), lambda maker, z: maker[2](maker[:2](z)), lambda maker, z: maker(z).flip(1) * 2],
    ids=["called", "called in parts", "augmented"],
)
def test_however_the_generator_is_called(route: Callable[..., Tensor]) -> None:
    maker, judge = generator(), discriminator()
    guided = XAIGuidedGenerator(maker, judge)
    judge(route(maker, noise())).sum().backward()
    assert guided.explanations == 1


def test_two_discriminators() -> None:
    maker, judges = generator(), [smooth(), discriminator()]
    guided = XAIGuidedGenerator(maker, judges, explainer=Saliency(exact=True))
    samples = guided(noise())
    gradients = []
    for judge in judges:
        judge(samples).sum().backward(retain_graph=True)
        points = samples.detach().requires_grad_()
        gradients += torch.autograd.grad(judge(points).sum(), points)
        torch.testing.assert_close(last_of(guided).attribution, gradients[-1])
    assert guided.explanations == 2


def test_two_generators_on_one_discriminator() -> None:
    makers, judge = [generator(), generator()], discriminator()
    ours = [
        XAIGuidedGenerator(maker, judge, mask=mask)
        for maker, mask in zip(makers, (torch.zeros_like, torch.ones_like), strict=True)
    ]
    sum(judge(guided(noise())).sum() for guided in ours).backward()
    assert [guided.explanations for guided in ours] == [1, 1]
    for maker, masked in zip(makers, (True, False), strict=True):
        assert any(parameter.grad.any() for parameter in maker.parameters()) is not masked


def test_a_generator_that_is_not_guided_shares_the_discriminator() -> None:
    judge, stranger = discriminator(), generator()
    guided = XAIGuidedGenerator(generator(), judge)
    judge(stranger(noise())).sum().backward()
    assert guided.explanations == 0


def test_frozen_discriminator() -> None:
    judge = discriminator().requires_grad_(False)
    guided = XAIGuidedGenerator(generator(), judge, explainer=Saliency(exact=True))
    judge(guided(noise())).sum().backward()
    assert guided.explanations == 1
    assert all(parameter.grad is None for parameter in judge.parameters())
