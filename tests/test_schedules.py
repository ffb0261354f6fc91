"""The laws of schedules."""

import itertools
import math
import pickle
import random
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xaigrad import Guidance
from xaigrad.schedules import (
    Alternate,
    Constant,
    CosineDecay,
    Every,
    LinearDecay,
    Piecewise,
    Random,
    StartAfter,
    StopAfter,
    WarmUp,
)

from .loops import random_states
from .scheduling import counts, schedules, spans, strengths, updates


@given(schedule=schedules, asked=st.lists(st.integers(0, 80), min_size=1))
def test_a_strength_that_depends_on_the_update_alone(schedule: Any, asked: list[int]) -> None:
    """It lies in [0, 1], and is the same in any order, asked any number of times, whatever is drawn elsewhere."""
    before = random_states()
    found = [schedule(update) for update in asked]
    assert random_states() == before
    assert all(isinstance(strength, float) and 0 <= strength <= 1 for strength in found)
    random.seed(7)
    assert [schedule(update) for update in reversed(asked)] == found[::-1]
    assert [Guidance(schedule=schedule).strength(update) for update in asked] == found


@given(schedule=schedules)
def test_equality_hash_repr_and_pickle(schedule: Any) -> None:
    copied = pickle.loads(pickle.dumps(schedule))
    assert copied == schedule
    assert hash(copied) == hash(schedule)
    assert [copied(update) for update in range(50)] == [schedule(update) for update in range(50)]
    assert not schedule.watches
    import xaigrad.schedules

    again = eval(repr(schedule), vars(xaigrad.schedules))
    assert again == schedule
    assert repr(again) == repr(schedule)


@given(update=updates, strength=strengths)
def test_constant(update: int, strength: float) -> None:
    assert Constant(strength)(update) == strength


@given(start=st.integers(0, 30), guided=counts, standard=st.integers(0, 20))
def test_alternate(start: int, guided: int, standard: int) -> None:
    """Each period holds its guided updates first, wherever one begins to look."""
    period = guided + standard
    schedule = Alternate(guided, standard)
    found = [schedule(update) for update in range(start, start + period)]
    assert sum(found) == guided
    assert [schedule(update) for update in range(guided)] == [1.0] * guided
    assert found == [schedule(update + period) for update in range(start, start + period)]


def test_alternate_by_default() -> None:
    assert [Alternate()(update) for update in range(5)] == [1.0, 0.0, 1.0, 0.0, 1.0]


@given(update=updates, k=counts, data=st.data())
def test_every(update: int, k: int, data: st.DataObject) -> None:
    offset = data.draw(st.integers(0, k - 1))
    assert Every(k)(update) == Alternate(1, k - 1)(update)
    assert Every(k, offset)(update + offset) == Every(k)(update)
    assert sum(Every(k, offset)(update + later) for later in range(k)) == 1
    assert Every(k, offset)(offset) == 1


@given(update=updates, start=updates, strength=strengths)
def test_start_after(update: int, start: int, strength: float) -> None:
    assert StartAfter(start, Constant(strength))(update) == (0.0 if update < start else strength)


@given(update=updates, start=updates)
def test_start_after_shifts(update: int, start: int) -> None:
    assert StartAfter(start, Alternate(2, 3))(update + start) == Alternate(2, 3)(update)
    assert StartAfter(0, Alternate(2, 3))(update) == Alternate(2, 3)(update)


@given(update=updates)
def test_start_after_adds_up(update: int) -> None:
    assert StartAfter(3, StartAfter(4))(update) == StartAfter(7)(update)


@given(update=updates, stop=updates, inner=schedules)
def test_stop_after(update: int, stop: int, inner: Any) -> None:
    assert StopAfter(stop, inner)(update) == (inner(update) if update < stop else 0.0)
    assert StopAfter(stop)(update) + StartAfter(stop)(update) == 1


def test_what_rests_is_not_asked() -> None:
    asked: list[int] = []
    for schedule in (StartAfter(3, asked.append), StopAfter(0, asked.append), Piecewise({3: asked.append})):  # type: ignore[arg-type]
        assert schedule(2) == 0
    assert asked == []


@given(update=updates, rise=spans, inner=schedules)
def test_warm_up(update: int, rise: int, inner: Any) -> None:
    assert WarmUp(rise)(update) == (1.0 if update >= rise else update / rise)
    assert WarmUp(rise, inner)(update) == WarmUp(rise)(update) * inner(update)
    assert WarmUp(0, inner)(update) == inner(update)
    assert WarmUp(rise)(update + 1) >= WarmUp(rise)(update)


def test_warm_up_begins_with_a_standard_update() -> None:
    assert [WarmUp(2)(update) for update in range(4)] == [0.0, 0.5, 1.0, 1.0]


