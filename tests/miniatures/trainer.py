"""A loop that is somebody else's: a trainer that builds its networks and optimizers, and has no place for a line."""

import torch
from torch import nn
from torch.nn.functional import relu
from torch.utils.data import DataLoader, TensorDataset


class Trainer:
    """As a library has it."""

    def __init__(self, models, losses, ncritic=1, sample_size=8):
        torch.manual_seed(0)
        self.losses, self.ncritic, self.sample_size = losses, ncritic, sample_size
        self.optimizers = {}
        for name, model in models.items():
            setattr(self, name, model["name"](**model["args"]))
            optimizer = model["optimizer"]
            self.optimizers[name] = optimizer["name"](getattr(self, name).parameters(), **optimizer["args"])
        self.history = {name: [] for name in models}

    def sample(self):
        return self.generator(torch.randn(self.sample_size, self.generator[0].in_features))

    def train_iter(self, real, iteration):
        self.optimizers["discriminator"].zero_grad()
        fake = self.sample().detach()
        loss = self.losses["discriminator"](self.discriminator(real), self.discriminator(fake))
        loss.backward()
        self.optimizers["discriminator"].step()
        self.history["discriminator"].append(loss.item())
        if iteration % self.ncritic == 0:
            self.optimizers["generator"].zero_grad()
            loss = self.losses["generator"](self.discriminator(self.sample()))
            loss.backward()
            self.optimizers["generator"].step()
            self.history["generator"].append(loss.item())

    def train(self, data_loader, epochs):
        for _ in range(epochs):
            for iteration, (real,) in enumerate(data_loader):
                self.generator.train()
                self.discriminator.train()
                self.train_iter(real, iteration)

    def __call__(self, data_loader, epochs=1):
        self.train(data_loader, epochs)

    def state_dict(self):
        networks = {"generator": self.generator, "discriminator": self.discriminator}
        return {name: network.state_dict() for name, network in networks.items()}


def make_generator(features):
    return nn.Sequential(nn.Linear(4, 16), nn.BatchNorm1d(16), nn.ReLU(True), nn.Linear(16, features))


def make_discriminator(features):
    return nn.Sequential(nn.Linear(features, 16), nn.LeakyReLU(0.2, True), nn.Linear(16, 1))


network_params = {
    "generator": {
        "name": make_generator,
        "args": {"features": 6},
        "optimizer": {"name": torch.optim.Adam, "args": {"lr": 0.0001, "betas": (0.5, 0.999)}},
    },
    "discriminator": {
        "name": make_discriminator,
        "args": {"features": 6},
        "optimizer": {"name": torch.optim.Adam, "args": {"lr": 0.0003, "betas": (0.5, 0.999)}},
    },
}
hinge = {
    "generator": lambda fake: -fake.mean(),
    "discriminator": lambda real, fake: relu(1 - real).mean() + relu(1 + fake).mean(),
}

trainer = Trainer(network_params, hinge, ncritic=2)
dataloader = DataLoader(TensorDataset(torch.randn(32, 6)), batch_size=8, shuffle=True)
trainer(dataloader, epochs=2)

checkpoint, g_losses, d_losses = trainer.state_dict(), trainer.history["generator"], trainer.history["discriminator"]
