"""A strength that follows D's accuracy: its formula, when it is read, and what it carries."""

import pickle
import re
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from xaigrad import Guidance, XAIGuidedGenerator
from xaigrad.schedules import Adaptive, Alternate, StartAfter, Verdicts

from .loops import noise, train
from .networks import PAIRS, discriminator, generator
from .scheduling import WRAPPED, strengths


def verdicts_of(right: int, wrong: int = 0, sign: int = 1) -> Verdicts:
    """Return the verdicts on one batch of real samples."""
    verdicts = Verdicts(sign)
    verdicts.note(torch.tensor([1.0] * right + [-1.0] * wrong), torch.ones(right + wrong))
    return verdicts


@given(low=strengths, high=strengths, right=st.integers(0, 20), wrong=st.integers(1, 20))
def test_formula(low: float, high: float, right: int, wrong: int) -> None:
    if low == high:
        return
    accuracy = right / (right + wrong)
    expected = min(max((accuracy - low) / (high - low), 0), 1)
    assert Adaptive(low, high)(0, verdicts_of(right, wrong)) == expected
    assert Adaptive(high, low)(0, verdicts_of(right, wrong)) == pytest.approx(1 - expected, abs=1e-9)
    more = Adaptive(low, high)(0, verdicts_of(right + 1, wrong))
    assert more >= expected if low < high else more <= expected


def test_golden() -> None:
    """At the default: nothing for a guess, everything for a judge who is always right."""
    shares = [(0, 4), (1, 3), (2, 2), (3, 1), (4, 0)]
    assert [Adaptive()(0, verdicts_of(*share)) for share in shares] == [0.0, 0.0, 0.0, 0.5, 1.0]
    assert [Adaptive(1.0, 0.5)(0, verdicts_of(*share)) for share in shares] == [1.0, 1.0, 1.0, 0.5, 0.0]


def test_nothing_before_the_first_verdict() -> None:
    verdicts = Verdicts()
    schedule = Adaptive(1.0, 0.0, every=100)
    assert [schedule(update, verdicts) for update in range(5)] == [0.0] * 5
    assert verdicts.state == {}
    verdicts.note(torch.ones(4), -torch.ones(4))
    assert schedule(5, verdicts) == 1.0  # At once, not when the next hundred begins.


