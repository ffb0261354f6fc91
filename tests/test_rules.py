"""Every rule as an object, and what it does to tensors whatever their values: shapes, layouts, devices."""

import pickle
from typing import Any

import pytest
import torch
from torch import Tensor

from xaigrad.rules import Additive, Blend, Multiply, NormPreserving, Project, Residual, SampleWeight

from .loops import bits
from .ruling import RULES, guided, name_of

every_rule = pytest.mark.parametrize("rule", RULES, ids=name_of)


@pytest.mark.parametrize("shape", [(4,), (4, 7), (2, 1, 5), (2, 3, 4, 4), (1, 2, 3, 2, 2)], ids=str)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_shape_and_dtype(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    gradient, mask, attribution = torch.randn(3, *shape, dtype=dtype)
    for rule in RULES:
        found = guided(rule, gradient, mask.sigmoid(), 0.7, attribution)
        assert found.shape == gradient.shape, rule
        assert found.dtype == dtype, rule


@every_rule
def test_the_memory_format_stays(rule: Any) -> None:
    gradient, mask, attribution = (values.contiguous(memory_format=torch.channels_last) for values in _images())
    assert guided(rule, gradient, mask, 1.0, attribution).stride() == gradient.stride()


@every_rule
def test_nothing_waits_for_a_device(rule: Any) -> None:
    """Nothing is known of values of the device `meta`: to look at one raises."""
    gradient, mask, attribution = (values.to("meta") for values in _images())
    assert guided(rule, gradient, mask, 0.5, attribution).shape == gradient.shape


@every_rule
def test_arguments_are_left_as_they_are(rule: Any) -> None:
    values = _images()
    before = [bits(value) for value in values]
    guided(rule, *values[:2], 0.5, values[2])
    assert [bits(value) for value in values] == before


def _images() -> list[Tensor]:
    gradient, mask, attribution = torch.randn(3, 4, 3, 5, 5)
    return [gradient, mask.sigmoid(), attribution]


REPRS = {
    Multiply(): "Multiply()",
    Residual(): "Residual(alpha=0.2)",
    Additive(): "Additive(alpha=0.1)",
    SampleWeight(): "SampleWeight()",
    Blend(): "Blend(share=0.5, rule=Multiply())",
    NormPreserving(): "NormPreserving(rule=Multiply(), per='sample')",
    Project(Blend(0.3, Additive())): "Project(rule=Blend(share=0.3, rule=Additive(alpha=0.1)))",
}


def test_repr() -> None:
    assert {rule: repr(rule) for rule in REPRS} == REPRS


def test_equality() -> None:
    assert Multiply() == Multiply()
    assert Residual() == Residual(0.2) != Residual(0.3)
    assert Additive() == Additive(0.1) != Additive(0.2)
    assert Blend() == Blend(0.5, Multiply()) != Blend(0.5, Residual())
    assert NormPreserving() != NormPreserving(per="batch")
    assert Project(Multiply()) != Project(Residual())
    assert len({Multiply(), Multiply(), Residual(), Residual(0.2), Blend(), Blend(0.5)}) == 3
    assert len({*RULES, *RULES}) == len(RULES)


@every_rule
def test_pickle(rule: Any) -> None:
    copy = pickle.loads(pickle.dumps(rule))
    assert copy == rule
    assert hash(copy) == hash(rule)
    gradient, mask, attribution = _images()
    assert bits(guided(copy, gradient, mask, 0.5, attribution)) == bits(guided(rule, gradient, mask, 0.5, attribution))
