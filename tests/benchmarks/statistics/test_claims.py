"""An explanation is said to help if its arm beats the standard one and every control, falsely in at most 5 %."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xaigrad.benchmarks.statistics import RECALL, Claim, compare, inference, judge, judge_arms
from xaigrad.benchmarks.statistics.inference import Numbers, sign_flip_p

STANDARD = (20.1, 30.2, 25.3, 34.4, 20.2, 29.8, 27.0)
GUIDED = (19.0, 29.1, 23.9, 33.0, 18.8, 28.2, 26.1)
MIXED = (18.0, 30.1, 22.9, 35.0, 17.8, 30.2, 25.1)
BEST = tuple(0.9 * value for value in GUIDED)
CONTROLS = {"shuffled": STANDARD, "sample mean": STANDARD, "random": STANDARD}
NAN = math.nan

Draws = dict[str, Callable[[tuple[int, ...]], Numbers]]

pytestmark = pytest.mark.usefixtures("hardly_any_resamples")


@pytest.mark.parametrize(
    ("controls", "sentence"),
    [
        ({}, "helps: better than standard, shuffled, sample mean and random"),
        ({"shuffled": MIXED}, "no help shown at n = 7: not better than shuffled"),
        ({"shuffled": GUIDED}, "no help shown at n = 7: the same as shuffled"),
        ({"random": BEST}, "no help shown at n = 7: worse than random"),
        (
            {"random": BEST, "shuffled": MIXED, "sample mean": MIXED},
            "no help shown at n = 7: worse than random, not better than shuffled and sample mean",
        ),
    ],
)
def test_each_has_to_be_beaten(controls: dict[str, Sequence[float]], sentence: str) -> None:
    claim = judge(GUIDED, STANDARD, CONTROLS | controls)
    assert claim.sentence == sentence
    assert claim.helps == (not controls)


def test_and_so_has_the_standard_arm() -> None:
    claim = judge(GUIDED, MIXED, CONTROLS)
    assert claim.sentence == "no help shown at n = 7: not better than standard"
    assert not claim.helps


def test_conjunction_is_not_corrected_for_its_parts() -> None:
    claim = judge(GUIDED[:6], STANDARD[:6], {name: values[:6] for name, values in CONTROLS.items()})
    assert claim.p == claim.adjusted == 2 / 2**6
    assert claim.helps
    assert [one.tests for one in claim.against.values()] == [1] * 4


def test_too_few_seeds() -> None:
    claim = judge(GUIDED[:3], STANDARD[:3], {"shuffled": STANDARD[:3]})
    assert claim.sentence == "too few seeds to tell (n = 3; at least 6)"
    assert not claim.helps


def test_higher_may_be_better() -> None:
    low, high = (0.1, 0.2, 0.15, 0.0, 0.3, 0.2), (0.15, 0.26, 0.19, 0.04, 0.36, 0.25)
    assert judge(high, low, {"random": low}, RECALL).helps
    assert not judge(low, high, {"random": high}, RECALL).helps


def test_p_of_what_is_not_better_is_one() -> None:
    assert judge(STANDARD, GUIDED, {"random": GUIDED}).p == 1
    assert judge(GUIDED, STANDARD, {"random": BEST}).p == 1
    assert judge(GUIDED, STANDARD, {"random": GUIDED}).p == 1


@settings(max_examples=15)
@given(st.permutations(["shuffled", "sample mean", "random"]), st.sampled_from([STANDARD, MIXED, BEST]))
def test_order_of_controls_changes_nothing(order: list[str], random: Sequence[float]) -> None:
    controls = CONTROLS | {"random": random}
    found, other = judge(GUIDED, STANDARD, controls), judge(GUIDED, STANDARD, {name: controls[name] for name in order})
    assert found == other
    assert (found.helps, found.p) == (other.helps, other.p)


class TestDivergedRuns:
    def test_are_said(self) -> None:
        claim = judge(
            (*GUIDED, 20.0), (*STANDARD, NAN), {"random": (*STANDARD, math.inf), "shuffled": (*STANDARD, 21.0)}
        )
        assert claim.sentence == (
            "helps: better than standard, random and shuffled; diverged, of 8 runs: standard 1, random 1"
        )

    def test_of_the_guided_arm_stand_against_help(self) -> None:
        claim = judge((*GUIDED, NAN), (*STANDARD, NAN), {"random": (*STANDARD, 20.0)})
        assert not claim.helps
        assert claim.sentence == (
            "no help shown at n = 7: better than random only where neither diverged; "
            "diverged, of 8 runs: guided 1, standard 1"
        )

    def test_of_one_control_leave_it_open(self) -> None:
        claim = judge(GUIDED, STANDARD, CONTROLS | {"random": (20.1, 30.2, *[NAN] * 5)})
        assert (
            claim.sentence == "too few seeds to tell against random (n = 2; at least 6); diverged, of 7 runs: random 5"
        )


class TestSeveralArms:
    def test_are_adjusted_by_holm(self) -> None:
        claims = judge_arms(
            {"good": GUIDED, "mixed": MIXED, "bad": STANDARD},
            STANDARD,
            {"good": CONTROLS, "mixed": CONTROLS, "bad": {"random": GUIDED}},
        )
        assert list(claims) == ["good", "mixed", "bad"]
        assert claims["good"].adjusted == 3 * claims["good"].p == 3 * 2 / 2**7
        assert claims["good"].helps
        assert [claims[name].adjusted for name in ("mixed", "bad")] == [min(1, 2 * claims["mixed"].p), 1]

    def test_need_more_seeds(self) -> None:
        arms = {str(index): GUIDED for index in range(4)}
        (claim, *_) = judge_arms(arms, STANDARD, dict.fromkeys(arms, CONTROLS)).values()
        assert claim.sentence == "too few seeds to tell (n = 7; at least 8)"
        assert not claim.helps

    def test_say_where_it_is_their_number_that_stands_against_help(self) -> None:
        found = compare((*GUIDED, 27.3), (*STANDARD, 27.0))
        against = {"standard": found, "random": found}
        claim = Claim(against, others=(0.001, 0.5, 1.0))
        assert found.p <= 0.05 < claim.adjusted == 3 * found.p
        assert claim.sentence == (
            "no help shown at n = 8: better than standard and random alone, "
            f"not as one of 4 arms (p = {claim.adjusted:.2g})"
        )
        assert Claim(against).helps
        assert not claim.helps

    def test_none(self) -> None:
        assert judge_arms({}, STANDARD, {}) == {}


@pytest.mark.usefixtures("fewer_resamples")
class TestSimulated:
    def test_false_help_is_rare_where_one_control_does_as_well(
        self, draws: Draws, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The least favourable case: all others are beaten by far."""
        monkeypatch.setattr(inference, "BOOTSTRAPPED_FROM", 1_000)
        guided, shuffled, standard = draws["normal"]((3, 250, 8))
        helped = sum(
            judge(np.exp(one), np.exp(two + 50), {"shuffled": np.exp(other)}).helps
            for one, other, two in zip(guided, shuffled, standard, strict=True)
        )
        # The 1st and 99.9th percentiles of a binomial of 250 at 2.5 %: half of 5 %, as the other half would be worse.
        assert 2 <= helped <= 15

    @pytest.mark.parametrize(("seeds", "shown"), [(10, 0.53), (14, 0.79)])
    def test_power_against_four_arms(self, draws: Draws, seeds: int, shown: float) -> None:
        guided = 0.05 * draws["normal"]((600, 1, seeds)) / math.sqrt(2) - 0.05
        differences = guided - 0.05 * draws["normal"]((600, 4, seeds)) / math.sqrt(2)
        better = (sign_flip_p(differences) <= 0.05) & (differences.mean(axis=-1) < 0)
        assert better.all(axis=1).mean() == pytest.approx(shown, abs=0.05)


class TestMistakes:
    @pytest.mark.parametrize("controls", [{}, {"standard": STANDARD}])
    def test_controls(self, controls: dict[str, Sequence[float]]) -> None:
        with pytest.raises(
            ValueError, match=r"`controls` should hold at least one arm, none of them called \"standard"
        ):
            judge(GUIDED, STANDARD, controls)

    def test_arm_without_controls(self) -> None:
        with pytest.raises(ValueError, match=r"`controls` should hold at least one arm"):
            judge_arms({"saliency": GUIDED}, STANDARD, {"other": CONTROLS})

    def test_unequal_numbers_of_seeds(self) -> None:
        with pytest.raises(ValueError, match=r"should have a value for each of the baseline's 6 seeds. Found 7."):
            judge(GUIDED, STANDARD, {"random": STANDARD[:6]})
