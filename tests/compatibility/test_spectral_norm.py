"""Norms of weights in both networks: an explanation moves no power iteration, in training or in eval mode."""

from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

from xaigrad.explainers import DeepShap, Explainer, Saliency

from ..loops import assert_same_bits
from ..networks import FEATURES, LATENT
from .by_hand import (
    ARMS,
    Habit,
    assert_discriminator_learns_as_ever,
    assert_guided_as_by_hand,
    assert_neutral,
    trained,
)

NORMS: dict[str, Callable[..., nn.Module]] = {
    "old spectral norm": nn.utils.spectral_norm,
    "new spectral norm": parametrizations.spectral_norm,
    "several iterations": partial(parametrizations.spectral_norm, n_power_iterations=3),
    "old weight norm": nn.utils.weight_norm,
    "new weight norm": parametrizations.weight_norm,
}
EXPLAINERS: dict[str, Explainer] = {
    "Saliency": Saliency(exact=True),
    "DeepShap": DeepShap(torch.randn(20, FEATURES)),
}

pytestmark = pytest.mark.filterwarnings("ignore:.*weight_norm.*is deprecated:FutureWarning")


class Normed(Habit):
    """Every layer of both networks carries a norm; some loops put a network into eval mode for G's turn."""

    def __init__(self, norm: Callable[..., nn.Module], frozen: str = "") -> None:
        super().__init__(
            nn.Sequential(norm(nn.Linear(LATENT, 16)), nn.Tanh(), norm(nn.Linear(16, FEATURES))),
            nn.Sequential(norm(nn.Linear(FEATURES, 16)), nn.LeakyReLU(0.2, inplace=True), norm(nn.Linear(16, 1))),
        )
        self.frozen = frozen

    def turn(self, which: int) -> None:
        networks = {"G": self.generator, "D": self.discriminator}
        if self.frozen:
            networks[self.frozen].train(which == 1)
        super().turn(which)


@pytest.fixture(params=NORMS.values(), ids=NORMS)
def norm(request: pytest.FixtureRequest) -> Callable[..., nn.Module]:
    return request.param


@pytest.mark.parametrize("frozen", ["", "G", "D"])
def test_strength_0(norm: Callable[..., nn.Module], frozen: str) -> None:
    assert_neutral(partial(Normed, norm, frozen), 4)


@pytest.mark.parametrize("frozen", ["", "G", "D"])
@pytest.mark.parametrize("arm", ARMS)
def test_guided(norm: Callable[..., nn.Module], frozen: str, arm: str) -> None:
    assert assert_guided_as_by_hand(partial(Normed, norm, frozen), arm, 3).explanations == [3]


@pytest.mark.parametrize("arm", ARMS)
def test_the_discriminator_s_turn(norm: Callable[..., nn.Module], arm: str) -> None:
    assert_discriminator_learns_as_ever(partial(Normed, norm), arm)


@pytest.mark.parametrize("eval_mode", [True, False])
@pytest.mark.parametrize("explainer", EXPLAINERS.values(), ids=EXPLAINERS)
def test_explanations_move_no_power_iteration(
    norm: Callable[..., nn.Module], explainer: Explainer, eval_mode: bool
) -> None:
    """With a mask of ones, D is asked at every update and nothing may come of it."""
    habit = partial(Normed, norm)
    asked = trained(habit, 4, explainer=explainer, mask=torch.ones_like, eval_mode=eval_mode)
    assert asked.explanations == [4]
    assert_same_bits(asked.state(), trained(habit, 4).state())
