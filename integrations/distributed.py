"""DistributedDataParallel, guided in one line: ``torchrun --nproc-per-node 2 -m xaigrad.integrations.distributed``.

The guidance goes on first, around the bare networks; around the distributed ones it guides just as well, and
``generator.module.state_dict()`` has the generator's own names in either order. Every process explains its own samples
with its own copy of D: nothing is sent for it, and masks are those of a single process.
"""

import logging
import os

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.functional import softplus
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, Dataset, DistributedSampler, TensorDataset

from xaigrad import Guidance, XAIGuidedGenerator
from xaigrad.explainers import DeepShap
from xaigrad.integrations import dcgan


def train(
    generator: nn.Module,
    discriminator: nn.Module,
    images: Dataset[tuple[Tensor, ...]],
    guidance: Guidance | None = None,
    epochs: int = 1,
    batch: int = 64,
) -> XAIGuidedGenerator:
    """Train both networks with Adam and the non-saturating loss in every process, and return the generator, guided.

    Args:
        generator: ``(N, 100) -> images``, on the device of this process.
        discriminator: ``images -> logits (N, 1)``, on the same.
        images: An image each, and perhaps its label; the same in every process.
        guidance: The recipe; default: that of :class:`~xaigrad.XAIGuidedGenerator`.
        epochs: Passes over the images.
        batch: Images of each process in one step.
    """
    device = next(generator.parameters()).device
    guided = XAIGuidedGenerator(generator, discriminator, guidance)
    generator, discriminator = DistributedDataParallel(guided), DistributedDataParallel(discriminator)
    g_optimizer = torch.optim.Adam(generator.parameters(), 2e-4, (0.5, 0.999))
    d_optimizer = torch.optim.Adam(discriminator.parameters(), 2e-4, (0.5, 0.999))
    sampler: DistributedSampler[tuple[Tensor, ...]] = DistributedSampler(images)
    for epoch in range(epochs):
        sampler.set_epoch(epoch)
        for real, *_ in DataLoader(images, batch, sampler=sampler):
            fake = generator(torch.randn(len(real), dcgan.LATENT, device=device))
            # In one call: on a GPU, a second one would write to the buffers in the graph of the first.
            of_real, of_fake = discriminator(torch.cat([real.to(device), fake.detach()])).chunk(2)
            d_loss = softplus(-of_real).mean() + softplus(of_fake).mean()
            d_optimizer.zero_grad()
            d_loss.backward()  # type: ignore[no-untyped-call]
            d_optimizer.step()

            g_loss = softplus(-discriminator(fake)).mean()
            g_optimizer.zero_grad()
            g_loss.backward()  # type: ignore[no-untyped-call]
            g_optimizer.step()
    return guided


def squares(count: int, side: int = 10) -> Tensor:
    """Return images with one bright square each, ``(count, 1, 28, 28)`` in [-1, 1].

    Example:
        >>> images = squares(3)
        >>> images.shape, (images == 1).sum((1, 2, 3))
        (torch.Size([3, 1, 28, 28]), tensor([100, 100, 100]))
    """
    corners = torch.randint(0, 28 - side, (2, count, 1), generator=torch.Generator().manual_seed(0))
    inside = (torch.arange(28) >= corners) & (torch.arange(28) < corners + side)
    return (inside[0, :, :, None] & inside[1, :, None, :])[:, None] * 2.0 - 1


def main() -> None:
    """Train DCGAN on squares, in the processes that torchrun started."""
    cuda = torch.cuda.is_available()
    dist.init_process_group("nccl" if cuda else "gloo")
    device = torch.device("cuda", int(os.environ["LOCAL_RANK"])) if cuda else torch.device("cpu")
    # Each process draws noise of its own. The networks start as the first one's: DistributedDataParallel sends them.
    torch.manual_seed(dist.get_rank())
    generator = dcgan.Generator(width=8).to(device)
    discriminator = dcgan.Discriminator(width=8, head=nn.Identity).to(device)
    guided = train(generator, discriminator, TensorDataset(squares(256)), Guidance(DeepShap()), epochs=2)
    if dist.get_rank() == 0:
        logging.basicConfig(level=logging.INFO, format="%(message)s")
        logging.info("%d updates, %d explanations in the first process", guided.updates, guided.explanations)
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
