"""The laws of the default mask, AbsNormalize, and of affine and cut ones."""

import math
import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from xaigrad.masks import AbsNormalize, Clamp, Offset

from .loops import bits
from .strategies import attributions

PER_SAMPLE = [AbsNormalize(), AbsNormalize(by="minmax")]
PER_BATCH = [AbsNormalize("batch"), AbsNormalize("batch", "minmax")]
EVERY = [*PER_SAMPLE, *PER_BATCH]


def assert_in_unit_interval(mask: Tensor) -> None:
    assert mask.min() >= 0
    assert mask.max() <= 1


def assert_permutation_equivariant(transform: Callable[[Tensor], Tensor], attribution: Tensor) -> None:
    order = torch.randperm(len(attribution))
    assert torch.equal(transform(attribution[order]), transform(attribution)[order])


def assert_independent_of_the_batch(transform: Callable[[Tensor], Tensor], attribution: Tensor) -> None:
    apart = torch.cat([transform(row) for row in attribution.split(1)])
    assert torch.equal(transform(attribution), apart)


def assert_scale_invariant(transform: Callable[[Tensor], Tensor], attribution: Tensor, scale: float) -> None:
    torch.testing.assert_close(transform(attribution * scale), transform(attribution), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("transform", EVERY, ids=str)
@given(attribution=attributions)
def test_shape_range_and_maximum(transform: AbsNormalize, attribution: Tensor) -> None:
    mask = transform(attribution)
    assert mask.shape == attribution.shape
    assert mask.dtype == attribution.dtype
    assert_in_unit_interval(mask)
    dims = tuple(range(1, mask.dim())) if transform.per == "sample" else tuple(range(mask.dim()))
    assert (mask.amax(dims) == 1).all()


@pytest.mark.parametrize("transform", EVERY, ids=str)
@given(attribution=attributions)
def test_permutation_equivariance(transform: AbsNormalize, attribution: Tensor) -> None:
    assert_permutation_equivariant(transform, attribution)


@pytest.mark.parametrize("transform", PER_SAMPLE, ids=str)
@given(attribution=attributions)
def test_per_sample_is_independent_of_the_batch(transform: AbsNormalize, attribution: Tensor) -> None:
    assert_independent_of_the_batch(transform, attribution)


@pytest.mark.parametrize("transform", EVERY, ids=str)
@given(attribution=attributions, exponent=st.integers(-20, 20), sign=st.sampled_from([1, -1]))
def test_scale_invariance(transform: AbsNormalize, attribution: Tensor, exponent: int, sign: int) -> None:
    if attribution.abs().max() > 1e-200:  # Below, the scaled numbers lose bits.
        assert_scale_invariant(transform, attribution, sign * 3.0**exponent)
        assert torch.equal(transform(attribution * 2.0**exponent), transform(attribution))


@pytest.mark.parametrize("transform", PER_SAMPLE, ids=str)
@given(attribution=attributions)
def test_a_scale_per_sample(transform: AbsNormalize, attribution: Tensor) -> None:
    """Hence the loss's derivative, one number per sample, does not matter."""
    if attribution.abs().max() > 1e-200:
        scales = 2.0 ** torch.arange(len(attribution)).view(-1, *[1] * (attribution.dim() - 1))
        assert torch.equal(transform(attribution * scales), transform(attribution))


@pytest.mark.parametrize("transform", EVERY, ids=str)
@given(attribution=attributions)
def test_order_of_the_features(transform: AbsNormalize, attribution: Tensor) -> None:
    size, mask = attribution[0].abs().flatten(), transform(attribution)[0].flatten()
    order = size.argsort()
    assert (mask[order].diff() >= 0).all()


@pytest.mark.parametrize("transform", EVERY, ids=str)
def test_no_attribution_gives_ones(transform: AbsNormalize) -> None:
    assert torch.equal(transform(torch.zeros(3, 2, 2)), torch.ones(3, 2, 2))


@pytest.mark.parametrize("transform", PER_SAMPLE, ids=str)
def test_one_sample_without_attribution_gives_ones_for_it(transform: AbsNormalize) -> None:
    mask = transform(torch.tensor([[0.0, 0.0], [1.0, 0.0]]))
    assert torch.equal(mask, torch.tensor([[1.0, 1.0], [1.0, 0.0]]))


@pytest.mark.parametrize("transform", [EVERY[1], EVERY[3]], ids=str)
def test_equal_attributions_give_ones(transform: AbsNormalize) -> None:
    assert torch.equal(transform(torch.full((3, 4), -0.3)), torch.ones(3, 4))


GOLDEN = {
    AbsNormalize(): [[0.25, 1.0], [1.0, 0.5]],
    AbsNormalize(by="minmax"): [[0.0, 1.0], [1.0, 0.0]],
    AbsNormalize("batch"): [[0.125, 0.5], [1.0, 0.5]],
    AbsNormalize("batch", "minmax"): [[0.0, 3 / 7], [1.0, 3 / 7]],
}


@pytest.mark.parametrize(("transform", "expected"), GOLDEN.items(), ids=map(str, GOLDEN))
def test_golden_values(transform: AbsNormalize, expected: list[list[float]]) -> None:
    attribution = torch.tensor([[1.0, -4.0], [8.0, 4.0]])
    torch.testing.assert_close(transform(attribution), torch.tensor(expected))


@pytest.mark.parametrize("transform", EVERY, ids=str)
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_not_finite_stays_so(transform: AbsNormalize, value: float) -> None:
    """So that the guidance can see it."""
    mask = transform(torch.tensor([[value, 1.0], [1.0, 2.0]]))
    assert not mask[0].isfinite().all()


@pytest.mark.parametrize("transform", EVERY, ids=str)
@given(attribution=attributions, value=st.sampled_from([0.0, math.nan, math.inf]))
def test_bits(transform: AbsNormalize, attribution: Tensor, value: float) -> None:
    """Those of the definition, computed in one piece, whatever shares the work."""
    for dtype in (torch.float32, torch.float64):
        own = attribution.to(dtype).index_fill(0, torch.tensor(0), value)
        size = own.abs()
        rows = size.reshape(1, -1) if transform.per == "batch" else size.unsqueeze(-1).flatten(1)
        if transform.by == "minmax":
            rows = rows - rows.amin(1, keepdim=True)
        largest = rows.amax(1, keepdim=True)
        expected = torch.where(largest == 0, 1.0, rows / largest).view_as(size)
        assert bits(transform(own).nan_to_num(-1.0)) == bits(expected.nan_to_num(-1.0))


def test_a_sample_that_is_not_finite_leaves_the_others() -> None:
    attribution = torch.tensor([[math.nan, 1.0], [1.0, 2.0]])
    assert torch.equal(AbsNormalize()(attribution)[1], torch.tensor([0.5, 1.0]))


def test_one_number_per_sample() -> None:
    """The finest distinction that a sample of one feature allows is none."""
    assert torch.equal(AbsNormalize()(torch.tensor([1.0, 4.0])), torch.ones(2))


@pytest.mark.parametrize("transform", PER_SAMPLE, ids=str)
def test_an_empty_batch(transform: AbsNormalize) -> None:
    assert transform(torch.zeros(0, 3, 2)).shape == (0, 3, 2)


@given(attribution=attributions, base=st.floats(-2, 2), scale=st.floats(-2, 2))
def test_offset(attribution: Tensor, base: float, scale: float) -> None:
    mask = AbsNormalize()(attribution)
    assert torch.equal(Offset(base, scale)(mask), base + scale * mask)


@given(attribution=attributions)
def test_neutral_transforms(attribution: Tensor) -> None:
    mask = AbsNormalize()(attribution)
    assert torch.equal(Offset(0.0, 1.0)(mask), mask)
    assert torch.equal(Offset(1.0, 0.0)(mask), torch.ones_like(mask))
    assert torch.equal(Clamp()(mask), mask)


@given(attribution=attributions, low=st.floats(-1, 0.5), high=st.floats(0.5, 2))
def test_clamp(attribution: Tensor, low: float, high: float) -> None:
    mask = AbsNormalize()(attribution)
    clamped = Clamp(low, high)(mask)
    assert clamped.min() >= low
    assert clamped.max() <= high
    inside = (mask >= low) & (mask <= high)
    assert torch.equal(clamped[inside], mask[inside])
    assert torch.equal(Clamp(low, high)(clamped), clamped)


ERRORS: list[tuple[Callable[..., Any], dict[str, Any], str]] = [
    (AbsNormalize, {"per": "pixel"}, 'Parameter `per` should be "sample" or "batch". Found \'pixel\'.'),
    (AbsNormalize, {"by": "mean"}, 'Parameter `by` should be "max" or "minmax". Found \'mean\'.'),
    (Offset, {"base": math.nan}, "Parameter `base` should be a finite number. Found nan."),
    (Offset, {"scale": math.inf}, "Parameter `scale` should be a finite number. Found inf."),
    (Offset, {"scale": "1"}, "Parameter `scale` should be a finite number. Found '1'."),
    (Clamp, {"low": None}, "Parameter `low` should be a finite number. Found None."),
    (Clamp, {"high": math.inf}, "Parameter `high` should be a finite number. Found inf."),
    (Clamp, {"low": 2.0}, "Parameter `low` should be at most `high`. Found low=2.0, high=1.0. Swap them."),
]


@pytest.mark.parametrize(("transform", "settings", "message"), ERRORS)
def test_errors(transform: Callable[..., Any], settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        transform(**settings)


REPRESENTATIONS = {
    AbsNormalize(): "AbsNormalize(per='sample', by='max')",
    Offset(): "Offset(base=1.0, scale=0.2)",
    Clamp(): "Clamp(low=0.0, high=1.0)",
}


@pytest.mark.parametrize(("transform", "expected"), REPRESENTATIONS.items(), ids=map(str, REPRESENTATIONS))
def test_repr_and_equality(transform: Any, expected: str) -> None:
    assert repr(transform) == expected
    assert eval(expected, {"AbsNormalize": AbsNormalize, "Offset": Offset, "Clamp": Clamp}) == transform
    assert transform != Offset(0.3, 0.3)
