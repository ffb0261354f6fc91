# ruff: noqa: N802, N803, N806
"""A StyleGAN2 loop: mapping and synthesis called by themselves, lazy R1 and path length, augmentation, EMA."""

import copy

import numpy as np
import torch
from torch import nn
from torch.nn.functional import conv2d, interpolate, leaky_relu, softplus
from torch.utils.data import DataLoader

torch.manual_seed(0)
z_dim, w_dim, num_ws = 8, 8, 3


class MappingNetwork(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(z_dim, w_dim), nn.LeakyReLU(0.2), nn.Linear(w_dim, w_dim))

    def forward(self, z):
        z = z * (z.square().mean(dim=1, keepdim=True) + 1e-8).rsqrt()
        return self.layers(z).unsqueeze(1).repeat([1, num_ws, 1])


class SynthesisLayer(nn.Module):
    def __init__(self, in_channels, out_channels, up=1):
        super().__init__()
        self.up = up
        self.affine = nn.Linear(w_dim, in_channels)
        self.weight = nn.Parameter(torch.randn(out_channels, in_channels, 3, 3) / 6)
        self.noise_strength = nn.Parameter(torch.full([], 0.1))

    def forward(self, x, w):
        batch, channels, height, width = x.shape
        weight = self.weight[None] * (self.affine(w) + 1)[:, None, :, None, None]
        weight = weight * (weight.square().sum(dim=[2, 3, 4], keepdim=True) + 1e-8).rsqrt()
        x = interpolate(x, scale_factor=self.up).reshape(1, batch * channels, height * self.up, width * self.up)
        x = conv2d(x, weight.flatten(0, 1), padding=1, groups=batch).unflatten(1, (batch, -1)).squeeze(0)
        return leaky_relu(x + torch.randn_like(x[:, :1]) * self.noise_strength, 0.2)


class SynthesisNetwork(nn.Module):
    def __init__(self):
        super().__init__()
        self.const = nn.Parameter(torch.randn(8, 4, 4))
        self.conv0, self.conv1 = SynthesisLayer(8, 8), SynthesisLayer(8, 4, up=2)
        self.torgb = SynthesisLayer(4, 3)

    def forward(self, ws):
        x = self.const.unsqueeze(0).repeat([ws.shape[0], 1, 1, 1])
        return self.torgb(self.conv1(self.conv0(x, ws[:, 0]), ws[:, 1]), ws[:, 2])


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.mapping, self.synthesis = MappingNetwork(), SynthesisNetwork()

    def forward(self, z):
        return self.synthesis(self.mapping(z))


class MinibatchStdLayer(nn.Module):
    def forward(self, x):
        N, C, H, W = x.shape
        G = min(4, N)
        y = x.reshape(G, -1, C, H, W)
        y = ((y - y.mean(dim=0)).square().mean(dim=0) + 1e-8).sqrt().mean(dim=[1, 2, 3], keepdim=True)
        return torch.cat([x, y.repeat(G, 1, H, W)], dim=1)


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.block = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.LeakyReLU(0.2, True), MinibatchStdLayer())
        self.out = nn.Linear(9 * 16, 1)

    def forward(self, img):
        return self.out(self.block(img).flatten(1))


class AugmentPipe(nn.Module):
    def forward(self, images):
        flip = torch.rand(len(images), 1, 1, 1) < 0.5
        return torch.where(flip, images.flip(3), images) + 0.1 * torch.randn(len(images), 1, 1, 1)


class StyleGAN2Loss:
    def __init__(self, G, D, augment_pipe, style_mixing_prob=0.9, r1_gamma=10, pl_decay=0.01, pl_weight=2):
        self.G, self.D, self.augment_pipe = G, D, augment_pipe
        self.style_mixing_prob, self.r1_gamma = style_mixing_prob, r1_gamma
        self.pl_decay, self.pl_weight, self.pl_mean = pl_decay, pl_weight, torch.zeros([])
        self.stats = {"Gmain": [], "Greg": [], "Dmain": [], "Dreg": []}

    def run_G(self, z):
        ws = self.G.mapping(z)
        if self.style_mixing_prob > torch.rand([]):
            cutoff = int(torch.randint(1, num_ws, []))
            ws[:, cutoff:] = self.G.mapping(torch.randn_like(z))[:, cutoff:]
        return self.G.synthesis(ws), ws

    def run_D(self, img):
        return self.D(self.augment_pipe(img))

    def accumulate_gradients(self, phase, real_img, gen_z, gain):
        if phase == "Gmain":
            gen_img, _ = self.run_G(gen_z)
            loss = softplus(-self.run_D(gen_img)).mean()
        elif phase == "Greg":
            gen_img, gen_ws = self.run_G(gen_z)
            pl_noise = torch.randn_like(gen_img) / np.sqrt(gen_img.shape[2] * gen_img.shape[3])
            (pl_grads,) = torch.autograd.grad([(gen_img * pl_noise).sum()], [gen_ws], create_graph=True)
            pl_lengths = pl_grads.square().sum(2).mean(1).sqrt()
            self.pl_mean = self.pl_mean.lerp(pl_lengths.mean().detach(), self.pl_decay)
            loss = (pl_lengths - self.pl_mean).square().mean() * self.pl_weight
        elif phase == "Dmain":
            gen_img, _ = self.run_G(gen_z)
            loss = softplus(self.run_D(gen_img)).mean() + softplus(-self.run_D(real_img)).mean()
        else:
            real_img_tmp = real_img.detach().requires_grad_(True)
            real_logits = self.run_D(real_img_tmp)
            (r1_grads,) = torch.autograd.grad([real_logits.sum()], [real_img_tmp], create_graph=True)
            loss = r1_grads.square().sum([1, 2, 3]).mean() * (self.r1_gamma / 2)
        (loss * gain).backward()
        self.stats[phase].append(loss.item())


G = Generator().train().requires_grad_(False)
D = Discriminator().train().requires_grad_(False)
G_ema = copy.deepcopy(G).eval()
loss = StyleGAN2Loss(G, D, AugmentPipe())
phases = []
for name, module, reg_interval in [("G", G, 4), ("D", D, 2)]:
    mb_ratio = reg_interval / (reg_interval + 1)
    opt = torch.optim.Adam(module.parameters(), lr=0.002 * mb_ratio, betas=(0.0, 0.99**mb_ratio))
    phases += [(name + "main", module, opt, 1), (name + "reg", module, opt, reg_interval)]

batch_idx = 0
for _ in range(2):
    for real_img in DataLoader(torch.rand(16, 3, 8, 8) * 2 - 1, batch_size=8, shuffle=True):
        for phase, module, opt, interval in phases:
            if batch_idx % interval != 0:
                continue
            opt.zero_grad(set_to_none=True)
            module.requires_grad_(True)
            loss.accumulate_gradients(phase, real_img, torch.randn(8, z_dim), interval)
            module.requires_grad_(False)
            opt.step()

        with torch.no_grad():
            for p_ema, p in zip(G_ema.parameters(), G.parameters(), strict=True):
                p_ema.copy_(p.lerp(p_ema, 0.9))
            for b_ema, b in zip(G_ema.buffers(), G.buffers(), strict=True):
                b_ema.copy_(b)
        batch_idx += 1

g_losses, d_losses = loss.stats["Gmain"], loss.stats["Dmain"]
checkpoint = {"G": G.state_dict(), "D": D.state_dict(), "G_ema": G_ema.state_dict()}
