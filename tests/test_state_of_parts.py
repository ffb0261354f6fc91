"""What a part of a recipe carries from one update to the next: its own, saved with the guidance, resumed to the bit."""

import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from xaigrad import XAIGuidedGenerator
from xaigrad.explainers import Context
from xaigrad.masks import AbsNormalize

from .loops import Training, assert_same_bits, noise, seed_everything, train
from .networks import FEATURES, PAIRS, Lambda, generator, smooth

BANK = torch.randn(20, FEATURES, generator=torch.Generator().manual_seed(1))


@dataclass(frozen=True)
class Mean:
    """Carries a mean and a count."""

    def __call__(self, attribution: Tensor, context: Context) -> Tensor:
        state = context.state
        state["mean"] = attribution.mean(0) + 0.5 * state.get("mean", 0)
        state["count"] = state.get("count", 0) + 1
        return attribution + state["mean"] * state["count"]


def test_each_part_each_discriminator_and_each_slot_has_a_state_of_its_own() -> None:
    judges = [Lambda(lambda layers, one, two: layers(one) + layers(two), smooth()) for _ in range(2)]
    guided = XAIGuidedGenerator(generator(), judges, mask=[Mean(), torch.abs, Mean()])
    for judge in judges:
        samples = guided(noise())
        judge(samples, 2 * samples).sum().backward()
    _, *states = guided.interception.state_dict()["parts"]
    for state in states:
        assert state.keys() == {"0", "1"}
        for slot in state.values():
            assert slot.keys() == {"mask.0", "mask.2"}
            assert all(part["count"] == 1 for part in slot.values())
    means = [part["mean"] for state in states for slot in state.values() for part in slot.values()]
    assert len({tuple(mean.tolist()) for mean in means}) == 8


def with_mean(maker: nn.Module, judge: nn.Module) -> XAIGuidedGenerator:
    return XAIGuidedGenerator(maker, judge, mask=[Mean(), AbsNormalize()])


def test_a_state_is_saved_and_loaded() -> None:
    straight, _ = train(PAIRS["plain norm"], with_mean, updates=8)
    half, guided = train(PAIRS["plain norm"], with_mean, updates=4)
    assert guided is not None
    saved = copy.deepcopy(guided.interception.state_dict())
    half.step()
    assert not torch.equal(
        saved["parts"][1]["0"]["mask.0"]["mean"],
        guided.interception.state_dict()["parts"][1]["0"]["mask.0"]["mean"],
    ), "What was saved does not change with the guidance."
    half, guided = train(PAIRS["plain norm"], with_mean, updates=4)
    assert guided is not None
    random = torch.get_rng_state()
    again: Training = Training(half.generator, half.discriminator, half.optimizers)
    guided.detach()
    seed_everything(5)
    again.play = resumed = with_mean(half.generator, half.discriminator)
    resumed.interception.load_state_dict(saved)
    torch.set_rng_state(random)
    for _ in range(4):
        again.step()
    assert_same_bits(
        {name: value for name, value in again.state().items() if not name.startswith("random")},
        {name: value for name, value in straight.state().items() if not name.startswith("random")},
    )


def test_loading_an_older_state_forgets() -> None:
    judge = smooth()
    guided = with_mean(generator(), judge)
    empty = guided.interception.state_dict()
    assert "parts" not in empty
    judge(guided(noise())).sum().backward()
    guided.interception.load_state_dict(empty)
    assert "parts" not in guided.interception.state_dict()


def test_a_function_s_samples_have_a_state_too() -> None:
    guided = with_mean(generator(), smooth())
    for _ in range(2):
        guided.intercept(guided(noise()), score=lambda samples: samples.sum(1)).sum().backward()
    assert guided.interception.state_dict()["parts"][0]["0"]["mask.0"]["count"] == 2


def test_a_part_of_a_part() -> None:
    context = Context(BANK, 0, 0, torch.Generator())
    context.within("inner").state["x"] = 1
    assert context.state == {"inner": {"x": 1}}
    assert context.within("inner").state == {"x": 1}
