"""Schedules multiply, and have a maximum, as strengths do; what they are made of gets the verdicts if it takes them."""

import copy
import math
import pickle
import re
from functools import partial
from typing import Any

import pytest
import torch
from hypothesis import given
from torch import nn

from xaigrad import Guidance
from xaigrad.schedules import Adaptive, Alternate, Constant, Every, Maximum, Product, StartAfter, Verdicts

from .scheduling import ADAPTIVE, WRAPPED, schedules, strengths

UPDATES = range(20)
KINDS = [Product, Maximum]


def values(schedule: Any) -> list[float]:
    return [schedule(update) for update in UPDATES]


def near(expected: list[float]) -> Any:
    """Up to rounding: the factors of a product may have been factors of a product."""
    return pytest.approx(expected, abs=1e-15)


def half(update: int) -> float:
    return 0.5


def told(update: int, verdicts: Verdicts) -> float:
    return verdicts.accuracy() or 0.0


@given(a=schedules, b=schedules, c=schedules)
def test_laws(a: Any, b: Any, c: Any) -> None:
    assert values(a * b) == near([x * y for x, y in zip(values(a), values(b), strict=True)]) == values(b * a)
    assert values(a | b) == [max(x, y) for x, y in zip(values(a), values(b), strict=True)] == values(b | a)
    assert (a * b) * c == a * (b * c) == Product((a, b, c))
    assert (a | b) | c == a | (b | c) == Maximum((a, b, c))
    assert values(a * (b | c)) == near(values(a * b | a * c))


@given(a=schedules)
def test_one_and_zero(a: Any) -> None:
    assert values(a * 1) == values(1 * a) == values(a | 0) == values(0.0 | a) == values(a | a) == values(a)
    assert set(values(a * 0)) == {0.0}
    assert set(values(1.0 | a)) == {1.0}


@given(a=schedules, b=schedules, strength=strengths)
def test_order(a: Any, b: Any, strength: float) -> None:
    """A product is no greater than its factors, a maximum no less."""
    for low, one, high in zip(values(a * b), values(a), values(a | b), strict=True):
        assert low <= one <= high
    assert values(strength * a) == near([strength * value for value in values(a)])


def test_on_and_off() -> None:
    """Of schedules that are 0 or 1: and, or."""
    found = [values(Every(2) * Every(3)), values(Every(2) | Every(3))]
    assert found == [[float(u % 6 == 0) for u in UPDATES], [float(u % 2 == 0 or u % 3 == 0) for u in UPDATES]]


@pytest.mark.parametrize("kind", KINDS)
def test_what_they_are_made_of(kind: type[Any]) -> None:
    a, b = Alternate(), Constant(0.25)
    assert kind((a, 0.25)) == kind([a, b]) == kind(iter([a, b]))
    assert hash(kind((a, 0.25))) == hash(kind((a, b)))
    assert kind((a, b)) != kind((b, a))  # Though they say the same.
    assert kind((kind((a, b)), a)) == kind((a, b, a))
    assert repr(kind((a,))) == f"{kind.__name__}(schedules=(Alternate(guided=1, standard=1),))"
    assert pickle.loads(pickle.dumps(kind((a, half)))) == copy.deepcopy(kind((a, half))) == kind((a, half))


def test_mixed() -> None:
    """A maximum is one factor of a product, and a product one of a maximum's."""
    a, b, c = Alternate(), Every(3), Constant(0.5)
    assert (a | b) * c == Product((Maximum((a, b)), c))
    assert a * b | c == Maximum((Product((a, b)), c))  # As of numbers, * binds closer.


@pytest.mark.parametrize("other", [0.5, half, partial(half), lambda update: 0.5])
def test_numbers_and_functions(other: Any) -> None:
    schedule = Alternate()
    assert values(schedule * other) == values(other * schedule) == [0.5, 0.0] * 10
    assert values(schedule | other) == values(other | schedule) == [1.0, 0.5] * 10
    assert (schedule * other).schedules[0] == schedule == (other * schedule).schedules[1]


