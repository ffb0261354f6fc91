"""Hugging Face Accelerate: a whole training function of a standard GAN, guided by one line before ``prepare``.

The guidance goes on first, around the bare networks. Then whoever reaches into what ``prepare`` returned, such as
``unwrap_model`` for a checkpoint, still finds the generator's own names, and D is explained just as it was asked, in
its mixed precision. The other order guides just as well, but ``unwrap_model`` does not look into the guidance.
"""

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.nn.functional import softplus
from torch.optim import Optimizer
from torch.utils.data import DataLoader, Dataset

from xaigrad import Guidance, XAIGuidedGenerator
from xaigrad.integrations.dcgan import LATENT


def train(
    accelerator: Accelerator,
    generator: nn.Module,
    discriminator: nn.Module,
    images: Dataset[tuple[Tensor, ...]],
    guidance: Guidance | None = None,
    epochs: int = 1,
    batch: int = 64,
) -> XAIGuidedGenerator:
    """Train both networks with Adam and the non-saturating loss, and return the generator, guided.

    Args:
        accelerator: With whatever mixed precision, accumulation and number of processes.
        generator: ``(N, 100) -> images``.
        discriminator: ``images -> logits (N, 1)``.
        images: An image each, and perhaps its label.
        guidance: The recipe; default: that of :class:`~xaigrad.XAIGuidedGenerator`.
        epochs: Passes over the images.
        batch: Images of each process in one step.

    Example:
        >>> from torch.utils.data import TensorDataset
        >>> from xaigrad.explainers import DeepShap
        >>> from xaigrad.integrations import dcgan
        >>> generator, discriminator = dcgan.Generator(width=4), dcgan.Discriminator(width=4, head=nn.Identity)
        >>> images = TensorDataset(torch.rand(12, 1, 28, 28) * 2 - 1)
        >>> accelerator = Accelerator(cpu=True)
        >>> guided = train(accelerator, generator, discriminator, images, Guidance(DeepShap()), batch=4)
        >>> guided.updates, guided.detach() is generator
        (3, True)
    """
    loader: DataLoader[tuple[Tensor, ...]] = DataLoader(images, batch, shuffle=True)
    g_optimizer = torch.optim.Adam(generator.parameters(), 2e-4, (0.5, 0.999))
    d_optimizer = torch.optim.Adam(discriminator.parameters(), 2e-4, (0.5, 0.999))
    guided = XAIGuidedGenerator(generator, discriminator, guidance)
    accelerator.register_for_checkpointing(guided.interception)  # For `save_state` and `load_state`.
    generator, discriminator, g_optimizer, d_optimizer, loader = accelerator.prepare(
        guided, discriminator, g_optimizer, d_optimizer, loader
    )
    for _ in range(epochs):
        for real, *_ in loader:
            step(accelerator, generator, discriminator, g_optimizer, d_optimizer, real)
    return guided


def step(
    accelerator: Accelerator,
    generator: nn.Module,
    discriminator: nn.Module,
    g_optimizer: Optimizer,
    d_optimizer: Optimizer,
    real: Tensor,
) -> None:
    """Train both networks on one batch of real images; nothing in it knows of the guidance."""
    with accelerator.accumulate(generator, discriminator):
        fake = generator(torch.randn(len(real), LATENT, device=real.device))
        # In one call: on several GPUs, a second one would write to the buffers in the graph of the first.
        of_real, of_fake = discriminator(torch.cat([real, fake.detach()])).chunk(2)
        accelerator.backward(softplus(-of_real).mean() + softplus(of_fake).mean())
        d_optimizer.step()
        d_optimizer.zero_grad()

        discriminator.requires_grad_(False)  # Accelerate zeroes no gradients while it accumulates.
        accelerator.backward(softplus(-discriminator(fake)).mean())
        discriminator.requires_grad_(True)
        g_optimizer.step()
        g_optimizer.zero_grad()
