"""A plan that is trained in seconds: few noise images, a tiny pair of networks of one's own."""

from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from torch import nn

from xaigrad import Guidance
from xaigrad.benchmarks.data import Digits
from xaigrad.benchmarks.setting import Setting
from xaigrad.benchmarks.study import run
from xaigrad.benchmarks.study.controls import controls_of
from xaigrad.benchmarks.study.plan import STANDARD, TWIN, Arm, Plan
from xaigrad.explainers import DeepShap
from xaigrad.masks import EMA, AbsNormalize
from xaigrad.references import HarvestedReferences
from xaigrad.schedules import Adaptive, Alternate, Constant, StopAfter

LABELS = torch.arange(48) % 3
IMAGES = torch.rand(48, 1, 28, 28, generator=torch.Generator().manual_seed(3)) * 2 - 1
DIGITS = Digits(IMAGES, LABELS, "mnist-5k")
PAIR = f"{Path(__file__).resolve()}:make_pair"


class Generator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(100, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 784), nn.Tanh())

    def forward(self, noise: torch.Tensor) -> torch.Tensor:
        images: torch.Tensor = self.layers(noise)
        return images.view(-1, 1, 28, 28)


def make_pair() -> tuple[nn.Module, nn.Module]:
    layers = (nn.Linear(784, 8), nn.LeakyReLU(0.2), nn.Dropout(0.3), nn.Linear(8, 1), nn.Sigmoid())
    return Generator(), nn.Sequential(nn.Flatten(), *layers)


class PoolTraining:
    """A training of one's own that shows D earlier samples, too."""

    def __init__(self) -> None:
        self.generator, self.discriminator = make_pair()
        self.g_optimizer = torch.optim.Adam(self.generator.parameters())
        self.optimizers = [torch.optim.Adam(self.discriminator.parameters()), self.g_optimizer]
        self.pool: list[torch.Tensor] = []

    def step(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Train both networks on one batch."""
        fake = self.generator(torch.randn(len(images), 100))
        self.pool = [*self.pool, fake.detach()][-3:]
        d_loss = self.discriminator(torch.cat(self.pool)).mean() - self.discriminator(images).mean()
        self._follow(self.optimizers[0], d_loss)
        g_loss = -self.discriminator(fake).mean()
        self._follow(self.optimizers[1], g_loss)
        return d_loss.detach(), g_loss.detach()

    def _follow(self, optimizer: torch.optim.Optimizer, loss: torch.Tensor) -> None:
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


class SayingTraining(PoolTraining):
    """One that says what its state is."""

    def state_dict(self) -> dict[str, Any]:
        """Return all that the next step depends on."""
        parts = (self.generator, self.discriminator, *self.optimizers)
        return {"parts": [part.state_dict() for part in parts], "pool": self.pool}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Put it back."""
        parts = (self.generator, self.discriminator, *self.optimizers)
        for part, saved in zip(parts, state["parts"], strict=True):
            part.load_state_dict(saved)
        self.pool = state["pool"]


def arms() -> list[Arm]:
    """Arms with everything that carries a state from one update to the next."""
    schedule = Adaptive() | Constant(0.3)
    harvesting = Guidance(DeepShap(HarvestedReferences(16)), mask=(AbsNormalize(), EMA(0.5)), schedule=schedule)
    shuffled = controls_of("saliency", Guidance())
    return [
        Arm(STANDARD, kind="standard"),
        Arm(TWIN, kind="twin"),
        Arm("harvesting", harvesting),
        Arm("alternating", Guidance(DeepShap(IMAGES), schedule=Alternate())),
        Arm("ending", Guidance(schedule=StopAfter(3))),
        *(Arm(name, guidance, "control", "saliency") for name, guidance in shuffled.items()),
    ]


def plan(epochs: int = 3, seeds: tuple[int, ...] = (0, 1), model: str = PAIR, **changes: Any) -> Plan:
    setting = Setting(model, batch=12, epochs=epochs)
    return Plan({"small": setting}, changes.pop("arms", None) or arms(), seeds, evaluated=40, **changes)


def train(out: Path, planned: Plan | None = None, **how: Any) -> None:
    with (out.parent / "shown.txt").open("a") as shown:
        console = Console(file=shown, width=200)
        run.run(planned or plan(), DIGITS, out, console, {"preset": None, "digit": None}, **how)
