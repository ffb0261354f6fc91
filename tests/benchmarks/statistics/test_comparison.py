"""Comparisons of paired seeds: what they promise for any numbers, and for runs that went wrong."""

import math
import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from xaigrad.benchmarks.statistics import FID, RECALL, Comparison, Readout, compare
from xaigrad.benchmarks.statistics.pairs import pair

BASELINE = (20.1, 30.2, 25.3, 34.4, 20.2, 29.8, 27.0)
BETTER = (19.0, 29.1, 23.9, 33.0, 18.8, 28.2, 26.1)
NAN, INFINITY = math.nan, math.inf


pytestmark = pytest.mark.usefixtures("hardly_any_resamples")


def fids(least: float = 1e-2) -> st.SearchStrategy[float]:
    return st.floats(least, 1e4)


@st.composite
def paired(draw: st.DrawFn, diverging: bool = True) -> tuple[list[float], list[float]]:
    seeds = draw(st.integers(0, 10))
    value = fids() | st.sampled_from([NAN, INFINITY, 0.0, -1.0]) if diverging else fids()
    arm, baseline = (draw(st.lists(value, min_size=seeds, max_size=seeds)) for _ in range(2))
    return arm, baseline


def figures(found: Comparison) -> list[float]:
    return [NAN if value is None else value for value in (found.effect, found.low, found.high, found.p, found.sd)]


def assert_alike(found: Comparison, other: Comparison) -> None:
    assert figures(found) == pytest.approx(figures(other), rel=1e-7, abs=1e-9, nan_ok=True)
    assert (found.n, found.method) == (other.n, other.method)


class TestForAnyNumbers:
    @given(paired(), st.floats(1e-3, 1e3))
    def test_unit_changes_nothing(self, pair: tuple[list[float], list[float]], unit: float) -> None:
        arm, baseline = pair
        scaled = compare([unit * value for value in arm], [unit * value for value in baseline])
        assert_alike(scaled, compare(arm, baseline))

    @given(paired(), st.randoms(use_true_random=False))
    def test_order_of_seeds_changes_nothing(self, pair: tuple[list[float], list[float]], random: object) -> None:
        order = list(range(len(pair[0])))
        random.shuffle(order)  # type: ignore[attr-defined]
        shuffled = compare(*([values[index] for index in order] for values in pair))
        assert_alike(shuffled, compare(*pair))

    @given(paired())
    def test_swapped_arms_invert_ratio_and_interval_and_keep_p(self, pair: tuple[list[float], list[float]]) -> None:
        found, swapped = compare(*pair), compare(*reversed(pair))
        inverted = replace(
            swapped,
            effect=None if swapped.effect is None else 1 / swapped.effect,
            low=None if swapped.high is None else inverse(swapped.high),
            high=None if swapped.low is None else inverse(swapped.low),
        )
        assert_alike(found, inverted)
        assert (found.lost_arm, found.lost_baseline) == (swapped.lost_baseline, swapped.lost_arm)

    @given(paired(diverging=False))
    def test_interval_holds_the_effect_and_the_effect_is_the_geometric_mean(
        self, pair: tuple[list[float], list[float]]
    ) -> None:
        found = compare(*pair)
        assume(found.n > 1)
        assert found.low is not None
        assert found.high is not None
        assert found.effect == pytest.approx(stats.gmean(np.divide(*pair)), rel=1e-9)
        assert found.low <= found.effect * (1 + 1e-12)
        assert found.effect <= found.high * (1 + 1e-12)

    @given(paired(diverging=False))
    def test_differences_are_moved_by_what_is_added(self, pair: tuple[list[float], list[float]]) -> None:
        arm, baseline = ([value / 1e4 for value in values] for values in pair)
        found = compare(arm, baseline, RECALL)
        moved = compare([value + 0.25 for value in arm], baseline, RECALL)
        assume(found.n > 1)
        assert [moved.effect, moved.low, moved.high] == pytest.approx(
            [value + 0.25 for value in (found.effect, found.low, found.high) if value is not None], abs=1e-7
        )

    @given(paired(diverging=False))
    def test_more_confidence_asks_for_a_wider_interval(self, pair: tuple[list[float], list[float]]) -> None:
        assume(len(pair[0]) > 1)
        narrow, wide = compare(*pair, confidence=0.8), compare(*pair, confidence=0.95)
        assert narrow.low is not None
        assert narrow.high is not None
        assert wide.low is not None
        assert wide.high is not None
        assert wide.low <= narrow.low * (1 + 1e-12)
        assert narrow.high <= wide.high * (1 + 1e-12)


def inverse(value: float) -> float:
    return 1 / value if value else INFINITY


