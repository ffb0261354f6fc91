"""Where a guidance has nothing to say, training is the one without it, to the bit."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from xaigrad import Guidance, XAIGuidedGenerator
from xaigrad.explainers import Context, DeepShap, InputXGradient, Saliency, Score
from xaigrad.masks import Clamp, Offset
from xaigrad.rules import Multiply, Residual
from xaigrad.schedules import Constant, StartAfter

from .loops import assert_same_bits, differing, train
from .networks import PAIRS


def against_zero(samples: Tensor, context: Context) -> Tensor:
    return torch.zeros_like(samples)


def drawing(score: Score, samples: Tensor, context: Context) -> Tensor:
    return score(samples + torch.randn_like(samples))[:, None].expand(len(samples), samples[0].numel()).view_as(samples)


ASKING = {
    "Saliency": Saliency(),
    "Saliency(exact)": Saliency(exact=True),
    "InputXGradient(exact)": InputXGradient(exact=True),
    "DeepShap": DeepShap(against_zero),
    "one that draws": drawing,
}
RESTING = {
    "Constant(0)": Guidance(schedule=Constant(0)),
    "Constant(0), Residual": Guidance(schedule=Constant(0), rule=Residual()),
    "a start that never comes": Guidance(Saliency(exact=True), schedule=StartAfter(1000)),
}
NEUTRAL = {f"ones, {name}": Guidance(asked, torch.ones_like) for name, asked in ASKING.items()}
NEUTRAL |= {f"Residual(0), {name}": Guidance(asked, rule=Residual(0.0)) for name, asked in ASKING.items()}
NEUTRAL |= {
    "ones at half strength": Guidance(Saliency(), torch.ones_like, Constant(0.5)),
    "Offset(1, 0)": Guidance(Saliency(), Offset(1.0, 0.0)),
    "Clamp(1, 1)": Guidance(Saliency(), Clamp(1.0, 1.0)),
}

SMALL = [name for name in PAIRS if name not in {"dcgan", "mlp"}]


@cache
def standard(pair: str) -> dict[str, bytes]:
    return train(PAIRS[pair])[0].state()


def after_training(
    pair: str, guidance: Guidance, around: Callable[[XAIGuidedGenerator], AbstractContextManager[Any]] | None = None
) -> tuple[dict[str, bytes], XAIGuidedGenerator]:
    def guide(generator: nn.Module, discriminator: nn.Module) -> XAIGuidedGenerator:
        return XAIGuidedGenerator(generator, discriminator, guidance)

    training, guided = train(PAIRS[pair], guide, around)
    assert guided is not None
    return training.state(), guided


@pytest.mark.parametrize("pair", SMALL)
@pytest.mark.parametrize("guidance", RESTING.values(), ids=RESTING)
def test_strength_0(pair: str, guidance: Guidance) -> None:
    state, guided = after_training(pair, guidance)
    assert_same_bits(state, standard(pair))
    assert guided.explanations == 0
    assert guided.skipped == {"strength 0": 20}


@pytest.mark.parametrize("pair", PAIRS)
def test_paused(pair: str) -> None:
    state, guided = after_training(pair, Guidance(Saliency(exact=True)), XAIGuidedGenerator.paused)
    assert_same_bits(state, standard(pair))
    assert guided.explanations == 0
    assert guided.skipped == {"paused": 20}


@pytest.mark.parametrize("pair", SMALL)
@pytest.mark.parametrize("guidance", NEUTRAL.values(), ids=NEUTRAL)
def test_neutral_mask_or_rule(pair: str, guidance: Guidance) -> None:
    state, guided = after_training(pair, guidance)
    assert_same_bits(state, standard(pair))
    assert guided.explanations == 20


@pytest.mark.parametrize("pair", ["dcgan", "mlp"])
@pytest.mark.parametrize("guidance", [RESTING["Constant(0)"], NEUTRAL["ones, DeepShap"]], ids=["strength 0", "ones"])
def test_shipped_pairs(pair: str, guidance: Guidance) -> None:
    assert_same_bits(after_training(pair, guidance)[0], standard(pair))


@pytest.mark.parametrize("pair", SMALL)
def test_detached(pair: str) -> None:
    def guide(generator: nn.Module, discriminator: nn.Module) -> XAIGuidedGenerator:
        guided = XAIGuidedGenerator(generator, discriminator)
        guided.detach()
        return guided

    assert_same_bits(train(PAIRS[pair], guide)[0].state(), standard(pair))


@pytest.mark.parametrize("rule", [Multiply(), Residual()])
def test_a_real_mask_changes_the_networks_but_no_random_state(rule: Multiply | Residual) -> None:
    state, _ = after_training("plain norm", Guidance(Saliency(exact=True), rule=rule), lambda guided: nullcontext())
    changed = differing(state, standard("plain norm"))
    assert any(name.startswith(".G") for name in changed)
    assert not any(name.startswith("random") for name in changed)
