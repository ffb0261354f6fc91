"""What explainers and schedules may return."""

import re
from functools import partial

import pytest
import torch
from torch import Tensor

from xaigrad import Guidance, XAIGuidedGenerator, guide
from xaigrad.explainers import Context, Score
from xaigrad.masks import AbsNormalize

from .loops import last_of, noise, raised_in
from .networks import FEATURES, discriminator, generator


def constant(attribution: Tensor, score: Score, samples: Tensor, context: Context) -> Tensor:
    return attribution


BROADCASTING = [(1, FEATURES), (FEATURES,), (6, 1), (1, 1), ()]


@pytest.mark.parametrize("shape", BROADCASTING)
def test_attributions_that_broadcast(shape: tuple[int, ...]) -> None:
    value = torch.rand(shape) + 0.5
    judge = discriminator()
    guided = XAIGuidedGenerator(generator(), judge, explainer=lambda *_: value, mask=lambda attribution: attribution)
    judge(guided(noise())).sum().backward()
    last = last_of(guided)
    assert torch.equal(last.guided, last.gradient * value)
    assert last.mask.shape == (6, FEATURES)


@pytest.mark.parametrize("mask", [AbsNormalize(), AbsNormalize("sample", "minmax"), AbsNormalize("batch")], ids=str)
@pytest.mark.parametrize("shape", BROADCASTING)
def test_what_broadcasts_means_its_expansion(shape: tuple[int, ...], mask: AbsNormalize) -> None:
    """A mask per sample is one per sample, also for an attribution that all samples share."""
    judge, masks, value = discriminator(), [], torch.rand(shape) + 0.5
    for attribution in (value, value.expand(6, FEATURES).clone()):
        explainer = partial(constant, attribution)
        with guide(maker := generator(), judge, explainer=explainer, mask=mask) as guided:
            judge(maker(noise())).sum().backward()
        masks.append(last_of(guided).mask)
    assert torch.equal(*masks)


@pytest.mark.parametrize("shape", [(6, 2), (5, FEATURES), (6,), (6, FEATURES, 1), (2, 6, FEATURES)])
def test_attributions_of_another_shape(shape: tuple[int, ...]) -> None:
    judge = discriminator()
    guided = XAIGuidedGenerator(generator(), judge, explainer=lambda *_: torch.ones(shape))
    scores = judge(guided(noise())).sum()
    message = r"`explainer` should give a tensor of the samples' shape \(6, 8\).* Found the shape "
    with pytest.raises(ValueError, match=message + re.escape(str(shape))):
        scores.backward()


def test_an_attribution_with_a_graph_of_its_own() -> None:
    judge = discriminator()
    guided = XAIGuidedGenerator(generator(), judge, explainer=lambda score, samples, _: score(samples)[:, None] * 2)
    judge(guided(noise())).sum().backward()
    assert not last_of(guided).attribution.requires_grad


def test_a_schedule_outside_the_unit_interval_raises_in_the_call() -> None:
    judge = discriminator()
    guided = XAIGuidedGenerator(generator(), judge, Guidance(schedule=lambda update: 2.0))
    with pytest.raises(ValueError, match=r"`schedule` should give a strength in \[0, 1\]") as raised:
        judge(guided(noise()))
    assert raised_in(raised.value, __file__, "judge(guided(noise()))")


def test_a_schedule_that_gives_no_number_raises_in_the_call() -> None:
    judge = discriminator()
    guided = XAIGuidedGenerator(generator(), judge, schedule=lambda update: None)
    with pytest.raises(ValueError, match=r"Parameter `schedule` should give a strength in \[0, 1\]\. Found None at"):
        judge(guided(noise()))
