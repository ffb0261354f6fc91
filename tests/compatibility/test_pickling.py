"""A training pickled whole, in the middle, goes on like the original: unguided as it is, guided when wrapped again."""

import io
import pickle
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
import torch
from torch import nn

from xaigrad import Guidance, XAIGuidedGenerator
from xaigrad.explainers import DeepShap, Saliency
from xaigrad.rules import Residual
from xaigrad.schedules import Alternate

from ..loops import assert_same_bits, differing
from ..networks import FEATURES, PAIRS
from .habits import Habit, trained

GUIDANCES = {
    "fused": Guidance(),
    "exact, alternating": Guidance(Saliency(exact=True), schedule=Alternate(2, 1)),
    "DeepShap": Guidance(DeepShap(torch.randn(40, FEATURES)), rule=Residual()),
    "DeepShap, harvested": Guidance(DeepShap()),
}


class Delicate(Habit):
    """Norms, dropout and in-place activations, with an average of the generator."""

    def networks(self) -> tuple[nn.Module, nn.Module]:
        return PAIRS["plain norm"]()

    def step(self, batch: int | None = None) -> None:
        super().step(batch)
        if not hasattr(self, "average"):
            self.average = deepcopy(self.play or self.generator)


def through_torch(value: Any) -> Any:
    buffer = io.BytesIO()
    torch.save(value, buffer)
    buffer.seek(0)
    return torch.load(buffer, weights_only=False)


WAYS: dict[str, Callable[[Any], Any]] = {
    "pickle": lambda value: pickle.loads(pickle.dumps(value)),
    "torch.save": through_torch,
}


def continued(training: Habit, random: torch.Tensor) -> dict[str, bytes]:
    torch.set_rng_state(random)
    for _ in range(5):
        training.step()
    return training.state()


@pytest.fixture(params=WAYS.values(), ids=WAYS)
def way(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.mark.parametrize("guidance", GUIDANCES.values(), ids=GUIDANCES)
def test_unguided_continuation(way: Callable[[Any], Any], guidance: Guidance) -> None:
    """The networks, the wrapper, the average and both optimizers in one pickle, as a trainer is."""
    training = trained(Delicate, guidance)
    again, random = way(training), torch.get_rng_state()
    explanations = training.guided.explanations
    expected = continued(deepcopy(training), random)
    assert_same_bits(continued(again, random), expected)
    assert training.guided.explanations == explanations
    training.play = training.guided.detach()
    assert_same_bits(continued(training, random), expected)


@pytest.mark.parametrize("guidance", GUIDANCES.values(), ids=GUIDANCES)
def test_guided_continuation(way: Callable[[Any], Any], guidance: Guidance) -> None:
    training = trained(Delicate, guidance)
    unguided, random = way(training), torch.get_rng_state()
    again, state = way((training, training.guided.interception.state_dict()))
    again.play = XAIGuidedGenerator(again.play.bare, again.discriminator, guidance)
    again.guided.interception.load_state_dict(state)
    found = continued(again, random)
    assert_same_bits(found, continued(training, random))
    assert again.guided.explanations == training.guided.explanations
    assert differing(found, continued(unguided, random))


def test_what_was_shared_is_shared(way: Callable[[Any], Any]) -> None:
    training = trained(Delicate, Guidance())
    again = way(training)
    assert again.play.bare is again.generator
    for optimizer, network in zip(again.optimizers, (again.play, again.discriminator), strict=True):
        assert set(map(id, optimizer.param_groups[0]["params"])) == set(map(id, network.parameters()))
    assert set(map(id, again.average.parameters())).isdisjoint(map(id, again.generator.parameters()))
    assert set(map(id, again.generator.parameters())).isdisjoint(map(id, training.generator.parameters()))


def test_the_original_goes_on_undisturbed(way: Callable[[Any], Any]) -> None:
    """Whether it was pickled, and whether the copy is trained meanwhile."""
    expected = trained(Delicate, Guidance())
    random = torch.get_rng_state()
    training = trained(Delicate, Guidance())
    again = way(training)
    again.step()
    assert_same_bits(continued(training, random), continued(expected, random))
    assert training.guided.explanations == expected.guided.explanations
