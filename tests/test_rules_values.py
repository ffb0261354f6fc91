"""What each rule promises of its values, against plain references in Python's exact fractions."""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from xaigrad.explainers import Context
from xaigrad.rules import Additive, Blend, Multiply, NormPreserving, Project, Residual, SampleWeight

from .loops import bits
from .ruling import assert_close_to, attributed, guided, updates
from .strategies import strengths

Update = tuple[Tensor, Tensor, Tensor]
Row = list[Fraction]


def rows_of(values: Tensor) -> list[Row]:
    return [[Fraction(entry) for entry in row] for row in values.reshape(len(values), -1).tolist()]


def norm_of(values: Tensor) -> float:
    return math.hypot(*values.flatten().tolist())


def by_hand(rule: Callable[..., Row], like: Tensor, *values: Tensor) -> Tensor:
    """Return what a function of a sample's rows says, sample by sample."""
    found = [rule(*rows) for rows in zip(*map(rows_of, values), strict=True)]
    return torch.tensor([[float(entry) for entry in row] for row in found], dtype=like.dtype).view_as(like)


def dot(one: Row, other: Row) -> Fraction:
    return sum((a * b for a, b in zip(one, other, strict=True)), Fraction(0))


def root(square: Fraction) -> Fraction:
    """Return a square root to 20 digits, of any size."""
    shift = 4 ** max(0, 80 + (square.denominator.bit_length() - square.numerator.bit_length()) // 2)
    return Fraction(math.isqrt(int(square * shift)), math.isqrt(shift))


@settings(max_examples=20)
@given(update=updates(), strength=strengths, alpha=st.floats(-10, 10))
def test_additive(update: Update, strength: float, alpha: float) -> None:
    gradient, mask, attribution = update
    speaking = attribution * mask

    def step(g: Row, a: Row) -> Row:
        size, weight = root(dot(a, a)), Fraction(strength * alpha)
        length = root(dot(g, g))
        return [one if size == 0 else one - weight * length * towards / size for one, towards in zip(g, a, strict=True)]

    found = guided(Additive(alpha), gradient, mask, strength, attribution)
    assert_close_to(found, by_hand(step, gradient, gradient, speaking), size=[gradient, found])


def test_additive_goes_towards_what_speaks_for_real() -> None:
    """As far as alpha says, beside the standard step along -g."""
    gradient, attribution = torch.randn(2, 5, 7, dtype=torch.float64)
    step = gradient - guided(Additive(0.3), gradient, torch.ones_like(gradient), 1.0, attribution)
    torch.testing.assert_close(step.norm(dim=1), 0.3 * gradient.norm(dim=1))
    torch.testing.assert_close(torch.cosine_similarity(step, attribution), torch.ones(5, dtype=torch.float64))


def test_additive_where_the_attribution_is_the_gradient() -> None:
    """That of the fused saliency: only the gradient's length changes."""
    gradient = torch.randn(5, 7)
    found = guided(Additive(0.3), gradient, torch.ones_like(gradient), 1.0, -gradient)
    torch.testing.assert_close(found, 1.3 * gradient)


def test_additive_moves_where_the_mask_says() -> None:
    gradient, attribution = torch.randn(2, 5, 7)
    mask = (torch.rand(5, 7) < 0.5).float()
    moved = guided(Additive(), gradient, mask, 1.0, attribution) != gradient
    assert torch.equal(moved, mask > 0)
    scaled = guided(Additive(), gradient, 8 * mask, 1.0, attribution)
    assert torch.equal(scaled, guided(Additive(), gradient, mask, 1.0, attribution))


@pytest.mark.parametrize("value", [0.0, -0.0, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("samples", [[1], [0, 1, 2]])
def test_additive_where_there_is_no_direction(value: float, samples: list[int]) -> None:
    """Those samples keep their gradient to the bit, and are no harm to others."""
    gradient, attribution = torch.randn(2, 3, 4)
    gradient[:, 0] = -0.0
    expected = guided(Additive(-0.3), gradient, torch.ones_like(gradient), 1.0, attribution)
    attribution[samples] = value
    expected[samples] = gradient[samples]
    assert bits(guided(Additive(-0.3), gradient, torch.ones_like(gradient), 1.0, attribution)) == bits(expected)


@pytest.mark.parametrize("rule", [Multiply(), Residual(-3.0), attributed], ids=["Multiply", "Residual", "attributed"])
@settings(max_examples=20)
@given(update=updates(), share=st.floats(0, 1), strength=strengths)
def test_blend(rule: Any, update: Update, share: float, strength: float) -> None:
    """Linear in the share, with both ends to the bit."""
    gradient, mask, attribution = update
    full = guided(rule, gradient, mask, 1.0, attribution)
    weight = Fraction(strength * share)

    def mix(g: Row, r: Row) -> Row:
        return [(1 - weight) * one + weight * other for one, other in zip(g, r, strict=True)]

    found = guided(Blend(share, rule), gradient, mask, strength, attribution)
    assert_close_to(found, by_hand(mix, gradient, gradient, full), size=[gradient, full])
    assert bits(guided(Blend(0.0, rule), gradient, mask, strength, attribution)) == bits(gradient)
    assert bits(guided(Blend(1.0, rule), gradient, mask, 1.0, attribution)) == bits(full)


TURNING = [Multiply(), Residual(-1.0), SampleWeight(), Additive(3.0), attributed]


@pytest.mark.parametrize("rule", TURNING, ids=lambda rule: getattr(rule, "__name__", str(rule)))
@given(update=updates(), strength=st.floats(0.1, 1))
def test_norm_preserving(rule: Any, update: Update, strength: float) -> None:
    """The norm is the gradient's and the direction the rule's; what is zero stays so."""
    gradient, mask, attribution = update
    turned = guided(rule, gradient, mask, strength, attribution)
    for per in ("sample", "batch"):
        whole = guided(NormPreserving(rule, per), gradient, mask, strength, attribution)  # type: ignore[arg-type]
        rows = [gradient, turned, whole]
        for before, by_rule, after in zip(*rows, strict=True) if per == "sample" else [rows]:
            if not by_rule.any():
                assert not after.any()
                continue
            assert norm_of(after) == pytest.approx(norm_of(before), rel=1e-12, abs=0)
            factor = norm_of(before) / norm_of(by_rule)
            assert_close_to(after, by_rule * factor, size=[after])


@pytest.mark.parametrize("size", [1e-320, 1e-300, 1e-160, 1e160, 1e300])
def test_norms_of_any_size(size: float) -> None:
    gradient, mask = torch.randn(2, 4, 9, dtype=torch.float64)
    gradient *= size
    found = guided(NormPreserving(), gradient, mask.sigmoid(), 1.0)
    for before, after in zip(gradient, found, strict=True):
        # Numbers below 1e-308 have few digits.
        assert norm_of(after) == pytest.approx(norm_of(before), rel=1e-12 if size > 1e-308 else 0.01, abs=0)


@pytest.mark.parametrize("size", [1e-42, 1e-30, 1e30])
def test_norms_of_any_size_in_float32(size: float) -> None:
    gradient, mask = torch.randn(2, 4, 9, dtype=torch.float32)
    gradient *= size
    found = guided(NormPreserving(), gradient, mask.sigmoid(), 1.0)
    for before, after in zip(gradient, found, strict=True):
        assert norm_of(after) == pytest.approx(norm_of(before), rel=1e-6 if size > 1e-38 else 0.01, abs=0)


def test_samples_of_very_different_sizes() -> None:
    """A small one is not lost beside a large one."""
    gradient = torch.randn(5, 9) * torch.tensor([[1e-35], [1e-20], [1.0], [1e15], [1e35]])
    mask = torch.rand(5, 9)
    turned = guided(NormPreserving(), gradient, mask, 1.0).double()
    torch.testing.assert_close(
        turned.norm(dim=1) / gradient.double().norm(dim=1), torch.ones(5).double(), rtol=1e-6, atol=0
    )
    against = guided(Project(Residual(-3.0)), gradient, mask, 1.0).double()
    cosines = (against * gradient).sum(1) / (gradient.double().norm(dim=1) * against.norm(dim=1))
    assert (cosines > -1e-5).all()


@pytest.mark.parametrize("rule", [Multiply(), Residual(-3.0), attributed], ids=["Multiply", "Residual", "attributed"])
@settings(max_examples=20)
@given(update=updates(), strength=st.floats(0.1, 1))
def test_project(rule: Any, update: Update, strength: float) -> None:
    gradient, mask, attribution = update
    turned = guided(rule, gradient, mask, strength, attribution)
    found = guided(Project(rule), gradient, mask, strength, attribution)

    def surgery(g: Row, r: Row) -> Row:
        along = min(dot(r, g), Fraction(0)) / (dot(g, g) or 1)
        return [other - along * one for one, other in zip(g, r, strict=True)]

    expected = by_hand(surgery, gradient, gradient, turned)
    for number, (g, r) in enumerate(zip(rows_of(gradient), rows_of(turned), strict=True)):
        assert_close_to(found[number], expected[number], size=[turned[number]])
        left = dot(rows_of(found)[number], g)
        assert left >= -Fraction(1e-12) * root(dot(g, g) * dot(r, r))
        if dot(r, g) > Fraction(1e-12) * root(dot(g, g) * dot(r, r)) or not any(g):
            assert bits(found[number]) == bits(turned[number])


def test_project_leaves_what_does_not_oppose() -> None:
    """To the bit, the sign of a zero included, beside a sample that is projected."""
    gradient = torch.tensor([[1.0, -1.0, 2.0], [1.0, -1.0, 2.0]])
    direction = torch.tensor([[1.0, -0.0, 0.0], [-1.0, 0.0, 0.0]])
    found = guided(Project(attributed), gradient, gradient, 1.0, direction)
    assert bits(found[0]) == bits(direction[0])
    torch.testing.assert_close(found[1], direction[1] + gradient[1] / 6)


@settings(max_examples=20)
@given(update=updates(), strength=strengths)
def test_sample_weight(update: Update, strength: float) -> None:
    gradient, mask, _ = update
    masses = [sum(map(abs, row), Fraction(0)) / len(row) for row in rows_of(mask)]
    mean = sum(masses, Fraction(0)) / len(masses)
    weights = [Fraction(1) if mean == 0 else mass / mean for mass in masses]
    factors = torch.tensor([float(1 + Fraction(strength) * (weight - 1)) for weight in weights], dtype=gradient.dtype)
    expected = gradient * factors.view(-1, *[1] * (gradient.dim() - 1))
    assert_close_to(guided(SampleWeight(), gradient, mask, strength), expected, size=[expected])


@given(update=updates(), strength=strengths)
def test_sample_weights_have_the_mean_1(update: Update, strength: float) -> None:
    _, mask, attribution = update
    for some in (mask, attribution, attribution * 1e300 if attribution.abs().max() < 1e-200 else 1e200 * mask):
        weights = guided(SampleWeight(), torch.ones_like(some), some, strength)
        assert (weights >= 0).all()
        assert float(weights.mean()) == pytest.approx(1, rel=1e-12)


@given(update=updates(), seed=st.integers(0, 2**16))
def test_sample_weight_of_samples_in_another_order(update: Update, seed: int) -> None:
    gradient, mask, _ = update
    order = torch.randperm(len(gradient), generator=torch.Generator("cpu").manual_seed(seed), device="cpu")
    found = guided(SampleWeight(), gradient[order], mask[order], 1.0)
    expected = guided(SampleWeight(), gradient, mask, 1.0)[order]
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("size", [3e-39, 1.0, 8e37])
def test_sample_weights_of_masses_of_any_size(dtype: torch.dtype, size: float) -> None:
    mask = torch.tensor([[size, 0.0], [size, 2 * size], [0.0, 0.0], [4 * size, 0.0]], dtype=dtype)
    found = guided(SampleWeight(), torch.ones(4, 2, dtype=dtype), mask, 1.0)
    torch.testing.assert_close(found[:, 0], torch.tensor([0.5, 1.5, 0.0, 2.0], dtype=dtype))


def test_sample_weight_of_one_sample_is_1() -> None:
    gradient, mask = torch.randn(2, 1, 5)
    assert bits(guided(SampleWeight(), gradient, mask, 0.3)) == bits(gradient)


def test_nested() -> None:
    """Rules around rules are nothing but one after the other."""
    gradient, mask, attribution = torch.randn(3, 4, 6)
    context = Context(gradient=gradient, update=0, explanation=0, rng=torch.Generator(), attribution=attribution)
    mixed = gradient + 0.3 * (Additive(20.0)(gradient, mask, 1.0, context) - gradient)
    along = (mixed * gradient).sum(1, keepdim=True).clamp(max=0) / gradient.square().sum(1, keepdim=True)
    straight = mixed - along * gradient
    assert (along < 0).any()
    expected = straight * gradient.norm(dim=1, keepdim=True) / straight.norm(dim=1, keepdim=True)
    rule = NormPreserving(Project(Blend(0.3, Additive(20.0))))
    torch.testing.assert_close(rule(gradient, mask, 1.0, context), expected)
    half = NormPreserving(Project(Blend(0.15, Additive(20.0))))
    torch.testing.assert_close(rule(gradient, mask, 0.5, context), half(gradient, mask, 1.0, context))
