# ruff: noqa: N816
"""A DCGAN, as examples for PyTorch write it: flat, one label tensor that is refilled, three backward passes."""

import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(999)

nz, ngf, ndf, nc = 8, 4, 4, 1
num_epochs = 2
real_label, fake_label = 1.0, 0.0
dataset = TensorDataset(torch.rand(12, nc, 16, 16) * 2 - 1, torch.zeros(12))
dataloader = DataLoader(dataset, batch_size=8, shuffle=True)


def weights_init(m):
    classname = m.__class__.__name__
    if classname.find("Conv") != -1:
        nn.init.normal_(m.weight, 0.0, 0.02)
    elif classname.find("BatchNorm") != -1:
        nn.init.normal_(m.weight, 1.0, 0.02)
        nn.init.zeros_(m.bias)


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(
            nn.ConvTranspose2d(nz, ngf * 2, 4, 1, 0, bias=False),
            nn.BatchNorm2d(ngf * 2),
            nn.ReLU(True),
            nn.ConvTranspose2d(ngf * 2, ngf, 4, 2, 1, bias=False),
            nn.BatchNorm2d(ngf),
            nn.ReLU(True),
            nn.ConvTranspose2d(ngf, nc, 4, 2, 1, bias=False),
            nn.Tanh(),
        )

    def forward(self, x):
        return self.main(x)


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv2d(nc, ndf, 4, 2, 1, bias=False),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(ndf, ndf * 2, 4, 2, 1, bias=False),
            nn.BatchNorm2d(ndf * 2),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(ndf * 2, 1, 4, 1, 0, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, x):
        return self.main(x).view(-1, 1).squeeze(1)


netG = Generator()
netG.apply(weights_init)
netD = Discriminator()
netD.apply(weights_init)

criterion = nn.BCELoss()
fixed_noise = torch.randn(16, nz, 1, 1)
optimizerD = optim.Adam(netD.parameters(), lr=0.0002, betas=(0.5, 0.999))
optimizerG = optim.Adam(netG.parameters(), lr=0.0002, betas=(0.5, 0.999))

g_losses, d_losses = [], []
for _ in range(num_epochs):
    for data in dataloader:
        # Update D: maximise log(D(x)) + log(1 - D(G(z))).
        netD.zero_grad()
        batch_size = data[0].size(0)
        label = torch.full((batch_size,), real_label)
        output = netD(data[0])
        errD_real = criterion(output, label)
        errD_real.backward()

        fake = netG(torch.randn(batch_size, nz, 1, 1))
        label.fill_(fake_label)
        output = netD(fake.detach())
        errD_fake = criterion(output, label)
        errD_fake.backward()
        optimizerD.step()

        # Update G: maximise log(D(G(z))).
        netG.zero_grad()
        label.fill_(real_label)
        output = netD(fake)
        errG = criterion(output, label)
        errG.backward()
        optimizerG.step()

        g_losses.append(errG.item())
        d_losses.append((errD_real + errD_fake).item())

    with torch.no_grad():
        samples = netG(fixed_noise)

checkpoint = {
    "netG": netG.state_dict(),
    "netD": netD.state_dict(),
    "optimizerG": optimizerG.state_dict(),
    "optimizerD": optimizerD.state_dict(),
}
