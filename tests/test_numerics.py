"""Numbers that are not finite, precisions and the scale of the loss."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from xaigrad import XAIGuidedGenerator
from xaigrad.explainers import DeepShap, Explainer, InputXGradient, Saliency
from xaigrad.rules import Multiply, Residual

from .loops import last_of, noise, seed_everything
from .networks import FEATURES, discriminator, generator, smooth

EXPLAINERS: dict[str, Explainer] = {
    "fused": Saliency(),
    "exact": Saliency(exact=True),
    "DeepShap": DeepShap(torch.randn(20, FEATURES)),
}


def breaking(values: Tensor) -> Explainer:
    return lambda score, samples, context: samples * values.to(samples)[:, None]


def test_masks_that_are_not_finite_fall_back_to_1() -> None:
    values = torch.tensor([1.0, math.nan, 1.0, math.inf, 1.0, 1.0])
    judge = discriminator()
    guided = XAIGuidedGenerator(generator(), judge, explainer=breaking(values))
    with pytest.warns(UserWarning, match="Some masks were not finite; .* The counter `fallbacks` says how many"):
        judge(guided(noise())).sum().backward()
    broken, last = ~values.isfinite(), last_of(guided)
    assert guided.fallbacks == 2
    assert torch.equal(last.mask[broken], torch.ones(2, FEATURES))
    assert torch.equal(last.guided[broken], last.gradient[broken])
    assert not (last.mask[~broken] == 1).all()
    assert torch.equal(last.guided[~broken], (last.gradient * last.mask)[~broken])


def test_warned_at_powers_of_two() -> None:
    judge = discriminator()
    guided = XAIGuidedGenerator(generator(), judge, explainer=breaking(torch.full((6,), math.nan)))
    for explanation in range(1, 9):
        if explanation in {1, 2, 4, 8}:
            with pytest.warns(UserWarning, match="not finite"):
                judge(guided(noise())).sum().backward()
        else:
            judge(guided(noise())).sum().backward()
    assert guided.fallbacks == 48


@pytest.mark.parametrize("explainer", EXPLAINERS.values(), ids=EXPLAINERS)
@pytest.mark.parametrize("rule", [Multiply(), Residual()], ids=str)
@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_gradients_that_are_not_finite_stay_so(value: float, rule: Any, explainer: Explainer) -> None:
    """A loss scaler looks for them, and nobody is warned of its search."""
    judge = discriminator()
    guided = XAIGuidedGenerator(generator(), judge, explainer=explainer, rule=rule)
    scale = torch.ones(6, 1)
    scale[2] = value
    (judge(guided(noise())) * scale).sum().backward()
    last = last_of(guided)
    assert not last.guided[2].isfinite().any()
    assert last.guided[[0, 1, 3, 4, 5]].isfinite().all()
    assert guided.fallbacks == 0
    assert not any(parameter.grad.isfinite().all() for parameter in guided.parameters())


@pytest.mark.parametrize("explainer", EXPLAINERS.values(), ids=EXPLAINERS)
@pytest.mark.parametrize("rule", [Multiply(), Residual()], ids=str)
def test_the_scale_of_the_loss_passes_through(rule: Any, explainer: Explainer) -> None:
    found = []
    for scale in (1.0, 2.0**16):
        seed_everything(0)
        maker, judge = generator(), discriminator()
        guided = XAIGuidedGenerator(maker, judge, explainer=explainer, rule=rule)
        (judge(guided(noise())).sum() * scale).backward()
        found.append([last_of(guided).mask, *(parameter.grad / scale for parameter in maker.parameters())])
    assert all(map(torch.equal, *found))


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("explainer", [Saliency(exact=True), InputXGradient()])
def test_float64(explainer: Explainer) -> None:
    judge = smooth()
    guided = XAIGuidedGenerator(generator(), judge, explainer=explainer)
    judge(guided(noise())).sum().backward()
    last = last_of(guided)
    assert {last.attribution.dtype, last.mask.dtype, last.guided.dtype} == {torch.float64}
