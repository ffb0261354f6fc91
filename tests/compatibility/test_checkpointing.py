"""Activation checkpoints, reentrant or not, of a block or a whole network: guided once, as without them."""

from collections.abc import Callable
from functools import cache, partial

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus
from torch.utils.checkpoint import checkpoint

from xaigrad import XAIGuidedGenerator
from xaigrad.explainers import DeepShap, Explainer, Saliency
from xaigrad.schedules import Constant

from ..loops import assert_same_bits, flat_bits, noise, random_states, seed_everything
from ..networks import FEATURES, LATENT

Call = Callable[..., Tensor]
Guide = Callable[[nn.Module, nn.Module], XAIGuidedGenerator]


def directly(function: Call, *args: Tensor) -> Tensor:
    return function(*args)


CHECKPOINTS: dict[str, Call] = {
    "reentrant": partial(checkpoint, use_reentrant=True),
    "not reentrant": partial(checkpoint, use_reentrant=False),
}
PLACES = ["a block of G", "a block of D", "G", "D", "both at once"]
EXPLAINERS: dict[str, Callable[[], Explainer]] = {
    "fused": Saliency,
    "exact": lambda: Saliency(exact=True),
    "DeepShap": lambda: DeepShap(torch.ones(20, FEATURES).cumsum(0)),
}


class Network(nn.Module):
    """A network that draws at random in its middle block, which it calls as it is told."""

    def __init__(self, inputs: int, outputs: int, call: Call) -> None:
        super().__init__()
        self.first, self.last, self.call = nn.Linear(inputs, 16), nn.Linear(16, outputs), call
        self.block = nn.Sequential(nn.Dropout(0.2), nn.Linear(16, 16), nn.LeakyReLU(0.2, inplace=True))

    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = self.last(self.call(self.block, self.first(x)))
        return scores


def scores(place: str, call: Call, play: nn.Module, judge: nn.Module) -> Tensor:
    z = noise().requires_grad_()  # A reentrant checkpoint wants an input that does.
    if place == "G":
        return judge(call(play, z))
    if place == "D":
        return call(judge, play(z))
    return call(lambda z: judge(play(z)), z) if place == "both at once" else judge(play(z))


def learn(place: str, call: Call, guide: Guide | None = None, updates: int = 3) -> dict[str, bytes]:
    """Train both networks, each update explained once if at all, and return all that is left of it."""
    seed_everything(0)
    maker = Network(LATENT, FEATURES, call if place == "a block of G" else directly)
    judge = Network(FEATURES, 1, call if place == "a block of D" else directly)
    optimizer = torch.optim.Adam([*maker.parameters(), *judge.parameters()], 2e-4)
    guided = guide(maker, judge) if guide else None
    for _ in range(updates):
        optimizer.zero_grad()
        softplus(-scores(place, call, guided or maker, judge)).mean().backward()
        optimizer.step()
    if guided is not None:
        assert guided.explanations == (0 if guided.skipped["strength 0"] else updates)
    state = {"G": maker.state_dict(), "D": judge.state_dict(), "optimizer": optimizer.state_dict()["state"]}
    return flat_bits("", state) | random_states()


def guide_by(explainer: str) -> Guide:
    return lambda maker, judge: XAIGuidedGenerator(maker, judge, explainer=EXPLAINERS[explainer]())


@cache
def without_checkpoints(explainer: str) -> dict[str, bytes]:
    return learn("nowhere", directly, guide_by(explainer))


@pytest.mark.parametrize("explainer", EXPLAINERS)
@pytest.mark.parametrize("how", CHECKPOINTS)
@pytest.mark.parametrize("place", PLACES)
def test_guided_as_without(place: str, how: str, explainer: str) -> None:
    """What is computed again is neither explained again nor explained otherwise."""
    assert_same_bits(learn(place, CHECKPOINTS[how], guide_by(explainer)), without_checkpoints(explainer))


def test_guidance_matters() -> None:
    states = [learn("nowhere", directly), *map(without_checkpoints, EXPLAINERS)]
    assert len({state[".G.first.weight"] for state in states}) == len(states)


@pytest.mark.parametrize("how", CHECKPOINTS)
@pytest.mark.parametrize("place", PLACES)
def test_strength_0(place: str, how: str) -> None:
    def resting(maker: nn.Module, judge: nn.Module) -> XAIGuidedGenerator:
        return XAIGuidedGenerator(maker, judge, schedule=Constant(0))

    bare, ours = (learn(place, CHECKPOINTS[how], guide, updates=20) for guide in (None, resting))
    assert_same_bits(ours, bare)
