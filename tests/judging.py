"""A loop that knows by hand which of D's verdicts were right, for losses and outputs of every kind."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from xaigrad import XAIGuidedGenerator
from xaigrad.schedules import Verdicts

from .loops import noise
from .networks import FEATURES, Lambda, discriminator, generator, smooth
from .scheduling import Reading

Losses = tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]


def sigmoid() -> nn.Module:
    return nn.Sequential(discriminator(), nn.Sigmoid())


def patches() -> nn.Module:
    return nn.Sequential(nn.Unflatten(1, (1, 2, 4)), nn.Conv2d(1, 4, 3, padding=1), nn.Tanh(), nn.Conv2d(4, 1, 2))


LOSSES: dict[str, Losses] = {
    "BCE with logits": (lambda r: F.softplus(-r).mean(), lambda f: F.softplus(f).mean()),
    "BCE": (
        lambda r: F.binary_cross_entropy(r, torch.ones_like(r)),
        lambda f: F.binary_cross_entropy(f, torch.zeros_like(f)),
    ),
    "hinge": (lambda r: F.relu(1 - r).mean(), lambda f: F.relu(1 + f).mean()),
    "real low": (lambda r: F.softplus(r).mean(), lambda f: F.softplus(-f).mean()),
}
SETTINGS: dict[str, tuple[str, Callable[[], nn.Module], float, dict[str, Any]]] = {
    "logits": ("BCE with logits", discriminator, 0.0, {}),
    "another threshold": ("BCE with logits", discriminator, 0.1, {}),
    "probabilities": ("BCE", sigmoid, 0.5, {}),
    "hinge": ("hinge", smooth, 0.0, {}),
    "real low": ("real low", discriminator, 0.0, {"real": "low"}),
    "real low, threshold": ("real low", discriminator, 0.1, {"real": "low"}),
    "map of scores": ("BCE with logits", patches, 0.0, {}),
    "vector": ("BCE with logits", lambda: nn.Sequential(discriminator(), nn.Flatten(0)), 0.0, {}),
    "tuple": (
        "BCE with logits",
        lambda: Lambda(lambda score, x: (x * 2, {"score": score(x)}), discriminator()),
        0.0,
        {"target": lambda output, samples: output[1]["score"]},
    ),
    "tuple, computed": (
        "BCE with logits",
        lambda: Lambda(lambda score, x: [x.mean(), score(x).T], discriminator()),
        0.0,
        {"target": lambda output, samples: output[1].reshape(-1, 1)},
    ),
}


class Judging:
    """A loop in progress that knows by hand which verdicts were right."""

    def __init__(self, loss: str, judge: nn.Module, threshold: float = 0.0, **settings: Any) -> None:
        self.maker, self.judge, self.reading, self.threshold = generator(), judge, Reading(), threshold
        self.guided = XAIGuidedGenerator(self.maker, judge, schedule=self.reading, **settings)
        self.losses = LOSSES[loss]
        self.read = settings.get("target", lambda output, samples: output)
        self.low = settings.get("real") == "low"
        networks = self.maker, judge
        self.optimizers = [torch.optim.SGD(network.parameters(), 0.5) for network in networks]
        self.right: list[Tensor] = []

    def scores(self, samples: Tensor) -> Tensor:
        scores: Tensor = self.read(self.judge(samples), samples)
        return scores

    def by_hand(self, scores: Tensor, real: bool) -> Tensor:
        """Return the scores, and remember which of them are right."""
        rows = scores.detach().reshape(len(scores), -1).sum(1)
        passes = rows < self.threshold if self.low else rows > self.threshold
        self.right.append(passes if real else ~passes)
        return scores

    def judging(self) -> Tensor:
        real, fake = torch.randn(6, FEATURES) + 1, self.guided(noise(5)).detach()
        of_real, of_fake = self.by_hand(self.scores(real), True), self.by_hand(self.scores(fake), False)
        return self.losses[0](of_real) + self.losses[1](of_fake)

    def step(self, judging: Callable[[], Tensor] | None = None, make: bool = True) -> None:
        self.optimizers[1].zero_grad()
        (judging or self.judging)().backward()
        self.optimizers[1].step()
        if make:
            self.optimizers[0].zero_grad()
            self.losses[0](self.scores(self.guided(noise()))).backward()
            self.optimizers[0].step()

    @property
    def verdicts(self) -> Verdicts:
        self.scores(self.guided(noise()))  # The schedule is asked.
        return self.reading.seen[0]

    def assert_as_by_hand(self) -> None:
        verdicts = self.verdicts
        assert len(verdicts) == min(len(self.right), 64) > 0
        for batches in (2, 8, 64):  # In a backward pass the later call comes first.
            right = torch.cat(self.right[-batches:])
            assert verdicts.accuracy(self.threshold, batches) == int(right.sum()) / len(right)
        every = torch.cat(self.right)
        assert every.any()  # Or the comparison says little.
        assert not every.all()


def judging(name: str) -> Judging:
    loss, judge, threshold, settings = SETTINGS[name]
    return Judging(loss, judge(), threshold, **settings)
