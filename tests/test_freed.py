"""Nothing outlives its last reference: no reference cycle, so no memory waits for the garbage collector."""

import gc
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.optim.optimizer import _global_optimizer_post_hooks, register_optimizer_step_post_hook

from xaigrad import XAIGuidedGenerator, guide
from xaigrad.explainers import Context, DeepShap, Explainer, Saliency, Score

from .anatomy import hook_count
from .loops import noise
from .networks import FEATURES, discriminator, generator


def raising(score: Score, samples: Tensor, context: Context) -> Tensor:
    score(samples)
    raise KeyError


EXPLAINERS: dict[str, Explainer] = {
    "Saliency": Saliency(),
    "Saliency(exact)": Saliency(exact=True),
    "DeepShap": DeepShap(torch.randn(20, FEATURES)),
    "raising": raising,
}


@pytest.fixture(autouse=True)
def without_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


class Saved:
    """What a graph saved, findable by weak references."""

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor


class Graph:
    """Sees whether what the graphs made inside it have saved is still alive."""

    def __init__(self) -> None:
        self.saved: list[weakref.ref[Saved]] = []

    def pack(self, tensor: Tensor) -> Saved:
        saved = Saved(tensor)
        self.saved.append(weakref.ref(saved))
        return saved

    def hooks(self) -> Any:
        return torch.autograd.graph.saved_tensors_hooks(self.pack, lambda saved: saved.tensor)

    @property
    def alive(self) -> int:
        assert self.saved
        return sum(reference() is not None for reference in self.saved)


def test_the_instrument() -> None:
    graph = Graph()
    with graph.hooks():
        scores = discriminator()(noise(6).repeat(1, 2))
    assert graph.alive
    del scores
    assert not graph.alive


@pytest.mark.parametrize("backward", ["none", "backward", "retain_graph", "create_graph"])
@pytest.mark.parametrize("explainer", EXPLAINERS.values(), ids=EXPLAINERS)
def test_samples_and_graph(explainer: Explainer, backward: str) -> None:
    judge, graph = discriminator(), Graph()
    guided = XAIGuidedGenerator(generator(), judge, explainer=explainer)
    samples = guided(noise())
    with graph.hooks():
        scores = judge(samples)
    references = [weakref.ref(samples), weakref.ref(scores)]
    try:
        if backward == "create_graph":
            torch.autograd.grad(scores.sum(), samples, create_graph=True)
        elif backward != "none":
            scores.sum().backward(retain_graph=backward == "retain_graph")
    except KeyError:
        assert explainer is raising
    del samples, scores
    assert [reference() for reference in references] == [None, None]
    assert not graph.alive


@pytest.mark.parametrize("explainer", EXPLAINERS.values(), ids=EXPLAINERS)
def test_wrapper_and_its_hooks(explainer: Explainer) -> None:
    maker, judge = generator(), discriminator()
    optimizer = torch.optim.SGD(maker.parameters(), 0.1)
    guided = XAIGuidedGenerator(maker, judge, explainer=explainer, optimizer=optimizer)
    try:
        judge(guided(noise())).sum().backward()
    except KeyError:
        assert explainer is raising
    references = [weakref.ref(guided), weakref.ref(guided.interception)]
    assert hook_count(judge) == 2
    del guided
    assert [reference() for reference in references] == [None, None]
    assert hook_count(judge) == 0
    assert not optimizer._optimizer_step_post_hooks


def test_hooks_on_all_optimizers() -> None:
    """The count of updates listens to every optimizer; who has ended it listens to none, who has gone to no one."""
    maker, judge = generator(), discriminator()
    XAIGuidedGenerator(maker, judge).detach()
    before = dict(_global_optimizer_post_hooks)
    with guide(maker, judge):
        assert len(_global_optimizer_post_hooks) > len(before)
    assert dict(_global_optimizer_post_hooks) == before
    guided = XAIGuidedGenerator(maker, judge)
    del guided
    XAIGuidedGenerator(maker, judge).detach()
    assert dict(_global_optimizer_post_hooks) == before


def test_an_end_inside_an_optimizer_s_step() -> None:
    """A collection may come at any allocation, while the optimizer goes through its hooks."""
    cycle: list[object] = [XAIGuidedGenerator(generator(), discriminator())]
    cycle.append(cycle)
    del cycle
    handle = register_optimizer_step_post_hook(lambda *_: gc.collect() and None)
    try:
        guided = XAIGuidedGenerator(generator(), discriminator())
        optimizer = torch.optim.SGD(guided.parameters(), 0.1)
        guided(noise()).sum().backward()
        optimizer.step()
    finally:
        handle.remove()
    assert guided.updates == 1


def test_networks_are_held_weakly_but_by_the_wrapper() -> None:
    maker, judge = generator(), discriminator()
    guided = XAIGuidedGenerator(maker, judge)
    interception, of_maker, of_judge = guided.interception, weakref.ref(maker), weakref.ref(judge)
    del maker, judge
    assert of_judge() is None
    assert of_maker() is guided.bare
    del guided
    assert of_maker() is None
    assert interception.updates == 0


def test_context() -> None:
    maker, judge = generator(), discriminator()
    with guide(maker, judge) as guided:
        judge(maker(noise())).sum().backward()
        reference = weakref.ref(guided)
        del guided
    assert reference() is None


def garbage_of_a_step(maker: nn.Module, judge: nn.Module) -> list[Any]:
    gc.collect()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        judge(maker(noise())).sum().backward()
        gc.collect()
        return gc.garbage.copy()
    finally:
        gc.set_debug(0)
        gc.garbage.clear()


@pytest.mark.parametrize("explainer", [Saliency(), Saliency(exact=True), EXPLAINERS["DeepShap"]])
def test_no_reference_cycle_holds_a_tensor(explainer: Explainer) -> None:
    judge = discriminator()
    guided = XAIGuidedGenerator(generator(), judge, explainer=explainer)
    garbage_of_a_step(guided, judge)
    garbage = garbage_of_a_step(guided, judge)
    assert not any(isinstance(value, Tensor) or "xaigrad" in type(value).__module__ for value in garbage)
    assert not any("xaigrad" in str(getattr(value, "__module__", "")) for value in garbage)


def test_a_pending_graph_keeps_its_guidance() -> None:
    """The generator may be forgotten between forward and backward, as a function that returns a loss does."""
    maker, judge = generator(), discriminator()
    guided = XAIGuidedGenerator(maker, judge, mask=torch.zeros_like)
    loss = judge(guided(noise())).sum()
    del guided
    loss.backward()
    assert all(not parameter.grad.any() for parameter in maker.parameters() if parameter.grad is not None)


def test_forgotten_networks() -> None:
    """A hook that outlived its owner does nothing."""
    maker, judge = generator(), discriminator()
    samples = noise()
    expected = judge(maker(samples))
    XAIGuidedGenerator(maker, judge)
    assert torch.equal(judge(maker(samples)), expected)
    assert hook_count(judge) == 0
