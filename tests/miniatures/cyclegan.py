# ruff: noqa: N802, N803, N806
"""A CycleGAN: two generators, two discriminators, image pools, cycle and identity losses, chained optimizers."""

import itertools
import random

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
random.seed(0)


class ImagePool:
    def __init__(self, pool_size):
        self.pool_size, self.images = pool_size, []

    def query(self, images):
        return_images = []
        for image in images.split(1):
            if len(self.images) < self.pool_size:
                self.images.append(image)
                return_images.append(image)
            elif random.uniform(0, 1) > 0.5:
                index = random.randint(0, self.pool_size - 1)
                return_images.append(self.images[index].clone())
                self.images[index] = image
            else:
                return_images.append(image)
        return torch.cat(return_images, 0)


class ResnetBlock(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.conv_block = nn.Sequential(
            nn.ReflectionPad2d(1), nn.Conv2d(dim, dim, 3), nn.InstanceNorm2d(dim), nn.ReLU(True)
        )

    def forward(self, x):
        return x + self.conv_block(x)


def define_G(ngf=4):
    return nn.Sequential(
        nn.Conv2d(3, ngf, 3, 2, 1),
        nn.InstanceNorm2d(ngf),
        nn.ReLU(True),
        ResnetBlock(ngf),
        nn.ConvTranspose2d(ngf, 3, 4, 2, 1),
        nn.Tanh(),
    )


def define_D(ndf=4):
    return nn.Sequential(nn.Conv2d(3, ndf, 4, 2, 1), nn.LeakyReLU(0.2, True), nn.Conv2d(ndf, 1, 4, 1, 1))


class CycleGANModel:
    def __init__(self, lambda_A=10.0, lambda_B=10.0, lambda_idt=0.5, pool_size=6):
        self.lambda_A, self.lambda_B, self.lambda_idt = lambda_A, lambda_B, lambda_idt
        self.netG_A, self.netG_B = define_G(), define_G()
        self.netD_A, self.netD_B = define_D(), define_D()
        self.fake_A_pool, self.fake_B_pool = ImagePool(pool_size), ImagePool(pool_size)
        self.criterionCycle = self.criterionIdt = nn.L1Loss()
        self.optimizer_G = torch.optim.Adam(
            itertools.chain(self.netG_A.parameters(), self.netG_B.parameters()), lr=0.0002, betas=(0.5, 0.999)
        )
        self.optimizer_D = torch.optim.Adam(
            itertools.chain(self.netD_A.parameters(), self.netD_B.parameters()), lr=0.0002, betas=(0.5, 0.999)
        )

    def criterionGAN(self, prediction, target_is_real):
        return (prediction - float(target_is_real)).square().mean()

    def set_requires_grad(self, nets, requires_grad=False):
        for net in nets:
            for param in net.parameters():
                param.requires_grad = requires_grad

    def forward(self, real_A, real_B):
        self.real_A, self.real_B = real_A, real_B
        self.fake_B = self.netG_A(self.real_A)
        self.rec_A = self.netG_B(self.fake_B)
        self.fake_A = self.netG_B(self.real_B)
        self.rec_B = self.netG_A(self.fake_A)

    def backward_D_basic(self, netD, real, fake):
        loss_D_real = self.criterionGAN(netD(real), True)
        loss_D_fake = self.criterionGAN(netD(fake.detach()), False)
        loss_D = (loss_D_real + loss_D_fake) * 0.5
        loss_D.backward()
        return loss_D

    def backward_G(self):
        loss_idt_A = self.criterionIdt(self.netG_A(self.real_B), self.real_B) * self.lambda_B * self.lambda_idt
        loss_idt_B = self.criterionIdt(self.netG_B(self.real_A), self.real_A) * self.lambda_A * self.lambda_idt
        loss_G_A = self.criterionGAN(self.netD_A(self.fake_B), True)
        loss_G_B = self.criterionGAN(self.netD_B(self.fake_A), True)
        loss_cycle_A = self.criterionCycle(self.rec_A, self.real_A) * self.lambda_A
        loss_cycle_B = self.criterionCycle(self.rec_B, self.real_B) * self.lambda_B
        self.loss_G = loss_G_A + loss_G_B + loss_cycle_A + loss_cycle_B + loss_idt_A + loss_idt_B
        self.loss_G.backward()

    def optimize_parameters(self, data):
        self.forward(*data)
        self.set_requires_grad([self.netD_A, self.netD_B], False)
        self.optimizer_G.zero_grad()
        self.backward_G()
        self.optimizer_G.step()
        self.set_requires_grad([self.netD_A, self.netD_B], True)
        self.optimizer_D.zero_grad()
        loss_D_A = self.backward_D_basic(self.netD_A, self.real_B, self.fake_B_pool.query(self.fake_B))
        loss_D_B = self.backward_D_basic(self.netD_B, self.real_A, self.fake_A_pool.query(self.fake_A))
        self.loss_D = loss_D_A + loss_D_B
        self.optimizer_D.step()

    def state_dict(self):
        names = ("netG_A", "netG_B", "netD_A", "netD_B", "optimizer_G", "optimizer_D")
        return {name: getattr(self, name).state_dict() for name in names}


dataset = DataLoader(TensorDataset(*torch.rand(2, 8, 3, 8, 8) * 2 - 1), batch_size=2, shuffle=True)
model = CycleGANModel()
g_losses, d_losses = [], []
for data in dataset:
    model.optimize_parameters(data)
    g_losses.append(model.loss_G.item())
    d_losses.append(model.loss_D.item())
checkpoint = model.state_dict()
