"""WGAN-GP (Gulrajani et al. 2017, arXiv 1704.00028): a critic held to slopes of 1 by a penalty instead of clipping.

The penalty speaks of the slope at each single point, so the critic must score each sample by itself: no BatchNorm,
under which a score depends on the whole batch, but layer normalisation, which the paper recommends in its place
(section 4).
"""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from xaigrad.integrations import wgan
from xaigrad.integrations.dcgan import LATENT, Discriminator, Generator

Critic = partial(wgan.Critic, norm=partial(nn.GroupNorm, 1))
"""WGAN's critic with layer normalisation: one group of all channels."""


@dataclass
class Training:
    """Algorithm 1: the critic learns at every step, the generator at every ``n_critic``-th.

    Args:
        generator: ``(N, 100) -> samples``; guided or not, the step is the same.
        discriminator: The critic, ``samples -> scores (N, 1)``, each by itself.
        lr: Adam's learning rate for both networks.
        beta1: Adam's first moment.
        penalty: The factor of the gradient penalty, the paper's lambda.
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
    lr: float = 1e-4
    beta1: float = 0.0
    penalty: float = 10.0
    n_critic: int = 5

    def __post_init__(self) -> None:
        betas = (self.beta1, 0.9)
        self.d_optimizer = torch.optim.Adam(self.discriminator.parameters(), self.lr, betas)
        self.g_optimizer = torch.optim.Adam(self.generator.parameters(), self.lr, betas)
        self.steps = 0

    def step(self, images: Tensor) -> tuple[Tensor, Tensor | None]:
        """Train the critic on one batch of real images, and the generator if it is its turn; return both losses."""
        with torch.no_grad():
            fake = self.generator(torch.randn(len(images), LATENT, device=images.device))
        d_loss = self.discriminator(fake).mean() - self.discriminator(images).mean()
        d_loss = d_loss + self.penalty * gradient_penalty(self.discriminator, images, fake)
        self.d_optimizer.zero_grad()
        d_loss.backward()
        self.d_optimizer.step()

        self.steps += 1
        if self.steps % self.n_critic:
            return d_loss.detach(), None
        fake = self.generator(torch.randn(len(images), LATENT, device=images.device))
        g_loss = -self.discriminator(fake).mean()
        self.g_optimizer.zero_grad()
        g_loss.backward()
        self.g_optimizer.step()
        return d_loss.detach(), g_loss.detach()


def gradient_penalty(critic: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
    r"""Return the mean of :math:`(\lVert \nabla D(\hat x) \rVert_2 - 1)^2` (equation 3).

    Each :math:`\hat x` lies at a random point between a real sample and a generated one.

    Args:
        critic: ``samples -> scores``, each by itself.
        real: Shape ``(N, ...)``.
        fake: The same shape.

    Example:
        >>> critic = nn.Linear(4, 1)
        >>> _ = nn.init.constant_(critic.weight, 1.0)  # A slope of 2 everywhere.
        >>> gradient_penalty(critic, torch.zeros(8, 4), torch.ones(8, 4)).item()
        1.0
    """
    share = torch.rand(len(real), *[1] * (real.dim() - 1), dtype=real.dtype, device=real.device)
    between = (share * real + (1 - share) * fake).requires_grad_()
    (slopes,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    penalty: Tensor = (slopes.flatten(1).norm(dim=1) - 1).square().mean()
    return penalty


def make_pair(size: int = 28, channels: int = 1) -> tuple[Generator, Discriminator]:
    """Return a fresh generator and critic."""
    return Generator(64, size, channels), Critic(32 if size == 28 else 64, size, channels)
