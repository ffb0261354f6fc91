"""What a guidance learns of a formula's parts: whether they ask, what they keep, what they cannot do."""

from typing import Any

import pytest
import torch
from torch import Tensor

from xaigrad import Guidance
from xaigrad.explainers import DeepShap, GradCam
from xaigrad.logic import (
    Explained,
    Region,
    Specification,
    explanation,
    parse,
    realness,
    rejected,
)


def test_what_the_guidance_needs_to_know() -> None:
    assert not parse("explanation & ~border(2) & saliency & label(3)").asks
    assert parse("forall(explanation, border(1) & deepshap)").asks
    assert parse("explanation | realness > 0.5").asks
    assert Specification(explanation & rejected(0)).asks
    assert Specification(realness & explanation).asks
    assert parse("explanation").harvests == 0
    assert parse("explanation & ~deepshap").harvests == DeepShap().harvests > 0
    assert Guidance(mask=parse("explanation & deepshap")).asks
    assert Guidance(mask=parse("explanation & deepshap")).harvests == DeepShap().harvests


class Telling:
    """A property that says what it needs."""

    asks, harvests = True, 7

    def __call__(self, samples: Tensor) -> Tensor:
        return samples

    def check_call(self, discriminator: Any, samples: Tensor) -> None:
        raise ValueError(f"Found {tuple(samples.shape)}.")


def test_what_a_property_says_of_itself() -> None:
    specification = Specification(explanation & ~Region(Telling()))
    assert (specification.asks, specification.harvests) == (True, 7)
    with pytest.raises(ValueError, match=r"^Found \(2, 3\)\.$"):
        specification.check_call(None, torch.zeros(2, 3))


FLAT = r"Parameter `shape` should say the shape of one sample, .* Found samples of shape "
BROADCAST = r"Parameter `source` of the region face should broadcast to the samples, of shape \(4, 1, 28, 28\)\. Found "

CHECKS: list[tuple[Specification, tuple[int, ...], str]] = [
    (parse("explanation & ~border(2)"), (4, 784), rf"{FLAT}\(4, 784\)\. For example shape=\(1, 28, 28\)\.$"),
    (parse("forall(explanation, disc(2))"), (4,), rf"{FLAT}\(4,\)\. For example"),
    (parse("1", shape=(1, 28, 28)), (4, 700), "Parameter `shape` should have the samples' number of features, 700"),
    (parse("box(9, 0, 1, 1)"), (4, 1, 9, 9), r"The region box\(9, 0, 1, 1\) should begin inside the samples, .* 9 x 9"),
    (parse("box(0, 9, 1, 1)"), (4, 1, 9, 9), r"The region box\(0, 9, 1, 1\) should begin inside the samples"),
    (parse("box(0, 0, 1, 1)"), (4, 1, 9), r"The region box\(0, 0, 1, 1\) should begin inside the samples, of two dim"),
    (parse("face", face=torch.ones(5, 5)), (4, 1, 28, 28), rf"{BROADCAST}the shape \(5, 5\)\. Pass one of a sample's"),
    (parse("face", face=torch.ones(1, 4, 1, 28, 28)), (4, 1, 28, 28), rf"{BROADCAST}the shape \(1, 4, 1, 28, 28\)"),
    (parse("1", shape=(1, 28, 28)), (4, 1), "Parameter `shape` should have the samples' number of features, 1"),
    (Specification(Explained(GradCam("no layer"))), (4, 2), "Parameter `layer` should name a layer of a discriminator"),
]


@pytest.mark.parametrize(("specification", "shape", "message"), CHECKS, ids=[str(check[0]) for check in CHECKS])
def test_checks_in_the_user_s_own_call(specification: Specification, shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        specification.check_call(None, torch.zeros(shape))


@pytest.mark.parametrize("shape", [(), (28,), (1, 2.5), (0, 28, 28), (1, 1, 1, 1, 1)])
def test_a_shape_that_is_none(shape: Any) -> None:
    with pytest.raises(ValueError, match=r"^Parameter `shape` should be \(channels, \*spatial\)"):
        parse("explanation", shape=shape)
