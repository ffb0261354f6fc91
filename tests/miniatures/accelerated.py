"""A training function for Accelerate: everything is prepared, and the accelerator does the backward pass."""

import torch
from accelerate import Accelerator
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

g_losses, d_losses, checkpoint = [], [], {}


def training_function(num_epochs=2, latent_dim=4):
    accelerator = Accelerator(cpu=True, gradient_accumulation_steps=1)
    torch.manual_seed(0)

    generator = nn.Sequential(nn.Linear(latent_dim, 16), nn.BatchNorm1d(16), nn.ReLU(True), nn.Linear(16, 8), nn.Tanh())
    discriminator = nn.Sequential(nn.Linear(8, 16), nn.LeakyReLU(0.2, True), nn.Dropout(0.2), nn.Linear(16, 1))
    criterion = nn.BCEWithLogitsLoss()
    optimizer_g = torch.optim.Adam(generator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    optimizer_d = torch.optim.Adam(discriminator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    dataloader = DataLoader(TensorDataset(torch.rand(16, 8) * 2 - 1), batch_size=8, shuffle=True)

    generator, discriminator, optimizer_g, optimizer_d, dataloader = accelerator.prepare(
        generator, discriminator, optimizer_g, optimizer_d, dataloader
    )

    for _ in range(num_epochs):
        generator.train()
        discriminator.train()
        for (real,) in dataloader:
            ones = torch.ones(len(real), 1, device=accelerator.device)
            fake = generator(torch.randn(len(real), latent_dim, device=accelerator.device))

            optimizer_d.zero_grad()
            d_loss = criterion(discriminator(real), ones) + criterion(discriminator(fake.detach()), 0 * ones)
            accelerator.backward(d_loss)
            optimizer_d.step()

            optimizer_g.zero_grad()
            g_loss = criterion(discriminator(fake), ones)
            accelerator.backward(g_loss)
            optimizer_g.step()

            g_losses.append(g_loss.item())
            d_losses.append(d_loss.item())

    accelerator.wait_for_everyone()
    checkpoint["generator"] = accelerator.unwrap_model(generator).state_dict()
    checkpoint["discriminator"] = accelerator.unwrap_model(discriminator).state_dict()


if __name__ == "__main__":
    training_function()
