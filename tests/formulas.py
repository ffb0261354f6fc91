"""Random formulas and the worlds to judge them in, for hypothesis; and what they mean, computed plainly."""

from collections.abc import Callable
from contextlib import nullcontext
from functools import reduce
from operator import ge, gt, le, lt
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from xaigrad.explainers import Context
from xaigrad.logic import (
    Constant,
    Formula,
    Logic,
    accepted,
    agree,
    at_least,
    at_most,
    batch,
    border,
    box,
    brightness,
    centre,
    disc,
    exists,
    explanation,
    forall,
    input_x_gradient,
    intensity,
    label,
    mostly,
    opposes,
    realness,
    rejected,
    saliency,
    somewhat,
    supports,
    very,
)
from xaigrad.logic._connectives import Conjunction, Disjunction, Equivalence, Implication, Negation
from xaigrad.logic._domains import Batch, HasLabel, SameLabel
from xaigrad.logic._program import Program
from xaigrad.logic._quantifiers import Exists, ForAll, Mostly, Quantifier
from xaigrad.logic._thresholds import AtLeast, AtMost, Comparison, Somewhat, Very
from xaigrad.logic._world import World

COMPARISONS = {">": gt, ">=": ge, "<": lt, "<=": le}

degrees = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 1.0]) | st.floats(0, 1)
scores = st.floats(-2, 2) | st.sampled_from([0, -1.5, 1e-7, 12345678.9])
intervals = st.tuples(st.floats(-3, 0.5), st.floats(0.75, 4))

anywhere: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from([explanation, supports, opposes, saliency, input_x_gradient, intensity, brightness, realness]),
    degrees.map(Constant),
    scores.map(accepted),
    scores.map(rejected),
    st.builds(lambda ends: intensity(*ends), intervals),
    st.builds(lambda ends: realness(*ends), intervals),
    st.integers(0, 3).map(label),
)
"""Atoms of samples of any shape."""

shapes: st.SearchStrategy[Any] = st.one_of(
    st.integers(1, 4).map(border),
    st.builds(box, st.integers(0, 2), st.integers(0, 2), st.integers(1, 9), st.integers(1, 3)),
    st.floats(0.01, 1).map(centre),
    st.floats(0.5, 4).map(disc),
)


