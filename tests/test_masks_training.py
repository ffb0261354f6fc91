"""Every mask transform at work in a whole loop, and what is resumed."""

from typing import Any

import pytest
import torch
from torch import nn

from xaigrad import Guidance, XAIGuidedGenerator
from xaigrad.masks import (
    EMA,
    Abs,
    AbsNormalize,
    AcceptedOnly,
    Blur,
    ChannelMean,
    Invert,
    MeanOne,
    NegativePart,
    Normalize,
    Patchwise,
    PositivePart,
    Power,
    RejectedOnly,
    TopK,
)

from .loops import assert_same_bits, last_of, train
from .networks import PAIRS
from .test_resuming import checkpoint, networks, resumed

FLAT = (1, 2, 4)
MASKS: dict[str, tuple[Any, ...]] = {
    "absolute": (Abs(), Normalize()),
    "positive": (PositivePart(), Normalize()),
    "negative": (NegativePart(), Normalize()),
    "quantile": (Abs(), Normalize(by="quantile")),
    "sum": (Abs(), Normalize(by="sum")),
    "mean one": (Abs(), MeanOne()),
    "power": (AbsNormalize(), Power(0.5)),
    "inverse": (AbsNormalize(), Invert()),
    "top k": (Abs(), TopK(0.25)),
    "soft top k": (AbsNormalize(), TopK(0.25, soft=True)),
    "running mean": (AbsNormalize(), EMA(0.8)),
    "rejected": (AbsNormalize(), RejectedOnly(99.0)),
    "accepted": (AbsNormalize(), AcceptedOnly(-99.0)),
}
PLACES: dict[str, tuple[Any, ...]] = {
    "blur": (AbsNormalize(), Blur(1.0)),
    "patches": (AbsNormalize(), Patchwise(2)),
    "channels": (AbsNormalize(), ChannelMean()),
    "everything": (PositivePart(), MeanOne("batch"), Blur(0.5), Patchwise(2), EMA(), RejectedOnly(99.0)),
}
SHAPED = {
    name: tuple(type(one)(**{**vars(one), "shape": FLAT}) if hasattr(one, "shape") else one for one in transforms)
    for name, transforms in PLACES.items()
}


@pytest.mark.parametrize("mask", [*MASKS.values(), *SHAPED.values()], ids=[*MASKS, *SHAPED])
def test_flat_samples(mask: Any) -> None:
    _assert_trains("plain norm", mask)


@pytest.mark.parametrize("mask", [*MASKS.values(), *PLACES.values()], ids=[*MASKS, *PLACES])
def test_images(mask: Any) -> None:
    _assert_trains("dcgan", mask)


def _assert_trains(pair: str, mask: Any) -> None:
    """Each update is guided, by a finite mask that makes a difference."""
    training, guided = train(PAIRS[pair], lambda maker, judge: XAIGuidedGenerator(maker, judge, mask=mask), updates=3)
    assert guided is not None
    assert guided.explanations == 3
    assert guided.fallbacks == 0
    last = last_of(guided)
    assert last.mask.shape == last.samples.shape
    plain, _ = train(PAIRS[pair], updates=3)
    assert networks(training) != networks(plain)


@pytest.mark.parametrize("gate", [RejectedOnly(-99.0), AcceptedOnly(99.0)], ids=str)
def test_nobody_is_masked(gate: Any) -> None:
    """Then the loop is, bit for bit, the one without xaigrad."""
    mask = (AbsNormalize(), gate)
    plain, _ = train(PAIRS["plain norm"])
    training, _ = train(PAIRS["plain norm"], lambda maker, judge: XAIGuidedGenerator(maker, judge, mask=mask))
    assert_same_bits(training.state(), plain.state())


@pytest.mark.parametrize("mask", [MASKS["running mean"], SHAPED["everything"]], ids=["running mean", "everything"])
def test_continuation(mask: Any) -> None:
    """What was saved goes on bit for bit, and without the guidance's own state it does not."""
    guidance = Guidance(mask=mask)

    def guide(maker: nn.Module, judge: nn.Module) -> XAIGuidedGenerator:
        return XAIGuidedGenerator(maker, judge, guidance)

    straight, _ = train(PAIRS["plain norm"], guide, updates=20)
    half, guided = train(PAIRS["plain norm"], guide, updates=10)
    assert guided is not None
    state = checkpoint(half, guided)
    for with_guidance in (True, False):
        training = resumed(state, guidance, with_guidance)
        for _ in range(10):
            training.step()
        if with_guidance:
            assert_same_bits(networks(training), networks(straight))
        else:
            assert networks(training) != networks(straight)


def test_each_discriminator_has_a_mean_of_its_own() -> None:
    maker, judges = PAIRS["plain norm"]()[0], [PAIRS["plain norm"]()[1] for _ in range(2)]
    guided = XAIGuidedGenerator(maker, judges, mask=(AbsNormalize(), EMA()))
    for step in range(3):
        fake = guided(torch.randn(6, 4))
        sum(judge(fake).sum() for judge in judges[: 1 + step % 2]).backward()  # type: ignore[union-attr]
        torch.optim.SGD(maker.parameters(), 0.1).step()
    _, first, second = guided.interception.state_dict()["parts"]
    assert [part["0"]["mask.1"]["(8,)"]["step"] for part in (first, second)] == [3, 1]
