"""Wasserstein GAN (Arjovsky et al. 2017, arXiv 1701.07875): a critic without a sigmoid, whose weights are clipped.

The critic's mean score of real images over that of generated ones estimates the Wasserstein distance between them, up
to a factor that the clipping sets (equation 3). The networks are DCGAN's, BatchNorm included, as in the paper's
experiments.
"""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from xaigrad.integrations import dcgan
from xaigrad.integrations.dcgan import LATENT, Generator

Critic = partial(dcgan.Discriminator, head=nn.Identity)
"""DCGAN's discriminator with scores that have no bounds."""


@dataclass
class Training:
    """Algorithm 1: the critic learns at every step and is clipped, the generator at every ``n_critic``-th.

    Args:
        generator: ``(N, 100) -> samples``; guided or not, the step is the same.
        discriminator: The critic, ``samples -> scores (N, 1)``.
        lr: RMSprop's learning rate for both networks.
        clip: The bound of each of the critic's weights.
        n_critic: The critic's steps for one of the generator.

    Example:
        >>> from xaigrad import XAIGuidedGenerator
        >>> generator, critic = make_pair()
        >>> training = Training(XAIGuidedGenerator(generator, critic), critic, n_critic=2)
        >>> [g_loss is not None for d_loss, g_loss in map(training.step, torch.rand(4, 8, 1, 28, 28) * 2 - 1)]
        [False, True, False, True]
        >>> training.generator.explanations
        2
    """

    generator: nn.Module
    discriminator: nn.Module
    lr: float = 5e-5
    clip: float = 0.01
    n_critic: int = 5

    def __post_init__(self) -> None:
        self.d_optimizer = torch.optim.RMSprop(self.discriminator.parameters(), self.lr)
        self.g_optimizer = torch.optim.RMSprop(self.generator.parameters(), self.lr)
        self.steps = 0

    def step(self, images: Tensor) -> tuple[Tensor, Tensor | None]:
        """Train the critic on one batch of real images, and the generator if it is its turn; return both losses."""
        with torch.no_grad():
            fake = self.generator(torch.randn(len(images), LATENT, device=images.device))
        d_loss = self.discriminator(fake).mean() - self.discriminator(images).mean()
        self.d_optimizer.zero_grad()
        d_loss.backward()
        self.d_optimizer.step()
        with torch.no_grad():
            for parameter in self.discriminator.parameters():
                parameter.clamp_(-self.clip, self.clip)

        self.steps += 1
        if self.steps % self.n_critic:
            return d_loss.detach(), None
        fake = self.generator(torch.randn(len(images), LATENT, device=images.device))
        g_loss = -self.discriminator(fake).mean()
        self.g_optimizer.zero_grad()
        g_loss.backward()
        self.g_optimizer.step()
        return d_loss.detach(), g_loss.detach()


def make_pair(size: int = 28, channels: int = 1) -> tuple[Generator, dcgan.Discriminator]:
    """Return a fresh generator and critic."""
    return Generator(64, size, channels), Critic(32 if size == 28 else 64, size, channels)
