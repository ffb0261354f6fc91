"""DCGAN (Radford et al. 2015, arXiv 1511.06434): a pair of convolutional networks and the standard GAN's training step.

Strided convolutions instead of pooling, BatchNorm in both networks but at G's output and D's input, ReLU in G and
leaky ReLU in D, weights drawn from N(0, 0.02), Adam with 2e-4 and a first moment of 0.5 (section 4). The score is a
sigmoid's, so both losses of the original GAN paper fit.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from xaigrad.integrations.losses import discriminator_loss, non_saturating

LATENT = 100


class Generator(nn.Module):
    """Normal values to an image, whose side doubles from layer to layer.

    Shapes: ``(N, latent) -> (N, channels, size, size)``, values in [-1, 1].

    Args:
        width: Channels of the layer before the image; each layer before has twice as many. 64 is the paper's.
        size: The image's side, 4 or 7 times a power of two: 28, 32, 64 ...
        channels: Of the image.
        latent: The normal values of each image.

    Raises:
        ValueError: If there is no way to double to that size.

    Example:
        >>> Generator()(torch.randn(4, LATENT)).shape
        torch.Size([4, 1, 28, 28])
    """

    def __init__(self, width: int = 64, size: int = 28, channels: int = 1, latent: int = LATENT) -> None:
        super().__init__()
        start, doublings = starting_at(size)
        widths = [width * 2**k for k in reversed(range(doublings))]
        layers: list[nn.Module] = [nn.ConvTranspose2d(latent, widths[0], start, bias=False)]
        for coarse, fine in pairwise([*widths, channels]):
            layers += [
                nn.BatchNorm2d(coarse),
                nn.ReLU(inplace=True),
                nn.ConvTranspose2d(coarse, fine, 4, stride=2, padding=1, bias=False),
            ]
        self.layers = nn.Sequential(*layers, nn.Tanh())
        self.apply(initialize)

    def forward(self, noise: Tensor) -> Tensor:
        """Return one image per row of noise."""
        images: Tensor = self.layers(noise[:, :, None, None])
        return images


class Discriminator(nn.Module):
    """An image to the probability that it is real: the generator's mirror image.

    Shapes: ``(N, channels, size, size) -> (N, 1)``, values in [0, 1] unless the head is another.

    Args:
        width: Channels of the first layer; each later layer has twice as many. 64 is the paper's.
        size: The image's side, 4 or 7 times a power of two.
        channels: Of the image.
        norm: ``channels -> module``, between the convolutions but after the first.
        head: Makes the last module; ``nn.Identity`` for a critic, whose scores have no bounds.

    Raises:
        ValueError: If there is no way to halve from that size.

    Example:
        >>> Discriminator()(torch.zeros(4, 1, 28, 28)).shape
        torch.Size([4, 1])
    """

    def __init__(
        self,
        width: int = 32,
        size: int = 28,
        channels: int = 1,
        norm: Callable[[int], nn.Module] = nn.BatchNorm2d,
        head: Callable[[], nn.Module] = nn.Sigmoid,
    ) -> None:
        super().__init__()
        end, halvings = starting_at(size)
        widths = [width * 2**k for k in range(halvings)]
        layers = [nn.Conv2d(channels, width, 4, stride=2, padding=1, bias=False), nn.LeakyReLU(0.2, inplace=True)]
        for fine, coarse in pairwise(widths):
            layers += [
                nn.Conv2d(fine, coarse, 4, stride=2, padding=1, bias=False),
                norm(coarse),
                nn.LeakyReLU(0.2, inplace=True),
            ]
        self.layers = nn.Sequential(*layers, nn.Conv2d(widths[-1], 1, end, bias=False), nn.Flatten(), head())
        self.apply(initialize)

    def forward(self, images: Tensor) -> Tensor:
        """Return one score per image."""
        scores: Tensor = self.layers(images)
        return scores


@dataclass
class Training:
    """The standard GAN's training, alternating and with one discriminator step (Goodfellow et al. 2014, algorithm 1).

    Args:
        generator: ``(N, 100) -> samples``; guided or not, the step is the same.
        discriminator: ``samples -> probabilities (N, 1)``.
        lr: Adam's learning rate for both networks.
        beta1: Adam's first moment.
        loss: The generator's, of D's scores of its samples.

    Example:
        >>> training = Training(*make_pair())
        >>> d_loss, g_loss = training.step(torch.rand(8, 1, 28, 28) * 2 - 1)

        Guided, it is the same but for the line around the generator:

        >>> from xaigrad import XAIGuidedGenerator
        >>> generator, discriminator = make_pair()
        >>> training = Training(XAIGuidedGenerator(generator, discriminator), discriminator)
        >>> d_loss, g_loss = training.step(torch.rand(8, 1, 28, 28) * 2 - 1)
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

    def step(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Train D, then G, on one batch of real images; return both losses."""
        fake = self.generator(torch.randn(len(images), LATENT, device=images.device))
        d_loss = discriminator_loss(self.discriminator(images), self.discriminator(fake.detach()))
        self.d_optimizer.zero_grad()
        d_loss.backward()  # type: ignore[no-untyped-call]
        self.d_optimizer.step()

        g_loss = self.loss(self.discriminator(fake))
        self.g_optimizer.zero_grad()
        g_loss.backward()  # type: ignore[no-untyped-call]
        self.g_optimizer.step()
        return d_loss.detach(), g_loss.detach()


def initialize(module: nn.Module) -> None:
    """Draw a layer's weights as the paper does: N(0, 0.02), and N(1, 0.02) for BatchNorm's scale."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)


def starting_at(size: int) -> tuple[int, int]:
    """Return the side of the smallest map, 4 or 7, and how often it doubles to a size.

    Example:
        >>> starting_at(28), starting_at(64)
        ((7, 2), (4, 4))
    """
    for start in (4, 7):
        times, rest = divmod(size, start)
        if rest == 0 and times > 1 and times.bit_count() == 1:
            return start, times.bit_length() - 1
    raise ValueError(
        f"Parameter `size` should be 4 or 7 times a power of two, like 28, 32 or 64. Found {size}. Resize the images."
    )


def make_pair(size: int = 28, channels: int = 1) -> tuple[Generator, Discriminator]:
    """Return a fresh generator and discriminator: at 64 the paper's, at 28 with half as many channels in D."""
    return Generator(64, size, channels), Discriminator(32 if size == 28 else 64, size, channels)
