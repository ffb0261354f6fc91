"""Feedback that does not vanish: slopes of the loss over a path, or between two points, instead of the gradient."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from xaigrad import XAIGuidedGenerator
from xaigrad.explainers import Context
from xaigrad.references import FixedReferences
from xaigrad.rules import Feedback, Minimax, NonSaturating, PathFeedback, SecantFeedback

from .feeding import BANK, guided_gradient
from .loops import bits, last_of, noise, seed_everything
from .networks import FEATURES, discriminator, generator, smooth

pytestmark = pytest.mark.usefixtures("double")

LOSSES: dict[str, tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]] = {
    "minimax": (Minimax(), lambda scores: -F.softplus(scores)),
    "non-saturating": (NonSaturating(), lambda scores: F.softplus(-scores)),
    "hinge": (torch.neg, torch.neg),
    "least squares": (lambda scores: (scores - 1) ** 2, lambda scores: (scores - 1) ** 2),
}


def biased(bias: float, make: Callable[[], nn.Module] = discriminator) -> nn.Module:
    """A discriminator that is as sure as its bias."""
    judge = make()
    with torch.no_grad():
        judge[-1].bias.fill_(bias)  # type: ignore[index, union-attr, operator]
    return judge


def loss_at(judge: nn.Module, loss: Callable[[Tensor], Tensor], points: Tensor) -> Tensor:
    return loss(judge(points).squeeze(1))


@pytest.mark.parametrize("reduction", [torch.mean, torch.sum, lambda losses: 1024 * losses.mean()])
@pytest.mark.parametrize("name", LOSSES)
def test_the_start_of_the_path_is_the_gradient(name: str, reduction: Callable[[Tensor], Tensor]) -> None:
    """Hence the factor between the loss of one score and the user's loss is right, whatever its reduction or scale."""
    loss, users = LOSSES[name]
    rule = PathFeedback(loss, BANK, stretch=(0.0, 1e-9), steps=1)
    last = guided_gradient(rule, smooth(), lambda scores: reduction(users(scores)))
    torch.testing.assert_close(last.guided, last.gradient, rtol=1e-6, atol=0)


@pytest.mark.parametrize("rule", [PathFeedback, SecantFeedback])
@pytest.mark.parametrize("name", LOSSES)
def test_homogeneous_in_the_loss(rule: type[Any], name: str) -> None:
    loss, users = LOSSES[name]
    judge = smooth()
    once, scaled = (
        guided_gradient(rule(loss, BANK), judge, lambda scores, scale=scale: scale * users(scores).mean())  # type: ignore[misc]
        for scale in (1.0, 2.0**16)
    )
    torch.testing.assert_close(scaled.guided, once.guided * 2.0**16, rtol=1e-12, atol=0)


@pytest.mark.parametrize("name", LOSSES)
def test_a_secant_adds_up_to_the_loss_s_difference(name: str) -> None:
    loss, users = LOSSES[name]
    judge, reference = discriminator(), FixedReferences(BANK[:1])
    last = guided_gradient(SecantFeedback(loss, reference), judge, lambda scores: users(scores).sum())
    differences = loss_at(judge, users, last.samples) - loss_at(judge, users, BANK[:1])
    torch.testing.assert_close((last.guided * (last.samples - BANK[:1])).sum(1), differences)


def test_a_secant_is_the_mean_of_those_to_each_reference() -> None:
    judge = discriminator()
    each = [
        guided_gradient(SecantFeedback(Minimax(), FixedReferences(row[None])), judge, lambda s: Minimax()(s).sum())
        for row in BANK[:3]
    ]
    all_three = SecantFeedback(Minimax(), FixedReferences(BANK[:3]), samples=3)
    last = guided_gradient(all_three, judge, lambda scores: Minimax()(scores).sum())
    torch.testing.assert_close(last.guided, torch.stack([one.guided for one in each]).mean(0))


@pytest.mark.parametrize("stretch", [(0.0, 1.0), (0.0, 0.3), (0.4, 0.5)])
@pytest.mark.parametrize("name", LOSSES)
def test_a_path_adds_up_to_the_loss_s_difference_over_it(name: str, stretch: tuple[float, float]) -> None:
    loss, users = LOSSES[name]
    judge, reference = smooth(), BANK[:1]
    rule = PathFeedback(loss, FixedReferences(reference), stretch=stretch, steps=200, jitter=False)
    last = guided_gradient(rule, judge, lambda scores: users(scores).sum())
    start, end = (last.samples + at * (reference - last.samples) for at in stretch)
    expected = (loss_at(judge, users, end) - loss_at(judge, users, start)) / (stretch[1] - stretch[0])
    found = (last.guided * (reference - last.samples)).sum(1)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)


