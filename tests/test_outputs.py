"""Whatever the discriminator returns can be explained, or the user's own call of it says what is missing."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from xaigrad import XAIGuidedGenerator
from xaigrad.explainers import DeepShap, Explainer, Saliency

from .loops import last_of, noise, raised_in
from .networks import FEATURES, LATENT, Lambda, discriminator, generator

EXPLAINERS: dict[str, Explainer] = {
    "exact": Saliency(exact=True),
    "DeepShap": DeepShap(torch.randn(20, FEATURES)),
}


def outputs(shape: Callable[[Tensor], Any], width: int = 3) -> nn.Module:
    """A discriminator whose hidden features take some shape."""
    body = nn.Sequential(nn.Linear(FEATURES, 16), nn.Tanh(), nn.Linear(16, width))
    return Lambda(lambda body, samples: shape(body(samples)), body)


SHAPES: dict[str, tuple[int, Callable[[Tensor], Tensor]]] = {
    "(N, 1)": (1, lambda hidden: hidden),
    "(N,)": (1, lambda hidden: hidden[:, 0]),
    "(N, 1, 1, 1)": (1, lambda hidden: hidden[:, :, None, None]),
    "patches": (16, lambda hidden: hidden.view(-1, 1, 4, 4)),
    "scales": (3, lambda hidden: hidden),
    "batch mean": (1, lambda hidden: hidden.mean()),
    "packed": (1, lambda hidden: hidden.view(-1, 3).mean(1)),
}


@pytest.mark.parametrize("explainer", ["exact", "DeepShap"])
@pytest.mark.parametrize(("width", "shape"), SHAPES.values(), ids=SHAPES)
def test_any_shape_of_output(width: int, shape: Callable[[Tensor], Tensor], explainer: str) -> None:
    judge = outputs(shape, width)
    guided = XAIGuidedGenerator(generator(), judge, explainer=EXPLAINERS[explainer])
    samples = guided(noise())
    judge(samples).sum().backward()
    points = samples.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(judge(points).sum(), points)
    torch.testing.assert_close(last_of(guided).gradient, gradient)
    if explainer == "exact":
        torch.testing.assert_close(last_of(guided).attribution, gradient)
    assert guided.fallbacks == 0


TARGETS: dict[str, tuple[Callable[[Tensor], Any], Callable[..., Tensor]]] = {
    "tuple": (lambda hidden: (hidden[:, :1], hidden[:, 1:]), lambda output, samples: output[0]),
    "dict": (lambda hidden: {"score": hidden[:, :1]}, lambda output, samples: output["score"]),
    "nested": (lambda hidden: [[hidden[:, 1:]], hidden[:, :1]], lambda output, samples: output[1]),
    "class": (lambda hidden: hidden, lambda output, samples: output[:, 0]),
}


@pytest.mark.parametrize(("shape", "target"), TARGETS.values(), ids=TARGETS)
def test_target(shape: Callable[[Tensor], Any], target: Callable[..., Tensor]) -> None:
    """The first of three hidden features is the score, wherever D puts it."""
    judge = outputs(shape)
    guided = XAIGuidedGenerator(generator(), judge, explainer=Saliency(exact=True), target=target)
    samples = guided(noise())
    target(judge(samples), samples).sum().backward()
    points = samples.detach().requires_grad_()
    (expected,) = torch.autograd.grad(judge.parts[0](points)[:, 0].sum(), points)
    torch.testing.assert_close(last_of(guided).attribution, expected)


def test_target_sees_the_samples() -> None:
    judge = outputs(lambda hidden: hidden, FEATURES)

    def energy(output: Tensor, samples: Tensor) -> Tensor:
        return -(output - samples).square()

    guided = XAIGuidedGenerator(generator(), judge, explainer=Saliency(exact=True), target=energy)
    samples = guided(noise())
    energy(judge(samples), samples).sum().backward()
    points = samples.detach().requires_grad_()
    (expected,) = torch.autograd.grad(energy(judge(points), points).sum(), points)
    torch.testing.assert_close(last_of(guided).attribution, expected)


WITHOUT_TARGET: dict[str, tuple[Callable[[Tensor], Any], str]] = {
    "tuple": (
        lambda hidden: (hidden, hidden),
        "a tuple of [a tensor of shape (6, 3) and dtype torch.float32, a tensor",
    ),
    "dict": (lambda hidden: {"real": hidden}, "a dict of {'real': a tensor of shape (6, 3) and dtype torch.float32}"),
    "list": (lambda hidden: [hidden, 3], "a list of [a tensor of shape (6, 3) and dtype torch.float32, an object of"),
    "integers": (lambda hidden: hidden.long(), "a tensor of shape (6, 3) and dtype torch.int64"),
    "nothing": (lambda hidden: None, "an object of type NoneType"),
}


@pytest.mark.parametrize("explainer", ["exact", "DeepShap"])
@pytest.mark.parametrize(("shape", "found"), WITHOUT_TARGET.values(), ids=WITHOUT_TARGET)
def test_an_output_that_needs_a_target(shape: Callable[[Tensor], Any], found: str, explainer: str) -> None:
    judge = outputs(shape)
    guided = XAIGuidedGenerator(generator(), judge, explainer=EXPLAINERS[explainer])
    samples = guided(noise())
    with pytest.raises(TypeError) as raised:
        judge(samples)
    assert raised_in(raised.value, __file__, "judge(samples)")
    message = f"Found that the discriminator returned {found}".replace("torch.float32", str(samples.dtype))
    assert message in str(raised.value)
    assert str(raised.value).startswith("Parameter `target` should pick one floating tensor")
    assert str(raised.value).endswith("For example target=lambda output, samples: output[0].")


def test_a_target_that_picks_no_tensor() -> None:
    judge = outputs(lambda hidden: (hidden, [hidden]))
    target = TARGETS["nested"][1]
    guided = XAIGuidedGenerator(generator(), judge, explainer=Saliency(exact=True), target=target)
    with pytest.raises(TypeError, match=r"Found that it returned a list of \[a tensor of shape \(6, 3\)") as raised:
        judge(guided(noise()))
    assert raised_in(raised.value, __file__, "judge(guided(noise()))")


def test_a_target_that_raises() -> None:
    judge = outputs(lambda hidden: (hidden,))
    guided = XAIGuidedGenerator(generator(), judge, explainer=Saliency(exact=True), target=TARGETS["nested"][1])
    with pytest.raises(IndexError):
        judge(guided(noise()))


@pytest.mark.parametrize("order", [1, -1])
def test_every_discriminator_is_checked_in_its_own_call(order: int) -> None:
    fine, judge = discriminator(), outputs(lambda hidden: (hidden, hidden))
    guided = XAIGuidedGenerator(generator(), [fine, judge][::order], explainer=Saliency(exact=True))
    samples = guided(noise())
    fine(samples)
    with pytest.raises(TypeError, match="Parameter `target`") as raised:
        judge(samples)
    assert raised_in(raised.value, __file__, "judge(samples)")


def test_an_output_of_the_samples_own_shape() -> None:
    judge = outputs(lambda hidden: hidden, FEATURES)
    guided = XAIGuidedGenerator(generator(), judge, explainer=Saliency(exact=True))
    samples = guided(noise())
    message = r"Parameter `target` should say what to explain of an output of the samples' own shape\. Found a tensor "
    with pytest.raises(ValueError, match=message + r"of shape \(6, 8\)") as raised:
        judge(samples)
    assert raised_in(raised.value, __file__, "judge(samples)")


def test_one_feature_and_one_score() -> None:
    """Then the shapes agree, and there is nothing to doubt."""
    maker, judge = nn.Linear(LATENT, 1), nn.Linear(1, 1)
    guided = XAIGuidedGenerator(maker, judge, explainer=Saliency(exact=True))
    judge(guided(noise())).sum().backward()
    assert guided.explanations == 1


def test_fused_explainers_take_any_output() -> None:
    judge = outputs(lambda hidden: (hidden, {"more": hidden}))
    guided = XAIGuidedGenerator(generator(), judge)
    judge(guided(noise()))[1]["more"].sum().backward()
    assert guided.explanations == 1


def test_an_error_of_the_discriminator_leaves_nothing_behind() -> None:
    judge = outputs(lambda hidden: hidden)
    guided = XAIGuidedGenerator(generator(), judge, explainer=Saliency(exact=True))
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        judge(torch.cat([guided(noise())] * 2, 1))
    judge(guided(noise())).sum().backward()
    assert guided.explanations == 1
