"""Formulas as objects: built by operators, immutable, comparable, hashable, and printed as their text."""

import copy
import dataclasses
import pickle
from functools import reduce
from typing import Any

import pytest
import torch
from hypothesis import given

from xaigrad.explainers import DeepShap, Saliency
from xaigrad.logic import (
    Constant,
    Explained,
    Formula,
    Region,
    Specification,
    agree,
    at_least,
    at_most,
    batch,
    border,
    box,
    centre,
    deepshap,
    disc,
    exists,
    explanation,
    forall,
    intensity,
    label,
    mostly,
    realness,
    rejected,
    saliency,
    somewhat,
    supports,
    very,
)

from .formulas import formulas

a, b, c = explanation, saliency, border(2)

TEXTS: list[tuple[Any, str]] = [
    (a & b, "explanation & saliency"),
    (a & b & c, "explanation & saliency & border(2)"),
    (a & (b & c), "explanation & saliency & border(2)"),
    (a & b | c, "explanation & saliency | border(2)"),
    (a & (b | c), "explanation & (saliency | border(2))"),
    (~a & ~(b | c), "~explanation & ~(saliency | border(2))"),
    (~~a, "~~explanation"),
    (a.implies(b), "explanation -> saliency"),
    (a.implies(b.implies(c)), "explanation -> saliency -> border(2)"),
    ((a.implies(b)).implies(c), "(explanation -> saliency) -> border(2)"),
    (a.iff(b).iff(c), "explanation <-> saliency <-> border(2)"),
    (a.iff(b.iff(c)), "explanation <-> (saliency <-> border(2))"),
    ((a | b).implies(c & a), "explanation | saliency -> border(2) & explanation"),
    (a > 0.5, "explanation > 0.5"),
    (a >= 0.5, "explanation >= 0.5"),
    (a < 0.5, "explanation < 0.5"),
    (a <= 0.5, "explanation <= 0.5"),
    (0.5 < a, "explanation > 0.5"),  # noqa: SIM300
    ((a > 0.5) & (b < c), "explanation > 0.5 & saliency < border(2)"),
    (~(a > 0.5), "~(explanation > 0.5)"),
    (~a > 0.5, "~explanation > 0.5"),
    ((a & b) > 0.5, "(explanation & saliency) > 0.5"),
    (a | 1, "explanation | 1"),
    (Constant(0) | a, "0 | explanation"),
    (forall(a), "forall(explanation)"),
    (forall(a, c), "forall(explanation, border(2))"),
    (exists(a & b, batch), "exists(explanation & saliency, batch)"),
    (mostly(a, label), "mostly(explanation, label)"),
    (at_least(a, 0.5), "at_least(explanation, 0.5)"),
    (at_most(a | b, 0.5, softness=0.25), "at_most(explanation | saliency, 0.5, 0.25)"),
    (very(somewhat(a)), "very(somewhat(explanation))"),
    (agree(a, b, supports), "explanation & saliency & supports"),
    (box(1, 2, 3, 4), "box(1, 2, 3, 4)"),
    (centre(0.5) & disc(3), "centre(0.5) & disc(3)"),
    (intensity(0, 1) & intensity, "intensity(0) & intensity"),
    (intensity(-1, 0.5), "intensity(-1, 0.5)"),
    (realness(0, 1) & rejected(-1.5), "realness(0, 1) & rejected(-1.5)"),
    (label(3), "label(3)"),
    (label, "label"),
    (Explained(Saliency()), "saliency"),
    (Explained(DeepShap()), "deepshap"),
    (a & Explained(Saliency(exact=True), name="exact"), "explanation & exact"),
    (Region(torch.ones(2, 2)), "Region(tensor of shape (2, 2))"),
    (Region(torch.ones(2, 2), name="face"), "face"),
    (Region(torch.sigmoid), "Region(sigmoid)"),
    (label(3, torch.nn.Flatten()), "label(3, Flatten)"),
    (label(classifier=torch.nn.Flatten()), "label(classifier=Flatten)"),
]


@pytest.mark.parametrize(("formula", "text"), TEXTS, ids=[text for _, text in TEXTS])
def test_text(formula: Any, text: str) -> None:
    assert str(formula) == text
    assert repr(formula) == text


@given(formula=formulas)
def test_equality_and_hash(formula: Formula) -> None:
    for twin in (pickle.loads(pickle.dumps(formula)), copy.deepcopy(formula), copy.copy(formula)):
        assert twin == formula
        assert hash(twin) == hash(formula)
    assert ~formula != formula
    assert formula != str(formula)


