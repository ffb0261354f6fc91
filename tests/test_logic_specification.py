"""A specification's mask is its formula's truth value: the plain meaning, in [0, 1], each part evaluated once."""

import math
import pickle
import weakref
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from xaigrad.explainers import Context, Saliency, Score
from xaigrad.logic import (
    GOEDEL,
    LUKASIEWICZ,
    PRODUCT,
    Explained,
    Formula,
    Logic,
    Region,
    Specification,
    batch,
    border,
    explanation,
    forall,
    parse,
    saliency,
    very,
)
from xaigrad.logic._shapes import Shape
from xaigrad.masks import AbsNormalize

from .formulas import flat_formulas, formulas, permuted, plainly, world_of
from .strategies import attributions

IMAGES = (5, 2, 4, 3)
logics = st.sampled_from([GOEDEL, PRODUCT, LUKASIEWICZ])
seeds = st.integers(0, 2**32)
kinds = st.sampled_from(["normal", "nothing", "ones"])


@settings(max_examples=200)
@given(formula=formulas, logic=logics, seed=seeds, kind=kinds)
def test_the_plain_meaning(formula: Formula, logic: Logic, seed: int, kind: str) -> None:
    attribution, context = world_of(IMAGES, seed, kind)
    mask = Specification(formula, logic)(attribution, context)
    torch.testing.assert_close(mask, plainly(formula, logic, attribution, context), rtol=1e-9, atol=1e-9)


@settings(max_examples=200)
@given(formula=formulas, logic=logics, seed=seeds, kind=kinds, dtype=st.sampled_from([torch.float32, torch.float64]))
def test_range_shape_and_dtype(formula: Formula, logic: Logic, seed: int, kind: str, dtype: torch.dtype) -> None:
    attribution, context = world_of(IMAGES, seed, kind)
    attribution = attribution.to(dtype)
    context = replace(context, gradient=context.gradient.to(dtype), samples=context.samples.to(dtype))
    before = attribution.clone(), context.samples.clone(), context.gradient.clone()
    mask = Specification(formula, logic)(attribution, context)
    assert (mask.shape, mask.dtype) == (attribution.shape, dtype)
    assert mask.min() >= 0
    assert mask.max() <= 1
    after = attribution, context.samples, context.gradient
    assert all(map(torch.equal, before, after))


@settings(max_examples=100)
@given(formula=formulas, logic=logics, seed=seeds)
def test_samples_in_another_order(formula: Formula, logic: Logic, seed: int) -> None:
    attribution, context = world_of(IMAGES, seed)
    order = torch.randperm(5)
    mask = Specification(formula, logic)(attribution, context)
    other = Specification(formula, logic)(*permuted(attribution, context, order))
    torch.testing.assert_close(other, mask[order], rtol=1e-9, atol=1e-12)


@settings(max_examples=100)
@given(formula=flat_formulas, logic=logics, shape=st.sampled_from([(6,), (4, 7), (3, 1, 5), (2, 2, 2, 3, 2)]))
def test_samples_of_any_shape(formula: Formula, logic: Logic, shape: tuple[int, ...]) -> None:
    attribution, context = world_of(shape)
    mask = Specification(formula, logic)(attribution, context)
    torch.testing.assert_close(mask, plainly(formula, logic, attribution, context), rtol=1e-9, atol=1e-9)


@settings(max_examples=100)
@given(formula=formulas, logic=logics, seed=seeds)
def test_flat_samples_that_are_images(formula: Formula, logic: Logic, seed: int) -> None:
    attribution, context = world_of(IMAGES, seed)
    expected = Specification(formula, logic)(attribution, context).flatten(1)
    _, other = world_of(IMAGES, seed)
    flat = replace(other, samples=other.samples.flatten(1), gradient=other.gradient.flatten(1))
    mask = Specification(formula, logic, shape=IMAGES[1:])(attribution.flatten(1), flat)
    torch.testing.assert_close(mask, expected, rtol=0, atol=1e-12)


