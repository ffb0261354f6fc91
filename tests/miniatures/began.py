# ruff: noqa: N816
"""A BEGAN: the discriminator is an autoencoder, its score the reconstruction error, low for what is real."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)

latent_dim, n_epochs = 8, 2
dataloader = DataLoader(TensorDataset(torch.rand(16, 1, 8, 8) * 2 - 1), batch_size=8, shuffle=True)


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.l1 = nn.Sequential(nn.Linear(latent_dim, 8 * 4 * 4))
        self.conv_blocks = nn.Sequential(
            nn.BatchNorm2d(8),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(8, 8, 3, stride=1, padding=1),
            nn.BatchNorm2d(8, 0.8),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(8, 1, 3, stride=1, padding=1),
            nn.Tanh(),
        )

    def forward(self, noise):
        out = self.l1(noise)
        return self.conv_blocks(out.view(out.shape[0], 8, 4, 4))


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(1, 8, 3, 2, 1), nn.ReLU())
        self.fc = nn.Sequential(
            nn.Linear(8 * 4 * 4, 16),
            nn.BatchNorm1d(16, 0.8),
            nn.ReLU(inplace=True),
            nn.Linear(16, 8 * 4 * 4),
            nn.ReLU(inplace=True),
        )
        self.up = nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(8, 1, 3, 1, 1))

    def forward(self, img):
        out = self.down(img)
        out = self.fc(out.view(out.size(0), -1))
        return self.up(out.view(out.size(0), 8, 4, 4))


netG = Generator()
netD = Discriminator()

optimizer_g = torch.optim.Adam(netG.parameters(), lr=0.0002, betas=(0.5, 0.999))
optimizer_d = torch.optim.Adam(netD.parameters(), lr=0.0002, betas=(0.5, 0.999))

gamma, lambda_k, k = 0.75, 0.001, 0.0
g_losses, d_losses = [], []
for _ in range(n_epochs):
    for (real_imgs,) in dataloader:
        optimizer_g.zero_grad()
        gen_imgs = netG(torch.randn(len(real_imgs), latent_dim))
        g_loss = torch.mean(torch.abs(netD(gen_imgs) - gen_imgs))
        g_loss.backward()
        optimizer_g.step()

        optimizer_d.zero_grad()
        d_real, d_fake = netD(real_imgs), netD(gen_imgs.detach())
        d_loss_real = torch.mean(torch.abs(d_real - real_imgs))
        d_loss_fake = torch.mean(torch.abs(d_fake - gen_imgs.detach()))
        d_loss = d_loss_real - k * d_loss_fake
        d_loss.backward()
        optimizer_d.step()

        diff = torch.mean(gamma * d_loss_real - d_loss_fake)
        k = min(max(k + lambda_k * diff.item(), 0), 1)
        g_losses.append(g_loss.item())
        d_losses.append(d_loss.item())

checkpoint = {
    "netG": netG.state_dict(),
    "netD": netD.state_dict(),
    "optimizer_g": optimizer_g.state_dict(),
    "optimizer_d": optimizer_d.state_dict(),
}
