"""Families of small networks, named after the habit that makes them delicate."""

import random
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations
from torch.utils.checkpoint import checkpoint

from xaigrad.integrations import dcgan, mlp

LATENT, FEATURES = 4, 8


def generator() -> nn.Module:
    """A generator without any state besides its parameters."""
    return nn.Sequential(nn.Linear(LATENT, 16), nn.Tanh(), nn.Linear(16, FEATURES))


def discriminator() -> nn.Module:
    """A discriminator without any state besides its parameters."""
    return nn.Sequential(nn.Linear(FEATURES, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))


def smooth() -> nn.Module:
    """A discriminator without kinks or buffers, whose scores differ between samples."""
    return nn.Sequential(nn.Linear(FEATURES, 16), nn.Tanh(), nn.Linear(16, 1))


def normalised(norm: Callable[..., nn.Module]) -> nn.Module:
    """A discriminator whose linear layers carry a norm of their weights."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # The old norms are deprecated, and used everywhere.
        return nn.Sequential(
            norm(nn.Linear(FEATURES, 16)), nn.BatchNorm1d(16), nn.ReLU(inplace=True), norm(nn.Linear(16, 1))
        )


class Counting(nn.Module):
    """Counts its calls in an attribute and keeps its last features in another."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = discriminator()
        self.calls = 0

    def forward(self, samples: Tensor) -> Tensor:
        self.calls += 1
        self.features = samples * 2
        scores: Tensor = self.layers(self.features)
        return scores


class Drawing(nn.Module):
    """Augments its input at random, with every random generator there is."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = discriminator()

    def forward(self, samples: Tensor) -> Tensor:
        scale = random.uniform(0.9, 1.1) + 0.01 * np.random.normal()  # noqa: NPY002
        scores: Tensor = self.layers(samples * scale + 0.01 * torch.randn_like(samples))
        return scores


class Checkpointed(nn.Module):
    """Computes its features again in the backward pass."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Linear(FEATURES, 16), nn.Dropout(0.5), nn.ReLU(inplace=True))
        self.score = nn.Linear(16, 1)

    def forward(self, samples: Tensor) -> Tensor:
        scores: Tensor = self.score(checkpoint(self.features, samples, use_reentrant=False))
        return scores


DISCRIMINATORS: dict[str, Callable[[], nn.Module]] = {
    "BatchNorm": lambda: nn.Sequential(
        nn.Linear(FEATURES, 16), nn.BatchNorm1d(16), nn.LeakyReLU(0.2, inplace=True), nn.Linear(16, 1)
    ),
    "dropout": lambda: nn.Sequential(nn.Linear(FEATURES, 16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 1)),
    "old spectral norm": lambda: normalised(nn.utils.spectral_norm),
    "new spectral norm": lambda: normalised(parametrizations.spectral_norm),
    "old weight norm": lambda: normalised(nn.utils.weight_norm),
    "new weight norm": lambda: normalised(parametrizations.weight_norm),
    "in-place first layer": lambda: nn.Sequential(nn.LeakyReLU(0.2, inplace=True), discriminator()),
    "counts its calls": Counting,
    "draws at random": Drawing,
    "checkpoint": Checkpointed,
    "convolution": lambda: nn.Sequential(
        nn.Unflatten(1, (1, 2, 4)), nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(32, 1)
    ),
}

Pair = Callable[[], tuple[nn.Module, nn.Module]]


def _delicate(norm: Callable[..., nn.Module]) -> tuple[nn.Module, nn.Module]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        last = norm(nn.Linear(16, FEATURES))
    maker = nn.Sequential(nn.Linear(LATENT, 16), nn.BatchNorm1d(16), nn.ReLU(inplace=True), nn.Dropout(0.2), last)
    judge = nn.Sequential(nn.LeakyReLU(0.2, inplace=True), normalised(norm)[:-1], nn.Dropout(0.5), nn.Linear(16, 1))
    return maker, judge


PAIRS: dict[str, Pair] = {
    "plain norm": lambda: _delicate(lambda layer: layer),
    "old spectral norm": lambda: _delicate(nn.utils.spectral_norm),
    "new spectral norm": lambda: _delicate(parametrizations.spectral_norm),
    "dcgan": lambda: (dcgan.Generator(width=2), dcgan.Discriminator(width=2)),
    "mlp": mlp.make_pair,
}


def latent_of(maker: nn.Module) -> int:
    """The size of a generator's noise."""
    return dcgan.LATENT if isinstance(maker, dcgan.Generator | mlp.Generator) else LATENT


def with_statistics(module: nn.Module) -> nn.Module:
    """Give a module the weights and running statistics of one that has trained for a while."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn_like(parameter) * (3.0 / max(parameter[0].numel(), 1) ** 0.5))
        for buffer in module.buffers():
            if buffer.is_floating_point():
                buffer.copy_(torch.rand_like(buffer) + 0.5)
    return module


class Lambda(nn.Module):
    """A module of a function, with the parameters of others."""

    def __init__(self, function: Callable[..., Any], *modules: nn.Module) -> None:
        super().__init__()
        self.function = function
        self.parts = nn.ModuleList(modules)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*self.parts, *args, **kwargs)
