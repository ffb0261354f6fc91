"""Watching D changes nothing, leaves no trace, and keeps nothing alive."""

import copy
import gc
import pickle
import weakref
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import torch
from torch.nn import functional as F

from xaigrad import Guidance, XAIGuidedGenerator, guide
from xaigrad.explainers import DeepShap, Saliency
from xaigrad.schedules import Adaptive, StartAfter

from .anatomy import anatomy, hook_count
from .loops import assert_same_bits, noise, train
from .networks import FEATURES, PAIRS, discriminator, generator, smooth
from .scheduling import Reading
from .test_freed import Graph

RESTING: dict[str, Guidance] = {
    "reading": Guidance(schedule=Reading(0.0)),
    "never enough": Guidance(Saliency(exact=True), schedule=Adaptive(0.0, 1.0) * 0),
    "late": Guidance(schedule=StartAfter(1000, Adaptive())),
    "harvesting": Guidance(DeepShap(check="off"), schedule=Reading(0.0)),
    "mask of ones": Guidance(mask=torch.ones_like, schedule=Adaptive(1.0, 0.0)),
}


@cache
def standard(pair: str) -> dict[str, bytes]:
    return train(PAIRS[pair])[0].state()


def assert_neutral(pair: str, guidance: Guidance) -> None:
    """Both networks, their buffers and optimizers, and the random states are to the bit what they are without it."""
    training, guided = train(PAIRS[pair], lambda *networks: XAIGuidedGenerator(*networks, guidance))
    assert guided is not None
    assert guidance.watches
    assert_same_bits(training.state(), standard(pair))
    assert len(guided.interception.state_dict()["verdicts"]["calls"]) == 40


@pytest.mark.parametrize("pair", [pair for pair in PAIRS if pair not in {"dcgan", "mlp"}])
@pytest.mark.parametrize("guidance", RESTING.values(), ids=RESTING)
def test_neutral(pair: str, guidance: Guidance) -> None:
    assert_neutral(pair, guidance)


@pytest.mark.parametrize("pair", ["dcgan", "mlp"])
def test_shipped_pairs(pair: str) -> None:
    assert_neutral(pair, RESTING["reading"])


def test_no_trace() -> None:
    judge = discriminator()
    before = anatomy(judge), pickle.dumps(judge)
    with guide(generator(), judge, schedule=Reading()):
        assert hook_count(judge) == 2
        judge(torch.randn(6, FEATURES))
    assert (anatomy(judge), pickle.dumps(judge)) == before


@pytest.fixture
def without_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


TARGETS: dict[str, Any] = {
    "output": None,
    "column": lambda output, samples: output[:, 0],
    "computed": lambda output, samples: 2 * output,
}


@pytest.mark.usefixtures("without_collector")
@pytest.mark.parametrize("backward", ["none", "backward", "retain_graph", "create_graph"])
@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_batches_and_graphs_are_freed(target: Any, backward: str) -> None:
    judge = discriminator()
    guided = XAIGuidedGenerator(generator(), judge, schedule=Reading(), target=target)
    real, graph = torch.randn(6, FEATURES), Graph()
    with graph.hooks():
        scores = judge(real)
    held = [weakref.ref(real), weakref.ref(scores)]
    if backward == "create_graph":
        torch.autograd.grad(scores.sum(), list(judge.parameters()), create_graph=True)
    elif backward != "none":
        scores.sum().backward(retain_graph=backward == "retain_graph")
    del real, scores
    assert [reference() for reference in held] == [None, None]
    assert not graph.alive
    assert guided.updates == 0


@pytest.mark.usefixtures("without_collector")
def test_a_call_that_raises_keeps_no_batch() -> None:
    judge = smooth()
    guided = XAIGuidedGenerator(generator(), judge, schedule=Reading())
    real = torch.randn(6, FEATURES + 1)
    with pytest.raises(RuntimeError):
        judge(real)
    held = weakref.ref(real)
    del real
    assert held() is None
    assert guided.updates == 0


@pytest.mark.usefixtures("without_collector")
def test_a_pending_graph_keeps_no_guidance() -> None:
    maker, judge = generator(), discriminator()
    guided = XAIGuidedGenerator(maker, judge, schedule=Reading())
    scores = judge(torch.randn(6, FEATURES))
    references = [weakref.ref(guided), weakref.ref(guided.interception), weakref.ref(guided.interception._watch)]
    del guided
    assert [reference() for reference in references] == [None] * 3
    assert hook_count(judge) == 0
    scores.sum().backward()  # A graph that outlives its guidance tells nobody, and does not fail.


@pytest.mark.usefixtures("without_collector")
def test_no_reference_cycle() -> None:
    def step() -> None:
        F.softplus(-judge(torch.randn(6, FEATURES))).mean().backward()
        judge(guided(noise())).sum().backward()

    judge = discriminator()
    guided = XAIGuidedGenerator(generator(), judge, schedule=Adaptive(1.0, 0.0), target=TARGETS["computed"])
    step()
    gc.collect()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        step()
        gc.collect()
        names = [str(getattr(value, "__module__", type(value).__module__)) for value in gc.garbage]
        assert not any("xaigrad" in name for name in names)
    finally:
        gc.set_debug(0)
        gc.garbage.clear()


def test_copies_are_not_watched() -> None:
    maker, judge, reading = generator(), discriminator(), Reading()
    guided = XAIGuidedGenerator(maker, judge, schedule=reading)
    for copied in (copy.deepcopy(judge), pickle.loads(pickle.dumps(judge))):
        copied(torch.randn(6, FEATURES)).sum().backward()
    judge(guided(noise()))
    assert len(reading.seen[0]) == 0
