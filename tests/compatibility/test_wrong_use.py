"""Every wrong use raises in the user's own line, and says the cure."""

import copy
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from xaigrad import XAIGuidedGenerator, guide
from xaigrad.explainers import DeepShap, ExpectedGradients, Explainer, IntegratedGradients, Occlusion, Saliency
from xaigrad.references import FixedReferences
from xaigrad.schedules import StartAfter

from ..anatomy import anatomy
from ..loops import noise, raised_in, real
from ..networks import FEATURES, Lambda, discriminator, generator

EXACT = Saliency(exact=True)


def raises_in(line: str, kind: type[Exception], message: str, run: Callable[[], Any]) -> BaseException:
    """Run, and return what was raised, in that line of this file."""
    with pytest.raises(kind, match=message) as raised:
        run()
    assert raised_in(raised.value, __file__, line)
    return raised.value


def test_an_output_that_is_not_understood() -> None:
    maker, judge = generator(), Lambda(lambda body, samples: (body(samples), samples), discriminator())
    guided = XAIGuidedGenerator(maker, judge, explainer=EXACT)
    message = r"Parameter `target` should pick one floating tensor of the discriminator's output\. Found .* a tuple of "
    raises_in("judge(guided(", TypeError, message, lambda: judge(guided(noise())))


TARGETS: dict[str, tuple[Callable[[Tensor, Tensor], Tensor], tuple[int, ...]]] = {
    "the first row": (lambda output, samples: output[0], (1,)),
    "the mean": (lambda output, samples: output.mean(), ()),
    "features first": (lambda output, samples: output.T, (1, 6)),
    "half of the batch": (lambda output, samples: output[:3], (3, 1)),
    "twice the batch": (lambda output, samples: torch.cat([output, output]), (12, 1)),
}


@pytest.mark.parametrize("explainer", [EXACT, DeepShap(torch.zeros(4, FEATURES)), DeepShap()], ids=str)
@pytest.mark.parametrize(("target", "shape"), TARGETS.values(), ids=TARGETS)
def test_a_target_of_the_wrong_shape(target: Any, shape: tuple[int, ...], explainer: Explainer) -> None:
    maker, judge = generator(), discriminator()
    guided = XAIGuidedGenerator(maker, judge, explainer=explainer, target=target)
    message = r"Parameter `target` should give one row per sample, 6 of them\. Found a tensor of shape "
    message += rf"{re.escape(str(shape))} .* Keep the batch: of a tensor, output\[:, 0\] is a column"
    raises_in("judge(guided(", ValueError, message, lambda: judge(guided(noise())))


COMPARING = {kind.__name__: kind for kind in (DeepShap, IntegratedGradients, ExpectedGradients, Occlusion)}


@pytest.mark.parametrize("kind", COMPARING.values(), ids=COMPARING)
@pytest.mark.parametrize("shape", [(6, 3), (6, 1, FEATURES), (6, FEATURES, 1)], ids=str)
@pytest.mark.parametrize(
    "bank", [torch.zeros, lambda shape: FixedReferences(torch.zeros(shape))], ids=["random", "fixed"]
)
def test_references_of_the_wrong_shape(kind: Any, shape: tuple[int, ...], bank: Callable[..., Any]) -> None:
    maker, judge = generator(), discriminator()
    guided = XAIGuidedGenerator(maker, judge, explainer=kind(references=bank(shape)))
    message = (
        rf"Parameter `references` should give references of shape \(6, {FEATURES}\)\. Found .* Reshape the real samp"
    )
    raises_in("judge(guided(", ValueError, message, lambda: judge(guided(noise())))


@pytest.mark.parametrize("kind", COMPARING.values(), ids=COMPARING)
def test_a_reference_function_of_the_wrong_shape(kind: Any) -> None:
    """It is not called before the gradient arrives."""
    maker, judge = generator(), discriminator()
    guided = XAIGuidedGenerator(maker, judge, explainer=kind(references=lambda samples, context: torch.zeros(6, 3)))
    loss = judge(guided(noise())).sum()
    message = rf"Parameter `references` should give references of shape \(6, {FEATURES}\)\. Found \(6, 3\)"
    raises_in("loss.backward()", ValueError, message, lambda: loss.backward())


