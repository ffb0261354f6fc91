"""The networks and the training of the LogicGAN authors' released code (XAIGAN), from a reading of it.

It differs from the paper's pair by images of 32 x 32 pixels, a hidden layer of 1,296, Adam's moments (.5, .99), labels
.9 and .1 in all losses, noise drawn anew for the generator's step, and the generator's gradient cut to norm 10.
"""

from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from xaigrad.integrations.mlp import LATENT

SIDE = 32

_PIXELS = SIDE * SIDE


class Generator(nn.Module):
    """Noise to an image.

    Shapes: ``(N, 100) -> (N, 1, 32, 32)``, values in [-1, 1].
    """

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(*_hidden(LATENT, 256, 512, 1296), nn.Linear(1296, _PIXELS), nn.Tanh())

    def forward(self, noise: Tensor) -> Tensor:
        """Return one image per row of noise."""
        images: Tensor = self.layers(noise)
        return images.view(-1, 1, SIDE, SIDE)


class Discriminator(nn.Module):
    """An image to the probability that it is real.

    Shapes: ``(N, 1, 32, 32) -> (N, 1)``, values in [0, 1].
    """

    def __init__(self) -> None:
        super().__init__()
        hidden = _hidden(_PIXELS, 1296, 512, 256, dropout=0.3)
        self.layers = nn.Sequential(nn.Flatten(), *hidden, nn.Linear(256, 1), nn.Sigmoid())

    def forward(self, images: Tensor) -> Tensor:
        """Return one score per image."""
        scores: Tensor = self.layers(images)
        return scores


@dataclass
class Training:
    """The released code's training step.

    Args:
        generator: ``(N, 100) -> samples``.
        discriminator: ``samples -> probabilities (N, 1)``.
        lr: Adam's learning rate for both networks.
        beta1: Adam's first moment.
        beta2: Its second.
        smoothing: Labels are 1 minus this for real images, and for generated ones in the generator's loss, and this for
            generated ones in the discriminator's.
        clip: The greatest norm of the generator's gradient.

    Example:
        >>> training = Training(*make_pair())
        >>> d_loss, g_loss = training.step(torch.rand(8, 1, 32, 32) * 2 - 1)
    """

    generator: nn.Module
    discriminator: nn.Module
    lr: float = 2e-4
    beta1: float = 0.5
    beta2: float = 0.99
    smoothing: float = 0.1
    clip: float = 10.0

    def __post_init__(self) -> None:
        betas = (self.beta1, self.beta2)
        self.d_optimizer = torch.optim.Adam(self.discriminator.parameters(), self.lr, betas)
        self.g_optimizer = torch.optim.Adam(self.generator.parameters(), self.lr, betas)

    def step(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Train D, then G, on one batch of real images; return half of D's loss, as it logs it, and G's."""
        with torch.no_grad():
            fake = self._samples(images)
        d_loss = self._loss(self.discriminator(images), real=True) + self._loss(self.discriminator(fake), real=False)
        self.d_optimizer.zero_grad()
        d_loss.backward()  # type: ignore[no-untyped-call]
        self.d_optimizer.step()

        g_loss = self._loss(self.discriminator(self._samples(images)), real=True)
        self.g_optimizer.zero_grad()
        g_loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.generator.parameters(), self.clip)
        self.g_optimizer.step()
        return d_loss.detach() / 2, g_loss.detach()

    def _samples(self, images: Tensor) -> Tensor:
        samples: Tensor = self.generator(torch.randn(len(images), LATENT, device=images.device))
        return samples

    def _loss(self, scores: Tensor, *, real: bool) -> Tensor:
        return F.binary_cross_entropy(scores, torch.full_like(scores, 1 - self.smoothing if real else self.smoothing))


def make_pair() -> tuple[Generator, Discriminator]:
    """Return a fresh generator and discriminator."""
    return Generator(), Discriminator()


def _hidden(*widths: int, dropout: float = 0.0) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for before, after in pairwise(widths):
        layers += [nn.Linear(before, after), nn.LeakyReLU(0.2)] + ([nn.Dropout(dropout)] if dropout else [])
    return layers
