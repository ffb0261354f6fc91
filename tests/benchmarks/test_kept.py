"""What a user's own training holds is saved and put back to the bit, or it is said that it cannot be."""

import random
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from xaigrad import Guidance, XAIGuidedGenerator
from xaigrad.benchmarks.kept import Kept, NotKeptError
from xaigrad.benchmarks.study import checkpoint

pytestmark = pytest.mark.usefixtures("single")
ZEROS = torch.zeros(3)
SIZES = [3]


class Growing(nn.Module):
    """A count in a network, as progressive growing has, and a buffer that its state leaves out."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(3, 3)
        self.inner.register_buffer("running", torch.zeros(3), persistent=False)
        self.inner.alpha = 0.0  # type: ignore[assignment]
        self.normal = nn.BatchNorm1d(3)
        self.function = torch.tanh

    def forward(self, noise: Tensor) -> Tensor:
        self.inner.alpha = self.inner.alpha + 0.1  # type: ignore[assignment,operator]
        made = self.function(self.normal(self.inner(noise))) * self.inner.alpha
        self.inner.running = 0.9 * self.inner.running + made.detach().mean(0)  # type: ignore[assignment,operator]
        return made + self.inner.running  # type: ignore[no-any-return,operator]


class Pool:
    """Earlier samples, as CycleGAN keeps them."""

    def __init__(self) -> None:
        self.images: list[Tensor] = []
        self.settings = {"size": 4, "seen": 0}

    def query(self, images: Tensor, rng: torch.Generator) -> Tensor:
        self.images.append(images)
        self.images[:-4] = []
        self.settings["seen"] += 1
        return self.images[int(torch.randint(len(self.images), (), generator=rng))]


class Own:
    """Several critics, two optimizers and a schedule, a pool, a learned number, an average: as clients have them."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.generator: nn.Module = Growing()
        self.critics = [nn.utils.parametrizations.spectral_norm(nn.Linear(3, 1)), nn.Linear(3, 1)]
        self.current = self.critics[0]
        self.weights = [weight for critic in self.critics for weight in critic.parameters()]
        self.discriminator = nn.Sequential(*self.critics)
        self.g_optimizer = torch.optim.Adam(self.generator.parameters(), 0.1)
        self.optimizers = {"d": torch.optim.SGD(self.weights, 0.1, 0.9), 3: self.g_optimizer}
        self.scheduler = torch.optim.lr_scheduler.MultiStepLR(self.g_optimizer, [2, 4], 0.5)
        self.pool = Pool()
        self.log_alpha = torch.zeros((), requires_grad=True)
        self.of_alpha = torch.optim.SGD([self.log_alpha], 0.1)
        self.rng = torch.Generator().manual_seed(3)
        self.average, self.again, self.sizes = ZEROS, None, SIZES
        self.shared: list[float] = []
        self.alias = self.shared
        self.betas = (0.9, [1.0])
        self.mean = self.generator.normal.running_mean
        self.best: float | None = None
        self.fake: Tensor | None = None
        self.options = SimpleNamespace(loss=nn.functional.softplus, every=3, device=torch.device("cpu"))

    def step(self) -> Tensor:
        self.fake = self.generator(torch.randn(4, 3, generator=self.rng))
        shown = self.pool.query(self.fake.detach(), self.rng)
        d_loss = sum(self.options.loss(critic(shown)).mean() for critic in self.critics)
        self.optimizers["d"].zero_grad()
        d_loss.backward()
        self.optimizers["d"].step()
        g_loss = -sum(critic(self.fake).mean() for critic in self.critics) * self.log_alpha.exp() * self.betas[1][0]
        for optimizer in (self.g_optimizer, self.of_alpha):
            optimizer.zero_grad()
        g_loss.backward()
        for optimizer in (self.g_optimizer, self.of_alpha):
            optimizer.step()
        self.scheduler.step()
        self.average = self.average + self.fake.detach().mean(0) + self.mean
        self.shared.append(len(self.alias) + self.average[0].item())
        self.betas[1][0] *= 0.9
        self.sizes = [*self.sizes, 1]
        self.best = min(self.best or 9.0, g_loss.item())
        self.again = self.average.clone()
        return torch.stack(
            [g_loss.detach(), self.average.sum(), torch.tensor(self.shared[-1]), self.log_alpha.detach()]
        )


class Answering:
    """It says itself what its state is; what it holds besides could not be saved."""

    def __init__(self) -> None:
        self.own = Own()
        self.generator = self.own.generator
        self.batches = iter(range(9))
        self.step = self.own.step
        kept = Kept(self.own)
        self.state_dict, self.load_state_dict = kept.state_dict, kept.load_state_dict


