"""What is read from the history of a run: its end, its last measurements, its whole course; never its best epoch."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xaigrad.benchmarks.statistics import History, history, reading, readouts, recorded

NAN, INFINITY = math.nan, math.inf
values = st.lists(st.floats(1e-2, 1e4), min_size=1, max_size=12)


class TestReadouts:
    def test_final_and_last(self) -> None:
        found = History([40.0, 30.0, 20.0, 22.0])
        assert found.final() == 22
        assert [found.last_mean(count) for count in (1, 2, 4)] == [22, 21, 28]

    def test_area_of_a_steady_run_is_its_value(self) -> None:
        assert History([7.0] * 9).log_area() == pytest.approx(7)

    def test_area_of_an_exponential_fall_is_its_middle(self) -> None:
        found = History([100 * 0.5**epoch for epoch in range(9)])
        assert found.log_area() == pytest.approx(100 * 0.5**4)

    def test_area_golden(self) -> None:
        logs = [math.log(value) for value in (40.0, 30.0, 24.0)]
        assert History([40.0, 30.0, 24.0]).log_area() == pytest.approx(
            math.exp((logs[0] / 2 + logs[1] + logs[2] / 2) / 2)
        )

    def test_area_heeds_the_distance_of_epochs(self) -> None:
        straight = [math.exp(-epoch / 10) for epoch in (1, 2, 3, 4, 9, 20)]
        assert History(straight, epochs=[1, 2, 3, 4, 9, 20]).log_area() == pytest.approx(math.exp(-1.05))

    def test_area_of_one_measurement(self) -> None:
        assert History([31.0]).log_area() == 31

    @given(values, st.floats(1e-2, 1e2))
    def test_unit_scales_every_readout(self, found: list[float], unit: float) -> None:
        plain, scaled = readouts(History(found)), readouts(History([unit * value for value in found]))
        assert scaled == pytest.approx({name: unit * value for name, value in plain.items()})

    @given(values)
    def test_lie_within_the_history(self, found: list[float]) -> None:
        for value in readouts(History(found)).values():
            assert min(found) * (1 - 1e-9) <= value <= max(found) * (1 + 1e-9)

    @pytest.mark.parametrize(("last", "name"), [(2, "mean of the last 2"), (10, "mean of the last 3")])
    def test_names_say_how_many(self, last: int, name: str) -> None:
        assert list(readouts(History([3.0, 2.0, 1.0]), last)) == ["final", name, "area under log"]

    def test_best_epoch_is_not_offered(self) -> None:
        names = (*dir(History), *vars(history), *vars(reading))
        assert not any("best" in name or "min" in name for name in names if name[0] != "_")


class TestDivergedRuns:
    @pytest.mark.parametrize("lost", [NAN, INFINITY])
    def test_readouts_are_not_finite(self, lost: float) -> None:
        found = readouts(History([40.0, 30.0, lost, lost]), last=2)
        assert not any(math.isfinite(value) for value in found.values())

    def test_area_of_a_run_that_came_back_is_nan(self) -> None:
        found = readouts(History([40.0, NAN, 30.0]), last=1)
        assert found["final"] == found["mean of the last 1"] == 30
        assert math.isnan(found["area under log"])

    def test_area_of_numbers_that_are_not_positive_is_nan(self) -> None:
        assert math.isnan(History([0.001, -0.0001]).log_area())


class TestRecorded:
    def test_a_run_that_ended_early_is_filled_up(self) -> None:
        found = recorded({1: 40.0, 2: 30.0}, [1, 2, 3, 4])
        assert found.values[:2] == (40, 30)
        assert len(found.values) == 4
        assert not any(math.isfinite(value) for value in readouts(found, last=1).values())

    def test_null_is_nan(self) -> None:
        assert math.isnan(recorded({1: None}, [1]).final())

    def test_seconds_between_measurements_are_added_up(self) -> None:
        found = recorded({3: 40.0, 5: 30.0}, [3, 5], {1: 1.0, 2: 2.0, 3: 4.0, 4: 8.0, 5: 16.0})
        assert found.seconds == (7, 24)
        assert found.reached(30.0) == history.Moment(5, 31.0)

    def test_seconds_of_epochs_that_were_not_trained_are_none(self) -> None:
        assert recorded({3: 40.0}, [3, 5], {1: 1.0, 2: 2.0, 3: 4.0}).seconds == (7, 0)

    def test_without_seconds(self) -> None:
        assert recorded({1: 40.0}, [1]).seconds is None

    def test_measurement_at_another_epoch_is_not_dropped(self) -> None:
        with pytest.raises(ValueError, match=r"`scores` should be of the epochs \[2, 4\]. Found \[3\]. Name all"):
            recorded({2: 40.0, 3: 30.0}, [2, 4])


class TestMistakes:
    def test_empty(self) -> None:
        with pytest.raises(ValueError, match=r"`values` should hold at least one measurement. Found none."):
            History([])

    @pytest.mark.parametrize("name", ["epochs", "seconds"])
    def test_lengths(self, name: str) -> None:
        with pytest.raises(ValueError, match=rf"`{name}` should have one number for each of the 3 measurements. Found"):
            History([3.0, 2.0, 1.0], **{name: [1, 2]})

    @pytest.mark.parametrize("epochs", [(1, 1), (2, 1), (0, 1)])
    def test_epochs_that_do_not_rise(self, epochs: tuple[int, int]) -> None:
        with pytest.raises(ValueError, match=r"Parameter `epochs` should rise, from 1 on. Found \("):
            History([3.0, 2.0], epochs=epochs)

    @pytest.mark.parametrize("seconds", [-1.0, NAN])
    def test_seconds_that_run_back(self, seconds: float) -> None:
        with pytest.raises(ValueError, match=r"`seconds` should be at least 0 per measurement. Found"):
            History([3.0, 2.0], seconds=[1.0, seconds])

    @pytest.mark.parametrize("count", [0, 3])
    def test_last_of_more_than_there_are(self, count: int) -> None:
        with pytest.raises(ValueError, match=rf"from 1 to the history's 2 measurements. Found {count}."):
            History([3.0, 2.0]).last_mean(count)


def test_a_history_is_a_plain_value() -> None:
    assert History([3.0, 2.0]) == History((3.0, 2.0), epochs=[1, 2])
    assert hash(History([3.0], seconds=[1.0])) == hash(History((3.0,), (1,), (1.0,)))
