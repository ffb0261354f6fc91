"""The laws of rules: what all of them, or all of a kind, have in common."""

import math
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from xaigrad.rules import Additive, Blend, Multiply, NormPreserving, Project, Residual, SampleWeight

from .loops import bits
from .ruling import (
    ALONG_THE_ATTRIBUTION,
    FOR_EACH_FEATURE,
    FOR_EACH_SAMPLE,
    HOMOGENEOUS,
    NEUTRAL,
    RULES,
    assert_close_to,
    attributed,
    guided,
    name_of,
    updates,
)
from .strategies import attributions, gradients_and_masks, strengths

Update = tuple[Tensor, Tensor, Tensor]


@given(update=updates(), strength=strengths, exponent=st.integers(-30, 30))
def test_homogeneous(update: Update, strength: float, exponent: int) -> None:
    """The scale of a loss passes through, a power of two to the bit."""
    gradient, mask, attribution = update
    if gradient.abs().max() > 1e-200 or not gradient.any():
        for rule in RULES:
            expected = guided(rule, gradient, mask, strength, attribution)
            for scale in (2.0**exponent, -1.0) if rule in HOMOGENEOUS else (2.0**exponent,):
                found = guided(rule, gradient * scale, mask, strength, attribution)
                assert torch.equal(found, expected * scale), rule


@pytest.mark.parametrize("exponent", [-900, -520, 520, 900])
@pytest.mark.parametrize("shape", [(6, 7), (6,), (5, 3, 4, 4)], ids=str)
def test_homogeneous_where_squares_are_out_of_range(exponent: int, shape: tuple[int, ...]) -> None:
    """Whether norms are taken of the gradient or of a scaled one makes no bit of a difference."""
    gradient, mask, attribution = torch.randn(3, *shape, dtype=torch.float64)
    mask = mask.sigmoid()
    for rule in RULES:
        found = guided(rule, gradient * 2.0**exponent, mask, 1.0, attribution * 2.0**-exponent)
        assert torch.equal(found, guided(rule, gradient, mask, 1.0, attribution) * 2.0**exponent), rule


@given(update=updates())
def test_strength_0_is_the_gradient(update: Update) -> None:
    gradient, mask, attribution = update
    for rule in RULES:
        assert bits(guided(rule, gradient, mask, 0.0, attribution)) == bits(gradient), rule


@given(update=updates(), strength=strengths)
def test_a_mask_of_ones_is_neutral(update: Update, strength: float) -> None:
    """To the bit, the sign of a zero included, and whatever the attribution."""
    gradient, _, attribution = update
    gradient[:, -1:] = -0.0
    for rule in NEUTRAL:
        found = guided(rule, gradient, torch.ones_like(gradient), strength, attribution)
        assert bits(found) == bits(gradient), rule


@given(values=gradients_and_masks(), strength=strengths)
def test_residual_0_is_neutral(values: tuple[Tensor, Tensor], strength: float) -> None:
    gradient, mask = values
    assert bits(Residual(0.0)(gradient, mask, strength)) == bits(gradient)


@given(values=gradients_and_masks())
def test_full_strength(values: tuple[Tensor, Tensor]) -> None:
    gradient, mask = values
    assert torch.equal(Multiply()(gradient, mask, 1.0), gradient * mask)
    torch.testing.assert_close(Residual(0.2)(gradient, mask, 1.0), gradient + 0.2 * gradient * mask)


@given(update=updates(), strength=strengths)
def test_strength_interpolates(update: Update, strength: float) -> None:
    gradient, mask, attribution = update
    for rule in (*FOR_EACH_FEATURE, SampleWeight(), Additive(), Blend(0.3, Additive())):
        full = guided(rule, gradient, mask, 1.0, attribution)
        between = (1 - strength) * gradient + strength * full
        assert_close_to(guided(rule, gradient, mask, strength, attribution), between, size=[gradient, full])


@given(values=gradients_and_masks(), strength=strengths)
def test_each_feature_for_itself(values: tuple[Tensor, Tensor], strength: float) -> None:
    gradient, mask = values
    for rule in FOR_EACH_FEATURE:
        whole = guided(rule, gradient, mask, strength)
        alone = guided(rule, gradient.flatten()[:1], mask.flatten()[:1], strength)
        assert torch.equal(whole.flatten()[:1], alone), rule


@given(update=updates(), strength=strengths)
def test_each_sample_for_itself(update: Update, strength: float) -> None:
    gradient, mask, attribution = update
    for rule in (*FOR_EACH_SAMPLE, *ALONG_THE_ATTRIBUTION):
        alone = guided(rule, gradient[-1:], mask[-1:], strength, attribution[-1:])
        found = guided(rule, gradient, mask, strength, attribution)[-1:]
        assert_close_to(found, alone, size=[gradient[-1], alone])


@pytest.mark.parametrize("rule", RULES, ids=name_of)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_stays_so(rule: Any, value: float) -> None:
    """So that a loss scaler sees it, also where the mask is 0; and other samples do not, but where the batch counts."""
    gradient, mask, attribution = torch.randn(3, 4, 5)
    mask = mask.sigmoid()
    gradient[1, 2], mask[1, 2] = value, 0.0
    found = guided(rule, gradient, mask, 1.0, attribution)
    assert not found[1, 2].isfinite()
    if getattr(rule, "per", "sample") == "sample":
        assert found[[0, 2, 3]].isfinite().all()


@pytest.mark.parametrize("around", [NormPreserving, Project, lambda rule: Blend(0.5, rule)])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_not_finite_cannot_be_hidden(around: Any, value: float) -> None:
    gradient = torch.tensor([[1.0, value], [1.0, 2.0]])
    for hiding in (lambda g, mask, strength: torch.zeros_like(g), attributed):
        found = guided(around(hiding), gradient, torch.ones(2, 2), 1.0)
        assert not found[0, 1].isfinite()
        assert found[1].isfinite().all()


@given(gradient=attributions)
def test_masks_of_zeros(gradient: Tensor) -> None:
    """They stop what is multiplied, say nothing of samples, and let nothing be moved."""
    zeros = torch.zeros_like(gradient)
    for rule in (Multiply(), NormPreserving(), Project(Multiply())):
        assert not guided(rule, gradient, zeros, 1.0).any()
    for rule in (Residual(), SampleWeight(), Additive()):
        assert bits(guided(rule, gradient, zeros, 1.0)) == bits(gradient)
