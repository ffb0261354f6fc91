"""Parts that take a context: what they are told, and what they may ask."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor, nn

from xaigrad import Guidance, XAIGuidedGenerator
from xaigrad._checks import takes_context
from xaigrad.explainers import Context, DeepShap, Saliency
from xaigrad.masks import AbsNormalize
from xaigrad.rules import Multiply

from .anatomy import anatomy
from .loops import last_of, noise
from .networks import DISCRIMINATORS, FEATURES, Lambda, discriminator, generator, smooth

BANK = torch.randn(20, FEATURES, generator=torch.Generator().manual_seed(1))


class Counted(nn.Module):
    """A discriminator that counts how often it is asked."""

    calls: ClassVar = [0]

    def __init__(self) -> None:
        super().__init__()
        self.layers = smooth()

    def forward(self, samples: Tensor) -> Any:
        self.calls[0] += 1
        return self.layers(samples)


@dataclass(frozen=True)
class Gate:
    """Looks at the scores."""

    asks: bool = True
    seen: list[Tensor] = field(default_factory=list, compare=False)

    def __call__(self, attribution: Tensor, context: Context) -> Tensor:
        self.seen.append(context.scores)
        return torch.where(context.scores.view(-1, 1) < 0, attribution, torch.ones_like(attribution))


@pytest.mark.parametrize(
    ("part", "plain", "expected"),
    [
        (lambda mask: mask, 1, False),
        (lambda mask, context: mask, 1, True),
        (lambda mask, power=2: mask, 1, False),
        (lambda *anything: anything, 1, False),
        (torch.abs, 1, False),
        (abs, 1, False),
        (AbsNormalize(), 1, False),
        (Gate(), 1, True),
        (Multiply(), 3, False),
        (lambda gradient, mask, strength, context: gradient, 3, True),
        (lambda update: 1.0, 1, False),
        (lambda update, verdicts: 1.0, 1, True),
    ],
)
def test_who_takes_a_context(part: Any, plain: int, expected: bool) -> None:
    assert takes_context(part, plain) is expected


def test_what_transforms_and_rules_are_told() -> None:
    told: list[Context] = []

    def transform(attribution: Tensor, context: Context) -> Tensor:
        told.append(context)
        return attribution

    def rule(gradient: Tensor, mask: Tensor, strength: float, context: Context) -> Tensor:
        told.append(context)
        assert torch.equal(gradient, context.gradient)
        return gradient * mask

    judge = Lambda(lambda layers, samples, label: layers(samples) + label, discriminator())
    guided = XAIGuidedGenerator(generator(), judge, mask=[torch.abs, transform], rule=rule)
    samples, labels = guided(noise()), torch.randn(6, 1)
    judge(samples, labels).sum().neg().backward()
    last = last_of(guided)
    for context in told:
        assert torch.equal(context.samples, samples)
        assert torch.equal(context.attribution, last.attribution)
        assert not context.samples.requires_grad
        assert context.discriminator is judge
        assert torch.equal(context.args[1], labels)
        assert (context.update, context.explanation) == (0, 0)
    assert len(told) == 2


def test_scores_are_those_of_the_user_s_own_call() -> None:
    judge, gate = Counted(), Gate()
    guided = XAIGuidedGenerator(generator(), judge, mask=gate)
    Counted.calls[0] = 0
    scores = judge(guided(noise()))
    scores.sum().backward()
    assert Counted.calls[0] == 1
    assert torch.equal(gate.seen[0], scores.detach().flatten())


def test_scores_are_asked_again_where_they_were_written_into() -> None:
    judge, gate = Counted(), Gate()
    guided = XAIGuidedGenerator(generator(), judge, mask=gate)
    Counted.calls[0] = 0
    scores = judge(guided(noise()))
    before = scores.detach().clone().flatten()
    (scores.mul_(3) + 1).sum().backward()
    assert Counted.calls[0] == 2
    torch.testing.assert_close(gate.seen[0], before)


def test_scores_of_a_part_that_does_not_say_that_it_asks() -> None:
    """A plain function may ask as well; D is asked once more."""
    seen: list[Tensor] = []

    def transform(attribution: Tensor, context: Context) -> Tensor:
        seen.append(context.scores)
        assert context.scores is seen[-1]
        return attribution

    judge = Counted()
    guided = XAIGuidedGenerator(generator(), judge, mask=transform)
    Counted.calls[0] = 0
    scores = judge(guided(noise()))
    scores.sum().backward()
    assert Counted.calls[0] == 2
    torch.testing.assert_close(seen[0], scores.detach().flatten())


def test_scores_are_high_for_real_samples() -> None:
    judge, gate = smooth(), Gate()
    guided = XAIGuidedGenerator(generator(), judge, mask=gate, real="low")
    scores = judge(guided(noise()))
    scores.sum().backward()
    assert torch.equal(gate.seen[0], -scores.detach().flatten())


def test_several_scores_per_sample_are_summed_and_too_few_are_told() -> None:
    judge, gate = nn.Linear(FEATURES, 3), Gate()
    guided = XAIGuidedGenerator(generator(), judge, mask=gate)
    scores = judge(guided(noise()))
    scores.sum().backward()
    torch.testing.assert_close(gate.seen[0], scores.detach().sum(1))
    packed = Lambda(lambda layers, samples: layers(samples.reshape(3, -1)), nn.Linear(2 * FEATURES, 1))
    guided = XAIGuidedGenerator(generator(), packed, mask=Gate())
    with pytest.raises(ValueError, match=r"should give one score per sample, 6 of them, .* of shape \(3,\)"):
        packed(guided(noise())).sum().backward()


def test_a_tuple_without_a_target_raises_in_the_call_if_a_mask_asks() -> None:
    judge = Lambda(lambda layers, samples: (samples, layers(samples)), smooth())
    guided = XAIGuidedGenerator(generator(), judge, mask=Gate())
    with pytest.raises(TypeError, match="Parameter `target` should pick one floating tensor"):
        judge(guided(noise()))


def test_what_another_explainer_says() -> None:
    other, said = DeepShap(BANK), []

    def agreed(attribution: Tensor, context: Context) -> Tensor:
        said.extend([context.explain(other), context.explain(other), context.explain(Saliency())])
        return attribution.abs() * said[-1].abs()

    judge = Counted()
    guided = XAIGuidedGenerator(generator(), judge, explainer=Saliency(exact=True), mask=agreed)
    Counted.calls[0] = 0
    judge(guided(noise())).sum().backward()
    asked = Counted.calls[0]
    assert said[0] is said[1]
    assert not said[0].requires_grad
    assert torch.equal(said[2], -last_of(guided).gradient)
    alone = XAIGuidedGenerator(generator(), judge, explainer=other)
    Counted.calls[0] = 0
    judge(alone(noise())).sum().backward()
    assert asked == 1 + 1 + Counted.calls[0] - 1, "The user's call, the explainer's, and the other explainer's."


@dataclass(frozen=True)
class Unhashable:
    """Explains by the gradient of the score."""

    settings: list[int]

    def __call__(self, score: Any, samples: Tensor, context: Context) -> Tensor:
        return Saliency(exact=True)(score, samples, context)


@pytest.mark.parametrize("make", [lambda: Saliency(exact=True), lambda one=Unhashable([1]): one])
def test_the_guidance_s_own_explainer_is_not_asked_twice(make: Callable[[], Any]) -> None:
    """Nor is one that equals it."""
    judge = Counted()
    guided = XAIGuidedGenerator(
        generator(), judge, explainer=make(), mask=lambda attribution, context: context.explain(make())
    )
    Counted.calls[0] = 0
    judge(guided(noise())).sum().backward()
    assert Counted.calls[0] == 2
    assert torch.equal(last_of(guided).mask, last_of(guided).attribution)


@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_asking_from_a_mask_and_from_a_rule_disturbs_nothing(name: str) -> None:
    def rule(gradient: Tensor, mask: Tensor, strength: float, context: Context) -> Tensor:
        with context.asking() as score:
            score(context.samples + 1)
        raise KeyError

    judge = DISCRIMINATORS[name]()
    guided = XAIGuidedGenerator(generator(), judge, mask=lambda mask, c: c.scores.view(-1, 1) * mask, rule=rule)
    loss = judge(guided(noise())).sum()
    before = anatomy(judge)
    with pytest.raises(KeyError):
        torch.autograd.grad(loss, list(guided.parameters()))
    assert anatomy(judge) == before


def test_reports() -> None:
    def transform(attribution: Tensor, context: Context) -> Tensor:
        context.reports["largest"] = attribution.max()
        return attribution

    judge = discriminator()
    guided = XAIGuidedGenerator(generator(), judge, mask=transform)
    judge(guided(noise())).sum().backward()
    assert last_of(guided).reports == {"largest": last_of(guided).attribution.max()}


@pytest.mark.parametrize("name", ["scores", "explain"])
def test_a_context_made_by_hand(name: str) -> None:
    context = Context(BANK, 0, 0, torch.Generator(), samples=BANK)
    with pytest.raises(RuntimeError, match="made by hand should have `asking`"):
        _ = context.scores if name == "scores" else context.explain(Saliency(exact=True))


BAD: list[tuple[str, Callable[..., Any], str]] = [
    ("mask", lambda attribution, context: None, "Parameter `mask` should give a tensor of the samples' shape (6, 8)."),
    ("mask", lambda attribution, context: torch.ones(5), "Parameter `mask` should give a tensor of the samples' shape"),
    (
        "rule",
        lambda g, m, s, c: 3,
        "Parameter `rule` should give a tensor of the samples' shape (6, 8). Found an object",
    ),
    (
        "rule",
        lambda g, m, s, c: torch.ones(7),
        "Parameter `rule` should give a tensor of the samples' shape (6, 8), or",
    ),
]


@pytest.mark.parametrize(("name", "part", "message"), BAD)
def test_what_a_part_may_not_give(name: str, part: Callable[..., Any], message: str) -> None:
    judge = discriminator()
    guided = XAIGuidedGenerator(generator(), judge, **{name: part})
    with pytest.raises((TypeError, ValueError), match=re.escape(message)):
        judge(guided(noise())).sum().backward()


def test_a_contextual_transform_without_its_context() -> None:
    with pytest.raises(TypeError, match="context"):
        Guidance(mask=Gate()).transform(torch.ones(2, 2))