def test_what_differs() -> None:
    different = [a & b, b & a, a | b, a.implies(b), b.implies(a), a.iff(b), a > b, a >= b, ~a, border(2), border(3)]
    different += [forall(a), exists(a), forall(a, batch), forall(a, label), forall(a, b), at_least(a, 0.5), a > 0.5]
    different += [Region(torch.ones(2)), Region(torch.zeros(2)), Region(torch.sigmoid), label(1), label(2)]
    assert len(set(different)) == len(different)
    assert all((one == other) == (one is other) for one in different for other in different)


def test_equal_parts_of_the_user() -> None:
    """By value where there is one, by identity otherwise; names do not count."""
    assert Region(torch.ones(2)) == Region(torch.ones(2), "ones")
    assert Region(torch.ones(2)) != Region(torch.ones(3))
    assert Region(torch.ones(2).float()) != Region(torch.ones(2).double())
    first, second = (lambda samples: samples), (lambda samples: samples)
    assert Region(first) == Region(first) != Region(second)
    assert Explained(Saliency()) == saliency == Explained(Saliency(), "mine")
    assert Explained(Saliency(exact=True)) != saliency
    assert Explained(DeepShap(torch.zeros(3, 2))) != Explained(DeepShap(torch.ones(3, 2))) != deepshap
    assert label(1, first) == label(1, first) != label(1, second)


class Awkward:
    """Neither hashable nor comparable."""

    def __call__(self, score: Any, samples: torch.Tensor, context: Any) -> torch.Tensor:
        return samples

    def __eq__(self, other: object) -> Any:
        return torch.zeros(2) == 0

    __hash__ = None  # type: ignore[assignment]


def test_an_explainer_that_cannot_be_compared() -> None:
    explainer = Awkward()
    assert Explained(explainer) == Explained(explainer) != Explained(Awkward())
    assert len({Explained(explainer), Explained(explainer)}) == 1
    assert Specification(Explained(explainer) & ~Explained(explainer))


def test_formulas_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        border(2).width = 3  # type: ignore[misc]


def test_a_region_keeps_its_own_copy() -> None:
    values = torch.zeros(2)
    region = Region(values)
    values += 1
    assert region == Region(torch.zeros(2))


def test_what_stands_for_a_formula() -> None:
    assert a & 0.5 == a & Constant(0.5)
    assert a & torch.ones(2) == a & Region(torch.ones(2))
    assert a & torch.sigmoid == a & Region(torch.sigmoid)
    assert a & Saliency() == a & saliency
    assert a & Specification(b | c) == a & (b | c)
    assert forall(Saliency(), torch.ones(2)) == forall(saliency, Region(torch.ones(2)))


NO_FORMULAS: list[tuple[Any, str]] = [
    (
        "saliency",
        r"Parameter `formula` should be a formula, a number in \[0, 1\], .* Found 'saliency'. A text is read by",
    ),
    (Saliency, r"Parameter `formula` should be an instance. Found the class `Saliency`. Instantiate .*: Saliency\(\)"),
    (batch, r"Parameter `formula` should be a formula. Found `batch`, .* forall\(explanation, batch\)\.$"),
    (label, r"Parameter `formula` should be a formula. Found `label`, .* forall\(explanation, label\)\.$"),
    (None, r"Parameter `formula` should be a formula, .* Found None"),
    (True, r"Parameter `formula` should be a formula, .* Found True"),
]


@pytest.mark.parametrize(("other", "message"), NO_FORMULAS)
def test_what_stands_for_none(other: Any, message: str) -> None:
    with pytest.raises(TypeError, match=f"^{message}"):
        a & other
    if not isinstance(other, str):
        with pytest.raises(TypeError, match=f"^{message}"):
            Specification(other)


@pytest.mark.parametrize("join", [lambda: 0.5 & a, lambda: 0.5 | a, lambda: a > 0.5 & b])
def test_a_comparison_without_parentheses(join: Any) -> None:
    """In Python it would mean something else."""
    with pytest.raises(
        TypeError, match=r"^A comparison should stand in parentheses, .* Found 0\.5 [&|] .* Write \(a > "
    ):
        join()


@pytest.mark.parametrize("ask", [lambda: a and b, lambda: not a, lambda: 0.2 < a < 0.8, lambda: a > 0.2 if a else b])
def test_python_s_own_connectives(ask: Any) -> None:
    with pytest.raises(
        TypeError, match=r"^A formula should be joined with `&`, `\|` and `~`\. Found .* Write \(a > 0\.2\)"
    ):
        ask()


