"""The laws of rules."""

import math
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from xaigrad.rules import Multiply, Residual

from .loops import bits
from .strategies import attributions, gradients_and_masks, strengths

RULES = [Multiply(), Residual(), Residual(0.0), Residual(-1.0), Residual(3.0)]


@pytest.mark.parametrize("rule", RULES, ids=str)
@given(values=gradients_and_masks(), strength=strengths, exponent=st.integers(-30, 30), sign=st.sampled_from([1, -1]))
def test_homogeneous(rule: Any, values: tuple[Tensor, Tensor], strength: float, exponent: int, sign: int) -> None:
    """The scale of a loss passes through, a power of two to the bit."""
    gradient, mask = values
    scale = sign * 2.0**exponent
    if gradient.abs().max() > 1e-200 or not gradient.any():
        assert torch.equal(rule(gradient * scale, mask, strength), rule(gradient, mask, strength) * scale)


@pytest.mark.parametrize("rule", RULES, ids=str)
@given(values=gradients_and_masks())
def test_strength_0_is_the_gradient(rule: Any, values: tuple[Tensor, Tensor]) -> None:
    gradient, mask = values
    assert bits(rule(gradient, mask, 0.0)) == bits(gradient)


@given(gradient=attributions, strength=strengths)
def test_a_mask_of_ones_is_neutral_under_multiply(gradient: Tensor, strength: float) -> None:
    assert bits(Multiply()(gradient, torch.ones_like(gradient), strength)) == bits(gradient)


@given(values=gradients_and_masks(), strength=strengths)
def test_residual_0_is_neutral(values: tuple[Tensor, Tensor], strength: float) -> None:
    gradient, mask = values
    assert bits(Residual(0.0)(gradient, mask, strength)) == bits(gradient)


@given(values=gradients_and_masks())
def test_full_strength(values: tuple[Tensor, Tensor]) -> None:
    gradient, mask = values
    assert torch.equal(Multiply()(gradient, mask, 1.0), gradient * mask)
    torch.testing.assert_close(Residual(0.2)(gradient, mask, 1.0), gradient + 0.2 * gradient * mask)


@pytest.mark.parametrize("rule", RULES, ids=str)
@given(values=gradients_and_masks(), strength=strengths)
def test_strength_interpolates(rule: Any, values: tuple[Tensor, Tensor], strength: float) -> None:
    gradient, mask = values
    between = (1 - strength) * gradient + strength * rule(gradient, mask, 1.0)
    size = float(gradient.abs().max())
    torch.testing.assert_close(rule(gradient, mask, strength), between, rtol=1e-9, atol=1e-12 * size)


@pytest.mark.parametrize("rule", RULES, ids=str)
@given(values=gradients_and_masks(), strength=strengths)
def test_each_feature_for_itself(rule: Any, values: tuple[Tensor, Tensor], strength: float) -> None:
    gradient, mask = values
    whole = rule(gradient, mask, strength)
    assert torch.equal(whole.flatten()[:1], rule(gradient.flatten()[:1], mask.flatten()[:1], strength))
    assert whole.shape == gradient.shape
    assert whole.dtype == gradient.dtype


@pytest.mark.parametrize("rule", RULES, ids=str)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_stays_so(rule: Any, value: float) -> None:
    """So that a loss scaler sees it, also where the mask is 0."""
    gradient = torch.tensor([value, 1.0])
    assert not rule(gradient, torch.tensor([0.0, 0.5]), 1.0)[0].isfinite()


@pytest.mark.parametrize("alpha", [math.nan, math.inf, "0.2", None])
def test_residual_error(alpha: Any) -> None:
    with pytest.raises(ValueError, match=r"Parameter `alpha` should be a finite number\. Found "):
        Residual(alpha)


def test_repr_equality_and_defaults() -> None:
    assert repr(Multiply()) == "Multiply()"
    assert repr(Residual()) == "Residual(alpha=0.2)"
    assert Multiply() == Multiply()
    assert Residual() == Residual(0.2) != Residual(0.3)
    assert len({Multiply(), Multiply(), Residual(), Residual(0.2)}) == 2