Judge = Callable[[Tensor], Tensor]
ELSEWHERE: dict[str, tuple[Callable[[Any], Judge], int]] = {
    "a copy": (copy.deepcopy, 0),
    "past its hooks": (lambda judge: judge.forward, 0),
    "its layers": (lambda judge: lambda samples: judge[2](judge[1](judge[0](samples))), 0),
    "detached": (lambda judge: lambda samples: judge(samples.detach()) + samples.mean(1, keepdim=True), 1),
    "without gradients": (
        lambda judge: lambda samples: torch.no_grad()(judge)(samples) + samples.mean(1, keepdim=True),
        0,
    ),
    "of the real samples alone": (lambda judge: lambda samples: judge(real(6)) - samples.mean(1, keepdim=True), 1),
}
UNJUDGED = (
    r"Parameter `discriminator` should be the module that judges what `generator` makes\. Found that 10 updates of the "
    r"generator went by without it: it was called {calls} times, .* Pass the generator first, then the very module .*"
    r"use intercept\(\).* use paused\(\) or schedule=StartAfter\(updates\)\."
)


class Loop:
    """Trains a generator by what some judge says, and another network beside it unless it is alone."""

    def __init__(self, maker: nn.Module | None = None) -> None:
        self.maker, self.other = maker or generator(), discriminator()
        self.optimizers = [torch.optim.Adam(network.parameters()) for network in (self.maker, self.other)]

    def train(self, judge: Judge, updates: int, alone: bool = False) -> None:
        for _ in range(updates):
            losses = [-judge(self.maker(noise())).mean(), self.other(real(6)).mean()]
            for loss, optimizer in list(zip(losses, self.optimizers, strict=True))[: 1 if alone else 2]:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()


@pytest.mark.parametrize(("elsewhere", "calls"), ELSEWHERE.values(), ids=ELSEWHERE)
@pytest.mark.parametrize("named", [False, True])
def test_a_discriminator_that_is_never_asked(elsewhere: Callable[..., Judge], calls: int, named: bool) -> None:
    """At the tenth update, in its own step; and at every tenth again."""
    loop, judge = Loop(), discriminator()
    asked = elsewhere(judge)
    guided = XAIGuidedGenerator(loop.maker, judge, optimizer=loop.optimizers[0] if named else None)
    loop.train(asked, 9)
    for turn, updates in ((1, 1), (2, 10)):
        message = UNJUDGED.format(calls=10 * calls * turn)
        raises_in("optimizer.step()", RuntimeError, message, partial(loop.train, asked, updates))
    assert guided.explanations == 0
    loop.train(judge, 2)
    assert guided.explanations == 2


def test_inside_a_context() -> None:
    loop, judge = Loop(), discriminator()
    before = anatomy(judge)
    message = UNJUDGED.format(calls=0)
    with pytest.raises(RuntimeError, match=message) as raised, guide(loop.maker, judge):
        loop.train(judge.forward, 20)
    assert raised_in(raised.value, __file__, "optimizer.step()")
    assert [part for part in anatomy(judge) if part not in before] == []


def pixels(samples: Tensor) -> Tensor:
    return -samples.square()


def pausing(loop: Loop, judge: nn.Module) -> XAIGuidedGenerator:
    guided = XAIGuidedGenerator(loop.maker, judge)
    with guided.paused():
        loop.train(pixels, 30)
    return guided


def starting_later(loop: Loop, judge: nn.Module) -> XAIGuidedGenerator:
    guided = XAIGuidedGenerator(loop.maker, judge, schedule=StartAfter(30))
    loop.train(pixels, 30)
    return guided


def wrapping_later(loop: Loop, judge: nn.Module) -> XAIGuidedGenerator:
    loop.train(pixels, 30)
    return XAIGuidedGenerator(loop.maker, judge)


def warned(loop: Loop, judge: nn.Module) -> XAIGuidedGenerator:
    guided = XAIGuidedGenerator(loop.maker, judge)
    with pytest.warns(
        UserWarning, match=r"None of 10 updates .* D was not called\. Guidance begins with the first"
    ) as seen:
        loop.train(pixels, 30, alone=True)
    assert [Path(warning.filename).name for warning in seen] == [Path(__file__).name]
    return guided


@pytest.mark.parametrize("pretrained", [pausing, starting_later, wrapping_later, warned])
def test_a_generator_that_is_pretrained_alone(pretrained: Callable[..., XAIGuidedGenerator]) -> None:
    loop, judge = Loop(), discriminator()
    guided = pretrained(loop, judge)
    loop.train(judge, 12)
    assert guided.explanations == 12


def test_networks_swapped_in_the_wrapper() -> None:
    maker, judge = generator(), discriminator()
    swapped = XAIGuidedGenerator(judge, maker)
    error = raises_in("swapped(noise())", RuntimeError, "cannot be multiplied", lambda: swapped(noise()))
    assert "swap the two: XAIGuidedGenerator(generator, discriminator, ...)." in error.__notes__[0]


