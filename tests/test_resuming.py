"""A guidance that is saved and loaded goes on where it stopped, bit for bit."""

import copy
import io
from typing import Any

import pytest
import torch
from torch import nn

from xaigrad import Guidance, XAIGuidedGenerator
from xaigrad.explainers import DeepShap
from xaigrad.rules import Residual
from xaigrad.schedules import Alternate, StartAfter

from .loops import Training, assert_same_bits, noise, seed_everything, train
from .networks import FEATURES, PAIRS, discriminator, generator

BANK = torch.randn(200, FEATURES, generator=torch.Generator().manual_seed(2))
GUIDANCES = {
    "DeepShap": Guidance(DeepShap(BANK)),
    "alternating": Guidance(DeepShap(BANK), schedule=Alternate(2, 1)),
    "late": Guidance(DeepShap(BANK), schedule=StartAfter(12), rule=Residual()),
}


def checkpoint(training: Training, guided: XAIGuidedGenerator) -> dict[str, Any]:
    """Through a file, as a user saves it."""
    state = {
        "networks": [training.generator.state_dict(), training.discriminator.state_dict()],
        "optimizers": [optimizer.state_dict() for optimizer in training.optimizers],
        "guidance": guided.interception.state_dict(),
        "random": torch.get_rng_state(),
    }
    buffer = io.BytesIO()
    torch.save(state, buffer)
    buffer.seek(0)
    loaded: dict[str, Any] = torch.load(buffer, weights_only=True)
    return loaded


def resumed(state: dict[str, Any], guidance: Guidance, with_guidance: bool = True) -> Training:
    seed_everything(99)
    training = Training(*PAIRS["plain norm"]())
    training.play = guided = XAIGuidedGenerator(training.generator, training.discriminator, guidance)
    training.generator.load_state_dict(state["networks"][0])
    training.discriminator.load_state_dict(state["networks"][1])
    for optimizer, saved in zip(training.optimizers, state["optimizers"], strict=True):
        optimizer.load_state_dict(saved)
    if with_guidance:
        guided.interception.load_state_dict(state["guidance"])
    torch.set_rng_state(state["random"])
    return training


def networks(training: Training) -> dict[str, bytes]:
    return {name: value for name, value in training.state().items() if name.startswith((".G", ".D", "optimizer"))}


@pytest.mark.parametrize("guidance", GUIDANCES.values(), ids=GUIDANCES)
def test_continuation(guidance: Guidance) -> None:
    def guide(maker: nn.Module, judge: nn.Module) -> XAIGuidedGenerator:
        return XAIGuidedGenerator(maker, judge, guidance)

    straight, _ = train(PAIRS["plain norm"], guide, updates=20)
    half, guided = train(PAIRS["plain norm"], guide, updates=10)
    assert guided is not None
    state = checkpoint(half, guided)
    for with_guidance in (True, False):
        training = resumed(copy.deepcopy(state), guidance, with_guidance)
        for _ in range(10):
            training.step()
        if with_guidance:
            assert_same_bits(networks(training), networks(straight))
        else:
            assert networks(training) != networks(straight)


@pytest.mark.parametrize("by_optimizer", [False, True])
def test_counters(by_optimizer: bool) -> None:
    maker, judge = generator(), discriminator()
    optimizer = torch.optim.SGD(maker.parameters(), 0.1)
    settings: dict[str, Any] = {"optimizer": optimizer} if by_optimizer else {}
    guided = XAIGuidedGenerator(maker, judge, **settings)
    for _ in range(3):
        judge(guided(noise())).sum().backward()
        optimizer.step()
    state = guided.interception.state_dict()
    guided.detach()
    again = XAIGuidedGenerator(maker, judge, **settings)
    again.interception.load_state_dict(state)
    assert (again.updates, again.explanations) == (3, 3)
    judge(again(noise())).sum().backward()
    optimizer.step()
    assert (again.updates, again.explanations) == (4, 4)


def test_weights_loaded_before_the_guidance_are_no_update() -> None:
    maker, judge = generator(), discriminator()
    guided = XAIGuidedGenerator(maker, judge)
    judge(guided(noise()))
    maker.load_state_dict(generator().state_dict())
    guided.interception.load_state_dict({**guided.interception.state_dict(), "updates": 7})
    assert guided.updates == 7


def test_state_is_small_and_plain() -> None:
    guided = XAIGuidedGenerator(generator(), discriminator())
    state = guided.interception.state_dict()
    assert {name: type(value) for name, value in state.items()} == {
        "updates": int,
        "explanations": int,
        "rng": torch.Tensor,
    }
