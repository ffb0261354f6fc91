"""The user's own hooks on D collect what D was asked by the user, and nothing of what explainers ask."""

from collections import defaultdict
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from xaigrad import XAIGuidedGenerator
from xaigrad.explainers import DeepShap, Explainer, IntegratedGradients, Saliency

from .anatomy import describe
from .loops import noise, real
from .networks import FEATURES, discriminator, generator

EXPLAINERS: dict[str, Explainer] = {
    "fused": Saliency(),
    "exact": Saliency(exact=True),
    "DeepShap": DeepShap(torch.randn(20, FEATURES)),
    "IntegratedGradients": IntegratedGradients(),
}
Hook = Callable[[nn.Module, Any, Any], None]
Collected = Callable[[], Any]

COLLECTED: list[Tensor] = []
LATEST: Any = None


def in_a_global() -> tuple[Hook, Collected]:
    COLLECTED.clear()
    return lambda module, args, output: COLLECTED.append(output), lambda: COLLECTED


def as_a_global() -> tuple[Hook, Collected]:
    def hook(module: nn.Module, args: Any, output: Any) -> None:
        global LATEST
        LATEST = output

    return hook, lambda: LATEST


def in_a_closure() -> tuple[Hook, Collected]:
    by_name: dict[str, list[Tensor]] = defaultdict(list)
    return lambda module, args, output: by_name["layer"].append(output), lambda: dict(by_name)


def as_a_variable() -> tuple[Hook, Collected]:
    latest = None

    def hook(module: nn.Module, args: Any, output: Any) -> None:
        nonlocal latest
        latest = output

    return hook, lambda: latest


class Collector:
    def __init__(self) -> None:
        self.latest: Any = None
        self.levels: dict[str, dict[str, list[Tensor]]] = {"a": {"b": []}}

    def collect(self, module: nn.Module, args: Any, output: Any) -> None:
        self.latest = output
        self.levels["a"]["b"].append(output)

    __call__ = collect


def by_a_method() -> tuple[Hook, Collected]:
    collector = Collector()
    return collector.collect, lambda: vars(collector)


def by_an_object() -> tuple[Hook, Collected]:
    collector = Collector()
    return collector, lambda: vars(collector)


def with_an_argument() -> tuple[Hook, Collected]:
    features: set[Any] = set()
    return partial(lambda kept, module, args, output: kept.add(output), features), lambda: features


WAYS = [in_a_global, as_a_global, in_a_closure, as_a_variable, by_a_method, by_an_object, with_an_argument]


def flat(collected: Any) -> Any:
    return sorted(map(id, collected)) if isinstance(collected, set) else describe(collected)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("explainer", EXPLAINERS.values(), ids=EXPLAINERS)
def test_features_are_of_the_user_s_calls(explainer: Explainer, way: Callable[[], tuple[Hook, Collected]]) -> None:
    judge, (hook, collected) = discriminator(), way()
    judge[1].register_forward_hook(hook)
    guided = XAIGuidedGenerator(generator(), judge, explainer=explainer)
    for _ in range(2):
        scores = judge(guided(noise()))
        judge(real(6))
        before = flat(collected())
        scores.sum().backward()
        assert flat(collected()) == before
    assert guided.explanations == 2


@pytest.mark.parametrize("explainer", EXPLAINERS.values(), ids=EXPLAINERS)
def test_feature_matching_by_hooks(explainer: Explainer) -> None:
    """The loss compares the fake's features with the real one's after the backward pass of the other loss."""
    features: list[Tensor] = []
    judge = discriminator()
    judge[1].register_forward_hook(lambda module, args, output: features.append(output))
    guided = XAIGuidedGenerator(generator(), judge, explainer=explainer)
    judge(guided(noise())).sum().backward(retain_graph=True)
    judge(real(6))
    of_fake, of_real = features
    assert not torch.equal(of_fake, of_real)


def test_hooks_that_change_the_score_are_part_of_it() -> None:
    judge, scores = discriminator(), []
    judge.register_forward_hook(lambda module, args, output: output * 3)

    def look(score: Any, samples: Tensor, context: Any) -> Tensor:
        scores.append(score(samples))
        return samples

    guided = XAIGuidedGenerator(generator(), judge, explainer=look)
    output = judge(guided(noise()))
    output.sum().backward()
    assert torch.equal(scores[0], output.detach()[:, 0])


def test_containers_in_containers_of_the_discriminator() -> None:
    class Keeping(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers, self.kept = discriminator(), {"list": [[], {}]}

        def forward(self, samples: Tensor) -> Tensor:
            self.kept["list"][0].append(len(samples))
            self.kept["list"][1][len(self.kept["list"][1])] = None
            scores: Tensor = self.layers(samples)
            return scores

    judge = Keeping()
    guided = XAIGuidedGenerator(generator(), judge, explainer=DeepShap(real(20)))
    for _ in range(3):
        judge(guided(noise())).sum().backward()
    assert judge.kept == {"list": [[6] * 3, dict.fromkeys(range(3))]}
