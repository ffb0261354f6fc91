"""Controls keep of an explanation's mask what they say that they keep, and nothing else."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from xaigrad import Guidance
from xaigrad.benchmarks.study.controls import BatchMean, RandomLike, SampleMean, Shuffled, TopSamples

from .controlling import OF_MASKS, context, masks

TRANSFORMS = [*OF_MASKS, TopSamples()]
every_transform = pytest.mark.parametrize("transform", TRANSFORMS, ids=str)


def applied(transform: Any, mask: Tensor, seed: int = 0) -> Tensor:
    """Return what a transform gives, by the way that a guidance takes."""
    return Guidance(mask=transform).transform(mask, context(mask, seed))


def rows(mask: Tensor) -> Tensor:
    return mask.flatten(1)


@every_transform
@settings(max_examples=20)
@given(mask=masks, seed=st.integers(0, 2**40))
def test_shape_precision_range_and_repeatability(transform: Any, mask: Tensor, seed: int) -> None:
    before, users = mask.clone(), torch.get_rng_state()
    found = applied(transform, mask, seed)
    assert (found.shape, found.dtype) == (mask.shape, mask.dtype)
    assert torch.equal(found, applied(transform, mask, seed))
    assert torch.equal(before, mask)
    assert torch.equal(users, torch.get_rng_state())
    if not isinstance(transform, TopSamples):
        assert mask.min() - 1e-6 <= found.min() <= found.max() <= mask.max() + 1e-6


@given(mask=masks, seed=st.integers(0, 2**40))
def test_shuffled_keeps_the_values_of_every_sample(mask: Tensor, seed: int) -> None:
    found = applied(Shuffled(), mask, seed)
    assert torch.equal(rows(found).sort(1).values, rows(mask).sort(1).values)


def test_shuffled_moves_every_sample_in_its_own_way_at_every_update() -> None:
    mask = torch.arange(784.0).view(1, 1, 28, 28).repeat(5, 1, 1, 1)
    one = context(mask)
    first, second = Shuffled()(mask, one), Shuffled()(mask, one)
    for found in (first, second):
        assert len({tuple(row.tolist()) for row in rows(found)}) == 5
        assert all((row == rows(mask)[0]).float().mean() < 0.02 for row in rows(found))
    assert not torch.equal(first, second)


def test_every_place_is_as_likely_as_any_other() -> None:
    mask = torch.zeros(4000, 2, 3)
    mask[:, 0, 1] = 1
    expected = torch.full((2, 3), 4000 / 6)
    assert (applied(Shuffled(), mask).sum(0) - expected).abs().max() < 5 * (4000 * 5 / 36) ** 0.5


@given(mask=masks)
def test_means_are_kept(mask: Tensor) -> None:
    found = applied(SampleMean(), mask)
    torch.testing.assert_close(rows(found).mean(1), rows(mask).mean(1))
    assert torch.equal(rows(found).amin(1), rows(found).amax(1))
    constant = applied(BatchMean(), mask)
    assert constant.min() == constant.max()
    torch.testing.assert_close(constant.mean(), mask.mean())


@given(mask=masks, seed=st.integers(0, 2**40))
def test_random_like_draws_from_the_batch(mask: Tensor, seed: int) -> None:
    assert torch.isin(applied(RandomLike(), mask, seed), mask).all()


def test_random_like_has_the_distribution_and_nothing_of_the_places() -> None:
    mask = torch.rand(20, 1, 28, 28) ** 3
    mask[:10] *= 0.1
    found = applied(RandomLike(), mask)
    points = torch.linspace(0.1, 0.9, 9)
    torch.testing.assert_close(found.quantile(points), mask.quantile(points), atol=0.01, rtol=0.05)
    assert torch.corrcoef(torch.stack([found.flatten(), mask.flatten()]))[0, 1].abs() < 0.05
    torch.testing.assert_close(found[:10].mean(), found[10:].mean(), atol=0.02, rtol=0)
    assert len(found.unique()) < len(mask.unique())


@pytest.mark.parametrize("transform", OF_MASKS, ids=str)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_constants_are_left_alone(transform: Any, dtype: torch.dtype) -> None:
    ones = torch.ones(5, 1, 28, 28, dtype=dtype)
    assert torch.equal(applied(transform, ones), ones)
    torch.testing.assert_close(applied(transform, 0.3 * ones), 0.3 * ones)


@pytest.mark.parametrize("transform", [Shuffled(), SampleMean()], ids=str)
def test_samples_do_not_know_of_each_other(transform: Any) -> None:
    mask = torch.rand(4, 3, 5)
    other = mask.clone()
    other[1:] = torch.rand(3, 3, 5)
    assert torch.equal(applied(transform, mask)[0], applied(transform, other)[0])


@given(mask=masks, share=st.floats(0.01, 1))
def test_top_samples(mask: Tensor, share: float) -> None:
    found = rows(applied(TopSamples(share), mask))
    chosen = found.amax(1).bool()
    assert torch.equal(found, chosen.to(mask.dtype)[:, None].expand_as(found))
    assert share * len(mask) <= chosen.sum() + 1e-9 < share * len(mask) + 1
    scores = rows(mask).sum(1)
    if not chosen.all():
        assert scores[chosen].min() >= scores[~chosen].max()


def test_top_samples_takes_no_more_where_scores_tie() -> None:
    assert applied(TopSamples(0.5), torch.zeros(5, 2))[:, 0].tolist() == [1, 1, 1, 0, 0]


@pytest.mark.parametrize("share", [0.0, 1.1, float("nan"), "half"])
def test_a_share_is_one(share: Any) -> None:
    with pytest.raises(ValueError, match=r"Parameter `share` should be a number in \(0, 1\]"):
        TopSamples(share)


@every_transform
def test_masks_that_broadcast_count_for_each_sample_and_feature(transform: Any) -> None:
    gradient = torch.rand(6, 3, 4, 4)
    narrow = torch.rand(1, 1, 4, 4)
    found, full = (
        transform(mask, context(mask, like=gradient)) for mask in (narrow, narrow.expand_as(gradient).contiguous())
    )
    torch.testing.assert_close(found.expand_as(gradient), full)


@every_transform
def test_nothing_waits_for_a_device(transform: Any) -> None:
    mask = torch.rand(4, 2, 4, 4, device="meta")
    assert applied(transform, mask).shape == mask.shape


@every_transform
def test_an_empty_batch(transform: Any) -> None:
    assert applied(transform, torch.zeros(0, 3, 2)).shape == (0, 3, 2)