def test_networks_swapped_in_a_context() -> None:
    """The loop itself is fine; D's updates are taken for the generator's, and G never judges what D makes."""
    maker, judge = generator(), discriminator()
    loop = Loop(judge)

    def train() -> None:
        with guide(judge, maker):
            loop.train(lambda scores: scores, 20)

    loop.maker = Lambda(lambda judge, z: judge(real(len(z))) - judge(maker(z).detach()), judge)
    raises_in("optimizer.step()", RuntimeError, UNJUDGED.format(calls=10), train)


TWICE = r"Parameter `generator` should be .* Found .* guided on this discriminator already.* detach\(\)"


def in_a_context(maker: nn.Module, judge: Any) -> None:
    with guide(maker, judge):
        pass


@pytest.mark.parametrize("again", [XAIGuidedGenerator, in_a_context])
@pytest.mark.parametrize(
    "networks",
    [
        lambda maker, judge: (maker, judge),
        lambda maker, judge: (maker, [discriminator(), judge]),
        lambda maker, judge: (nn.DataParallel(maker), judge),
        lambda maker, judge: (maker, nn.DataParallel(judge)),
    ],
    ids=["bare", "among several", "G in DataParallel", "D in DataParallel"],
)
def test_guided_twice(again: Callable[..., Any], networks: Callable[..., Any]) -> None:
    maker, judge = generator(), discriminator()
    guided = XAIGuidedGenerator(maker, judge)
    pair = networks(maker, judge)
    before = anatomy(maker), anatomy(judge)
    line = "with guide(maker, judge)" if again is in_a_context else "again(*pair)"
    raises_in(line, ValueError, TWICE, lambda: again(*pair))
    assert (anatomy(maker), anatomy(judge)) == before
    judge(guided(noise())).sum().backward()
    assert guided.explanations == 1


def test_a_wrapper_in_a_context() -> None:
    maker, judge = generator(), discriminator()
    guided = XAIGuidedGenerator(maker, judge)
    with (
        pytest.raises(ValueError, match=r"Found one that is wrapped already\. .* or wrap generator\.detach\(\)"),
        guide(guided, judge),
    ):
        pass


@pytest.mark.parametrize("end", [XAIGuidedGenerator.detach, id], ids=["detached", "let go of"])
def test_guided_again_after_the_first_has_ended(end: Callable[[XAIGuidedGenerator], Any]) -> None:
    maker, judge = generator(), discriminator()
    end(XAIGuidedGenerator(maker, judge))
    again = XAIGuidedGenerator(maker, judge)
    judge(again(noise())).sum().backward()
    assert again.explanations == 1


def test_guided_by_another_discriminator_too() -> None:
    maker, judges = generator(), [discriminator(), discriminator()]
    ours = [XAIGuidedGenerator(maker, judge) for judge in judges]
    sum(judge(maker(noise())).sum() for judge in judges).backward()
    assert [guided.explanations for guided in ours] == [1, 1]


def test_a_generator_without_parameters() -> None:
    maker, judge = nn.Tanh(), discriminator()
    message = (
        r"Parameter `generator` should have parameters to learn\. Found none\. Pass the network that makes samples"
    )
    raises_in("XAIGuidedGenerator(maker", ValueError, message, lambda: XAIGuidedGenerator(maker, judge))
    raises_in("with guide(maker, judge)", ValueError, message, lambda: in_a_context(maker, judge))


WRONG: dict[str, tuple[Callable[..., Any], type[Exception], str]] = {
    "shape": (lambda given: given[:, :3], ValueError, r"Found the shape \(6, 3\)"),
    "rows": (lambda given: given[:3], ValueError, r"Found the shape \(3, 8\)"),
    "more dimensions": (lambda given: given[None, None], ValueError, r"Found the shape \(1, 1, 6, 8\)"),
    "None": (lambda given: None, TypeError, "Found .*None"),
    "array": (lambda given: given.numpy(), TypeError, "Found .*ndarray"),
    "number": (lambda given: 0.5, TypeError, "Found .*float"),
    "tuple": (lambda given: (given, given), TypeError, "Found .*tuple"),
}
PARTS: dict[str, Callable[..., dict[str, Any]]] = {
    "explainer": lambda wrong: {"explainer": lambda score, samples, context: wrong(samples)},
    "mask": lambda wrong: {"mask": wrong},
    "rule": lambda wrong: {"rule": lambda gradient, mask, strength: wrong(gradient)},
}


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(("wrong", "kind", "found"), WRONG.values(), ids=WRONG)
def test_a_part_that_returns_something_else(part: str, wrong: Any, kind: type[Exception], found: str) -> None:
    maker, judge = generator(), discriminator()
    guided = XAIGuidedGenerator(maker, judge, **PARTS[part](wrong))
    loss = judge(guided(noise())).sum()
    message = rf"Parameter `{part}` should give a tensor of the samples' shape \(6, 8\).* {found}"
    raises_in("loss.backward()", kind, message, lambda: loss.backward())