@pytest.mark.parametrize("decay", [LinearDecay, CosineDecay])
@given(fall=st.integers(0, 10_000), end=strengths, update=updates)
def test_decays(decay: Callable[..., Any], fall: int, end: float, update: int) -> None:
    """From 1 down to the end, never up again, and as far above the middle before half-time as below it after."""
    schedule = decay(fall, end)
    assert schedule(0) == (1.0 if fall > 0 else end)
    assert schedule(fall + update) == end
    assert schedule(update + 1) <= schedule(update)
    if update < fall:
        assert math.isclose(schedule(update) + schedule(fall - update), 1 + end, abs_tol=1e-12)
        assert math.isclose(schedule(update), end + (1 - end) * decay(fall)(update), abs_tol=1e-12)


def test_golden_decays() -> None:
    assert [LinearDecay(4, 0.5)(update) for update in range(6)] == [1.0, 0.875, 0.75, 0.625, 0.5, 0.5]
    cosine = [(2 + math.sqrt(2)) / 4, 0.5, (2 - math.sqrt(2)) / 4]
    assert [CosineDecay(4)(update) for update in (1, 2, 3)] == pytest.approx(cosine, abs=1e-15)
    assert CosineDecay(100)(1) > LinearDecay(100)(1)  # Flat at the beginning.


@given(update=updates, fall=counts)
def test_a_fall_is_what_a_rise_has_not_reached(update: int, fall: int) -> None:
    assert math.isclose(LinearDecay(fall)(update), 1 - WarmUp(fall)(update), abs_tol=1e-15)


