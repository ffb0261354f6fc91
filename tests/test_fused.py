"""The free explainers are the exact ones after a normalisation per sample, for every loss of one score per sample."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from xaigrad import XAIGuidedGenerator
from xaigrad.explainers import Explainer, InputXGradient, Saliency
from xaigrad.masks import AbsNormalize

from .loops import noise, seed_everything
from .networks import discriminator, generator, smooth

LOSSES: dict[str, Callable[[Tensor], Tensor]] = {
    "BCE": lambda scores: F.binary_cross_entropy(scores.sigmoid(), torch.ones_like(scores)),
    "BCE, minimax": lambda scores: -F.binary_cross_entropy(scores.sigmoid(), torch.zeros_like(scores)),
    "BCE with logits": lambda scores: F.binary_cross_entropy_with_logits(scores, torch.ones_like(scores)),
    "hinge": lambda scores: F.relu(10 - scores).mean(),
    "least squares": lambda scores: F.mse_loss(scores, torch.ones_like(scores)),
    "Wasserstein": lambda scores: -scores.mean(),
    "sum": lambda scores: -scores.sum(),
}
EXPLAINERS = {"Saliency": (Saliency(), Saliency(exact=True)), "x": (InputXGradient(), InputXGradient(exact=True))}
DISCRIMINATORS: dict[str, Callable[[], nn.Module]] = {
    "leaky": discriminator,
    "smooth": smooth,
    "BatchNorm in eval mode": lambda: nn.Sequential(nn.BatchNorm1d(8), smooth(), nn.BatchNorm1d(1)).eval(),
    "flat scores": lambda: nn.Sequential(smooth(), nn.Flatten(0)),
}


def mask(explainer: Explainer, make: Callable[[], nn.Module], loss: Callable[[Tensor], Tensor]) -> Tensor:
    seed_everything(0)
    judge = make()
    guided = XAIGuidedGenerator(generator(), judge, explainer=explainer, mask=AbsNormalize(by="max"))
    loss(judge(guided(noise()))).backward()
    assert guided.last is not None
    return guided.last.mask


def assert_fused_is_exact(name: str, make: Callable[[], nn.Module], loss: str, tolerance: float) -> None:
    fused, exact = (mask(explainer, make, LOSSES[loss]) for explainer in EXPLAINERS[name])
    assert exact.std() > 0.01
    torch.testing.assert_close(fused, exact, rtol=0, atol=tolerance)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("make", DISCRIMINATORS.values(), ids=DISCRIMINATORS)
@pytest.mark.parametrize("explainer", EXPLAINERS)
def test_float32(explainer: str, make: Callable[[], nn.Module], loss: str) -> None:
    assert_fused_is_exact(explainer, make, loss, 1e-5)


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("make", DISCRIMINATORS.values(), ids=DISCRIMINATORS)
@pytest.mark.parametrize("explainer", EXPLAINERS)
def test_float64(explainer: str, make: Callable[[], nn.Module], loss: str) -> None:
    assert_fused_is_exact(explainer, make, loss, 1e-10)


def test_a_loss_that_mixes_scores_of_a_sample_is_the_exact_one_s() -> None:
    """Patches under a nonlinear loss: where the documentation sends to ``exact=True``, the two do differ."""

    def patches() -> nn.Module:
        return nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 3))

    fused, exact = (mask(explainer, patches, LOSSES["least squares"]) for explainer in EXPLAINERS["Saliency"])
    assert (fused - exact).abs().max() > 0.01


def test_fused_saliency_is_the_gradient_negated() -> None:
    judge = smooth()
    guided = XAIGuidedGenerator(generator(), judge)
    judge(guided(noise())).sum().backward()
    assert guided.last is not None
    assert torch.equal(guided.last.attribution, -guided.last.gradient)


@pytest.mark.parametrize("explainer", [Saliency, InputXGradient])
@pytest.mark.parametrize("real", ["high", "low"])
@pytest.mark.parametrize("name", sorted(LOSSES))
def test_fused_attributions_have_the_signs_of_the_exact_ones(name: str, real: str, explainer: type[Any]) -> None:
    """A generator's loss falls where the score rises: what is positive speaks for a real sample."""
    judge, sign = smooth(), 1 if real == "high" else -1
    signs = []
    for exact in (False, True):
        seed_everything(0)
        guided = XAIGuidedGenerator(generator(), judge, explainer=explainer(exact), real=real)
        LOSSES[name](sign * judge(guided(noise()))).backward()
        assert guided.last is not None
        signs.append(guided.last.attribution.sign())
    assert torch.equal(*signs)


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("make", DISCRIMINATORS.values(), ids=DISCRIMINATORS)
def test_exact_saliency_is_the_score_s_gradient_whatever_the_loss(make: Callable[[], nn.Module]) -> None:
    found = []
    for loss in LOSSES.values():
        seed_everything(0)
        judge = make()
        guided = XAIGuidedGenerator(generator(), judge, explainer=Saliency(exact=True))
        samples = guided(noise())
        loss(judge(samples)).backward()
        points = samples.detach().requires_grad_()
        (expected,) = torch.autograd.grad(judge(points).sum(), points)
        assert guided.last is not None
        assert torch.equal(guided.last.attribution, expected)
        found.append(expected)
    assert all(torch.equal(other, found[0]) for other in found)
