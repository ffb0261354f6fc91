"""Which calls of D are verdicts where it is wrapped, checkpointed or cast; where there are none, the user is told."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from xaigrad import XAIGuidedGenerator
from xaigrad._call import Question
from xaigrad._watch import Watch
from xaigrad.schedules import Adaptive, Verdicts

from .loops import noise
from .networks import FEATURES, Lambda, discriminator, generator, smooth
from .scheduling import WRAPPED, Reading


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")  # Dynamo's own.
@pytest.mark.parametrize("wrap", [nn.DataParallel, lambda judge: torch.compile(judge, backend="eager")])
def test_wrapped_discriminators(wrap: Callable[[nn.Module], Any]) -> None:
    reading, judge = Reading(), wrap(smooth())
    guided = XAIGuidedGenerator(generator(), judge, schedule=reading)
    scores = judge(torch.randn(6, FEATURES))
    F.softplus(-scores).mean().backward()
    judge(guided(noise()))
    assert reading.seen[0].accuracy() == int((scores > 0).sum()) / 6


@pytest.mark.parametrize("reentrant", [False, True])
def test_checkpointed_discriminator(reentrant: bool) -> None:
    """Which runs twice: its verdict is one."""
    reading, judge = Reading(), smooth()
    guided = XAIGuidedGenerator(generator(), judge, schedule=reading)
    real = torch.randn(6, FEATURES, requires_grad=True)  # Or a reentrant checkpoint learns nothing.
    scores: Tensor = checkpoint(judge, real, use_reentrant=reentrant)
    F.softplus(-scores).mean().backward()
    judge(guided(noise()))
    assert len(reading.seen[0]) == 1
    assert reading.seen[0].accuracy() == int((scores > 0).sum()) / 6


def test_half_precision() -> None:
    reading, judge = Reading(), smooth()
    guided = XAIGuidedGenerator(generator(), judge, schedule=reading)
    with torch.autocast("cpu", torch.bfloat16):
        scores = judge(torch.randn(6, FEATURES))
        loss = F.binary_cross_entropy_with_logits(scores, torch.ones_like(scores))
    (loss * 65536).backward()
    judge(guided(noise()))
    assert reading.seen[0].accuracy() == int((scores > 0).sum()) / 6


def test_an_overflow_is_no_verdict() -> None:
    verdicts = Verdicts()
    verdicts.note(torch.ones(3), torch.full((3,), float("nan")))
    assert verdicts.accuracy() is None
    verdicts.note(torch.ones(3), torch.tensor([1.0, float("nan"), -1.0]))
    assert verdicts.accuracy() == 0.5


@pytest.mark.parametrize("wrap", WRAPPED.values(), ids=WRAPPED)
def test_an_output_without_a_score_is_told_in_the_user_s_line(wrap: Any) -> None:
    judge = Lambda(lambda score, x: (score(x), x), discriminator())
    guided = XAIGuidedGenerator(generator(), judge, schedule=wrap(Adaptive()))
    with pytest.raises(TypeError, match=r"Parameter `target` should pick one floating tensor .* a tuple of"):
        judge(torch.randn(6, FEATURES))
    assert guided.explanations == 0


def test_an_output_of_another_kind_later() -> None:
    """A discriminator that also gives its features, on request: what the target does not know is left alone."""
    judge = Lambda(lambda score, x, features=False: (x,) if features else {"score": score(x)}, discriminator())
    reading = Reading()
    guided = XAIGuidedGenerator(generator(), judge, schedule=reading, target=lambda output, samples: output["score"])
    judge(torch.randn(6, FEATURES))["score"].sum().backward()
    judge(torch.randn(6, FEATURES), features=True)
    judge(guided(noise()))
    assert len(reading.seen[0]) == 1


@pytest.mark.parametrize("output", ["sum", "swapped", "paired"])
def test_outputs_whose_rows_are_not_the_samples(output: str) -> None:
    """One score of a batch is a verdict on it; where nobody can tell which is whose, there is none."""
    shapes: dict[str, tuple[Any, Any, int, int]] = {
        "sum": (lambda scores: scores.mean(0), None, 1, 1),
        "swapped": (lambda scores: scores.expand(6, 3).T, lambda out, x: out.T, 0, 0),
        "paired": (lambda scores: scores.view(3, 2), lambda out, x: out, 1, 3),
    }
    shape, target, calls, rows = shapes[output]
    judge, reading = Lambda(lambda score, x: shape(score(x)), discriminator()), Reading()
    guided = XAIGuidedGenerator(generator(), judge, schedule=reading, target=target)
    judge(torch.randn(6, FEATURES)).sum().backward()
    judge(guided(noise()))
    state = guided.interception.state_dict()["verdicts"]
    assert [len(call[0]) for call in state["calls"]] == [rows] * calls


def shown(watch: Watch, judge: nn.Module, samples: Tensor, generated: tuple[int, ...] = ()) -> Tensor:
    watch.before(judge, [samples], generated)
    scores: Tensor = judge(samples)
    watch.after(judge, scores)
    return scores


def test_patience() -> None:
    """Who never sees a verdict hears of it once: the schedule would rest for ever."""
    watch, judge = Watch(Question()), discriminator()
    for _ in range(31):
        shown(watch, judge, noise().repeat(1, 2), (0,)).sum().backward()
    with pytest.warns(UserWarning, match=r"The schedule depends on .* Found none in 32 calls .*fake\.detach\(\)"):
        shown(watch, judge, noise().repeat(1, 2), (0,)).sum().backward()
    for _ in range(40):
        shown(watch, judge, noise().repeat(1, 2), (0,)).sum().backward()
    assert len(watch.verdicts) == 0


def test_no_warning_where_the_first_verdict_comes_late() -> None:
    watch, judge = Watch(Question()), discriminator()
    for _ in range(31):
        shown(watch, judge, noise().repeat(1, 2), (0,)).sum().backward()
    shown(watch, judge, torch.randn(6, FEATURES)).sum().backward()
    for _ in range(40):
        shown(watch, judge, noise().repeat(1, 2), (0,)).sum().backward()
    assert len(watch.verdicts) == 1


def test_a_call_that_raised_is_not_the_next_one() -> None:
    watch, judge = Watch(Question()), discriminator()
    samples = torch.randn(6, FEATURES)
    watch.before(judge, [samples])  # And no answer.
    shown(watch, judge, samples, (0,)).sum().backward()
    assert len(watch.verdicts) == 0


@pytest.mark.parametrize(
    "leaves",
    [
        [torch.tensor(0.5)],
        [torch.arange(6)],
        [torch.zeros(0, FEATURES)],
        ["labels", None],
        [torch.randn(6, FEATURES), generator()(torch.randn(6, 4))],
    ],
    ids=["a number", "labels", "nothing", "no tensor", "an encoding that is learned"],
)
def test_what_is_no_turn_of_d(leaves: list[Any]) -> None:
    watch, judge = Watch(Question()), discriminator()
    watch.before(judge, leaves)
    scores = judge(torch.randn(6, FEATURES))
    watch.after(judge, scores)
    scores.sum().backward()
    assert len(watch.verdicts) == 0


def test_samples_of_one_dimension() -> None:
    watch, judge = Watch(Question()), Lambda(lambda score, x: score(x[:, None]), nn.Linear(1, 1))
    scores = shown(watch, judge, torch.randn(6))
    scores.sum().backward()
    assert len(watch.verdicts) == 1


def test_impatience_in_a_loop() -> None:
    """Real and undetached samples in one call: none of it is D's turn alone."""
    judge = discriminator()
    guided = XAIGuidedGenerator(generator(), judge, schedule=Adaptive())

    def step() -> None:
        F.softplus(judge(torch.cat([torch.randn(6, FEATURES), guided(noise())]))).mean().backward()

    for _ in range(31):
        step()
    with pytest.warns(UserWarning, match="The schedule depends on the discriminator's verdicts"):
        step()
    step()
    assert guided.explanations == 0


def test_a_call_that_raised_in_a_loop() -> None:
    judge, reading = smooth(), Reading()
    guided = XAIGuidedGenerator(generator(), judge, schedule=reading)
    wrong = torch.randn(6, FEATURES + 1)
    with pytest.raises(RuntimeError):
        judge(wrong)
    judge(guided(noise())).sum().backward()
    assert len(reading.seen[0]) == 0
