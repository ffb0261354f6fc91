"""Whatever the discriminator is given beside a sample, the explainer asks the user's own question again."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from xaigrad import XAIGuidedGenerator
from xaigrad.explainers import Context, DeepShap, Saliency, Score
from xaigrad.references import RandomReferences

from .loops import last_of, noise, real
from .networks import FEATURES, Lambda, generator, smooth


class Conditional(nn.Module):
    """Its score of a sample depends on a label, a condition image and a scale."""

    def __init__(self) -> None:
        super().__init__()
        self.labels = nn.Embedding(3, FEATURES)
        self.score = smooth()

    def forward(
        self, samples: Tensor, labels: Tensor, *, condition: Tensor | None = None, scale: float = 1.0
    ) -> Tensor:
        condition = torch.zeros_like(samples) if condition is None else condition
        scores: Tensor = self.score(samples * self.labels(labels) * scale + condition.tanh() * samples)
        return scores


LABELS = torch.tensor([0, 1, 2, 2, 1, 0])
CALLS: dict[str, Callable[[nn.Module, Tensor, Tensor], Tensor]] = {
    "positional": lambda judge, samples, _: judge(samples, LABELS.to(samples.device)),
    "keyword": lambda judge, samples, _: judge(samples, labels=LABELS.to(samples.device), scale=0.5),
    "all by keyword": lambda judge, samples, condition: judge(
        condition=condition, labels=LABELS.to(samples.device), samples=samples
    ),
}


@pytest.mark.parametrize("ask", CALLS.values(), ids=CALLS)
def test_the_user_s_question_is_asked_again(ask: Callable[[nn.Module, Tensor, Tensor], Tensor]) -> None:
    judge, condition, scores = Conditional(), real(6), []

    def look(score: Score, samples: Tensor, context: Context) -> Tensor:
        scores.append(score(samples))
        return samples

    guided = XAIGuidedGenerator(generator(), judge, explainer=look)
    output = ask(judge, guided(noise()), condition)
    output.sum().backward()
    assert torch.equal(scores[0], output.detach()[:, 0])


@pytest.mark.parametrize("ask", CALLS.values(), ids=CALLS)
def test_labels_go_with_their_samples_for_several_references(ask: Callable[..., Tensor]) -> None:
    bank, judge, condition = real(), Conditional(), real(6)
    guided = XAIGuidedGenerator(generator(), judge, explainer=DeepShap(bank, samples=3))
    ask(judge, guided(noise()), condition).sum().backward()
    rng = torch.Generator().manual_seed(0)
    expected = DeepShap(
        RandomReferences(bank).__call__, samples=3
    )(  # As a plain function: a reference of its own each.
        lambda rows: torch.cat([ask(judge, part, condition)[:, 0] for part in rows.split(6)]),
        last_of(guided).samples,
        Context(torch.zeros(1), 0, 0, rng),
    )
    torch.testing.assert_close(last_of(guided).attribution, expected)


def test_context() -> None:
    judge, contexts = Conditional(), []

    def look(score: Score, samples: Tensor, context: Context) -> Tensor:
        contexts.append(context)
        return samples

    guided = XAIGuidedGenerator(generator(), judge, explainer=look)
    for _ in range(2):
        judge(guided(noise()), LABELS, scale=2.0).sum().backward()
    first, second = contexts
    assert [first.update, first.explanation, second.explanation] == [0, 0, 1]
    assert torch.equal(second.gradient, last_of(guided).gradient)
    assert torch.equal(second.args[0], last_of(guided).samples)
    assert torch.equal(second.args[1], LABELS)
    assert second.kwargs == {"scale": 2.0}
    assert not second.args[0].requires_grad


def pairwise(score: nn.Module, first: Tensor, second: Tensor) -> Tensor:
    scores: Tensor = score(first * second.tanh())
    return scores


def test_two_generated_inputs_in_one_call() -> None:
    """Each is explained with the other held."""
    judge, maker = Lambda(pairwise, smooth()), generator()
    guided = XAIGuidedGenerator(maker, judge, explainer=Saliency(exact=True))
    first, second = maker(noise()), maker(noise())
    for samples in (first, second):
        samples.retain_grad()
    judge(first, second).sum().backward()
    assert guided.explanations == 2
    points = [samples.detach().requires_grad_() for samples in (first, second)]
    for samples, gradient in zip((first, second), torch.autograd.grad(judge(*points).sum(), points), strict=True):
        torch.testing.assert_close(samples.grad, gradient * gradient.abs() / gradient.abs().amax(1, keepdim=True))


def test_a_generated_input_beside_a_real_one() -> None:
    judge, maker, images = Lambda(pairwise, smooth()), generator(), real(6).requires_grad_()
    guided = XAIGuidedGenerator(maker, judge, mask=torch.zeros_like)
    judge(images, maker(noise())).sum().backward()
    assert guided.explanations == 1
    assert images.grad is not None
    assert images.grad.any()


def test_nested_inputs() -> None:
    """Scales in a list, a mask in a dictionary."""

    def multiscale(score: nn.Module, inputs: dict[str, Any]) -> Tensor:
        scores: Tensor = score(sum(inputs["scales"]) * inputs["mask"])
        return scores

    judge, maker = Lambda(multiscale, smooth()), generator()
    guided = XAIGuidedGenerator(maker, judge, explainer=Saliency(exact=True))
    judge({"scales": [maker(noise()), (maker(noise()))], "mask": torch.ones(6, 1)}).sum().backward()
    assert guided.explanations == 2


def test_integers_and_constants_pass() -> None:
    def with_step(score: nn.Module, samples: Tensor, step: int, alpha: float | None, name: str) -> Tensor:
        assert (step, alpha, name) == (3, None, "fine")
        scores: Tensor = score(samples)
        return scores

    judge = Lambda(with_step, smooth())
    guided = XAIGuidedGenerator(generator(), judge, explainer=Saliency(exact=True))
    judge(guided(noise()), 3, alpha=None, name="fine").sum().backward()
    assert guided.explanations == 1