@settings(max_examples=100)
@given(formula=formulas, logic=logics, seed=seeds)
def test_satisfaction_and_degree(formula: Formula, logic: Logic, seed: int) -> None:
    attribution, context = world_of(IMAGES, seed)
    specification = Specification(formula, logic)
    mask = specification(attribution, context)
    degree = specification.degree(attribution, context)
    assert degree.shape == (5,)
    torch.testing.assert_close(degree, mask.flatten(1).mean(1), rtol=0, atol=1e-12)
    assert context.reports["satisfaction"].shape == ()
    torch.testing.assert_close(context.reports["satisfaction"], mask.mean(), rtol=0, atol=1e-12)


@given(attribution=attributions)
def test_explanation_is_the_paper_s_mask(attribution: Tensor) -> None:
    context = Context(attribution, 0, 0, torch.Generator(), samples=attribution)
    mask = Specification("explanation")(attribution, context)
    assert torch.equal(mask, AbsNormalize()(attribution))
    assert torch.equal(Specification("explanation")(mask, context), mask)


NEUTRAL = ["explanation", "explanation & saliency", "explanation & border(1) | 1", "forall(explanation)", "1",
           "mostly(explanation, centre(0.5))", "forall(explanation, label)", "mostly(explanation, label)",
           "mostly(explanation, batch)", "border(2) -> explanation", "explanation >= 1", "0.5 <= explanation",
           "at_least(explanation, 1)",
           "very(explanation) & somewhat(explanation)", "explanation <-> 1", "supports & explanation"]  # fmt: skip


@pytest.mark.parametrize("logic", [GOEDEL, PRODUCT, LUKASIEWICZ], ids=str)
@pytest.mark.parametrize("text", NEUTRAL)
def test_masks_of_ones_stay_ones(text: str, logic: Logic) -> None:
    """To the bit, in float32 too."""
    ones = torch.ones(3, 1, 28, 28, dtype=torch.float32)
    context = Context(ones, 0, 0, torch.Generator(), args=(ones + 1, torch.tensor([0, 0, 1])), samples=ones + 1)
    assert torch.equal(Specification(text, logic)(ones, context), ones)


@pytest.mark.parametrize("logic", [GOEDEL, PRODUCT, LUKASIEWICZ], ids=str)
@pytest.mark.parametrize("text", [text for text in NEUTRAL if text not in ("1", "explanation & border(1) | 1")])
def test_what_is_not_a_number_stays_so(text: str, logic: Logic) -> None:
    """For the guidance to see."""
    attribution = torch.ones(3, 1, 4, 4)
    attribution[1, 0, 1, 1] = math.nan
    args = attribution, torch.tensor([0, 0, 1])
    context = Context(attribution, 0, 0, torch.Generator(), args=args, samples=attribution.nan_to_num())
    mask = Specification(text, logic)(attribution, replace(context, args=(context.samples, args[1])))
    assert mask[1].isnan().any()


class Counting:
    """Counts how often it is asked."""

    def __init__(self, arguments: int) -> None:
        self.asked = 0
        self.arguments = arguments

    def explain(self, score: Score, samples: Tensor, context: Context) -> Tensor:
        self.asked += 1
        return score(samples).view(-1, 1) * samples

    def see(self, samples: Tensor) -> Tensor:
        self.asked += 1
        return samples > 0


def test_each_part_once() -> None:
    counting, looking = Counting(3), Counting(1)
    explained, seen = Explained(counting.explain), Region(looking.see)
    twice = (explained & seen) | (~explained & seen).implies(explained & seen)
    attribution, context = world_of((4, 3))
    Specification(twice)(attribution, replace(context, asking=lambda: nullcontext(lambda rows: rows.sum(1))))
    assert (counting.asked, looking.asked) == (1, 1)


@dataclass(frozen=True, eq=False)
class Watching(Logic):
    """Counts, at each conjunction, how many of the earlier ones' values are still held."""

    values: list[Any] = field(default_factory=list)
    held: list[int] = field(default_factory=list)

    def conjunction(self, a: Tensor, b: Tensor) -> Tensor:
        self.held.append(sum(value() is not None for value in self.values))
        found = a * b
        self.values.append(weakref.ref(found))
        return found


