"""A part is timed where a guidance calls it, with all that is done for it alone, in a training that goes on as ever.

Nothing here asserts a speed.
"""

import time
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from xaigrad._call import DiscriminatorCall
from xaigrad._harvest import Harvest
from xaigrad._watch import Watch
from xaigrad.benchmarks import beside, cost, part_cost, parts
from xaigrad.benchmarks.beside import timed_beside
from xaigrad.benchmarks.cost import Steps
from xaigrad.benchmarks.part_cost import PartCost, measure
from xaigrad.benchmarks.parts import Part
from xaigrad.benchmarks.probe import Found, Probe
from xaigrad.benchmarks.setting import Setting
from xaigrad.benchmarks.stopwatch import Stopwatch
from xaigrad.explainers import Context
from xaigrad.schedules import Verdicts

IMAGES = torch.rand(40, 1, 28, 28, generator=torch.Generator().manual_seed(3)) * 2 - 1
CPU = torch.device("cpu")
FEEDBACK = "PathFeedback(NonSaturating(probabilities=True), steps=1)"
pytestmark = pytest.mark.usefixtures("single")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time single steps, after one to warm up."""
    monkeypatch.setattr(cost, "LEAST_SECONDS", 0.0)
    monkeypatch.setattr(cost, "WARM_UP", 1)
    monkeypatch.setattr(part_cost, "LEAST_STEPS", 1)
    monkeypatch.setattr(part_cost, "alone", lambda: False)  # Sleep takes no processor's time.


def measured(text: str, rounds: int = 1) -> PartCost:
    return measure(Setting(batch=4), IMAGES, parts.read(text, {"real": IMAGES}), rounds)


def test_per_cent_of_the_step_beside_it() -> None:
    timed = PartCost(3, [0.1, 0.2, 0.4], [0.001, 0.001, 0.001], [0.0, 0.001, 0.0], Found(9, asks=True))
    record = timed.record()
    assert record["percents"] == pytest.approx([1.0, 1.0, 0.25])
    assert record["percent"]["median"] == pytest.approx(1.0)
    assert (record["standard_ms"], record["part_us"], record["beside_us"]) == pytest.approx((200, 1000, 0))
    assert (record["asks"], record["reads_scores"]) == (True, False)


def test_standard_and_probed_steps_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    lasted = {"standard": iter([0.02] + [0.01, 0.01, 0.05] * 2), "probed": iter([1.0] * 6)}

    class Scripted:
        def __init__(self, setting: Setting, images: Tensor, guidance: Probe | None = None, clock: Any = None) -> None:
            self.probe = guidance

        def run(self, steps: int) -> float:
            name = "standard" if self.probe is None else "probed"
            order.append(f"{name} {steps}")
            if steps == 1 and self.probe is not None:
                self.probe.strength(0)
            return next(lasted[name]) if len(order) > 2 else 0.02

    monkeypatch.setattr(part_cost, "Steps", Scripted)
    monkeypatch.setattr(part_cost, "LEAST_STEPS", 3)
    monkeypatch.setattr(cost, "LEAST_SECONDS", 0.05)
    monkeypatch.setattr(cost, "WARM_UP", 2)
    found = measured("Constant()", rounds=2)
    assert found.steps == 3  # The fewest of 20 ms that last 50 ms.
    assert order == ["probed 2", "standard 2", "standard 2", *["standard 1", "probed 1"] * 6]
    assert found.standard_seconds == [0.01, 0.01]  # Medians, of which a hiccup is no part.


def test_a_part_that_is_not_called_is_no_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Probe, "strength", lambda self, update, verdicts=None: 0.0)
    with pytest.raises(RuntimeError, match="it was called 0 times in 2 updates"):
        measured("Multiply()", rounds=2)


class Destructive:
    """A part of every kind that would end the training."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def __call__(self, *arguments: Any) -> Any:
        self.calls.append(arguments)
        return torch.full_like(arguments[0], torch.nan) if isinstance(arguments[0], Tensor) else 0.5


class Mask(Destructive):
    def __call__(self, mask: Tensor, context: Context) -> Any:
        return super().__call__(mask, context.scores, context)


class Attribution(Destructive):
    def __call__(self, attribution: Tensor) -> Any:
        return super().__call__(attribution)


class Rule(Destructive):
    def __call__(self, gradient: Tensor, mask: Tensor, strength: float, context: Context) -> Any:
        return super().__call__(gradient, mask, strength)


class Schedule(Destructive):
    watches = True

    def __call__(self, update: int, verdicts: Verdicts) -> Any:
        return super().__call__(update, verdicts.accuracy(0.5))


