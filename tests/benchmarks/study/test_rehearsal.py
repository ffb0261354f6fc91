"""Whether a user's own training goes on from a checkpoint is tried first: no state that lacks something is used."""

import copy
import itertools
from collections import Counter, deque
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from xaigrad.benchmarks.data import Digits
from xaigrad.benchmarks.setting import Setting
from xaigrad.benchmarks.study import rehearsal
from xaigrad.benchmarks.yours import _model, model

from . import small

pytestmark = pytest.mark.usefixtures("single")
LEAVES_OUT = "the training's state leaves out something that it depends on, and it went on otherwise"
NO_METHODS = "the training has no methods state_dict and load_state_dict of its own"


def obstacle(make: Callable[[], Any], monkeypatch: pytest.MonkeyPatch, device: str = "cpu") -> str | None:
    monkeypatch.setattr(_model, "imported", lambda parameter, text: make)
    model.cache_clear()
    try:
        return rehearsal.obstacle(Setting("mine:make", batch=12, device=device), small.DIGITS)
    finally:
        model.cache_clear()


class Growing(small.Generator):
    """A network with a count that is no buffer."""

    def __init__(self) -> None:
        super().__init__()
        self._alpha = 0.0

    def forward(self, noise: Tensor) -> Tensor:
        self._alpha += 0.01
        return super().forward(noise) * (1 + self._alpha)


class Queueing(small.Generator):
    """A network with a buffer that is not persistent."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(100), persistent=False)

    def forward(self, noise: Tensor) -> Tensor:
        self.mean = 0.9 * self.mean + noise.mean(0)
        return super().forward(noise + self.mean)


class Lazy(small.Generator):
    """A network that gets a buffer while it trains."""

    def forward(self, noise: Tensor) -> Tensor:
        if not hasattr(self, "scale"):
            self.register_buffer("scale", torch.ones(()))
        return super().forward(noise) * self.scale


def pair_with(generator: type[nn.Module]) -> Callable[[], Any]:
    return lambda: (generator(), small.make_pair()[1])


class ByMethod(small.PoolTraining):
    """The pool is behind a bound method, the count in a closure."""

    def __init__(self) -> None:
        super().__init__()
        pool, counted = SimpleNamespace(images=[]), itertools.count(1)
        step = super().step

        def pooled(images: Tensor) -> tuple[Tensor, Tensor]:
            pool.images.append(images)
            self.g_optimizer.param_groups[0]["lr"] = 1e-3 / next(counted)
            return step(pool.images[0])

        self.step = pooled  # type: ignore[method-assign]


class Saying(ByMethod):
    state_dict = small.SayingTraining.state_dict
    load_state_dict = small.SayingTraining.load_state_dict


class Averaging(small.SayingTraining):
    """D sees the average's samples; the list that the average is moved by is loaded as another one."""

    def __init__(self) -> None:
        super().__init__()
        self.average = copy.deepcopy(self.generator).requires_grad_(False)
        self.moved = list(self.average.parameters())

    def step(self, images: Tensor) -> tuple[Tensor, Tensor]:
        with torch.no_grad():
            torch._foreach_lerp_(self.moved, list(self.generator.parameters()), 0.5)
            self.pool = [self.average(torch.randn(len(images), 100))]
        return super().step(images)

    def state_dict(self) -> dict[str, Any]:
        return super().state_dict() | {"average": self.average.state_dict(), "moved": self.moved}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        super().load_state_dict(state)
        self.average.load_state_dict(state["average"])
        self.moved = state["moved"]


def with_state(**more: Any) -> Callable[[], Any]:
    """Return what makes a training with something else in its state."""

    class More(small.SayingTraining):
        def state_dict(self) -> dict[str, Any]:
            return super().state_dict() | more

    return More


class Raising(small.SayingTraining):
    def load_state_dict(self, state: dict[str, Any]) -> None:
        raise ZeroDivisionError("by\nzero.")


class Forgetting(small.SayingTraining):
    def load_state_dict(self, state: dict[str, Any]) -> None:
        pass


class Critic(small.SayingTraining):
    """G's turn is each third step; its count is left out."""

    def __init__(self) -> None:
        super().__init__()
        self.steps = 0

    def step(self, images: Tensor) -> tuple[Tensor, Tensor | None]:  # type: ignore[override]
        self.steps += 1
        d_loss, g_loss = super().step(images)
        return d_loss, None if self.steps % 3 else g_loss


