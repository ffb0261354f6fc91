"""Projection discriminators: features are scored by a linear layer, and by their product with the label's embedding."""

from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from xaigrad import Guidance
from xaigrad.explainers import DeepShap, Saliency
from xaigrad.masks import AbsNormalize

from ..loops import assert_same_bits
from ..networks import FEATURES
from .habits import EXPLAINERS, assert_as_written_out, assert_neutral, standard, trained
from .test_conditional import CLASSES, Conditional, MakerOfClasses


class Projection(nn.Module):
    r"""Miyato & Koyama 2018 (arXiv 1802.05637), equation 3: :math:`y^\top V \phi(x) + \psi(\phi(x))`."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(spectral_norm(nn.Linear(FEATURES, 16)), nn.ReLU())
        self.score = spectral_norm(nn.Linear(16, 1))
        self.labels = spectral_norm(nn.Embedding(CLASSES, 16))

    def forward(self, samples: Tensor, labels: Tensor) -> Tensor:
        hidden = self.features(samples)
        scores: Tensor = self.score(hidden) + (self.labels(labels) * hidden).sum(1, keepdim=True)
        return scores


class Projecting(Conditional):
    """Hinge losses, spectral norm everywhere: its power iteration runs in training calls alone."""

    def networks(self) -> tuple[nn.Module, nn.Module]:
        return MakerOfClasses(), Projection()

    def judge(self, fake: Tensor, real: Tensor, *given: Tensor) -> Tensor:
        of_real, of_fake = self.scores(real, *given), self.scores(fake, *given)
        return F.relu(1 - of_real).mean() + F.relu(1 + of_fake).mean()

    def make(self, shown: Tensor, real: Tensor, *given: Tensor) -> Tensor:
        return -self.scores(shown, *given).mean()


def test_strength_0() -> None:
    assert_neutral(Projecting)


@pytest.mark.parametrize("explainer", EXPLAINERS)
def test_guided(explainer: str) -> None:
    assert_as_written_out(Projecting, explainer)


class AskedInTrainMode(Projecting):
    settings: ClassVar[dict[str, Any]] = {"eval_mode": False}


def test_explanations_do_not_advance_the_power_iteration() -> None:
    """With a mask of ones all is as without them, though every one of them iterates."""
    training = trained(AskedInTrainMode, Guidance(Saliency(exact=True), torch.ones_like))
    assert_same_bits(training.state(), standard(AskedInTrainMode))
    assert training.guided.explanations == training.guided.updates


def test_the_product_with_the_embedding_is_explained_completely() -> None:
    """DeepShap's own check, which sums the attribution, would raise."""
    training = trained(Projecting, Guidance(DeepShap(torch.randn(20, FEATURES), samples=2)))
    assert training.guided.explanations == training.guided.updates


def test_the_label_s_own_score_is_explained() -> None:
    """The same samples under other labels have other masks."""
    training = trained(Projecting, Guidance(Saliency(exact=True), AbsNormalize()))
    samples, masks = training.generator(*training.inputs()[0]), []
    for label in range(CLASSES):
        training.discriminator(samples, torch.full((len(samples),), label)).sum().backward(retain_graph=True)
        assert training.guided.last is not None
        masks.append(training.guided.last.mask)
    assert not torch.equal(masks[0], masks[1])
    assert not torch.equal(masks[1], masks[2])