def _larger(parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    domains = st.none() | st.sampled_from([batch, label]) | parts
    return st.one_of(
        parts.map(lambda a: ~a),
        st.builds(lambda a, b: a & b, parts, parts),
        st.builds(lambda a, b: a | b, parts, parts),
        st.builds(lambda a, b: a.implies(b), parts, parts),
        st.builds(lambda a, b: a.iff(b), parts, parts),
        st.builds(Comparison, parts, st.sampled_from(["<", "<=", ">", ">="]), parts),
        st.lists(parts, min_size=2, max_size=4).map(lambda several: agree(*several)),
        st.builds(at_least, parts, degrees, st.sampled_from([0.1, 0.5, 1.0])),
        st.builds(at_most, parts, degrees, st.sampled_from([0.1, 0.5, 1.0])),
        parts.map(very),
        parts.map(somewhat),
        _quantified(parts, domains),
    )


def _quantified(parts: st.SearchStrategy[Any], domains: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    kinds = st.sampled_from([forall, exists, mostly])
    return st.builds(lambda kind, part, domain: kind(part, domain), kinds, parts, domains)


formulas: st.SearchStrategy[Formula] = st.recursive(anywhere | shapes, _larger, max_leaves=12)
"""Of images."""

flat_formulas: st.SearchStrategy[Formula] = st.recursive(anywhere, _larger, max_leaves=12)
"""Of samples of any shape."""


def world_of(shape: tuple[int, ...], seed: int = 0, kind: str = "normal") -> tuple[Tensor, Context]:
    """Return an attribution and the context of an update, of one call of D with labels from 0 to 3."""
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(3, *shape, generator=generator, dtype=torch.float64, device="cpu")
    samples, gradient, attribution = values.to(torch.get_default_device())
    if kind == "nothing":
        attribution[::2] = 0
    elif kind == "ones":
        attribution = torch.ones_like(attribution)
    labels = torch.randint(0, 4, shape[:1], generator=generator, device="cpu").to(samples.device)
    verdicts = torch.randn(shape[:1], generator=generator, dtype=torch.float64, device="cpu").to(samples.device)
    return attribution, Context(
        gradient=gradient,
        update=0,
        explanation=0,
        rng=generator,
        args=(samples, labels),
        samples=samples,
        attribution=attribution,
        asking=lambda: nullcontext(lambda samples: samples.flatten(1).sum(1)),
        verdict=lambda: verdicts,
    )


def permuted(attribution: Tensor, context: Context, order: Tensor) -> tuple[Tensor, Context]:
    """Return the same world with the samples in another order."""
    verdicts = context.verdict()
    assert verdicts is not None
    return attribution[order], Context(
        gradient=context.gradient[order],
        update=0,
        explanation=0,
        rng=torch.Generator(),
        args=tuple(argument[order] for argument in context.args),
        samples=context.samples[order],
        attribution=attribution[order],
        verdict=lambda: verdicts[order],
    )


def plainly(formula: Formula, logic: Logic, attribution: Tensor, context: Context) -> Tensor:
    """Return the truth value at every feature of every sample, one number at a time where formulas range over some."""
    if not formula.operands or isinstance(formula, HasLabel):
        return Program.of(formula).run(World(logic, attribution, context)).expand_as(attribution)
    parts = [plainly(part, logic, attribution, context) for part in formula.operands if isinstance(part, Formula)]
    if isinstance(formula, Quantifier):
        region = parts[1] if len(parts) > 1 else torch.ones_like(parts[0])
        return _quantify(formula, logic, parts[0], region, context)
    if isinstance(formula, Comparison):
        return COMPARISONS[formula.sign](*parts).double()
    if isinstance(formula, AtLeast | AtMost):
        missing = formula.threshold - parts[0] if isinstance(formula, AtLeast) else parts[0] - formula.threshold
        return (1 - missing / formula.softness).clamp(0, 1)
    return _connect(formula, logic, parts)


def _connect(formula: Formula, logic: Logic, parts: list[Tensor]) -> Tensor:
    meanings: dict[type[Formula], Callable[[], Tensor]] = {
        Negation: lambda: 1 - parts[0],
        Conjunction: lambda: reduce(logic.conjunction, parts),
        Disjunction: lambda: reduce(logic.disjunction, parts),
        Implication: lambda: logic.disjunction(1 - parts[0], parts[1]),
        Equivalence: lambda: logic.conjunction(
            logic.disjunction(1 - parts[0], parts[1]), logic.disjunction(1 - parts[1], parts[0])
        ),
        Very: lambda: parts[0] ** 2,
        Somewhat: lambda: parts[0] ** 0.5,
    }
    return meanings[type(formula)]()


def _quantify(formula: Quantifier, logic: Logic, truth: Tensor, region: Tensor, context: Context) -> Tensor:
    rows, there = truth.flatten(1), region.flatten(1)
    found = torch.empty_like(rows)
    labels = context.args[1]
    for sample in range(len(rows)):
        for feature in range(rows.shape[1]):
            if isinstance(formula.domain, Batch):
                over, weight = rows[:, feature], there[:, feature]
            elif isinstance(formula.domain, SameLabel):
                same = labels == labels[sample]
                over, weight = rows[same, feature], there[same, feature]
            else:
                over, weight = rows[sample], there[sample]
            if isinstance(formula, ForAll):
                found[sample, feature] = min(logic.implication(weight, over))
            elif isinstance(formula, Exists):
                found[sample, feature] = max(logic.conjunction(weight, over))
            else:
                assert isinstance(formula, Mostly)
                found[sample, feature] = (weight * over).sum() / weight.sum() if weight.any() else 1
    return found.view_as(truth)
