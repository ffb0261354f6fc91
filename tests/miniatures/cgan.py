"""A conditional GAN with embedded labels and a least-squares loss."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)

n_classes, latent_dim, img_shape, n_epochs = 10, 8, (1, 8, 8), 2
images, digits = torch.rand(16, *img_shape) * 2 - 1, torch.randint(n_classes, (16,))
dataloader = DataLoader(TensorDataset(images, digits), batch_size=8, shuffle=True)


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.label_emb = nn.Embedding(n_classes, n_classes)
        self.model = nn.Sequential(
            nn.Linear(latent_dim + n_classes, 16),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Linear(16, 32),
            nn.BatchNorm1d(32, 0.8),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Linear(32, 64),
            nn.Tanh(),
        )

    def forward(self, noise, labels):
        gen_input = torch.cat((self.label_emb(labels), noise), -1)
        img = self.model(gen_input)
        return img.view(img.size(0), *img_shape)


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.label_embedding = nn.Embedding(n_classes, n_classes)
        self.model = nn.Sequential(
            nn.Linear(n_classes + 64, 32),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Linear(32, 32),
            nn.Dropout(0.4),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Linear(32, 1),
        )

    def forward(self, img, labels):
        d_in = torch.cat((img.view(img.size(0), -1), self.label_embedding(labels)), -1)
        return self.model(d_in)


adversarial_loss = nn.MSELoss()

generator = Generator()
discriminator = Discriminator()

optimizer_g = torch.optim.Adam(generator.parameters(), lr=0.0002, betas=(0.5, 0.999))
optimizer_d = torch.optim.Adam(discriminator.parameters(), lr=0.0002, betas=(0.5, 0.999))

g_losses, d_losses = [], []
for _ in range(n_epochs):
    for imgs, labels in dataloader:
        batch_size = imgs.shape[0]
        valid, fake = torch.ones(batch_size, 1), torch.zeros(batch_size, 1)

        optimizer_g.zero_grad()
        z = torch.randn(batch_size, latent_dim)
        gen_labels = torch.randint(0, n_classes, (batch_size,))
        gen_imgs = generator(z, gen_labels)
        g_loss = adversarial_loss(discriminator(gen_imgs, gen_labels), valid)
        g_loss.backward()
        optimizer_g.step()

        optimizer_d.zero_grad()
        d_real_loss = adversarial_loss(discriminator(imgs, labels), valid)
        d_fake_loss = adversarial_loss(discriminator(gen_imgs.detach(), gen_labels), fake)
        d_loss = (d_real_loss + d_fake_loss) / 2
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
