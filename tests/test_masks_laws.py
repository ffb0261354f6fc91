"""The laws of mask transforms: what all of them, or all of a kind, have in common."""

import math
import pickle
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from xaigrad import masks
from xaigrad.masks import EMA, Clamp, NegativePart, PositivePart

from .loops import bits
from .masking import (
    BY_VERDICT,
    IDEMPOTENT,
    IN_ORDER,
    IN_UNIT_INTERVAL,
    NEUTRAL,
    OF_PLACES,
    PER_SAMPLE,
    TRANSFORMS,
    applied,
    context,
    input_of,
)
from .strategies import attributions, images

every_transform = pytest.mark.parametrize("transform", TRANSFORMS, ids=str)
few = settings(max_examples=20)  # Of each transform.
CLOSE: dict[str, float] = {"rtol": 1e-9, "atol": 1e-12}


def drawn(transform: Any, data: st.DataObject) -> Tensor:
    return input_of(transform, data.draw(images if transform in OF_PLACES else attributions))


def test_every_transform_is_here() -> None:
    assert {type(one).__name__ for one in TRANSFORMS} == set(masks.__all__)


@every_transform
@few
@given(data=st.data())
def test_shape_and_dtype(transform: Any, data: st.DataObject) -> None:
    mask = drawn(transform, data)
    for given_mask in (mask, mask.float()):
        found = applied(transform, given_mask)
        assert (found.shape, found.dtype) == (mask.shape, given_mask.dtype)


@every_transform
@few
@given(data=st.data())
def test_finite_and_not_negative(transform: Any, data: st.DataObject) -> None:
    found = applied(transform, drawn(transform, data))
    assert found.isfinite().all()
    assert found.min() >= 0


@pytest.mark.parametrize("transform", IN_UNIT_INTERVAL, ids=str)
@few
@given(data=st.data())
def test_a_mask_in_the_unit_interval_stays_there(transform: Any, data: st.DataObject) -> None:
    mask = input_of(Clamp(), drawn(transform, data))
    assert applied(transform, mask).max() <= 1 + 1e-12


@every_transform
@few
@given(data=st.data())
def test_permutation_of_the_batch(transform: Any, data: st.DataObject) -> None:
    mask = drawn(transform, data)
    order = torch.randperm(len(mask))
    torch.testing.assert_close(applied(transform, mask[order]), applied(transform, mask)[order], **CLOSE)


@pytest.mark.parametrize("transform", PER_SAMPLE, ids=str)
@few
@given(data=st.data())
def test_each_sample_for_itself(transform: Any, data: st.DataObject) -> None:
    mask = drawn(transform, data)
    apart = torch.cat([applied(transform, sample) for sample in mask.split(1)])
    torch.testing.assert_close(applied(transform, mask), apart, **CLOSE)


@pytest.mark.parametrize("transform", NEUTRAL, ids=str)
@few
@given(data=st.data())
def test_ones_stay_ones(transform: Any, data: st.DataObject) -> None:
    """To the bit, in both precisions."""
    for dtype in (torch.float32, torch.float64):
        ones = torch.ones_like(drawn(transform, data), dtype=dtype)
        assert torch.equal(applied(transform, ones), ones)


@every_transform
@pytest.mark.parametrize("shape", [(3, 7), (3, 2, 4, 4)])
def test_no_attribution(transform: Any, shape: tuple[int, ...]) -> None:
    """No 0/0: normalisers give the neutral mask, and what comes behind them finds that."""
    if transform not in OF_PLACES or len(shape) > 2:
        found = applied(transform, torch.zeros(shape))
        assert found.isfinite().all()
        if "Normalize" in str(transform) or "MeanOne" in str(transform):
            assert torch.equal(found, torch.ones(shape))


@every_transform
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_not_finite_stays_so(transform: Any, value: float) -> None:
    """So that the guidance sees it; and other samples do not, but where the batch counts."""
    if value == math.inf and isinstance(transform, Clamp | PositivePart | NegativePart):
        return  # They cut it off.
    mask = torch.rand(4, 2, 4, 4)
    finite = applied(transform, mask)
    mask[1, 0, 2, 3] = value
    found = applied(transform, mask)
    assert not found[1].isfinite().all()
    if transform in PER_SAMPLE:
        torch.testing.assert_close(found[[0, 2, 3]], finite[[0, 2, 3]])


@pytest.mark.parametrize("transform", [PositivePart(), NegativePart()], ids=str)
def test_parts_cut_one_infinity_and_show_the_other(transform: Any) -> None:
    found = transform(torch.tensor([math.inf, -math.inf, math.nan]))
    assert found[:2].sort().values.tolist() == [0.0, math.inf]
    assert found[2].isnan()


@pytest.mark.parametrize("transform", IDEMPOTENT, ids=str)
@few
@given(data=st.data())
def test_idempotent(transform: Any, data: st.DataObject) -> None:
    mask = drawn(transform, data)
    once = applied(transform, mask)
    verdict = context(mask).scores if transform in BY_VERDICT else None
    twice = transform(once) if verdict is None else transform(once, context(once, verdict))
    torch.testing.assert_close(twice, once, **CLOSE)


@pytest.mark.parametrize("transform", IN_ORDER, ids=str)
@given(attribution=attributions)
def test_order_of_the_features(transform: Any, attribution: Tensor) -> None:
    mask = input_of(transform, attribution)
    order = mask[0].flatten().argsort()
    assert (applied(transform, mask)[0].flatten()[order].diff() >= -1e-12).all()


@every_transform
def test_arguments_are_left_as_they_are(transform: Any) -> None:
    mask = torch.rand(4, 2, 4, 4)
    before, own = bits(mask), context(mask)
    if transform in BY_VERDICT or isinstance(transform, EMA):
        transform(mask, own)
    else:
        transform(mask)
    assert bits(mask) == before


@every_transform
def test_nothing_waits_for_a_device(transform: Any) -> None:
    """Nothing is known of values of the device `meta`: to look at one raises."""
    mask = torch.rand(4, 2, 4, 4, device="meta")
    assert applied(transform, mask).shape == mask.shape


@every_transform
def test_in_any_memory_format(transform: Any) -> None:
    mask = torch.rand(4, 2, 5, 4)
    found = applied(transform, mask.contiguous(memory_format=torch.channels_last))
    torch.testing.assert_close(found, applied(transform, mask))
    expanded = mask[:, :1].expand_as(mask)
    torch.testing.assert_close(applied(transform, expanded), applied(transform, expanded.contiguous()))


@every_transform
def test_an_empty_batch(transform: Any) -> None:
    if getattr(transform, "per", "sample") == "sample" and not isinstance(transform, EMA):
        assert applied(transform, torch.zeros(0, 3, 2, 2)).shape == (0, 3, 2, 2)


@every_transform
def test_pickle_and_hash(transform: Any) -> None:
    again = pickle.loads(pickle.dumps(transform))
    assert again == transform
    assert hash(again) == hash(transform)
    assert repr(again) == repr(transform)
    assert [other for other in TRANSFORMS if other == transform] == [transform]