@pytest.mark.parametrize("kind", [Mask, Attribution, Rule, Schedule])
@pytest.mark.parametrize("model", ["mlp", "dcgan"])
def test_the_training_is_the_standard_one(kind: Callable[[], Any], model: str) -> None:
    value = kind()
    part = Part("mine()", {"Rule": "rule", "Schedule": "schedule"}.get(type(value).__name__, "mask"), value)
    setting = Setting(model=model, batch=8)
    standard, probed = Steps(setting, IMAGES), Steps(setting, IMAGES, Probe.of(part, Stopwatch(CPU)))
    for training in (standard, probed):
        training.run(2)
    for name in ("generator", "discriminator"):
        expected = getattr(standard, name).state_dict()
        assert all(torch.equal(found, expected[key]) for key, found in getattr(probed, name).state_dict().items())
    first, *others = value.calls[-1]
    if isinstance(value, Mask):
        assert 0 <= first.min() < first.max() == 1
        assert (others[0].shape, 0 < others[0].min() < others[0].max() < 1) == ((8,), True)
        assert others[1].attribution.min() < 0
    elif isinstance(value, Attribution):
        assert first.min() < 0 < first.max()
    elif isinstance(value, Rule):
        assert first.shape == others[0].shape == (8, 1, 28, 28)
        assert 0 <= others[0].min() < others[0].max() == 1 == others[1]
    else:
        assert 0 <= others[0] <= 1
    assert len(value.calls) == (4 if isinstance(value, Schedule) else 2)


@pytest.mark.parametrize("kind", [Mask, Rule, Schedule])
def test_the_part_is_timed_in_each_of_its_calls(kind: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    value = kind()
    place = {Mask: "mask", Rule: "rule", Schedule: "schedule"}[type(value)]
    plain = Destructive.__call__
    monkeypatch.setattr(Destructive, "__call__", lambda self, *given: time.sleep(0.02) or plain(self, *given))
    found = measure(Setting(batch=4), IMAGES, Part("mine()", place, value), 2)
    calls = 2 if place == "schedule" else 1  # It is asked at D's call, and after G's step.
    assert min(found.part_seconds) >= 0.02 * calls
    assert found.found.calls == calls * (1 + 2)


def test_with_one_thread_the_processor_s_time_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert part_cost.alone() == (torch.get_num_threads() == 1)
    monkeypatch.setattr(part_cost, "alone", lambda: True)
    part = Part("mine()", "schedule", lambda update: time.sleep(0.5) or 0.5)
    assert max(measure(Setting(batch=4), IMAGES, part, 1).part_seconds) < 0.5


@pytest.mark.parametrize(
    ("text", "asks", "reads", "prepared"),
    [
        ("AbsNormalize()", False, False, False),
        ("RejectedOnly(0.5)", False, True, True),
        ("Specification('realness')", False, True, True),
        ("Specification('saliency')", False, False, False),
        ("Specification('deeplift')", True, False, True),
        ("Alternate()", False, False, False),
        ("Adaptive(threshold=0.5)", False, False, True),
        (FEEDBACK, True, True, True),
        (FEEDBACK.replace("steps=1", "real, steps=1"), True, True, True),
    ],
)
def test_what_is_done_for_it_alone_is_counted(text: str, asks: bool, reads: bool, prepared: bool) -> None:
    found = measured(text)
    assert (found.found.asks, found.found.reads) == (asks, reads)
    assert (found.beside_seconds[0] > 0) == prepared


@pytest.mark.parametrize(
    ("text", "owner", "name"),
    [
        ("RejectedOnly(0.5)", DiscriminatorCall, "answered"),
        ("Adaptive(threshold=0.5)", Watch, "before"),
        ("Adaptive(threshold=0.5)", Watch, "after"),
        (FEEDBACK, DiscriminatorCall, "listen"),
        *((FEEDBACK, Harvest, name) for name in ("made", "before", "after", "real")),
    ],
)
def test_all_that_is_done_for_it_is_timed(text: str, owner: type, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    original = getattr(owner, name)
    monkeypatch.setattr(owner, name, lambda self, *given: time.sleep(0.2) or original(self, *given))
    assert measured(text).beside_seconds[0] >= 0.2


def test_hooks_that_are_put_for_it_are_timed_and_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    class Watching:
        def work(self, tensor: Tensor, hook: Callable[[Tensor], None]) -> Tensor:
            tensor.register_hook(hook)
            return tensor

    def slow(gradient: Tensor) -> None:
        time.sleep(0.2)

    monkeypatch.setattr(beside, "_BESIDE", ((Watching, "work"),))
    originals, stopwatch = (Watching.work, Tensor.register_hook), Stopwatch(CPU)
    with timed_beside(stopwatch):
        tensor = torch.ones(2, requires_grad=True)
        tensor.register_hook(slow)
        tensor.sum().backward()
        assert stopwatch.seconds() == 0
        other = Watching().work(torch.ones(2, requires_grad=True), slow)
        before = stopwatch.seconds()
        assert 0 < before < 0.2
        other.sum().backward()
        assert stopwatch.seconds() - before >= 0.2
    with pytest.raises(ZeroDivisionError), timed_beside(stopwatch):
        raise ZeroDivisionError
    assert (Watching.work, Tensor.register_hook) == originals


def test_measuring_leaves_the_random_state_alone() -> None:
    before = torch.get_rng_state()
    measured("Random(0.5)")
    assert torch.equal(before, torch.get_rng_state())
