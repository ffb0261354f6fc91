"""Every rule in training: finite, neutral where it says so, linear in the loss's scale, and D is never disturbed."""

from functools import cache
from typing import Any

import pytest
import torch

from xaigrad import Guidance, XAIGuidedGenerator
from xaigrad.explainers import DeepShap, Explainer, Saliency
from xaigrad.rules import NormPreserving, Project, Residual

from .anatomy import anatomy
from .loops import assert_same_bits, last_of, noise, random_states, seed_everything, train
from .networks import FEATURES, PAIRS, discriminator, generator
from .ruling import NEUTRAL, RULES, attributed, name_of

BANK = torch.randn(20, FEATURES, generator=torch.Generator().manual_seed(1))
EXPLAINERS: dict[str, Explainer] = {"Saliency": Saliency(exact=True), "DeepShap": DeepShap(BANK, samples=2)}
PAIR = PAIRS["plain norm"]
TRAINED = [*RULES, NormPreserving(Project(attributed))]

every_explainer = pytest.mark.parametrize("explainer", EXPLAINERS.values(), ids=EXPLAINERS)
every_rule = pytest.mark.parametrize("rule", TRAINED, ids=name_of)


@cache
def standard() -> dict[str, bytes]:
    return train(PAIR, updates=3)[0].state()


@every_explainer
@every_rule
def test_three_updates(rule: Any, explainer: Explainer) -> None:
    training, guided = train(PAIR, lambda *pair: XAIGuidedGenerator(*pair, explainer=explainer, rule=rule), updates=3)
    assert guided is not None
    assert guided.explanations == 3
    assert last_of(guided).guided.any()
    assert all(parameter.isfinite().all() for parameter in training.generator.parameters())
    assert (training.state() == standard()) == (rule == Residual(0.0))


@every_explainer
@pytest.mark.parametrize("rule", NEUTRAL, ids=name_of)
def test_a_mask_of_ones_is_neutral(rule: Any, explainer: Explainer) -> None:
    guidance = Guidance(explainer, torch.ones_like, rule=rule)
    training, guided = train(PAIR, lambda *pair: XAIGuidedGenerator(*pair, guidance), updates=3)
    assert guided is not None
    assert guided.explanations == 3
    assert_same_bits(training.state(), standard())


@every_explainer
@every_rule
def test_undisturbed(rule: Any, explainer: Explainer) -> None:
    """D's every attribute, and every random state."""
    maker, judge = PAIR()
    judge(maker(noise()).detach()).sum().backward()
    guided = XAIGuidedGenerator(maker, judge, explainer=explainer, rule=rule)
    scores = judge(guided(noise()))
    before, states = anatomy(judge), random_states()
    torch.autograd.grad(-scores.sum(), list(guided.parameters()))
    assert anatomy(judge) == before
    assert random_states() == states
    assert guided.explanations == 1


@pytest.mark.parametrize("explainer", [Saliency(), *EXPLAINERS.values()], ids=["fused", *EXPLAINERS])
@pytest.mark.parametrize("rule", RULES, ids=name_of)
def test_the_scale_of_the_loss_passes_through(rule: Any, explainer: Explainer) -> None:
    """To the bit, as a GradScaler's factor is a power of two."""
    found = []
    for scale in (1.0, 2.0**16):
        seed_everything(0)
        maker, judge = generator(), discriminator()
        guided = XAIGuidedGenerator(maker, judge, explainer=explainer, rule=rule)
        (-judge(guided(noise())).sum() * scale).backward()
        found.append([parameter.grad / scale for parameter in maker.parameters()])  # type: ignore[operator]
    assert all(map(torch.equal, *found))


@pytest.mark.parametrize("rule", [NormPreserving(), Project(attributed)], ids=name_of)
def test_mixed_precision(rule: Any) -> None:
    """Gradients that arrive in half precision are guided in single precision, and a scaler finds what overflowed."""
    maker, judge = generator(), discriminator().half()
    guided = XAIGuidedGenerator(maker.half(), judge, rule=rule)
    for scale, finite in ((1.0, True), (2.0**16, False)):
        guided.zero_grad()
        (judge(guided(noise().half())) * 1e4 * scale).sum().backward()
        assert last_of(guided).guided.dtype == torch.float16
        assert last_of(guided).mask.dtype == torch.float32
        assert last_of(guided).guided.isfinite().all() == finite