@pytest.mark.parametrize("every", [1, 3, 4])
def test_read_now_and_then(every: int) -> None:
    verdicts, schedule = Verdicts(), Adaptive(0.0, 1.0, batches=1, every=every)
    found = []
    for update in range(12):
        verdicts.note(torch.tensor([1.0] * update + [-1.0] * (12 - update)), torch.ones(12))
        found += [schedule(update, verdicts) for _ in range(3)]
        verdicts.note(torch.ones(12), torch.ones(12))  # Later in the same update.
    assert found == [update // every * every / 12 for update in range(12) for _ in range(3)]
    assert set(verdicts.state) == {repr(schedule)}
    assert all(isinstance(value, int | float) for value in verdicts.state[repr(schedule)])


def test_two_have_states_of_their_own() -> None:
    verdicts, one, other = verdicts_of(3, 1), Adaptive(0.0, 1.0), Adaptive(1.0, 0.0)
    assert (one(0, verdicts), other(0, verdicts)) == (0.75, 0.25)
    assert Guidance(schedule=one | other).strength(1, verdicts) == 0.75
    assert Guidance(schedule=one * other).strength(1, verdicts) == 0.75 * 0.25


def test_a_reading_without_any_known_verdict_changes_nothing() -> None:
    """As of a loss that overflowed."""
    verdicts, schedule = verdicts_of(3, 1), Adaptive(0.0, 1.0, batches=1, every=1)
    assert schedule(0, verdicts) == 0.75
    verdicts.note(torch.ones(4), torch.full((4,), float("nan")))
    assert schedule(1, verdicts) == 0.75


@pytest.mark.parametrize(("threshold", "sign", "expected"), [(0.0, 1, 0.8), (0.5, 1, 0.4), (-0.5, -1, 0.4)])
def test_threshold(threshold: float, sign: int, expected: float) -> None:
    """In D's own scores: where it scores real samples low, they are kept with the sign turned."""
    verdicts = Verdicts(sign)
    verdicts.note(torch.tensor([-1.0, 0.1, 0.4, 0.6, 2.0]), torch.ones(5))
    assert Adaptive(0.0, 1.0, threshold)(0, verdicts) == expected


class Counted(Verdicts):
    """Counts how often the accuracy is read, which waits for a device."""

    read = 0

    def accuracy(self, threshold: float = 0.0, batches: int = 8) -> float | None:
        self.read += 1
        return super().accuracy(threshold, batches)


def test_a_device_is_rarely_waited_for() -> None:
    verdicts = Counted()
    verdicts.note(torch.ones(4), torch.ones(4))
    for update in range(100):
        for _ in range(3):
            Adaptive(every=10)(update, verdicts)
    assert verdicts.read == 10


@pytest.mark.parametrize("wrap", WRAPPED.values(), ids=WRAPPED)
@pytest.mark.parametrize("pair", ["plain norm", "new spectral norm"])
def test_in_a_loop(pair: str, wrap: Any) -> None:
    """The strengths of the guided updates are those that the verdicts at the time of reading give."""
    schedule, expected, found = Adaptive(0.2, 0.8, batches=2, every=3), [], []

    def told(update: int, verdicts: Verdicts) -> float:
        if update % 3 == 0 and len(expected) == update // 3:
            accuracy = verdicts.accuracy(batches=2)
            assert accuracy is not None
            expected.append(min(max((accuracy - 0.2) / (0.8 - 0.2), 0.0), 1.0))
        found.append((update, wrap(schedule)(update, verdicts)))
        return found[-1][1]

    _, guided = train(PAIRS[pair], lambda *networks: XAIGuidedGenerator(*networks, schedule=told), updates=12)
    assert guided is not None
    assert [strength for _, strength in found] == [expected[update // 3] for update, _ in found]
    assert {update for update, _ in found} == set(range(12))
    assert len(set(expected)) > 1
    assert guided.explanations == sum({update: strength > 0 for update, strength in found}.values())


def test_with_others() -> None:
    """It sees the verdicts of the time before it starts."""
    schedule = StartAfter(4, Adaptive(1.0, 0.0)) * Alternate()
    _, guided = train(PAIRS["plain norm"], lambda *nets: XAIGuidedGenerator(*nets, schedule=schedule), updates=10)
    assert guided is not None
    assert guided.explanations == 3


def test_nothing_watches_without_need() -> None:
    maker, judge = generator(), discriminator()
    guided = XAIGuidedGenerator(maker, judge, schedule=0.5 * Alternate())
    scores = judge(torch.randn(6, 8))
    judge(guided(noise())).sum().backward()
    assert scores._backward_hooks is None
    assert "verdicts" not in guided.interception.state_dict()


WHOLE = "should be a whole number of at least 1"
ERRORS: list[tuple[dict[str, Any], str]] = [
    ({"low": -0.1}, "Parameter `low` should be a number in [0, 1]. Found -0.1."),
    ({"high": 1.1}, "Parameter `high` should be a number in [0, 1]. Found 1.1."),
    (
        {"low": 0.5, "high": 0.5},
        "Parameter `high` should differ from `low`. Found 0.5 for both. For a step choose them close together.",
    ),
    ({"threshold": float("inf")}, "Parameter `threshold` should be a finite number. Found inf."),
    ({"threshold": "0"}, "Parameter `threshold` should be a finite number. Found '0'."),
    ({"batches": 0}, f"Parameter `batches` {WHOLE}. Found 0."),
    ({"batches": 65}, "Parameter `batches` should be at most 64, the calls that are kept. Found 65."),
    ({"every": 0}, f"Parameter `every` {WHOLE}. Found 0."),
    ({"every": 1.5}, f"Parameter `every` {WHOLE}. Found 1.5."),
]


@pytest.mark.parametrize(("settings", "message"), ERRORS)
def test_errors(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Adaptive(**settings)


@pytest.mark.parametrize("batches", [0, -1, 65, 2.0])
def test_errors_of_a_function_s_own_question(batches: Any) -> None:
    with pytest.raises(ValueError, match="Parameter `batches` should be"):
        verdicts_of(1).accuracy(batches=batches)


def test_repr_equality_hash_and_pickle() -> None:
    schedule = Adaptive(threshold=0.5)
    assert repr(schedule) == "Adaptive(low=0.5, high=1.0, threshold=0.5, batches=8, every=4)"
    assert pickle.loads(pickle.dumps(schedule)) == schedule == Adaptive(threshold=0.5) != Adaptive()
    assert len({schedule, Adaptive(threshold=0.5), Adaptive()}) == 2
