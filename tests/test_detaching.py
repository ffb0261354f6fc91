"""After the guidance both networks, and the optimizer, are what they were before it, to the bytes of their pickles."""

import pickle
from collections.abc import Callable

import pytest
import torch
from torch import nn

from xaigrad import XAIGuidedGenerator, guide
from xaigrad.explainers import DeepShap, Explainer, Saliency

from .anatomy import anatomy, hook_count
from .loops import assert_same_bits, flat_bits, noise, train
from .networks import DISCRIMINATORS, FEATURES, PAIRS, discriminator, generator

EXPLAINERS: dict[str, Explainer] = {"fused": Saliency(), "DeepShap": DeepShap(torch.randn(20, FEATURES), check="off")}
PICKLABLE = {name: make for name, make in DISCRIMINATORS.items() if "new" not in name}


def trace(*modules: nn.Module) -> list[object]:
    return [(anatomy(module), list(vars(module)), list(module.state_dict())) for module in modules]


@pytest.mark.parametrize("explainer", EXPLAINERS.values(), ids=EXPLAINERS)
@pytest.mark.parametrize("make", DISCRIMINATORS.values(), ids=DISCRIMINATORS)
def test_no_trace(make: Callable[[], nn.Module], explainer: Explainer) -> None:
    maker, judge = generator(), make()
    before = trace(maker, judge)
    guided = XAIGuidedGenerator(maker, judge, explainer=explainer)
    assert hook_count(judge) > hook_count(make())
    assert guided.detach() is maker
    assert trace(maker, judge) == before


@pytest.mark.parametrize("make", PICKLABLE.values(), ids=PICKLABLE)
def test_no_trace_in_a_pickle(make: Callable[[], nn.Module]) -> None:
    maker, judge = generator(), make()
    before = pickle.dumps(maker), pickle.dumps(judge)
    XAIGuidedGenerator(maker, judge, explainer=Saliency(exact=True)).detach()
    assert (pickle.dumps(maker), pickle.dumps(judge)) == before


def test_no_trace_in_the_optimizer() -> None:
    maker, judge = generator(), discriminator()
    optimizer = torch.optim.SGD(maker.parameters(), 0.1)
    before = {name: repr(value) for name, value in vars(optimizer).items()}
    guided = XAIGuidedGenerator(maker, judge, optimizer=optimizer)
    assert guided.updates == 0
    assert {name: repr(value) for name, value in vars(optimizer).items()} == before


def test_hooks_of_the_user_stay() -> None:
    maker, judge, calls = generator(), discriminator(), []
    judge.register_forward_pre_hook(lambda *_: calls.append("before"))
    judge.register_forward_hook(lambda *_: calls.append("after"))
    XAIGuidedGenerator(maker, judge).detach()
    judge(maker(noise()))
    assert calls == ["before", "after"]


def test_detached_is_unguided() -> None:
    maker, judge = generator(), discriminator()
    guided = XAIGuidedGenerator(maker, judge)
    judge(guided(noise())).sum().backward()
    guided.detach()
    judge(guided(noise())).sum().backward()
    assert guided.explanations == 1
    assert guided.skipped == {}


def test_detached_ends_pending_graphs_too() -> None:
    maker, judge = generator(), discriminator()
    guided = XAIGuidedGenerator(maker, judge, mask=torch.zeros_like)
    loss = judge(guided(noise())).sum()
    guided.detach()
    loss.backward()
    assert guided.explanations == 0
    assert all(parameter.grad.any() for parameter in maker.parameters())


def test_detaching_twice() -> None:
    maker, judge = generator(), discriminator()
    guided = XAIGuidedGenerator(maker, judge)
    assert guided.detach() is guided.detach() is maker


def test_detaching_one_of_two() -> None:
    maker, judge = generator(), discriminator()
    first, second = XAIGuidedGenerator(maker, judge), XAIGuidedGenerator(generator(), judge)
    first.detach()
    judge(second(noise())).sum().backward()
    assert (first.explanations, second.explanations) == (0, 1)


def test_context_guides_and_leaves_no_trace() -> None:
    maker, judge = generator(), discriminator()
    before = trace(maker, judge), pickle.dumps((maker, judge))
    with guide(maker, judge, explainer=EXPLAINERS["DeepShap"]) as guided:
        scores = judge(maker(noise()))
        torch.autograd.grad(scores.sum(), list(maker.parameters()))
    assert guided.explanations == 1
    assert (trace(maker, judge), pickle.dumps((maker, judge))) == before


def test_context_hands_errors_on() -> None:
    maker, judge = generator(), discriminator()
    before = trace(maker, judge)
    samples = noise()
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"), guide(maker, judge) as guided:
        judge(maker(samples).repeat(1, 2))
    assert guided.bare is maker  # Still held here, so it was not its end that cleaned up.
    assert trace(maker, judge) == before


def test_context_takes_the_wrapper_s_settings() -> None:
    maker, judge = generator(), discriminator()
    with guide(maker, [judge], explainer=Saliency(exact=True), target=lambda output, samples: output[:, 0]) as guided:
        judge(maker(noise())).sum().backward()
    assert guided.interception.guidance.explainer == Saliency(exact=True)


def test_context_equals_the_wrapper() -> None:
    """Whoever calls the generator: the bare one inside the context trains like the wrapper."""
    by_wrapper, _ = train(PAIRS["plain norm"], XAIGuidedGenerator, updates=5)

    def hidden(maker: nn.Module, judge: nn.Module) -> XAIGuidedGenerator:
        context = guide(maker, judge)
        guided = context.__enter__()
        guided.__dict__["context"] = context
        guided.__dict__["forward"] = maker.forward
        return guided

    in_context, _ = train(PAIRS["plain norm"], hidden, updates=5)
    assert_same_bits(in_context.state(), by_wrapper.state())
    assert_same_bits(flat_bits("", in_context.generator.state_dict()), flat_bits("", by_wrapper.generator.state_dict()))
