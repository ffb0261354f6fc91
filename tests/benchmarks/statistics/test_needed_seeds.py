"""Seeds that are said to be needed, 10, 18 and 34 for 5 % at a spread of 5, 7 and 10 %, are enough and not too many."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from xaigrad.benchmarks.statistics import compare, fewest_seeds, needed_seeds
from xaigrad.benchmarks.statistics.inference import Numbers, interval, sign_flip_p
from xaigrad.benchmarks.statistics.power import power

NAN = math.nan

Draws = dict[str, Callable[[tuple[int, ...]], Numbers]]


@pytest.mark.parametrize(
    ("sd", "effect", "seeds"),
    [(0.05, 0.05, 10), (0.07, 0.05, 18), (0.1, 0.05, 34), (0.2, 0.2, 10), (0.3, 0.2, 20), (0.0, 0.05, 6)],
)
def test_golden(sd: float, effect: float, seeds: int) -> None:
    assert needed_seeds(sd, effect) == seeds


@pytest.mark.usefixtures("fewer_resamples")
class TestSimulated:
    @pytest.fixture
    def shown(self, draws: Draws, simulations: int) -> Callable[..., float]:
        def count(sd: float, seeds: int, level: float = 0.05) -> float:
            differences = 0.05 + sd * draws["normal"]((simulations // 2, seeds))
            return float((sign_flip_p(differences) <= level).mean())

        return count

    @pytest.mark.parametrize(("sd", "seeds"), [(0.05, 10), (0.07, 18), (0.1, 34)])
    def test_power_is_80_percent(self, sd: float, seeds: int, shown: Callable[..., float]) -> None:
        assert shown(sd, seeds) == pytest.approx(0.8, abs=0.03)

    @pytest.mark.parametrize("sd", [0.01, 0.0275, 0.03, 0.035])
    def test_power_is_not_less_with_the_fewest_seeds(self, sd: float, shown: Callable[..., float]) -> None:
        assert shown(sd, needed_seeds(sd)) >= 0.78

    @pytest.mark.parametrize("tests", [3, 8])
    def test_power_is_kept_for_one_of_several_arms(self, tests: int, shown: Callable[..., float]) -> None:
        assert shown(0.05, needed_seeds(0.05, tests=tests), level=0.05 / tests) >= 0.77

    def test_power_of_words_comes_close(self, draws: Draws, simulations: int) -> None:
        differences = 0.05 + 0.05 * draws["normal"]((simulations, needed_seeds(0.05)))
        shown = (sign_flip_p(differences) <= 0.05) & (interval(differences).low > 0)
        assert shown.mean() >= 0.74


class TestLaws:
    @given(st.floats(1e-9, 5), st.floats(1e-2, 1), st.integers(1, 20))
    def test_are_the_fewest(self, sd: float, effect: float, tests: int) -> None:
        seeds = needed_seeds(sd, effect, tests=tests)
        least = fewest_seeds(tests)
        assert seeds >= least
        if seeds > least:
            assert power(seeds, sd, effect, 0.05 / tests) >= 0.8 - 1e-9
        if seeds > least + 1:
            assert power(seeds - 1, sd, effect, 0.05 / tests) < 0.8

    @given(st.floats(1e-3, 1), st.floats(1e-2, 1), st.floats(1, 2))
    def test_rise_with_the_spread_and_fall_with_the_effect(self, sd: float, effect: float, factor: float) -> None:
        assert needed_seeds(factor * sd, effect) >= needed_seeds(sd, effect) >= needed_seeds(sd, factor * effect)

    @pytest.mark.parametrize("sd", [1e2, 1e4, 1e6])
    def test_of_a_hopeless_spread_are_those_of_a_known_one(self, sd: float) -> None:
        """Of KID x 1000 an effect of 0.05 is nothing; to ask for it is no error."""
        known = ((stats.norm.ppf(0.975) + stats.norm.ppf(0.8)) * sd / 0.05) ** 2
        assert needed_seeds(sd) == pytest.approx(known, rel=1e-4)


class TestPower:
    @pytest.mark.parametrize("effect", [0.05, -0.05])
    def test_is_the_noncentral_t_distribution_s(self, effect: float) -> None:
        critical, shift = stats.t.ppf(0.975, 9), math.sqrt(10)
        reference = stats.nct.sf(critical, 9, shift) + stats.nct.cdf(-critical, 9, shift)
        assert power(10, 0.05, effect) == pytest.approx(reference)

    @pytest.mark.parametrize("sd", [1e-9, 1e-3, 0.012247])
    def test_of_a_great_effect_is_one(self, sd: float) -> None:
        assert power(6, sd) == pytest.approx(1)


@pytest.mark.parametrize(("tests", "seeds"), [(1, 6), (2, 7), (8, 9)])
def test_fewest_seeds(tests: int, seeds: int) -> None:
    assert fewest_seeds(tests) == seeds
    assert tests * 2 / 2**seeds <= 0.05 < tests * 2 / 2 ** (seeds - 1)


def test_comparison_says_them() -> None:
    arm, baseline = (19.0, 31.1, 23.9, 36.0), (20.1, 30.2, 25.3, 34.4)
    found = compare(arm, baseline)
    assert found.sd is not None
    assert found.sd == pytest.approx(np.std(np.log(np.divide(arm, baseline)), ddof=1))
    assert [found.needed(), found.needed(0.2)] == [needed_seeds(found.sd), needed_seeds(found.sd, 0.2)]
    assert compare(arm, baseline, confidence=0.99).needed() == needed_seeds(found.sd, level=0.01)


@pytest.mark.parametrize("sd", [NAN, -0.1, math.inf])
def test_spread_that_is_none(sd: float) -> None:
    with pytest.raises(ValueError, match=r"Parameter `sd` should be a finite number of at least 0. Found"):
        needed_seeds(sd)


def test_no_effect() -> None:
    with pytest.raises(ValueError, match=r"`effect` should be a difference to be shown. Found 0."):
        needed_seeds(0.1, effect=0)
