"""When a run reached a level, and when it settled by the paper's rule, measured at every epoch or more seldom."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xaigrad.benchmarks.statistics import History, Moment

NAN, INFINITY = math.nan, math.inf
values = st.lists(st.floats(1e-2, 1e4), min_size=1, max_size=12)
kids = st.lists(st.floats(0, 4) | st.just(NAN), min_size=1, max_size=40)


class TestReached:
    noisy = History([50.0, 24.0, 40.0, 25.0, 25.0, 24.0, 30.0], seconds=[1.0, 1.0, 2.0, 2.0, 2.0, 2.0, 2.0])

    @pytest.mark.parametrize(
        ("level", "hold", "moment"),
        [
            (25.0, 1, Moment(2, 2.0)),
            (25.0, 2, Moment(4, 6.0)),
            (25.0, 3, Moment(4, 6.0)),
            (25.0, 4, None),
            (24.9, 2, None),
            (30.0, 4, Moment(4, 6.0)),
            (60.0, 3, Moment(1, 1.0)),
            (10.0, 1, None),
        ],
    )
    def test_golden(self, level: float, hold: int, moment: Moment | None) -> None:
        assert self.noisy.reached(level, hold) == moment

    @given(values, st.integers(1, 5))
    def test_baseline_reaches_its_own_end(self, found: list[float], hold: int) -> None:
        moment = History(found).reached(found[-1], hold)
        assert moment is not None
        assert moment.epoch <= len(found)
        assert moment.seconds is None

    @given(values, st.floats(1e-2, 1e4), st.integers(1, 5))
    def test_longer_holds_are_never_sooner(self, found: list[float], level: float, hold: int) -> None:
        sooner, later = (History(found).reached(level, count) for count in (hold, hold + 1))
        assert later is None or (sooner is not None and sooner.epoch <= later.epoch)

    @pytest.mark.parametrize("every", [2, 5])
    def test_held_for_three_measurements_however_seldom(self, every: int) -> None:
        history = History([50.0, 20.0, 40.0, 20.0, 21.0, 22.0, 60.0, 60.0], epochs=range(every, 9 * every, every))
        assert history.reached(25.0) == Moment(4 * every)

    def test_seconds_are_those_since_the_start(self) -> None:
        history = History([50.0, 40.0, 20.0], epochs=[5, 10, 15], seconds=[9.0, 8.0, 7.0])
        assert history.reached(40.0) == Moment(10, 17.0)

    @pytest.mark.parametrize("lost", [NAN, INFINITY, -INFINITY])
    def test_a_run_that_diverged_has_not_stayed(self, lost: float) -> None:
        assert History([50.0, 20.0, lost, lost]).reached(25.0, hold=2) is None
        assert History([50.0, 20.0, 21.0, 22.0, lost]).reached(25.0) == Moment(2)

    @pytest.mark.parametrize("level", [NAN, INFINITY])
    def test_level_of_a_baseline_that_diverged_is_not_reached(self, level: float) -> None:
        assert self.noisy.reached(level) is None

    def test_hold_of_none(self) -> None:
        with pytest.raises(ValueError, match=r"Parameter `hold` should be at least 1. Found 0."):
            self.noisy.reached(25.0, hold=0)


class TestSettled:
    def test_window_ends_where_one_can_know(self) -> None:
        kid = [90.0, 50.0, *(20 + 0.1 * index for index in range(12))]
        assert History(kid, seconds=[2.0] * 14).settled() == Moment(12, 24.0)

    @pytest.mark.parametrize("window", [2, 5, 10])
    def test_cannot_be_before_the_window(self, window: int) -> None:
        assert History([20.0] * 20).settled(window=window) == Moment(window)
        assert History([20.0] * (window - 1)).settled(window=window) is None

    @pytest.mark.parametrize(
        ("unit", "tolerance", "epoch"), [(1_000, 1, None), (100, 1, 10), (1, 1, 10), (1_000, 10, 10)]
    )
    def test_unit_decides(self, unit: float, tolerance: float, epoch: int | None) -> None:
        found = History([0.02, 0.025] * 10).settled(tolerance=tolerance, unit=unit)
        assert (found and found.epoch) == epoch

    def test_unit_is_that_of_the_benchmark(self) -> None:
        assert History([20.0, 25.0] * 10).settled() is None
        assert History([20.0, 20.5] * 10).settled() == Moment(10)

    def test_just_within(self) -> None:
        assert History([2.0, 1.0] * 5).settled() == Moment(10)
        assert History([2.0, 0.999] * 5).settled() is None

    def test_slow_fall_has_not_settled(self) -> None:
        assert History([100 - 0.2 * epoch for epoch in range(30)]).settled() is None

    @given(kids)
    def test_of_every_epoch_is_the_papers_rule(self, kid: list[float]) -> None:
        windows = [kid[end - 10 : end] for end in range(10, len(kid) + 1)]
        ends = [end for end, window in enumerate(windows, 10) if max(window) - min(window) <= 1 and NAN not in window]
        assert History(kid).settled() == (Moment(ends[0]) if ends else None)

    def test_of_every_second_epoch_window_counts_epochs_not_measurements(self) -> None:
        sparse = History([9.0, *[2.0] * 9], epochs=range(2, 22, 2))
        # From 4 on. At 12 the window begins with 3, of which only the measurement at 2 says something.
        assert sparse.settled() == Moment(14)
        assert sparse.settled(window=4) == Moment(8)
        assert sparse.settled(window=3) == Moment(6)

    def test_of_every_fifth_epoch_measurements_span_the_window(self) -> None:
        assert History([9.0, 2.0, 2.5, 2.9, 2.0], epochs=[5, 10, 15, 20, 25]).settled() == Moment(20)
        assert History([2.0, 2.0], epochs=[5, 10]).settled() is None

    def test_of_gaps_longer_than_the_window_two_measurements_agree(self) -> None:
        assert History([5.0, 3.0, 3.0], epochs=[10, 20, 30]).settled(window=5) == Moment(30)

    @given(kids, st.integers(1, 12), st.integers(2, 12))
    def test_at_some_epochs_is_as_if_the_last_number_stood_until_the_next(
        self, kid: list[float], every: int, window: int
    ) -> None:
        epochs = range(every, every * (len(kid) + 1), every)
        held = [NAN] * (every - 1) + [value for value in kid for _ in range(every)]
        found = History(kid, epochs).settled(window=window)
        ends = (
            epoch
            for epoch in epochs
            if epoch >= window + every - 1
            and all(map(math.isfinite, held[epoch - window : epoch]))
            and max(held[epoch - window : epoch]) - min(held[epoch - window : epoch]) <= 1
        )
        assert (found and found.epoch) == next(ends, None)

    @pytest.mark.parametrize("lost", [NAN, INFINITY])
    def test_a_run_that_diverged_has_not_settled(self, lost: float) -> None:
        assert History([20.0] * 9 + [lost] * 20).settled() is None
        assert History([lost] * 20).settled() is None
        assert History([20.0, 20.0, lost, 20.0, 20.0, 20.0], epochs=range(5, 35, 5)).settled() == Moment(30)

    def test_window_of_one(self) -> None:
        with pytest.raises(ValueError, match=r"`window` should be at least 2 epochs. Found 1. The paper's is 10."):
            History([1.0]).settled(window=1)
