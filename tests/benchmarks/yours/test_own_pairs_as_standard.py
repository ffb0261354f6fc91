"""A user's own pair trains as the standard GAN does, by logits or probabilities, as its scores are seen to be."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from xaigrad import Guidance, XAIGuidedGenerator
from xaigrad.benchmarks.errors import UsageError
from xaigrad.benchmarks.yours._training import Training, check_scores, kind_of
from xaigrad.integrations import dcgan, mlp
from xaigrad.integrations.losses import minimax, non_saturating

from .pairs import IMAGES, SIGMOID, Functional, made_by, make_discriminator, make_generator, same, started, weights

PATCHES = nn.Sequential(nn.Conv2d(2, 1, 2))
pytestmark = pytest.mark.usefixtures("single")


@pytest.mark.parametrize("guidance", [None, Guidance()], ids=["standard", "guided"])
@pytest.mark.parametrize("loss", [non_saturating, minimax])
def test_the_integrations_own_pair_trains_as_there_to_the_bit(
    guidance: Guidance | None, loss: Callable[[Tensor], Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = made_by(lambda: (mlp.Generator(8), mlp.Discriminator(8)), monkeypatch)
    ours = started(found, guidance, loss=loss, lr=1e-3, beta1=0.9)
    torch.manual_seed(0)
    generator, discriminator = mlp.Generator(8), mlp.Discriminator(8)
    guided = generator if guidance is None else XAIGuidedGenerator(generator, discriminator, guidance)
    theirs = dcgan.Training(guided, discriminator, lr=1e-3, beta1=0.9, loss=loss)
    images = torch.rand(6, 1, 28, 28) * 2 - 1
    for training in (ours, theirs):
        torch.manual_seed(5)
        losses = [training.step(images) for _ in range(3)]
        assert all(loss.shape == () and not loss.requires_grad for pair in losses for loss in pair)
    assert same(ours, theirs)
    assert found.threshold == 0.5


@pytest.mark.parametrize("loss", [non_saturating, minimax, lambda p: (1 - p).mean()])
def test_logits_train_as_their_probabilities_do(loss: Callable[[Tensor], Tensor]) -> None:
    torch.set_default_dtype(torch.float64)  # Which the fixture sets back.
    trainings = []
    for scores, head in (("logits", []), ("probabilities", [SIGMOID])):
        torch.manual_seed(0)
        generator, discriminator = make_generator(), make_discriminator(*head)
        training = Training(generator, discriminator, lr=1e-2, loss=loss, scores=scores)  # type: ignore[arg-type]
        torch.manual_seed(1)
        losses = [training.step(IMAGES.double()) for _ in range(5)]
        trainings.append((losses, weights(training)))
    torch.testing.assert_close(trainings[0], trainings[1])


def test_logits_have_a_slope_where_their_probabilities_have_none() -> None:
    for scores in (60.0, -60.0):
        torch.manual_seed(0)
        generator, discriminator = make_generator(), make_discriminator()
        discriminator[1].bias.data.fill_(scores)
        training = Training(generator, discriminator, lr=0.0)
        training.step(IMAGES)
        assert scores > 0 or training.generator[0].weight.grad.abs().max() > 1e-3
        assert discriminator[1].bias.grad.abs() > 0.4


def test_a_pair_by_what_the_function_returns(monkeypatch: pytest.MonkeyPatch) -> None:
    cases: list[tuple[Callable[[], Any], tuple[int, ...], str, float]] = [
        (lambda: (make_generator(), make_discriminator()), (100,), "logits", 0.0),
        (lambda: [make_generator(), make_discriminator(SIGMOID)], (100,), "probabilities", 0.5),
        (lambda: (make_generator(7), make_discriminator(), 7), (7,), "logits", 0.0),
        (
            lambda: (nn.Sequential(nn.Flatten(), make_generator(5)), make_discriminator(), (5, 1, 1)),
            (5, 1, 1),
            "logits",
            0,
        ),
        (
            lambda: (make_generator(7), make_discriminator(nn.Softplus(), nn.Hardsigmoid()), 7, "probabilities"),
            (7,),
            "probabilities",
            0.5,
        ),
    ]
    for function, latent, scores, threshold in cases:
        found = made_by(function, monkeypatch)
        assert (found.latent, found.threshold, found.shape) == (latent, threshold, (2, 4, 3))
        assert found.options == {
            "lr": 2e-4,
            "beta1": 0.5,
            "beta2": 0.999,
            "loss": "non-saturating",
            "latent": latent,
            "scores": scores,
        }
        training = started(found, Guidance(), loss=non_saturating)
        training.step(IMAGES)
        assert training.generator.explanations == 1
        assert not same(training, started(found, loss=non_saturating))
        assert str(found).startswith("mine:make, trained as the standard GAN (lr 0.0002")


@pytest.mark.parametrize(
    ("discriminator", "shape", "kind"),
    [
        (make_discriminator(), (8, 1), "logits"),
        (make_discriminator(SIGMOID), (8, 1), "probabilities"),
        (Functional(torch.sigmoid), (8, 1), "probabilities"),
        (Functional(lambda scores: scores.sigmoid().view(-1)), (8,), "probabilities"),
        (Functional(lambda scores: scores.squeeze(1)), (8,), "logits"),
        (Functional(lambda scores: scores[:, :, None, None]), (8, 1, 1, 1), "logits"),
        (Functional(lambda scores: scores.mean(1)), (8,), "logits"),
        (PATCHES, (8, 1, 3, 2), "logits"),
        (nn.Sequential(PATCHES, SIGMOID), (8, 1, 3, 2), "probabilities"),
        (nn.Sequential(PATCHES, SIGMOID, nn.AdaptiveAvgPool2d(1), nn.Flatten()), (8, 1), "probabilities"),
        (nn.utils.parametrizations.spectral_norm(nn.Conv2d(2, 1, (4, 3))), (8, 1, 1, 1), "logits"),
        (Functional(lambda scores: 40 + F.softplus(scores)), (8, 1), "logits"),
        (Functional(lambda scores: scores.clamp(0, 1)), (8, 1), None),
        (Functional(lambda scores: 1 / (1 + torch.exp(-scores))), (8, 1), None),
        (Functional(lambda scores: torch.stack([scores, -scores]).softmax(0)[0]), (8, 1), None),
        (Functional(lambda scores: (scores.tanh() + 1) * 0.5), (8, 1), None),
    ],
)
def test_what_scores_are_is_read_off_their_graph(
    discriminator: nn.Module, shape: tuple[int, ...], kind: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = discriminator(IMAGES)
    assert scores.shape == shape
    assert kind_of(scores) == kind
    check_scores(scores, 8)
    if kind is None:
        with pytest.raises(UsageError, match=r"cannot be told .* Return \(generator, discriminator, 100, \"logits\"\)"):
            made_by(lambda: (make_generator(), discriminator), monkeypatch)
        return
    training = Training(make_generator(), discriminator, scores=kind)  # type: ignore[arg-type]
    d_loss, g_loss = training.step(IMAGES)
    assert d_loss.shape == g_loss.shape == ()


def test_probabilities_that_are_none_are_refused_while_training() -> None:
    training = Training(make_generator(), Functional(lambda scores: 3 + scores), scores="probabilities")
    with pytest.raises(
        ValueError, match=r"`scores` should be logits where .* and scores from 2\.\d* to 3\.\d*\. Say logits"
    ):
        training.step(IMAGES)
    with pytest.raises(ValueError, match='`scores` should be "logits" or "probabilities"'):
        Training(make_generator(), make_discriminator(), scores="odds")  # type: ignore[arg-type]