class Guided(Own):
    def __init__(self) -> None:
        super().__init__()
        self.generator = XAIGuidedGenerator(self.generator, self.critics[0], Guidance())


class OneModule(nn.Module):
    """The training is itself a network, with optimizers."""

    def __init__(self) -> None:
        super().__init__()
        self.own = Own()
        self.generator, self.discriminator = self.own.generator, self.own.discriminator

    def step(self) -> Tensor:
        return self.own.step()


@pytest.mark.parametrize("kind", [Own, Guided, OneModule, Answering])
@pytest.mark.parametrize("steps", [0, 1, 3, 6])
def test_it_goes_on_to_the_bit(kind: Callable[[], Any], steps: int, tmp_path: Path) -> None:
    straight, resumed = kind(), kind()
    kept, other = Kept(straight), Kept(resumed)
    for _ in range(steps):
        straight.step()
    checkpoint.save(tmp_path / "a.safetensors", kept.state_dict())
    expected = [straight.step() for _ in range(4)]
    other.load_state_dict(checkpoint.load(tmp_path / "a.safetensors"))
    assert torch.equal(torch.stack([resumed.step() for _ in range(4)]), torch.stack(expected))
    own, theirs = (getattr(one, "own", one) for one in (straight, resumed))
    assert theirs.alias is theirs.shared
    assert theirs.shared == own.shared
    assert theirs.weights[0] is next(theirs.critics[0].parameters())
    assert theirs.options.every == 3
    assert (ZEROS == 0).all()
    assert SIZES == [3]


def test_each_thing_is_saved_once() -> None:
    own = Own()
    kept = Kept(own)
    own.step()
    found = kept.state_dict()
    assert found.keys() >= {("pool", "settings"), ("generator", "inner", "running"), ("generator", "inner", "alpha")}
    assert not {place[0] for place in found} & {"alias", "weights", "current"}


def test_networks_are_found_wherever_they_are() -> None:
    own = Own()
    assert Kept(own).networks == [own.generator, *own.critics, own.discriminator]
    assert len(Kept(Answering()).networks) == 4


@dataclass(frozen=True)
class Phase:
    number: int


class WithSlots:
    __slots__ = ("count",)


class Several(list[int]):
    pass


def set_one(name: str, value: Callable[[], Any]) -> Callable[[Any], None]:
    return lambda own: setattr(own, name, value())


def a_generator() -> Iterator[int]:
    yield 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (set_one("batches", a_generator), "batches is of type generator"),
        (set_one("batches", lambda: iter([1])), "batches is of type list_iterator"),
        (set_one("batches", lambda: deque([1])), "batches is of type deque"),
        (set_one("drawn", lambda: random.Random(0)), "drawn is of type Random"),
        (set_one("seen", lambda: {1}), "seen is of type set"),
        (set_one("seen", lambda: Several([1])), "seen is of type Several"),
        (set_one("slots", WithSlots), "slots is of type WithSlots"),
        (set_one("array", lambda: ZEROS.numpy()), "array is of type ndarray"),
        (set_one("of", lambda: weakref.ref(ZEROS.__class__)), "of is of type"),
        (set_one("keyed", lambda: {nn.ReLU: nn.ReLU()}), "keyed is of type dict"),
        (set_one("phase", lambda: Phase(2)), "phase is another object than at the beginning"),
        (set_one("pool", Pool), "pool is another object than at the beginning"),
        (set_one("function", lambda: torch.relu), "function is another object than at the beginning"),
        (set_one("extra", lambda: nn.Linear(2, 2)), "extra is another object than at the beginning"),
        (lambda own: setattr(own, "current", own.critics[1]), "current is another object than at the beginning"),
        (lambda own: setattr(own.generator, "function", torch.relu), "generator.function is another object"),
        (lambda own: own.critics.append(nn.Linear(2, 1)), "critics.2 is another object than at the beginning"),
        (lambda own: own.critics.append(3), "critics.2 cannot be put back"),
        (lambda own: own.critics.pop(), "critics.1 is gone"),
        (lambda own: delattr(own, "best"), "best is gone"),
        (set_one("alias", list), None),
        (lambda own: setattr(own, "shared", [1.0]), None),
        (lambda own: setattr(own, "twice", own.pool.images), "twice is another object than at the beginning"),
        (set_one("options", lambda: None), "options.loss is gone"),
    ],
)
def test_what_cannot_be_saved_is_said(change: Callable[[Any], None], message: str | None) -> None:
    own = Own()
    own.function, own.phase = torch.tanh, Phase(1)  # type: ignore[attr-defined]
    kept = Kept(own)
    kept.state_dict()
    change(own)
    if message is None:
        kept.state_dict()
        return
    with pytest.raises(NotKeptError, match=message):
        kept.state_dict()
