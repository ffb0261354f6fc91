"""Compiled networks learn as uncompiled ones do, whatever is compiled, before it is wrapped or after.

With the backend that traces the backward pass too, and leaves out the compiler proper, which takes minutes.
"""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch._dynamo.testing import CompileCounterWithBackend
from torch.nn.functional import softplus

from xaigrad import XAIGuidedGenerator
from xaigrad.explainers import DeepShap, Explainer
from xaigrad.schedules import Constant

from ..loops import Training, assert_same_bits, last_of, noise, seed_everything
from ..networks import FEATURES, Lambda, discriminator, generator

pytestmark = [  # Dynamo's own, of a compiled module that is called with what another one made, and of its imports.
    pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf Tensor is being accessed"),
    pytest.mark.filterwarnings("ignore:`torch.jit.script_method` is deprecated:DeprecationWarning"),
]


def in_place(module: nn.Module, **settings: Any) -> nn.Module:
    module.compile(**settings)
    return module


HOW: dict[str, Callable[..., Any]] = {"torch.compile()": torch.compile, ".compile()": in_place}


@pytest.fixture
def backend() -> Iterator[CompileCounterWithBackend]:
    """Counts what it compiles."""
    torch._dynamo.reset()
    yield CompileCounterWithBackend("aot_eager")
    torch._dynamo.reset()


def networks() -> tuple[nn.Module, nn.Module]:
    """Of a user's own class: ``nn.Sequential`` has a ``compile()`` that compiles nothing."""
    seed_everything(0)
    return Lambda(lambda layers, z: layers(z), generator()), Lambda(lambda layers, x: layers(x), discriminator())


def loss_of(play: Callable[[Tensor], Tensor], judge: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    return lambda z: softplus(-judge(play(z))).mean()


def learn(guided: XAIGuidedGenerator, judge: nn.Module, backward: Callable[[Tensor], Any]) -> list[Tensor]:
    """Return masks and gradients of three backward passes, each of which is explained once."""
    seed_everything(1)
    masks = []
    for update in range(3):
        backward(noise())
        assert guided.explanations == update + 1
        masks.append(last_of(guided).mask)
    return [*masks, *(parameter.grad for network in (guided, judge) for parameter in network.parameters())]


def asking() -> Explainer:
    return DeepShap(torch.ones(20, FEATURES).cumsum(0))


@cache
def uncompiled() -> list[Tensor]:
    maker, judge = networks()
    guided = XAIGuidedGenerator(maker, judge, explainer=asking())
    return learn(guided, judge, lambda z: loss_of(guided, judge)(z).backward())


@pytest.mark.parametrize("before", [True, False], ids=["before wrapping", "after wrapping"])
@pytest.mark.parametrize("how", HOW.values(), ids=HOW)
def test_networks(how: Callable[..., Any], before: bool, backend: CompileCounterWithBackend) -> None:
    """Both of them; after wrapping, the wrapper is compiled in the generator's place."""

    def compiled(network: nn.Module, now: bool) -> Any:
        return how(network, backend=backend) if now else network

    maker, judge = (compiled(network, before) for network in networks())
    guided = XAIGuidedGenerator(maker, judge, explainer=asking())
    loss = loss_of(compiled(guided, not before), compiled(judge, not before))
    found = learn(guided, judge, lambda z: loss(z).backward())
    torch.testing.assert_close(found, uncompiled())
    assert backend.frame_count == 2


def test_whole_graphs(backend: CompileCounterWithBackend) -> None:
    """Nothing of the guidance lies inside what is compiled with ``fullgraph=True``."""
    maker, judge = networks()
    judge = torch.compile(judge, backend=backend, fullgraph=True)
    guided = XAIGuidedGenerator(maker, judge, explainer=asking())
    loss = loss_of(torch.compile(guided, backend=backend, fullgraph=True), judge)
    torch.testing.assert_close(learn(guided, judge, lambda z: loss(z).backward()), uncompiled())
    assert backend.frame_count == 2


@pytest.mark.parametrize("with_backward", [False, True], ids=["loss", "loss and backward"])
def test_the_generator_s_loss(with_backward: bool, backend: CompileCounterWithBackend) -> None:
    """One compiled function calls both networks, and runs the backward pass too if asked."""
    maker, judge = networks()
    guided = XAIGuidedGenerator(maker, judge, explainer=asking())
    loss = loss_of(guided, judge)
    if not with_backward:
        loss = torch.compile(loss, backend=backend)

    def backward(z: Tensor) -> None:
        loss(z).backward()

    if with_backward:
        backward = torch.compile(backward, backend=backend)
    torch.testing.assert_close(learn(guided, judge, backward), uncompiled())
    assert backend.frame_count > 0


def test_strength_0(backend: CompileCounterWithBackend) -> None:
    found = []
    for guide in (False, True):
        torch._dynamo.reset()
        play, judge = networks()
        if guide:
            play = XAIGuidedGenerator(play, judge, schedule=Constant(0))
        training = Training(in_place(play, backend=backend), in_place(judge, backend=backend))
        for _ in range(20):
            training.step()
        found.append(training.state())
    assert_same_bits(found[1], found[0])
    assert backend.frame_count > 0


def test_compiled_optimizer(backend: CompileCounterWithBackend) -> None:
    """Its steps are counted, one update each."""
    maker, judge = networks()
    guided = XAIGuidedGenerator(maker, judge)
    optimizer = torch.optim.SGD(guided.parameters(), 0.1)
    step = torch.compile(optimizer.step, backend=backend)
    for update in range(3):
        loss_of(guided, judge)(noise()).backward()
        step()
        assert guided.updates == update + 1
    assert backend.frame_count > 0
