"""Feedback where probabilities are rounded to 0 or 1, and where binary_cross_entropy's slope is cut."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from xaigrad import XAIGuidedGenerator
from xaigrad.references import FixedReferences
from xaigrad.rules import Minimax, NonSaturating, PathFeedback, SecantFeedback

from .loops import last_of, noise, seed_everything
from .networks import FEATURES, generator

pytestmark = pytest.mark.usefixtures("single")

FAR = torch.full((1, FEATURES), 1000.0)
both_losses = pytest.mark.parametrize("loss", [Minimax(probabilities=True), NonSaturating(probabilities=True)])
both_rules = pytest.mark.parametrize("make", [SecantFeedback, lambda *args: PathFeedback(*args, stretch=(0.0, 1.0))])


def handwritten(scores: Tensor) -> Tensor:
    return torch.log(1 - scores).mean()


def cross_entropy(scores: Tensor) -> Tensor:
    return -F.binary_cross_entropy(scores, torch.zeros_like(scores))


class Steep(nn.Module):
    """A logit that rises from ``low`` to ``high``, over a way on which all generated samples lie at the start."""

    def __init__(self, low: float, high: float, head: nn.Module) -> None:
        super().__init__()
        self.low, self.high, self.head = low, high, head

    def forward(self, samples: Tensor) -> Tensor:
        logits: Tensor = self.low + (self.high - self.low) * samples.mean(1, keepdim=True) / 1000
        return self.head(logits)  # type: ignore[no-any-return]


def guided_by(rule: Any, judge: nn.Module, loss: Callable[[Tensor], Tensor]) -> Any:
    """Return the wrapper after one update, whose samples are the same every time."""
    seed_everything(0)
    guided = XAIGuidedGenerator(generator(), judge, rule=rule)
    loss(judge(guided(noise()))).backward()
    return guided


@both_losses
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("logit", [-1000.0, -110.0, -95.0, -88.0, -40.0, 0.0, 17.0, 40.0, 1000.0])
def test_slopes_of_rounded_probabilities_are_numbers(logit: float, dtype: torch.dtype, loss: Any) -> None:
    point = torch.tensor([logit], dtype=dtype, requires_grad=True)
    value = loss(point.sigmoid())
    (slope,) = torch.autograd.grad(value.sum(), point)
    assert value.isfinite().all()
    assert -1 <= slope.item() <= 0
    if logit in {-40.0, 0.0}:
        (expected,) = torch.autograd.grad(type(loss)()(point).sum(), point)
        torch.testing.assert_close(slope, expected)


@both_rules
@both_losses
@pytest.mark.parametrize("low", [-1000.0, -110.0, -60.0, -20.0])
@pytest.mark.parametrize("high", [17.0, 1000.0])
def test_feedback_between_rounded_probabilities(low: float, high: float, loss: Any, make: Any) -> None:
    judge = Steep(low, high, nn.Sigmoid())
    guided = last_of(guided_by(make(loss, FixedReferences(FAR)), judge, cross_entropy)).guided
    assert guided.isfinite().all()
    assert (guided <= 0).all(), "Towards the real sample."
    if make is SecantFeedback:  # Four points of a path may all lie where probabilities are rounded.
        assert (guided < 0).all()


@both_rules
@pytest.mark.parametrize("users", [handwritten, cross_entropy])
@pytest.mark.parametrize("low", [-20.0, -35.0, -60.0, -200.0])
def test_the_factor_is_not_that_of_a_cut_cross_entropy(
    low: float, users: Callable[[Tensor], Tensor], make: Any
) -> None:
    """Where p < 1e-12, binary_cross_entropy's slope is p (1 - p) / 1e-12 of the loss's."""
    reference = FixedReferences(FAR)
    by_probability = guided_by(make(Minimax(probabilities=True), reference), Steep(low, 10.0, nn.Sigmoid()), users)
    by_logit = guided_by(make(Minimax(), reference), Steep(low, 10.0, nn.Identity()), lambda s: Minimax()(s).mean())
    found, expected = last_of(by_probability).guided, last_of(by_logit).guided
    torch.testing.assert_close(found, expected, rtol=2e-2, atol=0)


def test_the_factor_stays_that_of_the_last_precise_scores() -> None:
    judge = Steep(-5.0, 10.0, nn.Sigmoid())
    seed_everything(0)
    rule = SecantFeedback(Minimax(probabilities=True), FixedReferences(FAR))
    guided = XAIGuidedGenerator(generator(), judge, rule=rule)
    samples = noise()
    for low in (-5.0, -35.0, -200.0):
        judge.low = low
        (64 * cross_entropy(judge(guided(samples)))).backward()
        state = guided.interception.state_dict()["parts"][1]["0"]["rule"]
        assert state["scale"].item() == pytest.approx(64 / len(samples), rel=1e-3)
