"""The explicit form, for a discriminator that is not called as a module."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from xaigrad import XAIGuidedGenerator
from xaigrad.explainers import DeepShap, Saliency
from xaigrad.references import RandomReferences

from .anatomy import anatomy
from .loops import bits, noise, random_states, real, seed_everything
from .networks import DISCRIMINATORS, discriminator, generator


def leaf_gradients(module: nn.Module) -> list[bytes]:
    return [bits(parameter.grad) for parameter in module.parameters()]


def hooked(judge: nn.Module, guided: XAIGuidedGenerator, samples: Tensor) -> Tensor:
    scores: Tensor = judge(samples)
    return scores


def explicit(judge: nn.Module, guided: XAIGuidedGenerator, samples: Tensor) -> Tensor:
    scores: Tensor = judge.forward(guided.intercept(samples, lambda rows: judge(rows)[:, 0]))
    return scores


@pytest.mark.parametrize("samples", [1, 3])
def test_explicit_form_equals_the_hooked_one(samples: int) -> None:
    found = []
    for ask in (hooked, explicit):
        seed_everything(0)
        maker, judge = generator(), discriminator()
        # As a plain function: a bank's references are shared only where a module says that nothing else is asked.
        references = RandomReferences(real()).__call__
        guided = XAIGuidedGenerator(maker, judge, explainer=DeepShap(references, samples))
        ask(judge, guided, guided(noise())).sum().backward()
        assert guided.explanations == 1
        found.append(leaf_gradients(maker))
    assert found[0] == found[1]


def test_explicit_form_leaves_the_discriminator_undisturbed() -> None:
    judge = DISCRIMINATORS["old spectral norm"]()
    guided = XAIGuidedGenerator(generator(), judge, explainer=Saliency(exact=True))
    samples = guided.intercept(guided(noise()), lambda rows: judge[1](judge[0](rows)))
    scores = judge[1](judge[0](samples))
    before, states = anatomy(judge), random_states()
    torch.autograd.grad(scores.sum(), list(guided.parameters()))
    assert guided.explanations == 1
    assert anatomy(judge) == before
    assert random_states() == states


def test_at_rest_in_pauses() -> None:
    guided = XAIGuidedGenerator(generator(), discriminator())
    samples = guided(noise())
    with guided.paused():
        assert guided.intercept(samples, discriminator()) is samples


@pytest.mark.parametrize("make", [real, lambda: real().requires_grad_(), lambda: generator()(noise())])
def test_at_rest_for_what_the_generator_did_not_make(make: Callable[[], Tensor]) -> None:
    samples = make()
    assert XAIGuidedGenerator(generator(), discriminator()).intercept(samples, discriminator()) is samples


def test_at_rest_without_gradients() -> None:
    guided = XAIGuidedGenerator(generator(), discriminator())
    samples = guided(noise())
    with torch.no_grad():
        assert guided.intercept(samples, discriminator()) is samples


def test_at_rest_when_detached() -> None:
    guided = XAIGuidedGenerator(generator(), discriminator())
    samples = guided(noise())
    guided.detach()
    assert guided.intercept(samples, discriminator()) is samples
