"""Several arms at once: Holm's correction."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xaigrad.benchmarks.statistics import compare, compare_arms, holm

BASELINE = (20.1, 30.2, 25.3, 34.4, 20.2, 29.8, 27.0)
BETTER = (19.0, 29.1, 23.9, 33.0, 18.8, 28.2, 26.1)


def test_golden() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))


def test_none_and_one() -> None:
    assert holm([]) == ()
    assert holm([0.3]) == (0.3,)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_is_closed_testing_with_bonferroni(p: list[float]) -> None:
    subsets = [subset for size in range(1, len(p) + 1) for subset in itertools.combinations(range(len(p)), size)]
    reference = [
        max(min(1, len(subset) * min(p[member] for member in subset)) for subset in subsets if index in subset)
        for index in range(len(p))
    ]
    assert holm(p) == pytest.approx(reference)


@given(st.lists(st.floats(0, 1), max_size=12))
def test_is_monotone_and_never_below_p(p: list[float]) -> None:
    adjusted = holm(p)
    assert all(one <= other <= 1 for one, other in zip(p, adjusted, strict=True))
    in_order = [adjusted[index] for index in sorted(range(len(p)), key=p.__getitem__)]
    assert in_order == sorted(in_order)


def test_over_arms() -> None:
    alone = compare(BETTER, BASELINE)
    found = compare_arms({"better": BETTER, "same": BASELINE, "worse": np.multiply(BASELINE, 1.1)}, BASELINE)
    assert list(found) == ["better", "same", "worse"]
    assert [one.tests for one in found.values()] == [3, 3, 3]
    assert [one.adjusted for one in found.values()] == [3 * 2 / 2**7, 1, 3 * 2 / 2**7]
    better = found["better"]
    assert (better.p, better.effect, better.low, better.high) == (alone.p, alone.effect, alone.low, alone.high)
    assert alone.adjusted == alone.p
    assert (better.needed(), alone.needed()) == (7, 6)


def test_over_no_arms() -> None:
    assert compare_arms({}, BASELINE) == {}
