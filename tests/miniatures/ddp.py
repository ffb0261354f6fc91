"""A script for torchrun: both networks in DistributedDataParallel, each process with its part of the data."""

import os

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.functional import softplus
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset

g_losses, d_losses, checkpoint = [], [], {}


def main(num_epochs=2, latent_dim=4):
    if "RANK" in os.environ:
        dist.init_process_group("gloo")
    else:
        dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    torch.manual_seed(0)

    generator = nn.Sequential(nn.Linear(latent_dim, 16), nn.BatchNorm1d(16), nn.ReLU(True), nn.Linear(16, 8), nn.Tanh())
    discriminator = nn.Sequential(nn.Linear(8, 16), nn.LeakyReLU(0.2, True), nn.Dropout(0.2), nn.Linear(16, 1))
    generator = DistributedDataParallel(generator)
    discriminator = DistributedDataParallel(discriminator)
    g_optimizer = torch.optim.Adam(generator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    d_optimizer = torch.optim.Adam(discriminator.parameters(), lr=2e-4, betas=(0.5, 0.999))

    dataset = TensorDataset(torch.rand(16, 8) * 2 - 1)
    sampler = DistributedSampler(dataset)
    loader = DataLoader(dataset, batch_size=8, sampler=sampler)

    for epoch in range(num_epochs):
        sampler.set_epoch(epoch)
        for (real,) in loader:
            fake = generator(torch.randn(len(real), latent_dim))

            d_optimizer.zero_grad()
            logits = discriminator(torch.cat([real, fake.detach()]))
            d_loss = softplus(-logits[: len(real)]).mean() + softplus(logits[len(real) :]).mean()
            d_loss.backward()
            d_optimizer.step()

            g_optimizer.zero_grad()
            g_loss = softplus(-discriminator(fake)).mean()
            g_loss.backward()
            g_optimizer.step()

            g_losses.append(g_loss.item())
            d_losses.append(d_loss.item())

    if dist.get_rank() == 0:
        checkpoint["generator"] = generator.module.state_dict()
        checkpoint["discriminator"] = discriminator.module.state_dict()
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
