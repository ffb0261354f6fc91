"""The laws of quantifiers: duality, order, what they range over, what is in between."""

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from xaigrad.logic import (
    GOEDEL,
    LUKASIEWICZ,
    PRODUCT,
    Constant,
    Formula,
    Logic,
    Region,
    Specification,
    batch,
    border,
    exists,
    explanation,
    forall,
    intensity,
    label,
    mostly,
    parse,
    saliency,
)

from .formulas import world_of

every_logic = pytest.mark.parametrize("logic", [GOEDEL, PRODUCT, LUKASIEWICZ], ids=str)
every_domain = pytest.mark.parametrize("domain", [None, border(1), saliency, batch, label], ids=str)
seeds = st.integers(0, 2**32)
f, g = explanation, intensity


def judged(formula: Formula, logic: Logic, seed: int) -> Tensor:
    return Specification(formula, logic)(*world_of((5, 2, 4, 3), seed))


@every_logic
@every_domain
@given(seed=seeds)
def test_duality(logic: Logic, domain: Any, seed: int) -> None:
    """In each logic, over a region too: that is what the S-implication is for."""
    everyone, nobody = judged(forall(f, domain), logic, seed), judged(~exists(~f, domain), logic, seed)
    torch.testing.assert_close(everyone, nobody, rtol=0, atol=1e-15)
    most, few = judged(mostly(f, domain), logic, seed), judged(~mostly(~f, domain), logic, seed)
    torch.testing.assert_close(most, few, rtol=0, atol=1e-14)


@every_logic
@every_domain
@pytest.mark.parametrize("kind", [forall, exists, mostly])
@given(seed=seeds)
def test_monotone(kind: Any, logic: Logic, domain: Any, seed: int) -> None:
    smaller, larger = judged(kind(f & g, domain), logic, seed), judged(kind(f, domain), logic, seed)
    assert (smaller <= larger + 1e-15).all()


@every_logic
@pytest.mark.parametrize("domain", [None, batch, label], ids=str)
@given(seed=seeds)
def test_order_of_the_three(logic: Logic, domain: Any, seed: int) -> None:
    least, mean, most = (judged(kind(f, domain), logic, seed) for kind in (forall, mostly, exists))
    assert (least <= judged(f, logic, seed)).all()
    assert (judged(f, logic, seed) <= most).all()
    assert (least <= mean + 1e-15).all()
    assert (mean <= most + 1e-15).all()


@every_logic
@pytest.mark.parametrize("kind", [forall, exists, mostly])
@pytest.mark.parametrize("domain", [None, batch, label], ids=str)
@given(seed=seeds)
def test_said_twice_it_is_the_same(kind: Any, logic: Logic, domain: Any, seed: int) -> None:
    once, twice = judged(kind(f, domain), logic, seed), judged(kind(kind(f, domain), domain), logic, seed)
    torch.testing.assert_close(once, twice, rtol=0, atol=1e-15)


@every_logic
@every_domain
@pytest.mark.parametrize("kind", [forall, exists, mostly])
def test_the_same_for_all_that_it_ranges_over(kind: Any, logic: Logic, domain: Any) -> None:
    found = judged(kind(f, domain), logic, 0)
    labels = world_of((5, 2, 4, 3), 0)[1].args[1]
    if domain is batch:
        assert torch.equal(found, found[:1].expand_as(found))
    elif domain is label:
        assert all(torch.equal(found[m], found[n]) for m in range(5) for n in range(5) if labels[m] == labels[n])
    else:
        assert torch.equal(found, found.flatten(1)[:, :1].view(5, 1, 1, 1).expand_as(found))


@every_logic
@given(seed=seeds)
def test_of_everything_there_is(logic: Logic, seed: int) -> None:
    found = judged(forall(forall(f), batch), logic, seed)
    assert torch.equal(found, judged(f, logic, seed).min().expand_as(found))
    assert torch.equal(found, judged(forall(forall(f, batch)), logic, seed))


