"""Every integration with networks so narrow that fifty steps take a moment."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from xaigrad import Guidance, XAIGuidedGenerator
from xaigrad.integrations import cgan, dcgan, mlp, wgan, wgan_gp

from ..loops import flat_bits, random_states, seed_everything


@dataclass(frozen=True)
class Integration:
    """An integration's training, on narrow networks.

    Attributes:
        training: Its step.
        make: Returns a fresh generator and discriminator.
        size: The side of the images.
        labelled: Whether the step takes labels.
        n_critic: The discriminator's steps for one of the generator.
    """

    training: Callable[..., Any]
    make: Callable[[], tuple[nn.Module, nn.Module]]
    size: int = 28
    labelled: bool = False
    n_critic: int = 1

    def batch(self, rows: int = 4) -> tuple[Tensor, ...]:
        images = torch.rand(rows, 1, self.size, self.size) * 2 - 1
        return (images, torch.randint(10, (rows,))) if self.labelled else (images,)

    def start(self, guidance: Guidance | None = None, **options: Any) -> Any:
        """Return a training from seed 0, guided if asked."""
        seed_everything(0)
        generator, discriminator = self.make()
        if guidance is not None:
            generator = XAIGuidedGenerator(generator, discriminator, guidance)
        return self.training(generator, discriminator, **options)

    def noise(self, rows: int = 4) -> tuple[Tensor, ...]:
        """Return what the generator is called with."""
        return torch.randn(rows, dcgan.LATENT), *self.batch(rows)[1:]


INTEGRATIONS = {
    "mlp": Integration(mlp.Training, lambda: (mlp.Generator(4), mlp.Discriminator(4))),
    "dcgan": Integration(dcgan.Training, lambda: (dcgan.Generator(4), dcgan.Discriminator(4))),
    "dcgan 64x64": Integration(dcgan.Training, lambda: (dcgan.Generator(1, 64), dcgan.Discriminator(1, 64)), size=64),
    "wgan": Integration(wgan.Training, lambda: (dcgan.Generator(4), wgan.Critic(4)), n_critic=5),
    "wgan_gp": Integration(wgan_gp.Training, lambda: (dcgan.Generator(4), wgan_gp.Critic(4)), n_critic=5),
    "cgan": Integration(cgan.Training, lambda: (cgan.Generator(4), cgan.Discriminator(4)), labelled=True),
}


def state(training: Any) -> dict[str, bytes]:
    """Return all that a continuation depends on."""
    parts = {name: getattr(training, name) for name in ("generator", "discriminator", "g_optimizer", "d_optimizer")}
    return flat_bits("", {name: part.state_dict() for name, part in parts.items()}) | random_states()
