"""The conditional GAN: both networks, and the step, heed the labels."""

import pytest
import torch
from torch import Tensor, nn

from xaigrad import Guidance, XAIGuidedGenerator
from xaigrad.explainers import Context, DeepShap, Saliency, Score
from xaigrad.integrations import cgan
from xaigrad.references import ClassReferences

from ..loops import assert_same_bits
from .narrow import INTEGRATIONS, state

CGAN = INTEGRATIONS["cgan"]


@pytest.mark.parametrize(("size", "channels", "classes"), [(28, 1, 10), (32, 3, 4)])
def test_shapes(size: int, channels: int, classes: int) -> None:
    generator = cgan.Generator(2, size, channels, classes)
    discriminator = cgan.Discriminator(2, size, channels, classes)
    labels = torch.arange(classes)
    images = generator(torch.randn(classes, cgan.LATENT), labels)
    assert images.shape == (classes, channels, size, size)
    assert discriminator(images, labels).shape == (classes, 1)


def test_labels_matter_to_both_networks() -> None:
    generator, discriminator = (network.eval() for network in CGAN.make())
    noise, labels = torch.randn(1, cgan.LATENT).repeat(10, 1), torch.arange(10)
    images = generator(noise, labels)
    assert len(images.unique(dim=0)) == 10
    assert len(discriminator(images[:1].expand(10, -1, -1, -1), labels).unique()) == 10


def test_a_label_is_a_one_hot_map() -> None:
    """Beside the image, all ones in the map of its class: a constant that each class has of its own."""
    discriminator = CGAN.make()[1]
    seen: list[Tensor] = []
    discriminator.scores.register_forward_pre_hook(lambda module, args: seen.append(args[0]))
    images = torch.randn(3, 1, 28, 28)
    discriminator(images, torch.tensor([0, 9, 4]))
    assert torch.equal(seen[0][:, :1], images)
    assert torch.equal(seen[0][:, 1:].mean((2, 3)), torch.eye(10)[[0, 9, 4]])


def plain_step(training: cgan.Training, images: Tensor, labels: Tensor) -> None:
    """The paper's equation 2 in the original GAN's loop."""
    generator, discriminator = training.generator, training.discriminator
    ones, zeros, bce = torch.ones(len(images), 1), torch.zeros(len(images), 1), nn.BCELoss()
    fake = generator(torch.randn(len(images), 100), labels)
    training.d_optimizer.zero_grad()
    (bce(discriminator(images, labels), ones) + bce(discriminator(fake.detach(), labels), zeros)).backward()
    training.d_optimizer.step()
    training.g_optimizer.zero_grad()
    bce(discriminator(fake, labels), ones).backward()
    training.g_optimizer.step()


def test_the_step_is_the_papers() -> None:
    states = []
    for step in (cgan.Training.step, plain_step):
        training = CGAN.start()
        for _ in range(3):
            step(training, *CGAN.batch())
        states.append(state(training))
    assert_same_bits(*states)


def test_an_explanation_is_that_of_the_asked_class() -> None:
    asked: list[Tensor] = []

    def explain(score: Score, samples: Tensor, context: Context) -> Tensor:
        asked.append(context.args[1])
        return Saliency(exact=True)(score, samples, context)

    images, labels = CGAN.batch()
    CGAN.start(Guidance(explain)).step(images, labels)
    assert torch.equal(asked[0], labels)


@pytest.mark.parametrize("samples", [1, 3])
def test_references_of_the_asked_class(samples: int) -> None:
    images, labels = torch.rand(40, 1, 28, 28) * 2 - 1, torch.arange(40) % 10
    generator, discriminator = CGAN.make()
    explainer = DeepShap(ClassReferences(images, labels), samples=samples)
    training = cgan.Training(XAIGuidedGenerator(generator, discriminator, explainer=explainer), discriminator)
    for _ in range(2):
        training.step(*CGAN.batch())
    assert training.generator.explanations == 2
