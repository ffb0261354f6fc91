"""An ACGAN: the discriminator returns a verdict and a class, and both train the generator."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)

n_classes, latent_dim, n_epochs = 10, 8, 2
images, digits = torch.rand(16, 1, 16, 16) * 2 - 1, torch.randint(n_classes, (16,))
dataloader = DataLoader(TensorDataset(images, digits), batch_size=8, shuffle=True)


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.label_emb = nn.Embedding(n_classes, latent_dim)
        self.l1 = nn.Sequential(nn.Linear(latent_dim, 8 * 4 * 4))
        self.conv_blocks = nn.Sequential(
            nn.BatchNorm2d(8),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(8, 8, 3, stride=1, padding=1),
            nn.BatchNorm2d(8, 0.8),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(8, 1, 3, stride=1, padding=1),
            nn.Tanh(),
        )

    def forward(self, noise, labels):
        out = self.l1(torch.mul(self.label_emb(labels), noise))
        return self.conv_blocks(out.view(out.shape[0], 8, 4, 4))


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()

        def block(in_filters, out_filters, bn=True):
            layers = [nn.Conv2d(in_filters, out_filters, 3, 2, 1), nn.LeakyReLU(0.2, inplace=True), nn.Dropout2d(0.25)]
            return [*layers, nn.BatchNorm2d(out_filters, 0.8)] if bn else layers

        self.conv_blocks = nn.Sequential(*block(1, 4, bn=False), *block(4, 8))
        self.adv_layer = nn.Sequential(nn.Linear(8 * 4 * 4, 1), nn.Sigmoid())
        self.aux_layer = nn.Sequential(nn.Linear(8 * 4 * 4, n_classes), nn.Softmax(dim=1))

    def forward(self, img):
        out = self.conv_blocks(img)
        out = out.view(out.shape[0], -1)
        return self.adv_layer(out), self.aux_layer(out)


adversarial_loss = nn.BCELoss()
auxiliary_loss = nn.CrossEntropyLoss()

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
        validity, pred_label = discriminator(gen_imgs)
        g_loss = 0.5 * (adversarial_loss(validity, valid) + auxiliary_loss(pred_label, gen_labels))
        g_loss.backward()
        optimizer_g.step()

        optimizer_d.zero_grad()
        real_pred, real_aux = discriminator(imgs)
        d_real_loss = (adversarial_loss(real_pred, valid) + auxiliary_loss(real_aux, labels)) / 2
        fake_pred, fake_aux = discriminator(gen_imgs.detach())
        d_fake_loss = (adversarial_loss(fake_pred, fake) + auxiliary_loss(fake_aux, gen_labels)) / 2
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
