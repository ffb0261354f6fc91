# ruff: noqa: N802, N803, N806
"""A pix2pix: a model class with a conditional PatchGAN, an L1 loss of weight 100, and a loss class."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)


class GANLoss(nn.Module):
    def __init__(self, target_real_label=1.0, target_fake_label=0.0):
        super().__init__()
        self.register_buffer("real_label", torch.tensor(target_real_label))
        self.register_buffer("fake_label", torch.tensor(target_fake_label))
        self.loss = nn.BCEWithLogitsLoss()

    def __call__(self, prediction, target_is_real):
        target_tensor = self.real_label if target_is_real else self.fake_label
        return self.loss(prediction, target_tensor.expand_as(prediction))


class UnetGenerator(nn.Module):
    def __init__(self, ngf=4):
        super().__init__()
        self.down1 = nn.Conv2d(3, ngf, 4, 2, 1)
        self.down2 = nn.Sequential(nn.LeakyReLU(0.2, True), nn.Conv2d(ngf, ngf * 2, 4, 2, 1), nn.BatchNorm2d(ngf * 2))
        self.up2 = nn.Sequential(
            nn.ReLU(True), nn.ConvTranspose2d(ngf * 2, ngf, 4, 2, 1), nn.BatchNorm2d(ngf), nn.Dropout(0.5)
        )
        self.up1 = nn.Sequential(nn.ReLU(True), nn.ConvTranspose2d(ngf * 2, 3, 4, 2, 1), nn.Tanh())

    def forward(self, x):
        outer = self.down1(x)
        inner = self.up2(self.down2(outer))
        return self.up1(torch.cat([outer, inner], 1))


class NLayerDiscriminator(nn.Module):
    def __init__(self, input_nc=6, ndf=4):
        super().__init__()
        self.model = nn.Sequential(
            nn.Conv2d(input_nc, ndf, 4, 2, 1),
            nn.LeakyReLU(0.2, True),
            nn.Conv2d(ndf, ndf * 2, 4, 1, 1, bias=False),
            nn.BatchNorm2d(ndf * 2),
            nn.LeakyReLU(0.2, True),
            nn.Conv2d(ndf * 2, 1, 4, 1, 1),
        )

    def forward(self, x):
        return self.model(x)


class Pix2PixModel:
    def __init__(self, lr=0.0002, beta1=0.5, lambda_L1=100.0):
        self.lambda_L1 = lambda_L1
        self.netG = UnetGenerator()
        self.netD = NLayerDiscriminator()
        self.criterionGAN = GANLoss()
        self.criterionL1 = nn.L1Loss()
        self.optimizer_G = torch.optim.Adam(self.netG.parameters(), lr=lr, betas=(beta1, 0.999))
        self.optimizer_D = torch.optim.Adam(self.netD.parameters(), lr=lr, betas=(beta1, 0.999))

    def set_input(self, pair):
        self.real_A, self.real_B = pair

    def set_requires_grad(self, nets, requires_grad=False):
        for net in nets if isinstance(nets, list) else [nets]:
            for param in net.parameters():
                param.requires_grad = requires_grad

    def forward(self):
        self.fake_B = self.netG(self.real_A)

    def backward_D(self):
        fake_AB = torch.cat((self.real_A, self.fake_B), 1)
        self.loss_D_fake = self.criterionGAN(self.netD(fake_AB.detach()), False)
        real_AB = torch.cat((self.real_A, self.real_B), 1)
        self.loss_D_real = self.criterionGAN(self.netD(real_AB), True)
        self.loss_D = (self.loss_D_fake + self.loss_D_real) * 0.5
        self.loss_D.backward()

    def backward_G(self):
        fake_AB = torch.cat((self.real_A, self.fake_B), 1)
        self.loss_G_GAN = self.criterionGAN(self.netD(fake_AB), True)
        self.loss_G_L1 = self.criterionL1(self.fake_B, self.real_B) * self.lambda_L1
        self.loss_G = self.loss_G_GAN + self.loss_G_L1
        self.loss_G.backward()

    def optimize_parameters(self):
        self.forward()
        self.set_requires_grad(self.netD, True)
        self.optimizer_D.zero_grad()
        self.backward_D()
        self.optimizer_D.step()
        self.set_requires_grad(self.netD, False)
        self.optimizer_G.zero_grad()
        self.backward_G()
        self.optimizer_G.step()

    def save_networks(self):
        return {name: getattr(self, name).state_dict() for name in ("netG", "netD", "optimizer_G", "optimizer_D")}


dataset = DataLoader(TensorDataset(*torch.rand(2, 8, 3, 16, 16) * 2 - 1), batch_size=2, shuffle=True)
model = Pix2PixModel()
g_losses, d_losses = [], []
for data in dataset:
    model.set_input(data)
    model.optimize_parameters()
    g_losses.append(model.loss_G.item())
    d_losses.append(model.loss_D.item())
checkpoint = model.save_networks()
