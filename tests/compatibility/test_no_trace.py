"""After a whole training, finished or broken off, nothing tells that it was guided: networks, optimizers, torch."""

import gc
import io
import pickle
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.modules import module as modules
from torch.optim import optimizer as optimizers

from xaigrad import XAIGuidedGenerator, guide
from xaigrad.explainers import DeepShap, Explainer, Saliency

from ..anatomy import hook_count
from ..loops import Training, bits, seed_everything
from ..networks import FEATURES, PAIRS, generator, smooth

BANK = torch.randn(20, FEATURES, generator=torch.Generator().manual_seed(1))
EXPLAINERS: dict[str, Explainer] = {
    "fused": Saliency(),
    "DeepShap": DeepShap(BANK, check="off"),
    "harvesting": DeepShap(check="off"),
}


class Interrupted(Training):
    """Breaks off in the third update of G, D asked and nothing learned from it."""

    updates = 0

    def make(self, fake: Tensor, real: Tensor) -> Tensor:
        loss = super().make(fake, real)
        self.updates += 1
        if self.updates == 3:
            raise KeyboardInterrupt
        return loss


class Bits(pickle.Pickler):
    """Pickles a tensor as its bits, since torch writes where in memory it lies."""

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, Tensor):
            hooks = len(value._backward_hooks or ())
            return tuple, ((bits(value), value.requires_grad, hooks, planted(value)),)
        return NotImplemented


def planted(tensor: Tensor) -> list[str]:
    """Return the attributes that somebody put on a tensor; a compiler's own marks are its own affair."""
    return sorted(name for name in vars(tensor) if not name.startswith("_dynamo"))


def pickled(value: Any) -> bytes:
    buffer = io.BytesIO()
    Bits(buffer).dump(value)
    return buffer.getvalue()


def remains(value: Any) -> Any:
    """Return what a value is made of, names and order included, without saying which object it is."""
    if isinstance(value, Tensor):
        gradient = remains(value.grad) if value.is_leaf else None
        return bits(value), value.requires_grad, gradient, len(value._backward_hooks or ()), planted(value)
    if isinstance(value, nn.Module):
        return type(value).__name__, remains(vars(value))
    if isinstance(value, dict):
        # Whole numbers are the names of hooks, which torch counts.
        return [(None if isinstance(key, int) else remains(key), remains(entry)) for key, entry in value.items()]
    if isinstance(value, list | tuple):
        return [remains(entry) for entry in value]
    return value if isinstance(value, int | float | str | set | None) else type(value).__name__


def global_hooks() -> set[int]:
    """What torch runs for every module and every optimizer, but for those that the next guidance removes."""
    return {
        id(hook)
        for library in (modules, optimizers)
        for name, value in vars(library).items()
        if name.startswith("_global_") and isinstance(value, dict)
        for hook in value.values()
        if getattr(hook, "owner", hook) is not None
    }


Settings = dict[str, Any]


@contextmanager
def never(training: Training, settings: Settings) -> Iterator[None]:
    yield


@contextmanager
def in_context(training: Training, settings: Settings) -> Iterator[None]:
    with guide(training.generator, training.discriminator, **settings) as guided:
        yield
    assert guided.explanations > 0


@contextmanager
def wrapped(training: Training, settings: Settings) -> Iterator[None]:
    training.play = XAIGuidedGenerator(training.generator, training.discriminator, **settings)
    try:
        yield
    finally:
        training.play = training.play.detach()


@contextmanager
def dropped(training: Training, settings: Settings) -> Iterator[None]:
    """The wrapper is let go of, and never detached."""
    training.play = XAIGuidedGenerator(training.generator, training.discriminator, **settings)
    try:
        yield
    finally:
        training.play = None


@contextmanager
def named(training: Training, settings: Settings) -> Iterator[None]:
    with guide(training.generator, training.discriminator, optimizer=training.optimizers[0], **settings):
        yield


WAYS = [in_context, wrapped, dropped, named]
KINDS = {"finished": Training, "broken off": Interrupted}


def trained(
    pair: str, kind: Callable[..., Training], around: Callable[..., AbstractContextManager[None]], explainer: str
) -> Training:
    """Train, guided by masks of ones, so that the weights are the bare ones and every trace is another one."""
    seed_everything(0)
    training = kind(*PAIRS[pair]())
    before = global_hooks()
    with suppress(KeyboardInterrupt), around(training, {"explainer": EXPLAINERS[explainer], "mask": torch.ones_like}):
        for _ in range(3):
            training.step()
    assert global_hooks() <= before  # Less, where an earlier guidance has been collected.
    return training


