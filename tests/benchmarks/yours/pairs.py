"""A small pair of a user's own, a training with a step of its own, and how the benchmarks start either."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from xaigrad import Guidance, XAIGuidedGenerator
from xaigrad.benchmarks.yours import OwnModel, _model, model

IMAGES = torch.rand(8, 2, 4, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float32) * 2 - 1
SIGMOID = nn.Sigmoid()


def make_generator(latent: int = 100) -> nn.Sequential:
    return nn.Sequential(nn.Linear(latent, 24), nn.Tanh(), nn.Unflatten(1, (2, 4, 3)))


def make_discriminator(*head: nn.Module) -> nn.Sequential:
    return nn.Sequential(nn.Flatten(), nn.Linear(24, 1), *head)


def made_by(function: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> OwnModel:
    monkeypatch.setattr(_model, "imported", lambda parameter, text: function)
    model.cache_clear()
    try:
        return model("mine:make")
    finally:
        model.cache_clear()


def started(found: OwnModel, guidance: Guidance | None = None, **options: Any) -> Any:
    """Return a training as the benchmarks start one."""
    torch.manual_seed(0)
    generator, discriminator = found.make_pair()
    guided = generator if guidance is None else XAIGuidedGenerator(generator, discriminator, guidance)
    return found.training(guided, discriminator, **(found.options | options))


def weights(training: Any) -> list[Tensor]:
    return [*training.generator.state_dict().values(), *training.discriminator.state_dict().values()]


def same(one: Any, other: Any) -> bool:
    return all(torch.equal(a, b) for a, b in zip(weights(one), weights(other), strict=True))


class Functional(nn.Module):
    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.linear = nn.Linear(24, 1)
        self.function = function

    def forward(self, images: Tensor) -> Tensor:
        return self.function(self.linear(images.flatten(1)))


class Own:
    """A training of a user's own: hinge loss, a critic that steps twice, and its own names."""

    def __init__(self, labelled: bool = False) -> None:
        self.generator: nn.Module = make_generator(6)
        self.discriminator = make_discriminator()
        self.g_optimizer = torch.optim.SGD(self.generator.parameters(), 0.1)
        self.optimizer_of_d = torch.optim.SGD(self.discriminator.parameters(), 0.1)
        self.latent = 6
        self.steps = 0

    def step(self, images: Tensor) -> tuple[Tensor, Tensor | None]:
        self.steps += 1
        fake = self.generator(torch.randn(len(images), 6))
        d_loss = F.relu(1 - self.discriminator(images)).mean() + F.relu(1 + self.discriminator(fake.detach())).mean()
        self.optimizer_of_d.zero_grad()
        d_loss.backward()
        self.optimizer_of_d.step()
        if self.steps % 2:
            return d_loss.detach(), None
        g_loss = -self.discriminator(fake).mean()
        self.g_optimizer.zero_grad()
        g_loss.backward()
        self.g_optimizer.step()
        return d_loss.detach(), g_loss.detach()
