"""Discriminators that return several things train guided as ever; explainers that ask D need to be told what of it."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, NamedTuple

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from xaigrad import XAIGuidedGenerator
from xaigrad.explainers import DeepShap, Explainer, Saliency

from ..loops import raised_in
from ..networks import FEATURES, Lambda, generator
from .habits import EXPLAINERS, Habit, assert_as_written_out, assert_neutral


class Verdict(NamedTuple):
    score: Tensor
    features: list[Tensor]


@dataclass
class Answer:
    score: Tensor
    features: list[Tensor]


class ModelOutput(OrderedDict[str, Any]):
    """Its entries are attributes too, as in many libraries of models."""

    def __getattr__(self, name: str) -> Any:
        return self[name]


class Returning(Habit):
    """Both turns use the score, and the generator's the features as well, wherever D puts them."""

    pack: ClassVar[Callable[[Tensor, list[Tensor]], Any]]
    pick: ClassVar[Callable[[Any], Tensor]]
    rest: ClassVar[Callable[[Any], list[Tensor]]]

    def networks(self) -> tuple[nn.Module, nn.Module]:
        return generator(), Lambda(
            lambda body, head, samples: type(self).pack(head(hidden := body(samples)), [hidden, hidden.square()]),
            nn.Sequential(nn.Linear(FEATURES, 16), nn.LeakyReLU(0.2)),
            nn.Linear(16, 1),
        )

    def scores(self, shown: Tensor, *given: Tensor) -> Tensor:
        return type(self).pick(self.discriminator(shown))

    def make(self, shown: Tensor, real: Tensor, *given: Tensor) -> Tensor:
        output, aims = self.discriminator(shown), self.discriminator(real)
        matched = map(F.mse_loss, type(self).rest(output), type(self).rest(aims))
        return F.softplus(-type(self).pick(output)).mean() + sum(matched)


OUTPUTS: dict[str, tuple[Callable[..., Any], Callable[[Any], Tensor], Callable[[Any], list[Tensor]], str]] = {
    "tuple": (
        lambda score, features: (score, *features),
        lambda output: output[0],
        lambda output: output[1:],
        "a tuple of [a tensor of shape (6, 1)",
    ),
    "named tuple": (Verdict, lambda output: output.score, lambda output: output.features, "a Verdict of [a tensor"),
    "data class": (
        Answer,
        lambda output: output.score,
        lambda output: output.features,
        "an object of type Answer",
    ),
    "dict": (
        lambda score, features: {"features": features, "score": score},
        lambda output: output["score"],
        lambda output: output["features"],
        "a dict of {'features': a list of [a tensor of shape (6, 16)",
    ),
    "ordered dict": (
        lambda score, features: ModelOutput(score=score, features=features),
        lambda output: output.score,
        lambda output: output.features,
        "a dict of {'score': a tensor of shape (6, 1)",
    ),
    "nested lists": (
        lambda score, features: [[[score]], features],
        lambda output: output[0][0][0],
        lambda output: output[1],
        "a list of [a list of [a list of [a tensor of shape (6, 1)",
    ),
}


@cache
def returning(name: str) -> type[Habit]:
    pack, pick, rest, _ = OUTPUTS[name]
    settings = {"target": lambda output, samples: pick(output)}
    return type(name, (Returning,), {"pack": pack, "pick": pick, "rest": rest, "settings": settings})


@pytest.mark.parametrize("name", OUTPUTS)
def test_strength_0(name: str) -> None:
    assert_neutral(returning(name))


@pytest.mark.parametrize("explainer", EXPLAINERS)
@pytest.mark.parametrize("name", OUTPUTS)
def test_guided(name: str, explainer: str) -> None:
    assert_as_written_out(returning(name), explainer)


@pytest.mark.parametrize("name", OUTPUTS)
def test_without_a_target(name: str) -> None:
    """Explainers that ask D say so in the user's call of it; the fused ones need none."""
    asking: list[Explainer] = [Saliency(exact=True), DeepShap(torch.randn(20, FEATURES))]
    for explainer in asking:
        training = returning(name)()
        guided = XAIGuidedGenerator(training.generator, training.discriminator, explainer=explainer)
        samples = guided(*training.inputs()[0])
        with pytest.raises(TypeError) as raised:
            training.discriminator(samples)
        assert raised_in(raised.value, __file__, "training.discriminator(samples)")
        assert f"Found that the discriminator returned {OUTPUTS[name][3]}" in str(raised.value)
    training = returning(name)()
    guided = XAIGuidedGenerator(training.generator, training.discriminator)
    training.make(guided(*training.inputs()[0]), torch.randn(6, FEATURES)).backward()
    assert guided.explanations == 1