def test_how_deep_formulas_may_be() -> None:
    def nested(levels: int) -> Formula:
        return reduce(lambda formula, _: ~formula, range(levels - 1), a)

    deepest = nested(64)
    assert Specification(str(deepest)).formula == deepest == pickle.loads(pickle.dumps(copy.deepcopy(deepest)))
    with pytest.raises(
        ValueError, match=r"^A formula should be nested at most 64 levels deep\. Found one level more\."
    ):
        deepest.implies(a)
    wide = reduce(lambda formula, _: formula & b, range(1000), a)
    assert wide.levels == 2


ERRORS: list[tuple[Any, str]] = [
    (lambda: border(0), "Parameter `width` should be a whole number of at least 1. Found 0."),
    (lambda: border(1.5), "Parameter `width` should be a whole number of at least 1. Found 1.5."),
    (lambda: box(-1, 0, 1, 1), "Parameter `top` should be a whole number of at least 0. Found -1."),
    (lambda: box(0, 0, 0, 1), "Parameter `height` should be a whole number of at least 1. Found 0."),
    (lambda: centre(0), "Parameter `fraction` should be larger than 0. Found 0. For example 0.5."),
    (lambda: centre(1.5), r"Parameter `fraction` should be a number in \[0, 1\]. Found 1.5."),
    (lambda: disc(0), "Parameter `radius` should be larger than 0. Found 0. For example 10."),
    (lambda: disc(float("inf")), "Parameter `radius` should be a finite number. Found inf."),
    (lambda: Constant(1.5), r"Parameter `degree` should be a number in \[0, 1\]. Found 1.5."),
    (lambda: a > 2, r"Parameter `degree` should be a number in \[0, 1\]. Found 2."),
    (lambda: at_least(a, 2), r"Parameter `threshold` should be a number in \[0, 1\]. Found 2."),
    (
        lambda: at_most(a, 0.5, -1),
        "Parameter `softness` should be larger than 0. Found -1. For a crisp threshold compare:",
    ),
    (lambda: at_most(a, 0.5, float("nan")), "Parameter `softness` should be a finite number. Found nan."),
    (
        lambda: intensity(1, -1),
        "Parameter `low` should be less than `high`, by 1e-30 to 1e30. Found low=1, high=-1. For ex",
    ),
    (lambda: realness(low=0), "Parameters `low` and `high` should be given together. Found low=0, high=None. For"),
    (
        lambda: realness(1, 1),
        "Parameter `low` should be less than `high`, by 1e-30 to 1e30. Found low=1, high=1. For ex",
    ),
    (lambda: rejected(float("nan")), "Parameter `threshold` should be a finite number. Found nan."),
    (lambda: label(-1), "Parameter `k` should be a class, a whole number of at least 0. Found -1. For example label"),
    (lambda: label(True), "Parameter `k` should be a class, a whole number of at least 0. Found True."),
    (lambda: agree(a), "Parameter `formulas` should be two or more, to agree. Found 1."),
    (
        lambda: Region(torch.tensor([-1.0, 1.0])),
        r"Parameter `source` should have values in \[0, 1\]. Found values from -1 to 1. For an image from -1",
    ),
    (lambda: Region(torch.tensor([float("nan")])), r"Parameter `source` should have values in \[0, 1\]. Found values"),
]


@pytest.mark.parametrize(("make", "message"), ERRORS)
def test_errors(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        make()


TYPE_ERRORS: list[tuple[Any, str]] = [
    (
        lambda: Region("face"),
        "Parameter `source` should be a tensor, a function samples -> mask or a network. Found 'fa",
    ),
    (
        lambda: Region(torch.nn.Flatten),
        "Parameter `source` should be a tensor, a function samples -> mask or a network.",
    ),
    (lambda: Region(torch.ones(2) * 1j), "Parameter `source` should be a real tensor. Found torch.complex"),
    (lambda: Explained(Saliency), "Parameter `explainer` should be a callable instance. Found the class `Saliency`."),
    (
        lambda: label(3, "digits"),
        r"Parameter `classifier` should be a classifier, a function \(samples, context\) -> c",
    ),
]


@pytest.mark.parametrize(("make", "message"), TYPE_ERRORS)
def test_type_errors(make: Any, message: str) -> None:
    with pytest.raises(TypeError, match=f"^{message}"):
        make()
