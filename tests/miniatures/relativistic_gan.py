"""A relativistic average GAN: each verdict is compared with the mean verdict of the other kind."""

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

    def forward(self, z):
        out = self.l1(z)
        return self.conv_blocks(out.view(out.shape[0], 8, 4, 4))


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.model = nn.Sequential(
            nn.Conv2d(1, 4, 3, 2, 1),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Dropout2d(0.25),
            nn.Conv2d(4, 8, 3, 2, 1),
            nn.BatchNorm2d(8, 0.8),
            nn.LeakyReLU(0.2, inplace=True),
        )
        self.adv_layer = nn.Linear(8 * 2 * 2, 1)

    def forward(self, img):
        out = self.model(img)
        return self.adv_layer(out.view(out.shape[0], -1))


adversarial_loss = nn.BCEWithLogitsLoss()

generator = Generator()
discriminator = Discriminator()

optimizer_g = torch.optim.Adam(generator.parameters(), lr=0.0002, betas=(0.5, 0.999))
optimizer_d = torch.optim.Adam(discriminator.parameters(), lr=0.0002, betas=(0.5, 0.999))

g_losses, d_losses = [], []
for _ in range(n_epochs):
    for (real_imgs,) in dataloader:
        valid, fake = torch.ones(len(real_imgs), 1), torch.zeros(len(real_imgs), 1)

        optimizer_g.zero_grad()
        gen_imgs = generator(torch.randn(len(real_imgs), latent_dim))
        real_pred = discriminator(real_imgs).detach()
        fake_pred = discriminator(gen_imgs)
        g_loss = adversarial_loss(fake_pred - real_pred.mean(0, keepdim=True), valid)
        g_loss.backward()
        optimizer_g.step()

        optimizer_d.zero_grad()
        real_pred = discriminator(real_imgs)
        fake_pred = discriminator(gen_imgs.detach())
        real_loss = adversarial_loss(real_pred - fake_pred.mean(0, keepdim=True), valid)
        fake_loss = adversarial_loss(fake_pred - real_pred.mean(0, keepdim=True), fake)
        d_loss = (real_loss + fake_loss) / 2
        d_loss.backward()
        optimizer_d.step()

        g_losses.append(g_loss.item())
        d_losses.append(d_loss.item())

checkpoint = {
    "generator": generator.state_dict(),
    "discriminator": discriminator.state_dict(),
    "optimizer_g": optimizer_g.state_dict(),
    "optimizer_d": optimizer_d.state_dict(),
}
