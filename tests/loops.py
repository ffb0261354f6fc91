"""A standard GAN loop, and everything about it that must not change by a bit."""

import pickle
import random
import traceback
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from xaigrad import XAIGuidedGenerator
from xaigrad._reweighting import GuidedUpdate

from .networks import FEATURES, LATENT, Pair, latent_of


def seed_everything(seed: int) -> None:
    torch.manual_seed(seed)
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002


def bits(value: Any) -> bytes:
    """Return what a value is, to the bit: NaN equals itself and -0 is not 0."""
    if isinstance(value, Tensor):
        plain = value.detach().cpu().contiguous().reshape(-1)
        return repr((value.dtype, tuple(value.shape))).encode() + plain.view(torch.uint8).numpy().tobytes()
    return pickle.dumps(value)


def flat_bits(name: str, value: Any) -> dict[str, bytes]:
    """Return the bits of everything in a nested state, by its path."""
    if isinstance(value, Mapping):
        return {
            path: found for key, entry in value.items() for path, found in flat_bits(f"{name}.{key}", entry).items()
        }
    if isinstance(value, list):
        return flat_bits(name, dict(enumerate(value)))
    return {name: bits(value)}


def random_states() -> dict[str, bytes]:
    states = {"torch": torch.get_rng_state(), "numpy": np.random.get_state(), "python": random.getstate()}  # noqa: NPY002
    return flat_bits("random", states)


@dataclass
class Training:
    """A loop in progress: softplus losses, Adam for both networks, the fake detached for D."""

    generator: nn.Module
    discriminator: nn.Module
    optimizers: list[torch.optim.Optimizer] = field(default_factory=list)
    play: nn.Module | None = None

    def __post_init__(self) -> None:
        if not self.optimizers:
            networks = self.generator, self.discriminator
            self.optimizers = [torch.optim.Adam(network.parameters(), 2e-4, (0.5, 0.999)) for network in networks]

    def step(self, batch: int = 6) -> None:
        play = self.play or self.generator
        fake = play(torch.randn(batch, latent_of(self.generator)))
        real = torch.randn_like(fake)
        for optimizer, losses in zip(self.optimizers[::-1], (self.judge, self.make), strict=True):
            optimizer.zero_grad()
            losses(fake, real).backward()
            optimizer.step()

    def judge(self, fake: Tensor, real: Tensor) -> Tensor:
        return softplus(-self.discriminator(real)).mean() + softplus(self.discriminator(fake.detach())).mean()

    def make(self, fake: Tensor, real: Tensor) -> Tensor:
        return softplus(-self.discriminator(fake)).mean()

    def state(self) -> dict[str, bytes]:
        """Return all that a continuation depends on."""
        networks = {"G": self.generator.state_dict(), "D": self.discriminator.state_dict()}
        optimizers = [optimizer.state_dict() for optimizer in self.optimizers]
        return flat_bits("", networks) | flat_bits("optimizer", optimizers) | random_states()


def train(
    pair: Pair,
    guide: Callable[[nn.Module, nn.Module], XAIGuidedGenerator] | None = None,
    around: Callable[[XAIGuidedGenerator], AbstractContextManager[Any]] | None = None,
    updates: int = 20,
) -> tuple[Training, XAIGuidedGenerator | None]:
    """Train a fresh pair from seed 0, guided if asked, each step inside a context if asked."""
    seed_everything(0)
    training = Training(*pair())
    guided = guide(training.generator, training.discriminator) if guide else None
    training.play = guided
    for _ in range(updates):
        if guided is not None and around is not None:
            with around(guided):
                training.step()
        else:
            training.step()
    return training, guided


def assert_same_bits(actual: Mapping[str, bytes], expected: Mapping[str, bytes]) -> None:
    assert actual.keys() == expected.keys()
    assert differing(actual, expected) == []


def differing(actual: Mapping[str, bytes], expected: Mapping[str, bytes]) -> list[str]:
    return [name for name in expected if actual[name] != expected[name]]


def noise(rows: int = 6) -> Tensor:
    return torch.randn(rows, LATENT)


def real(rows: int = 50) -> Tensor:
    return torch.randn(rows, FEATURES)


def last_of(guided: XAIGuidedGenerator) -> GuidedUpdate:
    assert guided.last is not None
    return guided.last


def raised_in(error: BaseException, file: str, line: str) -> bool:
    """Return whether the innermost frame in a test's file is the given line: the user's own, and no backward pass."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return line in str(frames[-1].line)