@pytest.mark.parametrize("other", ["0.5", None, [0.5], {0: 1.0}])
def test_what_cannot_be_combined(other: Any) -> None:
    for combine in (lambda: Alternate() * other, lambda: other * Alternate(), lambda: Alternate() | other):
        with pytest.raises(TypeError, match=r"unsupported operand|can't multiply"):
            combine()


@pytest.mark.parametrize("number", [-0.5, 2, float("nan")])
def test_numbers_outside_the_unit_interval(number: float) -> None:
    message = rf"^Parameter `schedules` should be a number in \[0, 1\]\. Found {number}\.$"
    for combine in (lambda: Alternate() * number, lambda: number | Alternate(), lambda: Product((number,))):
        with pytest.raises(ValueError, match=message):
            combine()


def test_classes_and_networks() -> None:
    with pytest.raises(
        TypeError, match=r"Parameter `schedules` should be a callable instance\. Found the class `Every`"
    ):
        Alternate() * Every
    with pytest.raises(TypeError, match=r"Parameter `schedules` should be a strategy\. Found the module `Linear`"):
        Alternate() | nn.Linear(1, 1)


@pytest.mark.parametrize("kind", KINDS)
def test_errors(kind: type[Any]) -> None:
    with pytest.raises(ValueError, match=r"^Parameter `schedules` should hold at least one schedule\. Found none\.$"):
        kind(())
    message = f"Parameter `schedules` should be a sequence of schedules. Found 0.5. For example {kind.__name__}("
    with pytest.raises(TypeError, match=f"^{re.escape(message)}"):
        kind(0.5)


@pytest.mark.parametrize("inner", [ADAPTIVE, told, lambda update, verdicts: told(update, verdicts)])
@pytest.mark.parametrize("wrap", WRAPPED.values(), ids=WRAPPED)
def test_verdicts_are_passed_on(wrap: Any, inner: Any) -> None:
    """To what takes them, however deep, and only there does anything watch."""
    verdicts, plain = Verdicts(), wrap(Alternate())
    verdicts.note(torch.tensor([2.0, -1.0, 3.0, 1.0, 1.0]), torch.ones(5))
    guidance = Guidance(schedule=wrap(inner))
    assert guidance.watches
    assert guidance.strength(7, verdicts) == Guidance(schedule=inner).strength(7, verdicts) > 0
    assert not Guidance(schedule=plain).watches
    assert not Guidance(schedule=wrap(half)).watches
    assert not Guidance(schedule=wrap(lambda update, scale=0.5: scale)).watches
    assert plain(7) == plain(7, verdicts) == Alternate()(7)


def test_who_watches() -> None:
    assert not Guidance().watches
    assert Guidance(schedule=Adaptive()).watches
    assert Guidance(schedule=told).watches
    assert not Guidance(schedule=half).watches


@pytest.mark.parametrize("wrap", WRAPPED.values(), ids=WRAPPED)
def test_without_verdicts(wrap: Any) -> None:
    message = r"^Parameter `verdicts` should be given to a schedule that depends on them\. Found None for .*Adaptive\("
    with pytest.raises(TypeError, match=message):
        wrap(ADAPTIVE)(7)
    with pytest.raises(TypeError, match="verdicts"):
        Guidance(schedule=wrap(ADAPTIVE)).strength(7)


def test_all_are_asked_at_every_update() -> None:
    """Whatever the others say: a product is the same in any order, also of what depends on when it is asked."""
    asked: list[int] = []

    def asking(update: int) -> float:
        asked.append(update)
        return 1.0

    for schedule in (Constant(0) * asking, asking * Constant(0), Constant(1) | asking):
        schedule(3)
    assert asked == [3, 3, 3]


def test_inner_updates() -> None:
    """What starts later counts from its own start, also inside a product."""
    schedule = StartAfter(3, 0.5 * Every(2))
    assert values(schedule)[:7] == [0.0, 0.0, 0.0, 0.5, 0.0, 0.5, 0.0]
    assert math.prod(values(StartAfter(3))[3:]) == 1