class HiddenCritic(small.SayingTraining):
    """The same, with a count in a list."""

    def __init__(self) -> None:
        super().__init__()
        self.counted = [0]

    def step(self, images: Tensor) -> tuple[Tensor, Tensor | None]:  # type: ignore[override]
        self.counted[0] += 1
        if self.counted[0] % 3 == 0:
            return super().step(images)
        return self.discriminator(images).mean().detach(), None


class Queue(small.SayingTraining):
    """It is a deque, and comes back as a list."""

    def __init__(self) -> None:
        super().__init__()
        self.recent = deque([1, 2])

    def step(self, images: Tensor) -> tuple[Tensor, Tensor]:
        self.recent.append(self.recent.popleft())
        return super().step(images)

    def state_dict(self) -> dict[str, Any]:
        return super().state_dict() | {"recent": list(self.recent)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        super().load_state_dict(state)
        self.recent = state["recent"]


class NewOptimizer(small.SayingTraining):
    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.g_optimizer = torch.optim.Adam(self.generator.parameters())
        self.optimizers[1] = self.g_optimizer
        super().load_state_dict(state)


class NewGenerator(small.SayingTraining):
    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.generator = small.Generator()
        super().load_state_dict(state)


class Forwarding:
    """It has its generator's methods by name."""

    def __init__(self) -> None:
        self.inner = small.PoolTraining()
        self.generator, self.discriminator = self.inner.generator, self.inner.discriminator
        self.g_optimizer, self.step = self.inner.g_optimizer, self.inner.step

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["generator"], name)


class Failing(small.SayingTraining):
    def __init__(self) -> None:
        super().__init__()
        self.steps = 0

    def step(self, images: Tensor) -> tuple[Tensor, Tensor]:
        self.steps += 1
        if self.steps > 2:
            raise ValueError("It is too late.")
        return super().step(images)


class Module(nn.Module):
    """A training that is a network: its own state knows of no optimizer."""

    def __init__(self) -> None:
        super().__init__()
        self.own = [small.PoolTraining()]
        self.generator, self.discriminator = self.own[0].generator, self.own[0].discriminator
        self.g_optimizer = self.own[0].g_optimizer

    def step(self, images: Tensor) -> tuple[Tensor, Tensor]:
        self.own[0].generator = self.generator
        return self.own[0].step(images)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (small.make_pair, None),
        (pair_with(Growing), LEAVES_OUT),
        (pair_with(Queueing), LEAVES_OUT),
        (pair_with(Lazy), "RuntimeError: Error(s) in loading state_dict for Lazy"),
        (small.PoolTraining, NO_METHODS),
        (Module, NO_METHODS),
        (small.SayingTraining, None),
        (ByMethod, NO_METHODS),
        (Saying, LEAVES_OUT),
        (Averaging, LEAVES_OUT),
        (with_state(more=(1, Counter({3: 2}), torch.ones(2, 3).T)), None),
        (with_state(array=np.zeros(2)), "the state holds an object of type ndarray"),
        (with_state(array=torch.eye(2).to_sparse()), ""),
        (Raising, "ZeroDivisionError: by zero"),
        (Forgetting, "the training's state leaves out its generator"),
        (Critic, "the training's state leaves out its steps"),
        (HiddenCritic, LEAVES_OUT),
        (Queue, "AttributeError: 'list' object has no attribute 'popleft'"),
        (NewOptimizer, "load_state_dict puts other networks or another optimizer in the place of"),
        (NewGenerator, "load_state_dict puts other networks or another optimizer in the place of"),
        (Forwarding, "the training's state leaves out its discriminator"),
        (Failing, "ValueError: It is too late"),
    ],
)
def test_what_cannot_go_on_is_found(
    make: Callable[[], Any], expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = torch.get_rng_state()
    found = obstacle(make, monkeypatch)
    assert (found is None) == (expected is None)
    assert (found or "").startswith(expected or "")
    assert "\n" not in (found or "")
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (small.SayingTraining, None),
        (Forgetting, "the training's state leaves out its generator"),
        (pair_with(Growing), None),  # Nobody can tell: on a GPU two trainings differ in any case.
    ],
)
def test_where_bits_differ_in_any_case_states_are_compared(
    make: Callable[[], Any], expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert obstacle(make, monkeypatch, device="cpu:0") == expected


def test_one_batch_of_data_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(small, "DIGITS", Digits(small.IMAGES[:12], small.LABELS[:12], "mine"))
    assert obstacle(Critic, monkeypatch) == "the training's state leaves out its steps"
    assert obstacle(small.SayingTraining, monkeypatch) is None


def test_what_comes_with_xaigrad_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rehearsal, "Training", lambda *given: pytest.fail("it was trained"))
    assert rehearsal.obstacle(Setting("mlp"), small.DIGITS) is None