def test_jitter_is_unbiased_and_in_its_part_of_the_stretch() -> None:
    """The mean of 400 draws of one position is the path's mean."""
    judge, reference = smooth(), FixedReferences(BANK[:1])
    rule = PathFeedback(Minimax(), reference, stretch=(0.0, 1.0), steps=400)
    whole = PathFeedback(Minimax(), reference, stretch=(0.0, 1.0), steps=400, jitter=False)
    drawn, middle = (guided_gradient(one, judge, lambda s: Minimax()(s).sum()).guided for one in (rule, whole))
    assert not torch.equal(drawn, middle)
    torch.testing.assert_close(drawn, middle, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("make", [partial(PathFeedback, stretch=(0.0, 1.0)), SecantFeedback])
@pytest.mark.parametrize("bias", [-30.0, -60.0, -200.0, -1000.0])
def test_it_does_not_vanish(bias: float, make: Callable[..., Feedback]) -> None:
    """Where D is sure of the sample and not of the real one; at -1000 the arriving gradient is 0 itself."""

    class Sure(nn.Module):
        def forward(self, samples: Tensor) -> Tensor:
            return bias + (samples - 1000).relu().sum(1, keepdim=True) + samples.sum(1, keepdim=True)

    judge = Sure()
    real = torch.full((40, FEATURES), 1000.0 + abs(bias))
    last = guided_gradient(make(Minimax(), real), judge, lambda scores: -F.softplus(scores).mean())
    assert last.gradient.abs().max() < 1e-10
    assert (last.guided.flatten(1).norm(dim=1) > 1e-3).all()
    assert (last.guided < 0).all(), "The optimizer, which goes against it, has to go towards the real samples."
    standard = guided_gradient(
        lambda gradient, mask, strength: gradient, biased(-30.0), lambda s: -F.softplus(s).mean()
    )
    assert standard.guided.abs().max() < 1e-10


def test_the_first_part_of_the_way_may_be_as_flat_as_the_sample() -> None:
    """Which the whole way is not: the default stretch promises less."""

    class Late(nn.Module):
        def forward(self, samples: Tensor) -> Tensor:
            return 100 * (samples.mean(1, keepdim=True) - 500).relu() - 60

    real = torch.full((40, FEATURES), 1000.0)
    first, whole = (
        guided_gradient(rule, Late(), lambda scores: -F.softplus(scores).mean())
        for rule in (PathFeedback(Minimax(), real), PathFeedback(Minimax(), real, stretch=(0.0, 1.0)))
    )
    assert not first.guided.any()
    assert (whole.guided.flatten(1).norm(dim=1) > 1e-3).all()


def test_a_zero_gradient_takes_the_last_known_factor() -> None:
    seed_everything(0)
    judge = biased(0.0)
    guided = XAIGuidedGenerator(generator(), judge, rule=SecantFeedback(Minimax(), FixedReferences(BANK[:1])))
    samples = noise()
    (7 * Minimax()(judge(guided(samples)))).mean().backward()
    assert guided.interception.state_dict()["parts"][1]["0"]["rule"]["scale"] == pytest.approx(7 / 6)
    (0 * Minimax()(judge(guided(samples)))).mean().backward()
    assert guided.explanations == 2
    last = last_of(guided)
    assert not last.gradient.any()
    assert last.guided.any()
    assert guided.interception.state_dict()["parts"][1]["0"]["rule"]["scale"] == pytest.approx(7 / 6)


def test_a_zero_gradient_is_left_alone_by_other_rules() -> None:
    judge = discriminator()
    guided = XAIGuidedGenerator(generator(), judge)
    (0 * judge(guided(noise()))).mean().backward()
    assert guided.skipped == {"zero gradient": 1}


@pytest.mark.parametrize("make", [PathFeedback, SecantFeedback])
def test_share_and_strength_interpolate(make: type[Any]) -> None:
    judge, reference = smooth(), FixedReferences(BANK[:1])
    settings = {"jitter": False} if make is PathFeedback else {}
    full, half = (
        guided_gradient(make(Minimax(), reference, share=share, **settings), judge, lambda s: Minimax()(s).mean())
        for share in (1.0, 0.5)
    )
    torch.testing.assert_close(half.guided, (half.gradient + full.guided) / 2)
    seed_everything(0)
    guided = XAIGuidedGenerator(
        generator(), judge, rule=make(Minimax(), reference, **settings), schedule=lambda update: 0.5
    )
    Minimax()(judge(guided(noise()))).mean().backward()
    torch.testing.assert_close(last_of(guided).guided, half.guided)


@pytest.mark.parametrize("make", [PathFeedback, SecantFeedback])
@given(strength=st.floats(0, 1))
def test_without_a_share_it_is_the_gradient_to_the_bit(make: type[Any], strength: float) -> None:
    gradient = torch.randn(3, 4)
    context = Context(gradient, 0, 0, torch.Generator())
    assert bits(make(Minimax(), BANK, share=0.0)(gradient, gradient, strength, context)) == bits(gradient)
    assert bits(make(Minimax(), BANK)(gradient, gradient, 0.0, context)) == bits(gradient)


def test_probabilities() -> None:
    """A D that ends in a sigmoid, with the loss of probabilities, has the slopes of its logits."""
    logits = discriminator()
    judge = nn.Sequential(logits, nn.Sigmoid())
    reference = FixedReferences(BANK[:1])
    by_probability = guided_gradient(
        SecantFeedback(Minimax(probabilities=True), reference), judge, lambda p: torch.log(1 - p).mean()
    )
    by_logit = guided_gradient(SecantFeedback(Minimax(), reference), logits, lambda s: -F.softplus(s).mean())
    torch.testing.assert_close(by_probability.guided, by_logit.guided)


@pytest.mark.parametrize("probabilities", [False, True])
@pytest.mark.parametrize("loss", [Minimax, NonSaturating])
@given(score=st.floats(-30, 30))
def test_losses(loss: Any, probabilities: bool, score: float) -> None:
    logit = torch.tensor([score], dtype=torch.float64)
    p = logit.sigmoid()
    expected = torch.log(1 - p) if loss is Minimax else -torch.log(p)
    if abs(score) < 12:
        torch.testing.assert_close(loss(probabilities)(p if probabilities else logit), expected, rtol=1e-9, atol=1e-12)
    assert loss(True)(torch.tensor([0.0, 1.0])).isfinite().all()


def test_the_mask_has_no_part() -> None:
    judge, reference = smooth(), FixedReferences(BANK[:1])
    one, other = (
        guided_gradient(rule, judge, lambda s: Minimax()(s).mean())
        for rule in (
            SecantFeedback(Minimax(), reference),
            lambda g, m, s, c: SecantFeedback(Minimax(), reference)(g, 0 * m, s, c),
        )
    )
    assert torch.equal(one.guided, other.guided)


def test_what_is_not_finite_stays_so() -> None:
    judge = smooth()
    last = guided_gradient(SecantFeedback(Minimax(), BANK), judge, lambda s: Minimax()(s).mean() * torch.inf)
    assert not last.guided.isfinite().any()


ERRORS: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: PathFeedback(0.3, BANK), TypeError, "Parameter `loss` should be a callable. Found 0.3."),  # type: ignore[arg-type]
    (lambda: PathFeedback(Minimax(), BANK, 2.0), ValueError, "Parameter `share` should be a number in [0, 1]. Found 2"),
    (
        lambda: PathFeedback(Minimax(), BANK, stretch=(0.5, 0.2)),
        ValueError,
        "Parameter `stretch` should be two numbers",
    ),
    (
        lambda: PathFeedback(Minimax(), BANK, stretch=(0.0, 1.5)),
        ValueError,
        "Parameter `stretch` should be two numbers",
    ),
    (lambda: PathFeedback(Minimax(), BANK, steps=0), ValueError, "Parameter `steps` should be a whole number of at l"),
    (lambda: PathFeedback(Minimax(), BANK, rows=0), ValueError, "Parameter `rows` should be a whole number of at l"),
    (lambda: SecantFeedback(Minimax(), BANK, samples=0), ValueError, "Parameter `samples` should be a whole number"),
    (lambda: SecantFeedback(Minimax(), BANK, check="no"), ValueError, "Parameter `check` should be"),
    (lambda: SecantFeedback(Minimax(), 3), TypeError, "Parameter `references` should be a tensor of real samples"),
]


