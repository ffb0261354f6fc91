"""An arm's controls differ from it in one place, draw what the standard training draws, and are read as recipes."""

from dataclasses import replace
from typing import Any

import pytest
import torch

from xaigrad import Guidance, XAIGuidedGenerator, recipes
from xaigrad.benchmarks.study.controls import KNOWN, TOP_SAMPLES, MatchedRate, controls_of
from xaigrad.explainers import SmoothGrad
from xaigrad.masks import AbsNormalize, ChannelMean
from xaigrad.rules import Residual
from xaigrad.schedules import Constant

from .controlling import OF_MASKS, pair, trained

ARM = Guidance(explainer=SmoothGrad(samples=2), mask=(AbsNormalize(), ChannelMean()), rule=Residual(0.4))


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("name", [*controls_of("arm", ARM), "top-samples"])
def test_a_training_runs_with_each_and_draws_what_the_standard_one_draws(name: str) -> None:
    guidance = {**controls_of("arm", ARM), "top-samples": TOP_SAMPLES}[name]
    weights, guided, _ = trained(guidance, 3)
    drawn = torch.get_rng_state()
    again, _, _ = trained(guidance, 3)
    standard, _, _ = trained(Guidance(schedule=Constant(0.0)), 3)
    assert torch.equal(drawn, torch.get_rng_state())
    assert guided.explanations == 3
    assert guided.fallbacks == 0
    assert all(weight.isfinite().all() for weight in weights)
    assert all(torch.equal(one, other) for one, other in zip(weights, again, strict=True))
    assert not all(torch.equal(one, other) for one, other in zip(weights, standard, strict=True))


def test_controls_differ_from_their_arm_in_one_place() -> None:
    controls = controls_of("arm", ARM)
    assert list(controls) == [f"arm-{one}" for one in ("shuffled", "sample-mean", "random", "constant", "matched-rate")]
    assert controls.pop("arm-matched-rate") == replace(ARM, rule=MatchedRate(ARM.rule))
    for control in controls.values():
        assert replace(control, mask=control.transforms[:-1]) == ARM
    assert {control.transforms[-1] for control in controls.values()} == set(OF_MASKS)


def test_top_samples_lets_those_alone_learn_and_costs_nothing() -> None:
    generator, discriminator = pair()
    guided = XAIGuidedGenerator(generator, discriminator.eval(), TOP_SAMPLES)
    calls: list[Any] = []
    discriminator.register_forward_hook(lambda *_: calls.append(1))
    scores = discriminator(guided(torch.randn(6, 100)))
    (-scores.log().mean()).backward()
    assert len(calls) == 1
    assert guided.last is not None
    learned = guided.last.guided.flatten(1).abs().sum(1) > 0
    assert learned.tolist() == [bool(score >= scores.flatten().sort().values[3]) for score in scores.flatten()]
    assert torch.equal(guided.last.guided[learned], guided.last.gradient[learned])


@pytest.mark.parametrize("guidance", [*controls_of("arm", ARM).values(), TOP_SAMPLES], ids=str)
def test_controls_are_written_and_read_as_recipes(guidance: Guidance) -> None:
    for part in guidance.parts:
        assert recipes.read(recipes.write(part, known=KNOWN), known=KNOWN) == part
