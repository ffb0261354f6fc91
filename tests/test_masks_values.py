"""Transforms of a mask's values, each against its definition, computed plainly."""

import math
import sys
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from xaigrad.masks import Abs, AbsNormalize, Invert, MeanOne, NegativePart, Normalize, PositivePart, Power, TopK
from xaigrad.masks._rows import count_of, of_rank

from .loops import bits
from .masking import masked
from .strategies import attributions

PERS = ["sample", "batch"]


def rows(values: Tensor, per: str) -> list[list[float]]:
    found: list[list[float]] = values.reshape(len(values) if per == "sample" else 1, -1).tolist()
    return found


def plainly_normalised(row: list[float], by: str, quantile: float) -> list[float]:
    if by == "minmax":
        row = [value - min(row) for value in row]
    if max(row) == 0:
        return [1.0] * len(row)
    if by == "quantile":
        least = min(value for value in row if sum(other <= value for other in row) >= quantile * len(row) - 1e-9)
        return [min(value / least, 1) if least else float(value > 0) for value in row]
    scale = sum(row) if by == "sum" else max(row)
    return [value / scale for value in row]


@pytest.mark.parametrize("per", PERS)
@pytest.mark.parametrize("by", ["max", "minmax", "quantile", "sum"])
@given(attribution=attributions, quantile=st.sampled_from([0.01, 0.5, 0.7, 0.99, 1.0]))
def test_normalize(per: Any, by: Any, attribution: Tensor, quantile: float) -> None:
    mask = masked(attribution)
    mask[mask < 1e-290] = 0
    few = mask.unsqueeze(-1).flatten(1)[:, :100].contiguous()  # The plain way takes its time.
    expected = [plainly_normalised(row, by, quantile) for row in rows(few, per)]
    found = Normalize(per, by, quantile)(few)
    torch.testing.assert_close(found, few.new_tensor(expected).view_as(few), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("per", PERS)
@pytest.mark.parametrize("by", ["max", "minmax"])
@given(attribution=attributions)
def test_abs_normalize_is_abs_and_normalize(per: Any, by: Any, attribution: Tensor) -> None:
    assert bits(AbsNormalize(per, by)(attribution)) == bits(Normalize(per, by)(Abs()(attribution)))


@pytest.mark.parametrize("per", PERS)
@given(attribution=attributions)
def test_quantile_1_is_the_maximum(per: Any, attribution: Tensor) -> None:
    mask = masked(attribution)
    assert torch.equal(Normalize(per, "quantile", 1.0)(mask), Normalize(per, "max")(mask))


def test_a_quantile_of_0() -> None:
    """The zeros stay so, unless there is nothing else."""
    mask = torch.tensor([[0.0, 0.0, 0.0, 1e-30], [0.0, 0.0, 0.0, 0.0]])
    found = Normalize(by="quantile", quantile=0.5)(mask)
    assert found.tolist() == [[0.0, 0.0, 0.0, 1.0], [1.0, 1.0, 1.0, 1.0]]


def test_sums() -> None:
    mask = torch.rand(4, 3, 5, 5, dtype=torch.float64)
    torch.testing.assert_close(Normalize(by="sum")(mask).flatten(1).sum(1), mask.new_ones(4))
    torch.testing.assert_close(Normalize("batch", "sum")(mask).sum(), mask.new_ones(()))


@given(attribution=attributions)
def test_mean_one(attribution: Tensor) -> None:
    mask = masked(attribution)
    each, whole = MeanOne()(mask), MeanOne("batch")(mask)
    torch.testing.assert_close(each.unsqueeze(-1).flatten(1).mean(1), mask.new_ones(len(mask)))
    torch.testing.assert_close(whole.mean(), mask.new_ones(()))
    if mask.max() > 0:
        torch.testing.assert_close(whole * mask.mean(), mask)


@given(attribution=attributions)
def test_parts(attribution: Tensor) -> None:
    above, below = PositivePart()(attribution), NegativePart()(attribution)
    assert torch.equal(above - below, attribution)
    assert torch.equal(above + below, Abs()(attribution))
    assert torch.equal(NegativePart()(-attribution), above)
    assert torch.equal(Abs()(attribution), attribution.abs())


@given(attribution=attributions, exponent=st.floats(0.1, 5))
def test_power(attribution: Tensor, exponent: float) -> None:
    mask = masked(attribution).flatten()[:50]
    expected = mask.new_tensor([value**exponent for value in mask.tolist()])
    torch.testing.assert_close(Power(exponent)(mask), expected, rtol=1e-9, atol=1e-300)
    torch.testing.assert_close(Power(1 / exponent)(Power(exponent)(mask.clamp(min=0.01))), mask.clamp(min=0.01))
    assert bits(Power(1)(mask)) == bits(mask)


@given(attribution=attributions)
def test_invert(attribution: Tensor) -> None:
    mask = masked(attribution)
    assert torch.equal(Invert()(mask) + mask, torch.ones_like(mask))
    torch.testing.assert_close(Invert()(Invert()(mask)), mask)


@given(attribution=attributions, fraction=st.floats(0.001, 1))
def test_top_k(attribution: Tensor, fraction: float) -> None:
    """The k largest, and what ties with the last of them."""
    for row, kept in zip(rows(attribution, "sample"), rows(TopK(fraction)(attribution), "sample"), strict=True):
        least = sorted(row, reverse=True)[math.ceil(fraction * len(row)) - 1]
        assert kept == [float(value >= least) for value in row]


@pytest.mark.parametrize("fraction", [0.001, 0.07, 0.1, 0.3, 0.5, 0.999, 1.0])
@pytest.mark.parametrize("shape", [(100,), (1, 10, 10), (30,), (3, 4, 4)])
def test_top_k_of_distinct_values(fraction: float, shape: tuple[int, ...]) -> None:
    mask = torch.rand(5, *shape, dtype=torch.float64)
    expected = math.ceil(round(fraction * math.prod(shape), 9))
    assert (TopK(fraction)(mask).flatten(1).sum(1) == expected).all()


def test_shares_are_not_a_feature_too_large() -> None:
    assert 0.07 * 100 > 7
    assert [count_of(0.07, 100), count_of(0.071, 100), count_of(1e-12, 100), count_of(1.0, 3)] == [7, 8, 1, 3]


def test_all_of_the_top_is_everything() -> None:
    mask = torch.rand(3, 2, 4)
    for soft in (False, True):
        assert torch.equal(TopK(1.0, soft)(mask), torch.ones_like(mask))


@given(attribution=attributions, fraction=st.floats(0.01, 1))
def test_soft_top_k_tends_to_the_hard_one(attribution: Tensor, fraction: float) -> None:
    mask = (masked(attribution) * 1000).round() / 1000
    hard = TopK(fraction)(mask)
    found = [TopK(fraction, True, temperature)(mask) for temperature in (1.0, 0.01, 1e-5)]
    assert torch.equal(found[2].round(), hard)
    torch.testing.assert_close(found[2], hard, rtol=0, atol=1e-9)
    distances = [float((one - hard).abs().max()) for one in found]
    assert distances[0] >= distances[1] >= distances[2]


def test_soft_top_k_by_hand() -> None:
    mask = torch.tensor([[0.1, 0.8, 0.4, 0.2]], dtype=torch.float64)
    expected = torch.tensor([[1 / (1 + math.exp((0.3 - value) / 0.1)) for value in (0.1, 0.8, 0.4, 0.2)]])
    torch.testing.assert_close(TopK(0.5, soft=True, temperature=0.1)(mask), expected.to(mask))


@pytest.mark.parametrize("with_numpy", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_rank(with_numpy: bool, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways of selection give the same value."""
    values = torch.randn(6, 37, dtype=dtype).mul_(4).round_()
    values[0], values[1, 5:], values[2, 3] = 0.25, 0.0, math.inf
    if with_numpy:
        assert "numpy" in sys.modules
    else:
        monkeypatch.delitem(sys.modules, "numpy")
    for rank in range(1, 38):
        found = of_rank(values, rank)
        assert torch.equal(found, values.sort(1).values[:, rank - 1 : rank])
        assert found.dtype == dtype
