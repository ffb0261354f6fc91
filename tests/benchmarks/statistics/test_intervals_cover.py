"""Intervals cover the true effect in 95 % of all cases, plus or minus 2, and what they are made of."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from xaigrad.benchmarks.statistics import inference
from xaigrad.benchmarks.statistics.inference import Interval, Numbers, interval

Draws = dict[str, Callable[[tuple[int, ...]], Numbers]]


def coverage(found: Interval) -> float:
    return float(((found.low <= 0) & (found.high >= 0)).mean())


def interval_of_student(differences: Numbers) -> Interval:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inference, "BOOTSTRAPPED_FROM", 1_000)
        return interval(differences)


@pytest.mark.usefixtures("fewer_resamples")
class TestSimulated:
    @pytest.mark.parametrize("seeds", [3, 5, 6, 10, 20, 30])
    @pytest.mark.parametrize("differences", ["normal", "t3", "skewed"])
    def test_cover_95_percent_plus_minus_2(self, draws: Draws, differences: str, seeds: int, simulations: int) -> None:
        assert abs(coverage(interval(draws[differences]((simulations, seeds)))) - 0.95) <= 0.02

    @pytest.mark.parametrize("seeds", [10, 20])
    def test_bootstrap_helps_where_differences_are_skewed(self, draws: Draws, seeds: int, simulations: int) -> None:
        differences = draws["very skewed"]((simulations, seeds))
        found, student = coverage(interval(differences)), coverage(interval_of_student(differences))
        assert abs(found - 0.95) <= 0.02
        assert found > student + 0.005

    def test_plain_bca_would_not_do(self, draws: Draws, simulations: int) -> None:
        low, high = inference._bca(draws["t3"]((simulations, 10)), 0.95)
        assert coverage(Interval(low, high, "t and BCa")) < 0.9

    def test_other_levels(self, draws: Draws, simulations: int) -> None:
        found = interval(draws["normal"]((simulations, 12)), confidence=0.8)
        assert abs(coverage(found) - 0.8) <= 0.02


class TestMadeOf:
    def test_is_students_below_six_seeds(self) -> None:
        differences = np.array([-0.06, -0.04, -0.06, 0.04, -0.07])
        reference = stats.ttest_1samp(differences, 0).confidence_interval(0.95)
        found = interval(differences)
        assert [found.low, found.high] == pytest.approx([reference.low, reference.high])
        assert found.method == "t"

    def test_from_six_seeds_on_is_the_wider_of_students_and_the_expanded_bca(self) -> None:
        differences = np.random.default_rng(0).exponential(size=12)
        student = stats.ttest_1samp(differences, 0).confidence_interval(0.95)
        level = 1 - 2 * stats.norm.cdf(-np.sqrt(12 / 11) * stats.t.ppf(0.975, 11))
        bca = stats.bootstrap(
            (differences,), np.mean, confidence_level=level, n_resamples=100_000, rng=np.random.default_rng(1)
        ).confidence_interval
        found = interval(differences)
        assert found.method == "t and BCa"
        assert bca.low > student.low
        assert found.low == pytest.approx(student.low)
        assert bca.high > student.high + 0.3
        assert found.high == pytest.approx(bca.high, abs=0.1)


@pytest.mark.usefixtures("fewer_resamples")
class TestLaws:
    def test_bootstrapped_bounds_hang_neither_on_order_nor_on_sign(self) -> None:
        differences = np.random.default_rng(0).exponential(size=12)
        found, mirrored = interval(differences), interval(-differences)
        shuffled = interval(np.random.default_rng(1).permutation(differences))
        assert (shuffled.low, shuffled.high) == (found.low, found.high)
        assert [-mirrored.high, -mirrored.low] == pytest.approx([found.low, found.high], rel=1e-12)

    def test_resamples_that_tie_with_the_mean_hang_on_no_rounding(self) -> None:
        differences = np.array([0.0, 0.0, 0.0, 0.5, 0.1, 0.0, 0.6, 0.0, 0.2, 0.1, 0.0])
        found, moved = interval(differences), interval(np.round(differences + 0.7, 12))
        assert [moved.low, moved.high] == pytest.approx([found.low + 0.7, found.high + 0.7], abs=1e-9)

    def test_rows_are_independent(self) -> None:
        rows = np.random.default_rng(0).normal(size=(3, 8)).round(12)
        rows[1] = 0.1
        together = interval(rows)
        for index, row in enumerate(rows):
            alone = interval(row)
            assert [together.low[index], together.high[index]] == pytest.approx([alone.low, alone.high])
        assert together.low[1] == together.high[1] == 0.1
