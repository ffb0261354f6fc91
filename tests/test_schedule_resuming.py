"""A training that is saved and resumed is guided at the same updates, as strongly, to the bit."""

import copy
from typing import Any

import pytest
import torch
from torch import nn

from xaigrad import Guidance, XAIGuidedGenerator
from xaigrad.explainers import Saliency
from xaigrad.schedules import (
    Adaptive,
    Alternate,
    CosineDecay,
    Every,
    LinearDecay,
    Piecewise,
    Random,
    StartAfter,
    StopAfter,
    Verdicts,
    WarmUp,
)

from .loops import assert_same_bits, train
from .networks import PAIRS
from .scheduling import Reading
from .test_resuming import checkpoint, networks, resumed

HALF = 10
SCHEDULES: dict[str, Any] = {
    "Adaptive": Adaptive(0.2, 0.9, batches=6, every=4),
    "Adaptive, turned round": Adaptive(0.9, 0.3, every=1),
    "Adaptive, inside others": StartAfter(3, WarmUp(4, Adaptive(0.2, 0.9)) | 0.1) * Random(0.8),
    "Random": Random(0.5, seed=3),
    "Piecewise": Piecewise({0: 0.2, 4: Random(0.7), 12: Every(2), 16: LinearDecay(3)}),
    "product": 0.5 * WarmUp(15) * CosineDecay(18, 0.2),
    "maximum": Every(3) | StopAfter(12, 0.5) | Alternate(1, 2) * 0.25,
}


def guided_by(schedule: Any) -> Any:
    guidance = Guidance(Saliency(), schedule=schedule)
    return lambda maker, judge: XAIGuidedGenerator(maker, judge, guidance)


def strengths_of(guided: XAIGuidedGenerator) -> list[float]:
    """Return what the schedule would say next: of the saved verdicts."""
    guidance = guided.interception.guidance
    verdicts = Verdicts()
    state = guided.interception.state_dict()
    if "verdicts" in state:
        verdicts.load_state_dict(state["verdicts"])
    return [guidance.strength(update, verdicts) for update in range(guided.updates, guided.updates + 10)]


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
@pytest.mark.parametrize("half", [9, HALF])
def test_continuation(schedule: Any, half: int) -> None:
    straight, whole = train(PAIRS["plain norm"], guided_by(schedule), updates=20)
    first, guided = train(PAIRS["plain norm"], guided_by(schedule), updates=half)
    assert guided is not None
    assert whole is not None
    training = resumed(checkpoint(first, guided), Guidance(Saliency(), schedule=schedule))
    again: Any = training.play
    assert strengths_of(again) == strengths_of(guided)
    for _ in range(20 - half):
        training.step()
    assert_same_bits(networks(training), networks(straight))
    assert again.explanations == whole.explanations
    assert whole.explanations > 0


@pytest.mark.parametrize("name", [name for name in SCHEDULES if "Adaptive" in name])
def test_the_verdicts_matter(name: str) -> None:
    """Without those that were saved the continuation is another one."""
    straight, _ = train(PAIRS["plain norm"], guided_by(SCHEDULES[name]), updates=20)
    first, guided = train(PAIRS["plain norm"], guided_by(SCHEDULES[name]), updates=9)
    assert guided is not None
    state = checkpoint(first, guided)
    calls = state["guidance"]["verdicts"]["calls"]
    assert len(calls) == 18
    state["guidance"]["verdicts"] = {"calls": [-call for call in calls], "schedule": {}}
    for call in state["guidance"]["verdicts"]["calls"]:
        call[1].neg_()
    training = resumed(state, Guidance(Saliency(), schedule=SCHEDULES[name]))
    for _ in range(11):
        training.step()
    assert networks(training) != networks(straight)


def test_the_state_is_a_copy() -> None:
    def guide(maker: nn.Module, judge: nn.Module) -> XAIGuidedGenerator:
        return XAIGuidedGenerator(maker, judge, schedule=SCHEDULES["Adaptive"])

    training, guided = train(PAIRS["plain norm"], guide, updates=3)
    assert guided is not None
    state = guided.interception.state_dict()["verdicts"]
    before = copy.deepcopy(state)
    for _ in range(5):
        training.step()
    assert state["schedule"] == before["schedule"]
    assert torch.equal(torch.cat(state["calls"], 1), torch.cat(before["calls"], 1))
    verdicts = Verdicts()
    verdicts.load_state_dict(state)
    for _ in range(70):
        verdicts.note(torch.zeros(3), torch.zeros(3))
    verdicts.state.clear()
    assert state["schedule"] == before["schedule"]
    assert len(state["calls"]) == 6


def test_a_schedule_of_one_s_own_keeps_numbers() -> None:
    def counting(update: int, verdicts: Verdicts) -> float:
        verdicts.state["asked"] = verdicts.state.get("asked", 0) + 1
        return float(verdicts.state["asked"] % 2)

    first, guided = train(PAIRS["plain norm"], guided_by(counting), updates=5)
    assert guided is not None
    training = resumed(checkpoint(first, guided), Guidance(Saliency(), schedule=counting))
    for _ in range(5):
        training.step()
    straight, _ = train(PAIRS["plain norm"], guided_by(counting), updates=10)
    assert_same_bits(networks(training), networks(straight))


@pytest.mark.parametrize("schedules", [(Reading(0.5), Alternate()), (Alternate(), Reading(0.5))])
def test_another_schedule_than_the_saved_one(schedules: tuple[Any, Any]) -> None:
    """Verdicts that nobody reads are left alone, and where there are none, it starts without."""
    first, guided = train(PAIRS["plain norm"], guided_by(schedules[0]), updates=5)
    assert guided is not None
    training = resumed(checkpoint(first, guided), Guidance(Saliency(), schedule=schedules[1]))
    for _ in range(3):
        training.step()
    assert isinstance(training.play, XAIGuidedGenerator)
    assert training.play.updates == 8
