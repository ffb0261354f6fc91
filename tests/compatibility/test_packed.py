"""Packed discriminators (Lin et al. 2017, arXiv 1712.04086): several samples are judged as one."""

import pytest
import torch
from torch import Tensor, nn

from xaigrad import XAIGuidedGenerator
from xaigrad.explainers import DeepLift, Explainer, IntegratedGradients, KernelShap, Lime, Occlusion
from xaigrad.references import ZeroReferences

from ..loops import last_of, noise, raised_in
from ..networks import FEATURES, generator
from .habits import EXPLAINERS, Habit, assert_as_written_out, assert_neutral

PACK = 3


def packs() -> nn.Module:
    return nn.Sequential(nn.Linear(PACK * FEATURES, 16), nn.Tanh(), nn.Linear(16, 1))


class Before(Habit):
    """The loop packs: what D sees, and what is explained, is a pack."""

    rows = 4 * PACK

    def networks(self) -> tuple[nn.Module, nn.Module]:
        return generator(), packs()

    def shown(self, samples: Tensor, *given: Tensor) -> Tensor:
        return samples.view(-1, PACK * FEATURES)


class Inside(Before):
    """D packs: each sample has its own mask, from its part in the score of its pack."""

    def networks(self) -> tuple[nn.Module, nn.Module]:
        return generator(), nn.Sequential(nn.Flatten(0), nn.Unflatten(0, (-1, PACK * FEATURES)), packs())

    def shown(self, samples: Tensor, *given: Tensor) -> Tensor:
        return samples


HABITS = [Before, Inside]


@pytest.mark.parametrize("habit", HABITS)
def test_strength_0(habit: type[Habit]) -> None:
    assert_neutral(habit)


@pytest.mark.parametrize("explainer", EXPLAINERS)
@pytest.mark.parametrize("habit", HABITS)
def test_guided(habit: type[Habit], explainer: str) -> None:
    assert_as_written_out(habit, explainer)


def explained(habit: type[Habit], explainer: Explainer) -> tuple[Tensor, Tensor]:
    """Return the attribution, by pack, and how far each pack's score is from that of nothing."""
    training = habit()
    guided = XAIGuidedGenerator(training.generator, training.discriminator, explainer=explainer)
    shown = training.shown(guided(*training.inputs()[0]))
    training.scores(shown).sum().backward()
    difference = training.scores(shown) - training.scores(torch.zeros_like(shown))
    return last_of(guided).attribution.reshape(-1, PACK * FEATURES), difference


COMPLETE: dict[str, tuple[Explainer, float]] = {
    "DeepLift": (DeepLift(ZeroReferences()), 1e-5),
    "IntegratedGradients": (IntegratedGradients(steps=32), 1e-3),
}


@pytest.mark.parametrize(("explainer", "tolerance"), COMPLETE.values(), ids=COMPLETE)
@pytest.mark.parametrize("habit", HABITS)
def test_a_pack_s_attribution_sums_to_its_score(habit: type[Habit], explainer: Explainer, tolerance: float) -> None:
    attribution, difference = explained(habit, explainer)
    torch.testing.assert_close(attribution.sum(1, keepdim=True), difference, atol=tolerance, rtol=0)


PERTURBING: dict[str, Explainer] = {
    "Lime": Lime(perturbations=8),
    "KernelShap": KernelShap(perturbations=8),
    "Occlusion": Occlusion(window=2),
}


@pytest.mark.parametrize("explainer", PERTURBING.values(), ids=PERTURBING)
def test_perturbations_of_packs(explainer: Explainer) -> None:
    """Where the loop packs, a pack is what is perturbed."""
    attribution, difference = explained(Before, explainer)
    assert attribution.any(1).all()
    if isinstance(explainer, KernelShap):
        torch.testing.assert_close(attribution.sum(1, keepdim=True), difference)


@pytest.mark.parametrize("explainer", PERTURBING.values(), ids=PERTURBING)
def test_perturbations_of_samples_that_have_no_score_of_their_own(explainer: Explainer) -> None:
    """They are told to use gradients, and the discriminator is left as it was."""
    training = Inside()
    guided = XAIGuidedGenerator(training.generator, training.discriminator, explainer=explainer)
    loss = training.make(guided(noise(training.rows)), torch.zeros(1))
    with pytest.raises(ValueError, match=r"should give one score per sample .* Found the shape \(4,\)") as raised:
        loss.backward()
    assert raised_in(raised.value, __file__, "loss.backward()")
    assert "Use an explainer by gradients" in str(raised.value)
    assert training.discriminator.training
    assert all(parameter.requires_grad for parameter in training.discriminator.parameters())
    assert (guided.explanations, guided.last) == (0, None)