@pytest.mark.parametrize(("make", "kind", "message"), ERRORS)
def test_errors(make: Callable[[], Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=re.escape(message)):
        make()


@pytest.mark.parametrize("make", [PathFeedback, SecantFeedback])
def test_a_loss_that_is_a_mean(make: type[Any]) -> None:
    judge = smooth()
    guided = XAIGuidedGenerator(generator(), judge, rule=make(lambda scores: F.softplus(-scores).mean(), BANK))
    with pytest.raises(ValueError, match=r"Parameter `loss` should give one loss per score, of shape .* Leave out the"):
        judge(guided(noise())).mean().backward()


def test_equality_and_repr() -> None:
    zeros = FixedReferences(BANK[:1])
    assert SecantFeedback(Minimax(), zeros) == SecantFeedback(Minimax(), zeros) != SecantFeedback(Minimax(), zeros, 0.5)
    assert PathFeedback(Minimax(), zeros) != PathFeedback(NonSaturating(), zeros)
    assert repr(SecantFeedback(Minimax())) == (
        "SecantFeedback(loss=Minimax(probabilities=False), references=HarvestedReferences(size=256), share=1.0, "
        "samples=1, check='raise')"
    )
    assert "stretch=(0.0, 0.3)" in repr(PathFeedback(Minimax()))
    assert Feedback(Minimax()) == Feedback(Minimax())
    with pytest.raises(NotImplementedError):
        Feedback(Minimax()).slope(torch.neg, Context(BANK, 0, 0, torch.Generator()))
