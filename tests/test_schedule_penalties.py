"""Gradient penalties ask D, too: their calls are no verdicts, and do not hide those of the loss."""

import pytest
import torch
from torch import Tensor

from .judging import Judging, judging
from .loops import noise
from .networks import FEATURES


def slope(playing: Judging, points: Tensor, scores: Tensor) -> Tensor:
    (gradient,) = torch.autograd.grad(scores.sum(), points, create_graph=True)
    return gradient.square().sum(1).mean()


@pytest.mark.parametrize("name", ["logits", "probabilities", "hinge"])
def test_gradient_penalty(name: str) -> None:
    """Whose own calls are no verdicts; in one backward pass with the loss, or in one of its own."""
    playing = judging(name)

    def penalty() -> Tensor:
        points = (torch.randn(6, FEATURES) + playing.guided(noise()).detach()).requires_grad_()
        return slope(playing, points, playing.scores(points))

    for turn in range(6):
        playing.step(lambda: playing.judging() + penalty(), make=False)
        playing.step(lambda: penalty() + playing.judging(), make=turn % 2 == 0)
        playing.step(penalty)
    playing.assert_as_by_hand()


@pytest.mark.parametrize("name", ["logits", "hinge"])
@pytest.mark.parametrize("first", ["penalty", "loss"])
def test_penalty_on_the_real_samples_own_call(name: str, first: str) -> None:
    playing = judging(name)

    def regularised() -> Tensor:
        real = (torch.randn(6, FEATURES) + 1).requires_grad_()
        scores = playing.by_hand(playing.scores(real), True)
        loss = playing.losses[0](scores)
        if first == "loss":
            loss.backward(retain_graph=True)
            return slope(playing, real, scores)
        return loss + slope(playing, real, scores)

    for _ in range(5):
        playing.step(regularised)
        playing.step()
    playing.assert_as_by_hand()


def test_penalty_and_loss_mixed_up_at_a_sigmoid() -> None:
    """There the penalty's own gradient comes back to the score: such a call is left out."""
    playing = judging("probabilities")

    def regularised() -> Tensor:
        real = torch.randn(6, FEATURES).requires_grad_()
        scores = playing.scores(real)
        return slope(playing, real, scores) + playing.losses[0](scores)

    for _ in range(5):
        playing.step(regularised)
        playing.step()
    playing.assert_as_by_hand()