class TestRunsThatWentWrong:
    @pytest.mark.parametrize("lost", [NAN, INFINITY, -INFINITY, 0.0, -3.0])
    def test_pair_of_a_lost_run_is_left_out_and_counted(self, lost: float) -> None:
        found = compare((*BETTER, lost, 20.0, lost), (*BASELINE, 20.0, lost, lost))
        assert figures(found) == figures(compare(BETTER, BASELINE))
        assert (found.seeds, found.n, found.lost_arm, found.lost_baseline) == (10, 7, 2, 2)

    @pytest.mark.parametrize("value", [0.0, -3.0])
    def test_differences_may_be_of_any_sign(self, value: float) -> None:
        found = compare([value, 1.0], [0.0, 2.0], RECALL)
        assert (found.n, found.lost_arm, found.effect) == (2, 0, (value - 1) / 2)

    @pytest.mark.parametrize("seeds", [0, 1])
    def test_too_few_for_an_interval(self, seeds: int) -> None:
        found = compare(BETTER[:seeds], BASELINE[:seeds])
        assert (found.low, found.high, found.sd, found.needed(), found.method) == (None, None, None, None, "none")
        assert found.p == 1
        assert (found.effect is None) == (seeds == 0)

    def test_one_pair_has_an_effect(self) -> None:
        assert compare([18.0], [20.0]).effect == pytest.approx(0.9)

    def test_all_lost(self) -> None:
        found = compare([NAN] * 3, [20.0] * 3)
        assert (found.effect, found.n, found.lost_arm, found.p) == (None, 0, 3, 1)

    @pytest.mark.parametrize("seeds", [2, 3, 7, 15])
    def test_the_same_runs(self, seeds: int) -> None:
        values = np.linspace(20, 30, seeds)
        found = compare(values, values)
        assert (found.effect, found.low, found.high, found.sd, found.p, found.method) == (1, 1, 1, 0, 1, "t")

    @pytest.mark.parametrize("seeds", [2, 7])
    def test_equal_differences_are_an_interval_without_width(self, seeds: int) -> None:
        values = np.linspace(20, 30, seeds)
        found = compare(0.9 * values, values)
        assert [found.effect, found.low, found.high] == pytest.approx([0.9, 0.9, 0.9])
        assert (found.sd, found.p, found.method) == (0, 2 / 2**seeds, "t")

    def test_all_but_one_equal(self) -> None:
        found = compare([20.0] * 6 + [40.0], [20.0] * 7)
        assert found.low is not None
        assert found.high is not None
        assert found.low < 1 < found.high

    def test_enormous_spread_overflows_to_infinity(self) -> None:
        found = compare([1e-200, 1e200], [1e200, 1e-200])
        assert (found.low, found.high) == (0, INFINITY)

    @pytest.mark.parametrize("number", [np.float32, np.float64, float])
    def test_any_kind_of_numbers(self, number: type) -> None:
        found = compare([number(value) for value in BETTER], np.array(BASELINE))
        assert figures(found) == pytest.approx(figures(compare(BETTER, BASELINE)), rel=1e-5)
        assert all(type(value) is float for value in figures(found))


class TestMistakes:
    def test_unequal_numbers_of_seeds(self) -> None:
        with pytest.raises(ValueError, match=r"`arm` should have a value for each of the baseline's 7 seeds. Found 6."):
            compare(BETTER[:6], BASELINE)

    @pytest.mark.parametrize("confidence", [0, 1, 95, NAN])
    def test_confidence(self, confidence: float) -> None:
        with pytest.raises(ValueError, match=r"`confidence` should lie between 0 and 1. Found"):
            compare(BETTER, BASELINE, confidence=confidence)

    def test_direction(self) -> None:
        with pytest.raises(ValueError, match=r'`better` should be "lower" or "higher". Found \'up\'.'):
            Readout("FID", better="up")  # type: ignore[arg-type]

    def test_scale(self) -> None:
        with pytest.raises(ValueError, match=r'`scale` should be "ratio" or "difference". Found \'log\'.'):
            Readout("FID", scale="log")  # type: ignore[arg-type]


def test_nothing_random_is_touched_and_nothing_varies() -> None:
    state = np.random.get_state()  # noqa: NPY002
    assert compare(BETTER, BASELINE) == compare(BETTER, BASELINE)
    assert np.array_equal(state[1], np.random.get_state()[1])  # noqa: NPY002


def test_a_comparison_is_a_plain_value() -> None:
    found = compare(BETTER, BASELINE)
    assert pickle.loads(pickle.dumps(found)) == found
    assert hash(found) == hash(compare(BETTER, BASELINE))
    assert found.readout is FID
    assert (found.neutral, compare(BETTER, BASELINE, RECALL).neutral) == (1, 0)
    assert found.level == pytest.approx(0.05)


@settings(max_examples=20)
@given(st.lists(fids(), min_size=1, max_size=5))
def test_pairs_of_runs_that_differ_by_a_rounding_are_zeros_without_sign(values: list[float]) -> None:
    found = pair(values, np.nextafter(values, INFINITY)).differences
    assert all(math.copysign(1, difference) == 1 and difference == 0 for difference in found)