def test_values_are_let_go() -> None:
    """A long formula holds few at a time."""
    formula = reduce(lambda inner, _: very(inner & saliency), range(20), explanation)
    attribution, context = world_of((4, 3))
    watching = Watching()
    Specification(formula, watching)(attribution, context)
    assert watching.held == [0] * 20


@dataclass(frozen=True, repr=False)
class Drawn(Shape):
    """A region that counts how often it is drawn."""

    times: list[int] = field(default_factory=list, hash=False)

    def drawn(self, canvas: Tensor, sides: Any) -> Tensor:
        self.times.append(len(self.times))
        return canvas


def test_regions_are_drawn_once_for_each_shape() -> None:
    region = Drawn()
    specification = Specification(explanation & ~region & forall(~region, batch) | ~region & border(1))
    memory: dict[str, Any] = {}
    for shape, times in [
        (IMAGES, 1),
        (IMAGES, 1),
        ((5, 1, 3, 3), 2),
        ((5, 1, 3, 3), 2),
        ((4, 1, 3, 3), 3),
        (IMAGES, 4),
    ]:
        attribution, context = world_of(shape)
        mask = specification(attribution, replace(context, memory=memory))
        assert len(region.times) == times
        assert torch.equal(mask, specification(attribution, context))
        del region.times[times:]
    attribution, context = world_of(IMAGES)
    single = replace(context, gradient=context.gradient.float(), samples=context.samples.float(), memory=memory)
    assert specification(attribution.float(), single).dtype == torch.float32


@settings(max_examples=100)
@given(formula=formulas, logic=logics)
def test_masks_may_be_written_into(formula: Formula, logic: Logic) -> None:
    """And each update is as the first."""
    attribution, context = world_of(IMAGES)
    specification = Specification(formula, logic)
    first = specification(attribution, context).clone()
    for _ in range(2):
        mask = specification(attribution, context)
        assert torch.equal(mask, first)
        mask.contiguous().fill_(0.3)
        if mask.is_contiguous():
            mask.fill_(0.7)


def test_equality_repr_hash_and_pickle() -> None:
    one = Specification(explanation & ~border(2))
    assert one == parse("explanation & ~border(2)") == Specification("explanation&~border(2)", "gödel", None)
    assert one != Specification(one.formula, PRODUCT) != Specification(one.formula, shape=(1, 28, 28))
    assert len({one, parse("explanation & ~border(2)"), replace(one, logic=PRODUCT)}) == 2
    assert repr(one) == "Specification('explanation & ~border(2)', logic='goedel')"
    shaped = Specification("saliency", "Łukasiewicz", [1, 28, 28])  # type: ignore[arg-type]
    assert repr(shaped) == "Specification('saliency', logic='lukasiewicz', shape=(1, 28, 28))"
    assert str(shaped) == "saliency"
    for specification in (one, shaped):
        assert eval(repr(specification), {"Specification": Specification}) == specification
        assert pickle.loads(pickle.dumps(specification)) == specification


@given(formula=formulas, logic=logics)
def test_repr_can_be_read_again(formula: Formula, logic: Logic) -> None:
    specification = Specification(formula, logic)
    assert eval(repr(specification), {"Specification": Specification}) == specification


def test_repr_of_what_has_no_text() -> None:
    specification = parse("explanation & face", face=torch.ones(2))
    assert repr(specification) == "Specification(explanation & face, logic='goedel')"
    exact = parse("saliency", saliency=Saliency(exact=True))
    assert repr(exact) == "Specification(saliency, logic='goedel')"
    assert exact != Specification(saliency)


class Hamacher(Logic):
    def conjunction(self, a: Tensor, b: Tensor) -> Tensor:
        return torch.where((a == 0) & (b == 0), 0.0, a * b / (a + b - a * b))


@given(seed=seeds)
def test_a_logic_of_one_s_own(seed: int) -> None:
    attribution, context = world_of((4, 3), seed)
    logic = Hamacher()
    mask = Specification("explanation & intensity | 0.1", logic)(attribution, context)
    formula = parse("explanation & intensity | 0.1").formula
    torch.testing.assert_close(mask, plainly(formula, logic, attribution, context))
    assert "Hamacher" in repr(Specification("explanation", logic))