@pytest.mark.parametrize("probability", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("seed", [0, 1, 12345])
def test_random_frequency(probability: float, seed: int) -> None:
    """Within four standard deviations, and so are pairs of neighbours: they have nothing to do with each other."""
    count = 10_000
    found = [Random(probability, seed)(update) for update in range(count)]
    pairs = [before * after for before, after in itertools.pairwise(found)]
    for values, expected in ((found, probability), (pairs, probability**2)):
        assert abs(sum(values) / count - expected) < 4 * math.sqrt(2 * expected * (1 - expected) / count)
    others = [Random(probability, seed + 1)(update) for update in range(count)]
    both = sum(one * other for one, other in zip(found, others, strict=True)) / count
    assert abs(both - probability**2) < 4 * math.sqrt(probability**2 * (1 - probability**2) / count)


@given(update=updates, seed=spans, probabilities=st.tuples(strengths, strengths))
def test_random_grows_with_the_probability(update: int, seed: int, probabilities: tuple[float, float]) -> None:
    assert Random(min(probabilities), seed)(update) <= Random(max(probabilities), seed)(update)
    assert Random(0, seed)(update) == 0
    assert Random(1, seed)(update) == 1


def test_random_is_the_same_everywhere() -> None:
    """On every machine, in every process, in every version: a training is resumed with it."""
    assert [update for update in range(30) if Random(0.25)(update)] == [7, 15, 18, 20, 25]


@given(parts=st.dictionaries(spans, schedules, min_size=1, max_size=4), update=st.integers(0, 60))
def test_piecewise(parts: dict[int, Any], update: int) -> None:
    schedule, begun = Piecewise(parts), [start for start in parts if start <= update]
    assert schedule(update) == (parts[max(begun)](update - max(begun)) if begun else 0.0)
    assert schedule == Piecewise(list(parts.items())) == Piecewise(dict(reversed(parts.items())))
    for start, part in parts.items():
        assert schedule(start) == part(0)


@given(start=spans, update=st.integers(0, 60), inner=schedules)
def test_piecewise_is_starting_and_stopping(start: int, update: int, inner: Any) -> None:
    assert Piecewise({start: inner})(update) == StartAfter(start, inner)(update)
    assert Piecewise({0: inner, start + 1: 0})(update) == StopAfter(start + 1, inner)(update)


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


WHOLE = "should be a whole number of at least"
UNIT = "should be a number in [0, 1]"
ERRORS: list[tuple[Callable[..., Any], dict[str, Any], str]] = [
    (Constant, {"strength": 1.5}, f"Parameter `strength` {UNIT}. Found 1.5."),
    (Constant, {"strength": float("nan")}, f"Parameter `strength` {UNIT}. Found nan."),
    (Constant, {"strength": "1"}, f"Parameter `strength` {UNIT}. Found '1'."),
    (Alternate, {"guided": 0}, f"Parameter `guided` {WHOLE} 1. Found 0."),
    (Alternate, {"guided": True}, f"Parameter `guided` {WHOLE} 1. Found True."),
    (Alternate, {"standard": -1}, f"Parameter `standard` {WHOLE} 0. Found -1."),
    (Every, {"k": 0}, f"Parameter `k` {WHOLE} 1. Found 0."),
    (Every, {"k": 2, "offset": -1}, f"Parameter `offset` {WHOLE} 0. Found -1."),
    (
        Every,
        {"k": 2, "offset": 2},
        "Parameter `offset` should be less than `k`, 2. Found 2. For a late start use StartAfter(2, Every(2)).",
    ),
    (StartAfter, {"updates": -1}, f"Parameter `updates` {WHOLE} 0. Found -1."),
    (StartAfter, {"updates": 2.0}, f"Parameter `updates` {WHOLE} 0. Found 2.0."),
    (StartAfter, {"updates": 2, "schedule": 1.5}, f"Parameter `schedule` {UNIT}. Found 1.5."),
    (StopAfter, {"updates": -1}, f"Parameter `updates` {WHOLE} 0. Found -1."),
    (StopAfter, {"updates": 2, "schedule": -0.5}, f"Parameter `schedule` {UNIT}. Found -0.5."),
    (WarmUp, {"updates": 0.5}, f"Parameter `updates` {WHOLE} 0. Found 0.5."),
    (WarmUp, {"updates": 2, "schedule": 2}, f"Parameter `schedule` {UNIT}. Found 2."),
    (LinearDecay, {"updates": -1}, f"Parameter `updates` {WHOLE} 0. Found -1."),
    (LinearDecay, {"updates": 2, "end": 1.5}, f"Parameter `end` {UNIT}. Found 1.5."),
    (CosineDecay, {"updates": "2"}, f"Parameter `updates` {WHOLE} 0. Found '2'."),
    (CosineDecay, {"updates": 2, "end": -1}, f"Parameter `end` {UNIT}. Found -1."),
    (Random, {"probability": 1.5}, f"Parameter `probability` {UNIT}. Found 1.5."),
    (Random, {"probability": 0.5, "seed": -1}, f"Parameter `seed` {WHOLE} 0. Found -1."),
    (Random, {"probability": 0.5, "seed": 0.5}, f"Parameter `seed` {WHOLE} 0. Found 0.5."),
    (Piecewise, {"parts": {0: 1.5}}, f"Parameter `parts` {UNIT}. Found 1.5."),
    (
        Piecewise,
        {"parts": {0: 1.0, 0.5: 0.5}},
        "Parameter `parts` should hold from updates on, whole numbers of at least 0. Found 0.5.",
    ),
    (
        Piecewise,
        {"parts": {-1: 1.0}},
        "Parameter `parts` should hold from updates on, whole numbers of at least 0. Found -1.",
    ),
]


@pytest.mark.parametrize(("schedule", "settings", "message"), ERRORS)
def test_errors(schedule: Callable[..., Any], settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        schedule(**settings)


@pytest.mark.parametrize("schedule", [StartAfter, StopAfter, WarmUp])
@pytest.mark.parametrize("inner", [Constant, "always", None])
def test_a_class_is_no_schedule_to_start(schedule: Callable[..., Any], inner: Any) -> None:
    with pytest.raises(TypeError, match=r"Parameter `schedule` should be .*Constant"):
        schedule(2, inner)


@pytest.mark.parametrize("parts", [{}, [], 3, [0.5, 1.0], Constant(), None])
def test_parts_are_schedules_by_updates(parts: Any) -> None:
    with pytest.raises(TypeError, match=r"Parameter `parts` should be schedules by the update .* Found .*Piecewise\("):
        Piecewise(parts)
    with pytest.raises(TypeError, match=r"Parameter `parts` should be a callable instance\. Found the class `Every`"):
        Piecewise({0: Every})  # type: ignore[dict-item]


def test_repr_equality_and_defaults() -> None:
    assert repr(Constant()) == "Constant(strength=1.0)"
    assert repr(Alternate()) == "Alternate(guided=1, standard=1)"
    assert repr(Every(2)) == "Every(k=2, offset=0)"
    assert repr(StartAfter(2)) == "StartAfter(updates=2, schedule=Constant(strength=1.0))"
    assert repr(StopAfter(2)) == "StopAfter(updates=2, schedule=Constant(strength=1.0))"
    assert repr(WarmUp(2)) == "WarmUp(updates=2, schedule=Constant(strength=1.0))"
    assert repr(LinearDecay(2)) == "LinearDecay(updates=2, end=0.0)"
    assert repr(CosineDecay(2)) == "CosineDecay(updates=2, end=0.0)"
    assert repr(Random(0.5)) == "Random(probability=0.5, seed=0)"
    assert repr(Piecewise({2: Every(3), 0: 1})) == (
        "Piecewise(parts=((0, Constant(strength=1.0)), (2, Every(k=3, offset=0))))"
    )
    assert StartAfter(2) == StartAfter(2, Constant(1.0)) == StartAfter(2, 1) != StartAfter(3)
    assert StartAfter(2) != StopAfter(2) != WarmUp(2)
    assert len({Constant(), Constant(1.0), Alternate(), Alternate(1, 1)}) == 2