@every_logic
@given(seed=seeds)
def test_crisp_regions(logic: Logic, seed: int) -> None:
    """There they are what the words say."""
    inside = torch.zeros(4, 3, dtype=torch.bool)
    inside[1:3, :2] = True
    values = judged(f, logic, seed)[:, :, inside].flatten(1)
    region = Region(inside)
    for kind, expected in ((forall, values.amin(1)), (exists, values.amax(1)), (mostly, values.mean(1))):
        found = judged(kind(f, region), logic, seed)[:, 0, 0, 0]
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-15)


@every_logic
def test_over_an_empty_region(logic: Logic) -> None:
    """All of nothing are so, and there is none that is."""
    nowhere = Constant(0)
    ones = torch.ones(5, 2, 4, 3, dtype=torch.float64)
    assert torch.equal(judged(forall(f, nowhere), logic, 0), ones)
    assert torch.equal(judged(exists(f, nowhere), logic, 0), ones * 0)
    assert torch.equal(judged(mostly(f, nowhere), logic, 0), ones)


@given(seed=seeds)
def test_a_class_alone(seed: int) -> None:
    """Where all samples are of one class it is the batch, where each is of its own it says nothing."""
    attribution, context = world_of((5, 2, 4, 3), seed)
    for kind in (forall, exists, mostly):
        one = label(classifier=lambda samples, context: torch.full((5,), 7))
        each = label(classifier=lambda samples, context: torch.tensor([40, 2, 30, 0, 1]))
        found = Specification(kind(f, one))(attribution, context)
        torch.testing.assert_close(found, Specification(kind(f, batch))(attribution, context), rtol=0, atol=1e-15)
        assert torch.equal(Specification(kind(f, each))(attribution, context), Specification(f)(attribution, context))


@every_logic
@every_domain
@pytest.mark.parametrize("same", [border(1), Constant(0.5)], ids=str)
def test_what_is_the_same_for_all_samples(same: Formula, domain: Any, logic: Logic) -> None:
    for kind in (forall, exists, mostly):
        found = judged(kind(same, domain), logic, 0)
        for full in (judged(same, logic, 0), judged(same & (f | 1), logic, 0)):
            assert torch.equal(judged(kind(Region(lambda samples, full=full: full), domain), logic, 0), found)


@pytest.mark.parametrize("text", ["forall(f)", "forall(f, batch)", "forall(f, label)", "mostly(f, label)", "mostly(f)"])
def test_samples_of_one_number_and_batches_of_one(text: str) -> None:
    values = torch.tensor([0.25])
    attribution, context = world_of((1,))
    specification = parse(text, f=lambda samples: values)
    assert specification(attribution, context).tolist() == [0.25]


def test_golden_values() -> None:
    attribution, context = world_of((2, 2))
    values = torch.tensor([[0.2, 0.8], [0.4, 1.0]], dtype=torch.float64)
    region = torch.tensor([1.0, 0.5], dtype=torch.float64)
    expected = {
        ("goedel", "forall(f)"): [0.2, 0.2, 0.4, 0.4],
        ("goedel", "exists(f, batch)"): [0.4, 1.0, 0.4, 1.0],
        ("goedel", "forall(f, r)"): [0.2, 0.2, 0.4, 0.4],
        ("goedel", "exists(f, r)"): [0.5, 0.5, 0.5, 0.5],
        ("product", "forall(f, r)"): [0.2, 0.2, 0.4, 0.4],
        ("product", "exists(f, r)"): [0.4, 0.4, 0.5, 0.5],
        ("lukasiewicz", "exists(f, r)"): [0.3, 0.3, 0.5, 0.5],
        ("lukasiewicz", "mostly(f, r)"): [0.4, 0.4, 0.6, 0.6],
        ("goedel", "mostly(f, batch)"): [0.3, 0.9, 0.3, 0.9],
    }
    for (logic, text), wanted in expected.items():
        found = parse(text, logic, f=lambda samples: values, r=region)(attribution, context)
        torch.testing.assert_close(found.flatten(), torch.tensor(wanted, dtype=torch.float64), msg=text)
