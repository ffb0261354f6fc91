"""Feedback by other slopes in whole trainings: neutral without a share, D undisturbed, every kind of D and of score."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from xaigrad import XAIGuidedGenerator
from xaigrad.references import FixedReferences
from xaigrad.rules import Minimax, NonSaturating, PathFeedback, SecantFeedback

from .anatomy import anatomy
from .feeding import BANK, guided_gradient
from .loops import Training, assert_same_bits, last_of, noise, random_states, seed_everything
from .networks import PAIRS, generator, smooth

pytestmark = pytest.mark.usefixtures("double")


def trained(pair: str, rule: Any = None, updates: int = 4) -> Training:
    seed_everything(0)
    training = Training(*PAIRS[pair]())
    if rule is not None:
        training.play = XAIGuidedGenerator(training.generator, training.discriminator, rule=rule)
    for _ in range(updates):
        training.step()
    return training


@pytest.mark.parametrize("make", [PathFeedback, SecantFeedback])
@pytest.mark.parametrize("pair", ["plain norm", "old spectral norm", "new spectral norm"])
def test_neutral_and_no_random_number_of_the_user_s(pair: str, make: type[Any]) -> None:
    standard = trained(pair).state()
    assert_same_bits(trained(pair, make(NonSaturating(), BANK, share=0.0)).state(), standard)
    guided = trained(pair, make(NonSaturating(), BANK)).state()
    assert any(guided[name] != standard[name] for name in standard)
    assert all(guided[name] == standard[name] for name in standard if name.startswith("random"))


@pytest.mark.parametrize("make", [PathFeedback, SecantFeedback])
def test_the_discriminator_is_not_disturbed(make: type[Any]) -> None:
    maker, judge = PAIRS["plain norm"]()
    guided = XAIGuidedGenerator(maker, judge, rule=make(NonSaturating(), BANK))
    scores = judge(guided(noise()))
    before, states = anatomy(judge), random_states()
    torch.autograd.grad(F.softplus(-scores).mean(), list(guided.parameters()))
    assert anatomy(judge) == before
    assert random_states() == states
    assert guided.explanations == 1


@pytest.mark.parametrize("make", [PathFeedback, SecantFeedback])
def test_references_are_harvested(make: type[Any]) -> None:
    training = trained("plain norm", make(NonSaturating()), updates=3)
    guided = training.play
    assert isinstance(guided, XAIGuidedGenerator)
    assert guided.explanations == 3


def test_scores_of_real_samples_that_are_low() -> None:
    """With real="low" the loss is that of the negated score, as every explainer sees it."""
    judge, reference = smooth(), FixedReferences(BANK[:1])
    high = guided_gradient(SecantFeedback(Minimax(), reference), judge, lambda s: -F.softplus(s).mean())
    negated = nn.Sequential(judge, nn.Linear(1, 1))
    with torch.no_grad():
        negated[1].weight.fill_(-1.0)
        negated[1].bias.fill_(0.0)
    seed_everything(0)
    guided = XAIGuidedGenerator(generator(), negated, rule=SecantFeedback(Minimax(), reference), real="low")
    (-F.softplus(-negated(guided(noise())))).mean().backward()
    torch.testing.assert_close(last_of(guided).guided, high.guided)


def test_a_target() -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.score = smooth()

        def forward(self, samples: Tensor) -> tuple[Tensor, Tensor]:
            return samples, self.score(samples)

    judge, reference = Two(), FixedReferences(BANK[:1])
    plain = guided_gradient(SecantFeedback(Minimax(), reference), judge.score, lambda s: -F.softplus(s).mean())
    seed_everything(0)
    rule = SecantFeedback(Minimax(), reference)
    guided = XAIGuidedGenerator(generator(), judge, rule=rule, target=lambda output, samples: output[1])
    (-F.softplus(judge(guided(noise()))[1])).mean().backward()
    torch.testing.assert_close(last_of(guided).guided, plain.guided)


def test_a_missing_target_raises_in_the_call() -> None:
    class Two(nn.Module):
        def forward(self, samples: Tensor) -> tuple[Tensor, Tensor]:
            return samples, samples

    judge = Two()
    guided = XAIGuidedGenerator(generator(), judge, rule=SecantFeedback(Minimax(), BANK))
    with pytest.raises(TypeError, match="Parameter `target` should pick one floating tensor"):
        judge(guided(noise()))


def test_without_a_discriminator_that_is_a_module() -> None:
    judge = smooth()
    guided = XAIGuidedGenerator(generator(), judge, rule=SecantFeedback(Minimax(), lambda rows, context: 0 * rows))
    samples = guided.intercept(guided(noise()), score=lambda samples: judge(samples).squeeze(1))
    Minimax()(judge.forward(samples)).mean().backward()
    assert last_of(guided).guided.any()
