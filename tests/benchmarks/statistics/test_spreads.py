"""The noise of each readout between two arms that do the same: how large, how well known, what it costs."""

import math

import numpy as np
import pytest

from xaigrad.benchmarks.statistics import (
    RECALL,
    History,
    Spread,
    compare,
    needed_seeds,
    readouts,
    spread_in_words,
    spreads,
)

NAN = math.nan


def of(first: list[float], second: list[float]) -> Spread:
    (found,) = spreads([{"FID": value} for value in first], [{"FID": value} for value in second])
    return found


def test_one_row_per_readout() -> None:
    first = [{"final": 20.0, "area": 30.0}, {"final": 25.0, "area": 31.0}, {"final": NAN, "area": 30.5}]
    second = [{"final": 22.0, "area": 30.3}, {"final": 23.0, "area": 30.8}, {"final": 24.0, "area": 30.2}]
    final, area = spreads(first, second)
    assert (final.readout.name, final.seeds, final.n) == ("final", 3, 2)
    assert (area.readout.name, area.seeds, area.n) == ("area", 3, 3)
    assert area.sd == compare([30.0, 31.0, 30.5], [30.3, 30.8, 30.2]).sd
    assert area.sd is not None
    assert area.effects == (0.05, 0.1, 0.2)
    assert area.needed == tuple(needed_seeds(area.sd, effect) for effect in (0.05, 0.1, 0.2))


def test_of_the_readouts_of_a_generator_and_its_moving_average() -> None:
    runs = [
        {
            f"{whose}: {name}": value
            for whose, factor in (("G", 1.0), ("EMA of G", 0.9))
            for name, value in readouts(History([40.0 + seed, factor * 30.0 - seed, factor * 25.0 + seed])).items()
        }
        for seed in range(4)
    ]
    found = spreads(runs, runs[::-1])
    names = ("final", "mean of the last 3", "area under log")
    assert [one.readout.name for one in found] == [f"{whose}: {name}" for whose in ("G", "EMA of G") for name in names]
    assert all(None not in one.needed and len(one.needed) == 3 for one in found)


def test_of_chosen_readouts() -> None:
    first, second = ([{"recall": value} for value in values] for values in ((0.5, 0.0), (0.4, 0.0)))
    (found,) = spreads(first, second, [RECALL], [0.1])
    assert (found.readout, found.seeds, found.n) == (RECALL, 2, 2)
    assert found.needed == (needed_seeds(0.1 / math.sqrt(2), 0.1),)


def test_of_one_of_several_arms_more_seeds_are_needed() -> None:
    arms = [{"FID": 20.0}, {"FID": 25.0}], [{"FID": 21.0}, {"FID": 24.5}]
    (alone,), (one_of_four,) = spreads(*arms), spreads(*arms, tests=4)
    assert alone.sd is not None
    assert one_of_four.needed == tuple(needed_seeds(alone.sd, effect, tests=4) for effect in (0.05, 0.1, 0.2))


def test_interval_covers_the_true_spread(rng: np.random.Generator) -> None:
    runs = [
        {str(run): value for run, value in enumerate(seed)} for seed in np.exp(rng.normal(scale=0.05, size=(6, 1_000)))
    ]
    others = [dict.fromkeys(runs[0], 1.0)] * 6
    found = spreads(runs, others, effects=[])
    covered = np.mean([one.low <= 0.05 <= one.high for one in found if one.low and one.high])
    assert covered == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize("seeds", [0, 1])
def test_of_less_than_two_pairs_is_not_known(seeds: int) -> None:
    found = of([20.0, 21.0, NAN][-seeds - 1 :], [20.0, 22.0, 20.0][-seeds - 1 :])
    assert (found.seeds, found.n, found.sd, found.low, found.high) == (seeds + 1, seeds, None, None, None)
    assert found.needed == (None, None, None)
    assert spread_in_words(found) == (f"not known from n = {seeds}; one of the two diverged for 1 of {seeds + 1} seeds")


def test_of_the_same_runs_is_not_known_either() -> None:
    found = of([20.0, 25.0, 30.0], [20.0, 25.0, 30.0])
    assert (found.sd, found.needed) == (0, (None, None, None))
    assert spread_in_words(found) == "not known: the two differ alike for every seed (n = 3)"


def test_of_none() -> None:
    assert spreads([], []) == ()


def test_in_words() -> None:
    found = of([20.0, 25.0, 23.0, NAN], [21.0, 24.0, 23.5, 20.0])
    assert spread_in_words(found) == (
        "sd 4.6 % (2.4 to 28.9 %) at n = 3; seeds needed: 9 for 5 %, 6 for 10 %, 6 for 20 %; "
        "one of the two diverged for 1 of 4 seeds"
    )


def test_of_differences_in_words() -> None:
    first, second = ([{"recall": value} for value in values] for values in ((0.5, 0.0), (0.4, 0.0)))
    (found,) = spreads(first, second, [RECALL])
    assert spread_in_words(found).startswith("sd 0.0707 (0.0315 to 2.26) at n = 2; seeds needed: 18 for 0.05, ")


def test_arms_of_unequal_seeds() -> None:
    with pytest.raises(ValueError, match=r"should have a value for each of the baseline's 1 seeds. Found 2."):
        of([20.0, 21.0], [20.0])
