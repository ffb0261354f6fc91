"""A plain implementation of the method, without hooks, and the library's give the same generator, bit for bit."""

from collections.abc import Callable
from copy import deepcopy
from functools import cache, partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from xaigrad import Guidance, XAIGuidedGenerator
from xaigrad.explainers import Context, DeepShap, InputXGradient, Saliency
from xaigrad.masks import AbsNormalize, Clamp, Offset
from xaigrad.rules import Multiply, Residual
from xaigrad.schedules import Alternate, Constant

from .loops import assert_same_bits, differing, flat_bits, seed_everything, train
from .networks import LATENT, PAIRS

UPDATES = 20
BANK = torch.randn(30, 8, generator=torch.Generator().manual_seed(1))

Explain = Callable[[nn.Module, Tensor, Tensor], Tensor]


def reference(
    explain: Explain, mask_of: Callable[[Tensor], Tensor], weight: Callable[[Tensor, int], Tensor | float]
) -> dict[str, bytes]:
    """The method in plain code: forward, gradient at the sample, explanation, mask, ``fake.backward(g')``, step."""
    seed_everything(0)
    generator, discriminator = PAIRS["plain norm"]()
    networks = generator, discriminator
    g_step, d_step = (torch.optim.Adam(network.parameters(), 2e-4, (0.5, 0.999)) for network in networks)
    for update in range(UPDATES):
        fake = generator(torch.randn(6, LATENT))
        real = torch.randn_like(fake)

        d_step.zero_grad()
        (softplus(-discriminator(real)).mean() + softplus(discriminator(fake.detach())).mean()).backward()
        d_step.step()

        g_step.zero_grad()
        samples = fake.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(softplus(-discriminator(samples.clone())).mean(), samples)
        mask = mask_of(explain(discriminator, samples.detach(), gradient))
        fake.backward(gradient * weight(mask, update))
        g_step.step()
    return flat_bits("", {"G": generator.state_dict(), "D": discriminator.state_dict()})


def score_gradient(discriminator: nn.Module, samples: Tensor) -> Tensor:
    samples = samples.clone().requires_grad_()
    deepcopy(discriminator).eval()(samples.clone()).sum().backward()
    assert samples.grad is not None
    return samples.grad


def deep_shap(samples: int = 1) -> Explain:
    """The shipped explainer, asked about a copy of D, with a random generator seeded as the user seeded torch."""
    explainer, rng, memory = DeepShap(BANK, samples), torch.Generator().manual_seed(0), dict[str, Any]()

    def explain(discriminator: nn.Module, samples: Tensor, gradient: Tensor) -> Tensor:
        judge = deepcopy(discriminator).eval().requires_grad_(False)
        context = Context(gradient, 0, 0, rng, discriminator=judge, memory=memory)
        return explainer(lambda points: judge(points.clone()).sum(1), samples, context)

    return explain


EXPLAINERS = {
    "Saliency": (Saliency(), lambda: lambda judge, samples, gradient: gradient),
    "Saliency(exact)": (Saliency(exact=True), lambda: lambda judge, samples, _: score_gradient(judge, samples)),
    "InputXGradient": (InputXGradient(), lambda: lambda judge, samples, gradient: samples * gradient),
    "InputXGradient(exact)": (
        InputXGradient(exact=True),
        lambda: lambda judge, samples, _: samples * score_gradient(judge, samples),
    ),
    "DeepShap": (DeepShap(BANK), deep_shap),
}


def by_max(attribution: Tensor) -> Tensor:
    return attribution.abs() / attribution.abs().amax(1, keepdim=True)


def by_batch(attribution: Tensor) -> Tensor:
    size = attribution.abs()
    return (size - size.min()) / (size.max() - size.min())


MASKS = {
    "default": (AbsNormalize(), by_max),
    "released": (AbsNormalize(per="batch", by="minmax"), by_batch),
    "offset": ((AbsNormalize(), Offset(0.5, 0.5)), lambda attribution: 0.5 + 0.5 * by_max(attribution)),
    "clamped": ((AbsNormalize(), Clamp(0.1, 0.9)), lambda attribution: by_max(attribution).clamp(0.1, 0.9)),
    "a function": (torch.sigmoid, torch.sigmoid),
}


def multiply(mask: Tensor, update: int, strength: float) -> Tensor:
    return mask if strength == 1 else 1 + strength * (mask - 1)


def residual(mask: Tensor, update: int, strength: float, alpha: float) -> Tensor:
    return 1 + strength * alpha * mask


RULES = {"Multiply": (Multiply(), multiply), "Residual": (Residual(0.4), partial(residual, alpha=0.4))}


@cache
def standard() -> dict[str, bytes]:
    return networks_of(train(PAIRS["plain norm"], updates=UPDATES)[0].state())


def networks_of(state: dict[str, bytes]) -> dict[str, bytes]:
    return {name: value for name, value in state.items() if name.startswith((".G", ".D"))}


def guided(guidance: Guidance) -> dict[str, bytes]:
    training, _ = train(PAIRS["plain norm"], lambda *networks: XAIGuidedGenerator(*networks, guidance), updates=UPDATES)
    return networks_of(training.state())


@pytest.mark.parametrize("strength", [1.0, 0.5])
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("explainer", EXPLAINERS)
def test_explainer_and_rule(explainer: str, rule: str, strength: float) -> None:
    ours, explain = EXPLAINERS[explainer]
    our_rule, weight = RULES[rule]
    found = guided(Guidance(ours, schedule=Constant(strength), rule=our_rule))
    assert_same_bits(found, reference(explain(), by_max, partial(weight, strength=strength)))
    assert differing(found, standard())


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("mask", MASKS)
def test_mask_and_rule(mask: str, rule: str) -> None:
    our_mask, mask_of = MASKS[mask]
    our_rule, weight = RULES[rule]
    found = guided(Guidance(Saliency(exact=True), our_mask, rule=our_rule))
    explain = EXPLAINERS["Saliency(exact)"][1]
    assert_same_bits(found, reference(explain(), mask_of, partial(weight, strength=1.0)))
    assert differing(found, standard())


def test_schedule() -> None:
    def weight(mask: Tensor, update: int) -> Tensor | float:
        return mask if update % 2 == 0 else 1.0

    found = guided(Guidance(schedule=Alternate()))
    assert_same_bits(found, reference(EXPLAINERS["Saliency"][1](), by_max, weight))


def test_the_standard_loop() -> None:
    """With the weight 1 the reference is the plain loop: what differs above is the guidance."""
    plain = reference(EXPLAINERS["Saliency"][1](), by_max, lambda mask, update: 1.0)
    assert_same_bits(plain, standard())


def test_several_references() -> None:
    expected = reference(deep_shap(samples=3), by_max, partial(multiply, strength=1.0))
    assert_same_bits(guided(Guidance(DeepShap(BANK, samples=3))), expected)
