"""Atoms of the user's own: regions by tensor, properties by function or network."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from xaigrad.explainers import Context
from xaigrad.logic import Region, Specification, parse

from .formulas import world_of
from .loops import bits


def judged(formula: Any, world: tuple[Tensor, Context] | None = None) -> Tensor:
    return Specification(formula)(*(world or world_of((4, 2, 5, 6))))


SOURCES: list[tuple[Any, tuple[int, ...]]] = [
    (torch.eye(3), (3, 3)),
    (torch.eye(3).bool(), (3, 3)),
    (torch.rand(2, 1, 1), (2, 1, 1)),
    (torch.rand(4, 2, 3, 3), (4, 2, 3, 3)),
    (torch.tensor(0.5), ()),
]


@pytest.mark.parametrize(("source", "shape"), SOURCES, ids=str)
def test_given_regions(source: Tensor, shape: tuple[int, ...]) -> None:
    world = world_of((4, 2, 3, 3))
    assert torch.equal(judged(Region(source), world), source.to(torch.float64).expand(4, 2, 3, 3))


def test_a_region_s_own_values_are_not_handed_out() -> None:
    region = Region(torch.ones(4, 2, 3, 3, dtype=torch.float64))
    judged(region, world_of((4, 2, 3, 3))).mul_(0)
    assert torch.equal(judged(region, world_of((4, 2, 3, 3))), torch.ones(4, 2, 3, 3, dtype=torch.float64))


FUNCTIONS: list[Any] = [
    lambda samples: samples > 0,
    lambda samples, context: context.samples > 0,
    lambda samples: (samples > 0).int(),
    lambda samples: samples.sign(),  # Cut at 0.
    lambda samples: 3.0 * (samples > 0),
]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_properties_by_function(function: Any) -> None:
    attribution, context = world_of((4, 2, 3, 3))
    assert torch.equal(judged(Region(function), (attribution, context)), (context.samples > 0).double())


def test_properties_of_samples_and_of_features() -> None:
    """One value per sample is told from a row of features, also where there are as many."""
    attribution, context = world_of((3, 2, 3, 3))
    values = torch.tensor([0.0, 0.5, 1.0], dtype=torch.float64)
    found = judged(Region(lambda samples: values), (attribution, context))
    assert torch.equal(found, values.view(3, 1, 1, 1).expand(3, 2, 3, 3))
    found = judged(Region(lambda samples: values.view(1, 1, 1, 3)), (attribution, context))
    assert torch.equal(found, values.expand(3, 2, 3, 3))


def test_properties_by_network() -> None:
    """In isolation: it writes into its input, counts batches and draws."""

    class Segmenting(nn.Sequential):
        def forward(self, samples: Tensor) -> Tensor:
            self.calls = getattr(self, "calls", 0) + 1
            super().forward(samples.to(self[0].weight.dtype))
            return samples.relu_().sign()

    network = Segmenting(nn.BatchNorm2d(2), nn.Dropout(0.5))
    attribution, context = world_of((4, 2, 3, 3))
    before = bits(network.state_dict()), bits(context.samples), bits(torch.get_rng_state())
    found = judged(Region(network), (attribution, context))
    assert torch.equal(found, (context.samples > 0).double())
    assert (bits(network.state_dict()), bits(context.samples), bits(torch.get_rng_state())) == before
    assert network.training
    assert not hasattr(network, "calls")


def test_properties_see_images() -> None:
    attribution, context = world_of((4, 18))
    seen: list[tuple[int, ...]] = []

    def look(samples: Tensor) -> Tensor:
        seen.append(tuple(samples.shape))
        return samples[:, :, :1] > 0

    mask = parse("look", look=look, shape=(2, 3, 3))(attribution, context)
    assert seen == [(4, 2, 3, 3)]
    assert torch.equal(
        mask.view(4, 2, 3, 3), (context.samples.view(4, 2, 3, 3)[:, :, :1] > 0).expand(4, 2, 3, 3).double()
    )


def test_properties_with_a_memory() -> None:
    """Each has a state of its own, by its place in the formula."""

    def counted(samples: Tensor, context: Context) -> Tensor:
        context.state["calls"] = context.state.get("calls", 0) + 1
        return samples > 0

    def summed(samples: Tensor, context: Context) -> Tensor:
        context.state["calls"] = context.state.get("calls", 0) + 10
        return samples > 0

    attribution, context = world_of((4, 3))
    specification = parse("counted & ~summed & counted", counted=counted, summed=summed)
    for _ in range(3):
        specification(attribution, context)
    assert sorted(own["calls"] for own in context.state.values()) == [3, 30]


@pytest.mark.parametrize(
    ("found", "kind", "message"),
    [
        (None, TypeError, "Parameter `region` should give a tensor of the samples' shape .* from sky"),
        (torch.ones(5, 5), ValueError, "Parameter `region` should give a tensor of the samples' shape .* from sky"),
    ],
)
def test_properties_that_give_none(found: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=f"^{message}"):
        judged(Region(lambda samples: found, name="sky"))


def test_what_is_not_a_number_in_a_property_stays_so() -> None:
    assert judged(Region(lambda samples: samples * math.nan)).isnan().all()
