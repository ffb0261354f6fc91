"""Two arms that do the same are called different in at most 5 % of all cases, alone and as any of several."""

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xaigrad.benchmarks.statistics import compare_arms, holm, inference, verdict
from xaigrad.benchmarks.statistics.inference import Numbers, sign_flip_p

Draws = dict[str, Callable[[int | tuple[int, ...]], Numbers]]


@pytest.mark.usefixtures("fewer_resamples")
class TestSimulated:
    @pytest.mark.parametrize(
        ("runs", "seeds"),
        [
            *(("normal", seeds) for seeds in (3, 5, 6, 8, 10, 16)),
            ("t3", 10),
            ("very skewed", 6),
            ("very skewed", 10),
        ],
    )
    def test_differ_in_at_most_5_percent(
        self, draws: Draws, runs: str, seeds: int, simulations: int, noise: float
    ) -> None:
        differences = draws[runs]((simulations, seeds)) - draws[runs]((simulations, seeds))
        called = float((sign_flip_p(differences) <= 0.05).mean())
        assert called <= 0.05 + noise
        assert (called == 0) == (seeds < 6)

    def test_test_is_not_needlessly_shy(self, draws: Draws, simulations: int, noise: float) -> None:
        assert (sign_flip_p(draws["normal"]((simulations, 10))) <= 0.05).mean() >= 0.05 - noise

    def test_of_several_at_once_any_differs_in_at_most_5_percent(
        self, draws: Draws, simulations: int, noise: float
    ) -> None:
        baseline = draws["normal"]((simulations, 1, 9))
        p = sign_flip_p(draws["normal"]((simulations, 4, 9)) - baseline)
        alone = float((p.min(axis=1) <= 0.05).mean())
        adjusted = float(np.mean([min(holm(row)) <= 0.05 for row in p]))
        assert alone > 0.1
        assert adjusted <= 0.05 + noise

    def test_are_told_so_in_words(self, draws: Draws) -> None:
        words = [
            verdict(found)
            for one, other, baseline in np.exp(draws["normal"]((50, 3, 7)))
            for found in compare_arms({"one": one, "other": other}, baseline).values()
        ]
        called = sum(word in ("better", "worse") for word in words)
        # The 99.9th percentile of a binomial of 100 at 5 %.
        assert called <= 13
        assert len(words) - called == words.count("no difference shown at n = 7")


class TestSignFlips:
    @given(st.lists(st.integers(-6, 6), min_size=2, max_size=7))
    def test_p_counts_all_signs(self, differences: list[int]) -> None:
        sums = [
            sum(sign * value for sign, value in zip(signs, differences, strict=True))
            for signs in itertools.product((-1, 1), repeat=len(differences))
        ]
        reference = np.mean([abs(value) >= abs(sum(differences)) for value in sums])
        assert sign_flip_p(np.array(differences, dtype=float)) == pytest.approx(reference)

    def test_many_seeds_are_sampled_and_always_alike(self, monkeypatch: pytest.MonkeyPatch) -> None:
        differences = np.random.default_rng(0).normal(0.4, size=14)
        sampled = sign_flip_p(differences)
        assert sampled == sign_flip_p(differences) == sign_flip_p(-differences) == sign_flip_p(differences[::-1])
        monkeypatch.setattr(inference, "RESAMPLES", 2**14)
        assert sampled == pytest.approx(sign_flip_p(differences), abs=0.01)

    @pytest.mark.parametrize("seeds", [2, 6, 13])
    def test_least_p(self, seeds: int) -> None:
        assert sign_flip_p(np.linspace(0.9, 1.1, seeds)) == 2 / 2**seeds
