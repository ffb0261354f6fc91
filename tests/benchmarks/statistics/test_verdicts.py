"""What is said of a comparison: better, worse, no difference shown; never more than the seeds show."""

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest

from xaigrad.benchmarks.statistics import RECALL, Readout, compare, compare_arms, effect_in_words, verdict

BASELINE = (20.1, 30.2, 25.3, 34.4, 20.2, 29.8, 27.0)
BETTER = (19.0, 29.1, 23.9, 33.0, 18.8, 28.2, 26.1)
MIXED = (19.0, 31.1, 23.9, 36.0, 18.8, 31.2, 26.1)
NAN = math.nan

pytestmark = pytest.mark.usefixtures("hardly_any_resamples")


class TestVerdicts:
    @pytest.mark.parametrize(
        ("arm", "baseline", "words"),
        [
            (BETTER, BASELINE, "better"),
            (BASELINE, BETTER, "worse"),
            (MIXED, BASELINE, "no difference shown at n = 7"),
            (BASELINE, BASELINE, "the same for every seed (n = 7)"),
            (BASELINE[:2], BASELINE[:2], "the same for every seed (n = 2)"),
            (BASELINE[:1], BASELINE[:1], "too few seeds to tell (n = 1; at least 6)"),
            ((), (), "too few seeds to tell (n = 0; at least 6)"),
            (BETTER[:5], BASELINE[:5], "too few seeds to tell (n = 5; at least 6)"),
            (BETTER[:6], BASELINE[:6], "better"),
        ],
    )
    def test_of_fid(self, arm: Sequence[float], baseline: Sequence[float], words: str) -> None:
        assert verdict(compare(arm, baseline)) == words

    def test_higher_recall_is_better(self) -> None:
        low, high = (0.1, 0.2, 0.15, 0.0, 0.3, 0.2), (0.15, 0.26, 0.19, 0.04, 0.36, 0.25)
        assert verdict(compare(high, low, RECALL)) == "better"
        assert verdict(compare(low, high, RECALL)) == "worse"

    def test_higher_ratio_may_be_better(self) -> None:
        assert verdict(compare(BASELINE, BETTER, Readout("entropy", better="higher"))) == "better"

    def test_of_several_arms_more_seeds_are_needed(self) -> None:
        arms = {str(index): BETTER for index in range(4)}
        assert {verdict(found) for found in compare_arms(arms, BASELINE).values()} == {
            "too few seeds to tell (n = 7; at least 8)"
        }
        two = {"better": BETTER, "mixed": MIXED}
        assert [verdict(found) for found in compare_arms(two, BASELINE).values()] == [
            "better",
            "no difference shown at n = 7",
        ]

    def test_stricter_level(self) -> None:
        assert verdict(compare(BETTER, BASELINE, confidence=0.99)) == "too few seeds to tell (n = 7; at least 8)"

    def test_interval_and_adjusted_p_both_have_a_say(self) -> None:
        found = compare(BETTER, BASELINE)
        assert verdict(replace(found, high=1.001)) == "no difference shown at n = 7"
        assert verdict(replace(found, adjusted=0.051)) == "no difference shown at n = 7"


class TestDivergedRuns:
    @pytest.mark.parametrize(
        ("arm", "baseline", "words"),
        [
            (NAN, 20.0, "better where neither diverged; diverged for 1 of 8 seeds (baseline: 0)"),
            (20.0, NAN, "better; diverged for 0 of 8 seeds (baseline: 1)"),
            (NAN, NAN, "better; diverged for 1 of 8 seeds (baseline: 1)"),
        ],
    )
    def test_are_said_and_stand_against_a_plain_better(self, arm: float, baseline: float, words: str) -> None:
        assert verdict(compare((*BETTER, arm), (*BASELINE, baseline))) == words

    @pytest.mark.parametrize(
        ("arm", "baseline", "words"),
        [
            (NAN, 20.0, "worse; diverged for 1 of 8 seeds (baseline: 0)"),
            (20.0, NAN, "worse where neither diverged; diverged for 0 of 8 seeds (baseline: 1)"),
        ],
    )
    def test_and_against_a_plain_worse(self, arm: float, baseline: float, words: str) -> None:
        assert verdict(compare((*BASELINE, arm), (*BETTER, baseline))) == words

    def test_all_diverged(self) -> None:
        assert verdict(compare([NAN] * 7, BASELINE)) == (
            "too few seeds to tell (n = 0; at least 6); diverged for 7 of 7 seeds (baseline: 0)"
        )


class TestEffects:
    def test_ratio(self) -> None:
        assert effect_in_words(compare(BETTER[:5], BASELINE[:5])) == "0.95 (0.93 to 0.97)"

    def test_difference(self) -> None:
        assert effect_in_words(compare([0.5, 0.25], [0.25, 0.0], RECALL)) == "+0.250 (+0.250 to +0.250)"

    def test_without_interval(self) -> None:
        assert effect_in_words(compare([19.0], [20.0])) == "0.95 (no interval)"
        assert effect_in_words(compare([NAN], [20.0])) == "none"