@cache
def bare(pair: str, kind: Callable[..., Training]) -> tuple[Any, ...]:
    training = trained(pair, kind, never, "fused")
    return tuple(found(training) for found in FOUND)


FOUND: list[Callable[[Training], Any]] = [
    Training.state,
    lambda training: remains(training.generator),
    lambda training: remains(training.discriminator),
    lambda training: [remains(vars(optimizer)) for optimizer in training.optimizers],
    lambda training: [
        list(network.state_dict()._metadata.items()) for network in (training.generator, training.discriminator)
    ],
]


@pytest.mark.parametrize("pair", ["plain norm", "old spectral norm", "new spectral norm"])
@pytest.mark.parametrize("explainer", EXPLAINERS)
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("around", WAYS)
def test_no_trace(pair: str, explainer: str, kind: type[Training], around: Callable[..., Any]) -> None:
    training = trained(pair, kind, around, explainer)
    for found, expected in zip(FOUND, bare(pair, kind), strict=True):
        assert found(training) == expected


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("around", WAYS)
def test_no_trace_in_a_pickle(kind: type[Training], around: Callable[..., Any]) -> None:
    pickles = [
        pickled((training.generator, training.discriminator, training.optimizers))
        for training in (trained("plain norm", kind, way, "harvesting") for way in (never, around))
    ]
    assert pickles[0] == pickles[1]


def raising(*_: Any) -> Tensor:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    "settings",
    [{"explainer": raising}, {"mask": raising}, {"rule": raising}, {"schedule": raising}, {"target": raising}],
    ids=lambda settings: next(iter(settings)),
)
def test_a_guidance_that_raises_in_the_middle_leaves_no_trace(settings: Settings) -> None:
    seed_everything(0)
    training = Training(generator(), smooth())
    hooks, parts = global_hooks(), [list(vars(module)) for module in training.discriminator.modules()]
    with pytest.raises(KeyboardInterrupt), in_context(training, {"explainer": Saliency(exact=True)} | settings):
        training.step()
    assert global_hooks() <= hooks
    assert hook_count(training.generator) + hook_count(training.discriminator) == 0
    assert [list(vars(module)) for module in training.discriminator.modules()] == parts
    assert all(parameter.requires_grad for parameter in training.discriminator.parameters())
    training.step()


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")  # Dynamo's own.
@pytest.mark.parametrize("explainer", ["fused", "DeepShap"])
def test_no_trace_in_compiled_networks(explainer: str) -> None:
    found = []
    for around in (never, in_context):
        torch._dynamo.reset()
        seed_everything(0)
        training = Training(generator(), smooth())
        training.generator.compile(backend="eager")
        training.discriminator.compile(backend="eager")
        with around(training, {"explainer": EXPLAINERS[explainer], "mask": torch.ones_like}):
            training.step()
        training.step()
        found.append((training.state(), remains(training.generator), remains(training.discriminator)))
    assert found[0] == found[1]


@pytest.mark.parametrize("name_it", [False, True])
def test_the_hook_on_every_optimizer_is_one_that_is_seen_here(name_it: bool) -> None:
    maker, judge = generator(), smooth()
    optimizer = torch.optim.SGD(maker.parameters())
    before = global_hooks(), remains(vars(optimizer))
    with guide(maker, judge, optimizer=optimizer if name_it else None):
        assert len(global_hooks() - before[0]) == 1
        assert remains(vars(optimizer)) == before[1]
    assert global_hooks() <= before[0]


def test_a_lost_guidance_is_collected_in_the_middle_of_somebody_s_step() -> None:
    """Python's collector comes when it likes, also while an optimizer goes through the hooks of every optimizer."""
    maker, judge, collected = generator(), smooth(), []
    optimizer = torch.optim.SGD(maker.parameters())
    gc.collect()
    before = global_hooks()
    handle = optimizers.register_optimizer_step_post_hook(lambda *_: collected.append(gc.collect()))
    gc.disable()
    try:
        cycle: list[Any] = [XAIGuidedGenerator(maker, judge)]
        cycle.append(cycle)
        del cycle
        optimizer.step()
    finally:
        gc.enable()
        handle.remove()
    assert collected
    assert global_hooks() <= before  # Less, where an earlier guidance has been collected.
