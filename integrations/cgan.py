"""Conditional GAN (Mirza and Osindero 2014, arXiv 1411.1784) with DCGAN's networks.

Both networks are told the class (equation 2): the generator as a one-hot row behind the noise, the discriminator as
one-hot maps behind the image's channels.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from xaigrad.integrations import dcgan
from xaigrad.integrations.dcgan import LATENT
from xaigrad.integrations.losses import discriminator_loss, non_saturating

CLASSES = 10


class Generator(nn.Module):
    """Normal values and a class to an image of that class.

    Shapes: ``(N, 100), (N,) -> (N, channels, size, size)``, values in [-1, 1]; labels are whole numbers.

    Args:
        width: Channels of the layer before the image.
        size: The image's side.
        channels: Of the image.
        classes: How many there are.

    Example:
        >>> Generator()(torch.randn(4, LATENT), torch.tensor([3, 1, 4, 1])).shape
        torch.Size([4, 1, 28, 28])
    """

    def __init__(self, width: int = 64, size: int = 28, channels: int = 1, classes: int = CLASSES) -> None:
        super().__init__()
        self.classes = classes
        self.images = dcgan.Generator(width, size, channels, LATENT + classes)

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        """Return one image per row of noise."""
        condition = F.one_hot(labels, self.classes).to(noise.dtype)
        images: Tensor = self.images(torch.cat([noise, condition], 1))
        return images


class Discriminator(nn.Module):
    """An image and a class to the probability that it is a real image of that class.

    Shapes: ``(N, channels, size, size), (N,) -> (N, 1)``, values in [0, 1]; labels are whole numbers.

    Args:
        width: Channels of the first layer.
        size: The image's side.
        channels: Of the image.
        classes: How many there are.

    Example:
        >>> Discriminator()(torch.zeros(4, 1, 28, 28), torch.tensor([3, 1, 4, 1])).shape
        torch.Size([4, 1])
    """

    def __init__(self, width: int = 32, size: int = 28, channels: int = 1, classes: int = CLASSES) -> None:
        super().__init__()
        self.classes = classes
        self.scores = dcgan.Discriminator(width, size, channels + classes)

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        """Return one score per image."""
        condition = F.one_hot(labels, self.classes).to(images.dtype)
        maps = condition[:, :, None, None].expand(-1, -1, *images.shape[2:])
        scores: Tensor = self.scores(torch.cat([images, maps], 1))
        return scores


@dataclass
class Training:
    """The standard GAN's training (Goodfellow et al. 2014, algorithm 1), real and generated images of the same classes.

    Args:
        generator: ``(N, 100), (N,) -> samples``; guided or not, the step is the same.
        discriminator: ``samples, (N,) -> probabilities (N, 1)``.
        lr: Adam's learning rate for both networks.
        beta1: Adam's first moment.
        loss: The generator's, of D's scores of its samples.

    Example:
        >>> from xaigrad import XAIGuidedGenerator
        >>> generator, discriminator = make_pair()
        >>> training = Training(XAIGuidedGenerator(generator, discriminator), discriminator)
        >>> d_loss, g_loss = training.step(torch.rand(8, 1, 28, 28) * 2 - 1, torch.arange(8))
        >>> training.generator.explanations
        1
    """

    generator: nn.Module
    discriminator: nn.Module
    lr: float = 2e-4
    beta1: float = 0.5
    loss: Callable[[Tensor], Tensor] = non_saturating

    def __post_init__(self) -> None:
        betas = (self.beta1, 0.999)
        self.d_optimizer = torch.optim.Adam(self.discriminator.parameters(), self.lr, betas)
        self.g_optimizer = torch.optim.Adam(self.generator.parameters(), self.lr, betas)

    def step(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Train D, then G, on one batch of real images and their classes; return both losses."""
        fake = self.generator(torch.randn(len(images), LATENT, device=images.device), labels)
        d_loss = discriminator_loss(self.discriminator(images, labels), self.discriminator(fake.detach(), labels))
        self.d_optimizer.zero_grad()
        d_loss.backward()  # type: ignore[no-untyped-call]
        self.d_optimizer.step()

        g_loss = self.loss(self.discriminator(fake, labels))
        self.g_optimizer.zero_grad()
        g_loss.backward()  # type: ignore[no-untyped-call]
        self.g_optimizer.step()
        return d_loss.detach(), g_loss.detach()


def make_pair(size: int = 28, channels: int = 1, classes: int = CLASSES) -> tuple[Generator, Discriminator]:
    """Return a fresh generator and discriminator."""
    return Generator(64, size, channels, classes), Discriminator(32 if size == 28 else 64, size, channels, classes)
