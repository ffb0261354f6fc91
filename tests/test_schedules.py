"""The laws of schedules."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xaigrad import Guidance
from xaigrad.schedules import Alternate, Constant, StartAfter

updates = st.integers(0, 10_000)
counts = st.integers(1, 20)


@given(update=updates, strength=st.floats(0, 1))
def test_constant(update: int, strength: float) -> None:
    assert Constant(strength)(update) == strength


@given(start=st.integers(0, 30), guided=counts, standard=st.integers(0, 20))
def test_alternate(start: int, guided: int, standard: int) -> None:
    """Each period holds its guided updates first, wherever one begins to look."""
    period = guided + standard
    schedule = Alternate(guided, standard)
    strengths = [schedule(update) for update in range(start, start + period)]
    assert sum(strengths) == guided
    assert [schedule(update) for update in range(guided)] == [1.0] * guided
    assert strengths == [schedule(update + period) for update in range(start, start + period)]


def test_alternate_by_default() -> None:
    assert [Alternate()(update) for update in range(5)] == [1.0, 0.0, 1.0, 0.0, 1.0]


@given(update=updates, start=updates, strength=st.floats(0, 1))
def test_start_after(update: int, start: int, strength: float) -> None:
    assert StartAfter(start, Constant(strength))(update) == (0.0 if update < start else strength)


@given(update=updates, start=updates)
def test_start_after_shifts(update: int, start: int) -> None:
    assert StartAfter(start, Alternate(2, 3))(update + start) == Alternate(2, 3)(update)
    assert StartAfter(0, Alternate(2, 3))(update) == Alternate(2, 3)(update)


@given(update=updates)
def test_start_after_adds_up(update: int) -> None:
    assert StartAfter(3, StartAfter(4))(update) == StartAfter(7)(update)


@pytest.mark.parametrize("strength", [-0.1, 1.1, float("nan"), float("inf"), -1, 2])
def test_a_schedule_outside_the_unit_interval(strength: float) -> None:
    message = rf"Parameter `schedule` should give a strength in \[0, 1\]\. Found {float(strength)} at update 7\. Scale"
    with pytest.raises(ValueError, match=message):
        Guidance(schedule=lambda update: strength).strength(7)


@pytest.mark.parametrize("strength", [0, 1, True, 0.5])
def test_a_function_is_a_schedule(strength: float) -> None:
    found = Guidance(schedule=lambda update: strength).strength(7)
    assert found == strength
    assert isinstance(found, float)


ERRORS: list[tuple[Callable[..., Any], dict[str, Any], str]] = [
    (Constant, {"strength": 1.5}, "Parameter `strength` should be a number in [0, 1]. Found 1.5."),
    (Constant, {"strength": float("nan")}, "Parameter `strength` should be a number in [0, 1]. Found nan."),
    (Constant, {"strength": "1"}, "Parameter `strength` should be a number in [0, 1]. Found '1'."),
    (Alternate, {"guided": 0}, "Parameter `guided` should be a whole number of at least 1. Found 0."),
    (Alternate, {"guided": True}, "Parameter `guided` should be a whole number of at least 1. Found True."),
    (Alternate, {"standard": -1}, "Parameter `standard` should be a whole number of at least 0. Found -1."),
    (StartAfter, {"updates": -1}, "Parameter `updates` should be a whole number of at least 0. Found -1."),
    (StartAfter, {"updates": 2.0}, "Parameter `updates` should be a whole number of at least 0. Found 2.0."),
]


@pytest.mark.parametrize(("schedule", "settings", "message"), ERRORS)
def test_errors(schedule: Callable[..., Any], settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        schedule(**settings)


def test_a_class_is_no_schedule_to_start() -> None:
    with pytest.raises(TypeError, match=r"Parameter `schedule` should be .*Constant"):
        StartAfter(2, Constant)  # type: ignore[arg-type]


def test_repr_equality_and_defaults() -> None:
    assert repr(Constant()) == "Constant(strength=1.0)"
    assert repr(Alternate()) == "Alternate(guided=1, standard=1)"
    assert repr(StartAfter(2)) == "StartAfter(updates=2, schedule=Constant(strength=1.0))"
    assert StartAfter(2) == StartAfter(2, Constant(1.0)) != StartAfter(3)
    assert len({Constant(), Constant(1.0), Alternate(), Alternate(1, 1)}) == 2
