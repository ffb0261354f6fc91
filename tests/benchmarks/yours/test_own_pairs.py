"""A user's own pair trains as the standard GAN does, or by their own step, guided and not; mistakes are one line."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from xaigrad import Guidance, XAIGuidedGenerator
from xaigrad.benchmarks.data import Digits
from xaigrad.benchmarks.errors import UsageError
from xaigrad.benchmarks.yours import OwnModel, _model, model
from xaigrad.benchmarks.yours._training import Training, check_scores, kind_of
from xaigrad.integrations import dcgan, mlp
from xaigrad.integrations.losses import minimax, non_saturating

IMAGES = torch.rand(8, 2, 4, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float32) * 2 - 1
SIGMOID = nn.Sigmoid()
pytestmark = pytest.mark.usefixtures("single")


def make_generator(latent: int = 100) -> nn.Sequential:
    return nn.Sequential(nn.Linear(latent, 24), nn.Tanh(), nn.Unflatten(1, (2, 4, 3)))


def make_discriminator(*head: nn.Module) -> nn.Sequential:
    return nn.Sequential(nn.Flatten(), nn.Linear(24, 1), *head)


def made_by(function: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> OwnModel:
    monkeypatch.setattr(_model, "imported", lambda parameter, text: function)
    model.cache_clear()
    try:
        return model("mine:make")
    finally:
        model.cache_clear()


def started(found: OwnModel, guidance: Guidance | None = None, **options: Any) -> Any:
    """Return a training as the benchmarks start one."""
    torch.manual_seed(0)
    generator, discriminator = found.make_pair()
    guided = generator if guidance is None else XAIGuidedGenerator(generator, discriminator, guidance)
    return found.training(guided, discriminator, **(found.options | options))


def weights(training: Any) -> list[Tensor]:
    return [*training.generator.state_dict().values(), *training.discriminator.state_dict().values()]


def same(one: Any, other: Any) -> bool:
    return all(torch.equal(a, b) for a, b in zip(weights(one), weights(other), strict=True))


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


class Functional(nn.Module):
    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.linear = nn.Linear(24, 1)
        self.function = function

    def forward(self, images: Tensor) -> Tensor:
        return self.function(self.linear(images.flatten(1)))


PATCHES = nn.Sequential(nn.Conv2d(2, 1, 2))


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


class Own:
    """A training of a user's own: hinge loss, a critic that steps twice, and its own names."""

    def __init__(self, labelled: bool = False) -> None:
        self.generator: nn.Module = make_generator(6)
        self.discriminator = make_discriminator()
        self.g_optimizer = torch.optim.SGD(self.generator.parameters(), 0.1)
        self.optimizer_of_d = torch.optim.SGD(self.discriminator.parameters(), 0.1)
        self.latent = 6
        self.steps = 0

    def step(self, images: Tensor) -> tuple[Tensor, Tensor | None]:
        self.steps += 1
        fake = self.generator(torch.randn(len(images), 6))
        d_loss = F.relu(1 - self.discriminator(images)).mean() + F.relu(1 + self.discriminator(fake.detach())).mean()
        self.optimizer_of_d.zero_grad()
        d_loss.backward()
        self.optimizer_of_d.step()
        if self.steps % 2:
            return d_loss.detach(), None
        g_loss = -self.discriminator(fake).mean()
        self.g_optimizer.zero_grad()
        g_loss.backward()
        self.g_optimizer.step()
        return d_loss.detach(), g_loss.detach()


class OfBare(Own):
    """Its step does not look at the attribute."""

    def __init__(self) -> None:
        super().__init__()
        bare = self.generator
        self._bare = lambda noise: bare(noise)

    def step(self, images: Tensor) -> tuple[Tensor, Tensor | None]:
        guided, self.generator = self.generator, self._bare  # type: ignore[assignment]
        try:
            return super().step(images)
        finally:
            self.generator = guided


class OfTwo(nn.Module):
    """The generator of classes."""

    def __init__(self) -> None:
        super().__init__()
        self.images = make_generator(6)

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        made: Tensor = self.images(noise + labels[:, None])
        return made


class Labelled(Own):
    def __init__(self) -> None:
        super().__init__()
        self.generator = OfTwo()
        self.g_optimizer = torch.optim.SGD(self.generator.parameters(), 0.1)

    def step(self, images: Tensor, labels: Tensor, extra: int = 0) -> tuple[Tensor, Tensor | None]:
        of_classes = self.generator
        self.generator = lambda noise: of_classes(noise, labels)  # type: ignore[assignment]
        try:
            return super().step(images)
        finally:
            self.generator = of_classes


@pytest.mark.parametrize("kind", [Own, OfBare, Labelled])
def test_a_training_of_their_own_is_guided_from_outside(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    found = made_by(kind, monkeypatch)
    assert (found.latent, found.shape, found.threshold) == ((6,), (2, 4, 3), None)
    assert found.labelled == (kind is Labelled)
    assert found.options == {}
    given = (IMAGES, *([torch.arange(8)] if found.labelled else []))
    standard, guided = started(found), started(found, Guidance())
    assert type(standard) is type(guided) is kind
    assert standard.steps == 0
    for training in (standard, guided):
        torch.manual_seed(2)
        assert [training.step(*given)[1] is None for _ in range(4)] == [True, False, True, False]
    torch.manual_seed(0)
    alone = kind()
    torch.manual_seed(2)
    for _ in range(4):
        alone.step(*given)
    assert same(standard, alone)
    assert not same(guided, alone)
    assert guided.generator.explanations == 2
    assert guided.generator.bare is not standard.generator


def test_trying_draws_nobodys_random_numbers_and_is_done_once(monkeypatch: pytest.MonkeyPatch) -> None:
    before = torch.get_rng_state()
    calls = []
    monkeypatch.setattr(_model, "imported", lambda parameter, text: lambda: (calls.append(1), Own())[1])
    model.cache_clear()
    assert model("mine:make") is model("mine:make")
    assert calls == [1]
    model.cache_clear()
    assert torch.equal(before, torch.get_rng_state())


def test_networks_are_new_at_every_call(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = make_generator(), make_discriminator()
    training = Own()
    for function in (lambda: pair, lambda: training):
        found = made_by(function, monkeypatch)
        with pytest.raises(UsageError, match=r"returns the same ones again\. Construct them inside the function\."):
            found.make_pair()


def test_images_fit_the_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    found = made_by(Own, monkeypatch)
    found.check_fits(Digits(IMAGES, torch.zeros(8), "mine"))
    with pytest.raises(UsageError, match=r"such as those of the data, \(1, 28, 28\)\. Found \(2, 4, 3\)"):
        found.check_fits(Digits(torch.zeros(8, 1, 28, 28), torch.zeros(8), "mine"))
    labelled = made_by(Labelled, monkeypatch)
    labelled.check_fits(Digits(IMAGES, torch.arange(8), "mine"))
    with pytest.raises(UsageError, match=r"Found no labels but 0\. Return \(images, labels\)\."):
        labelled.check_fits(Digits(IMAGES, torch.zeros(8), "mine"))


class Without(Own):
    def __init__(self, name: str) -> None:
        super().__init__()
        setattr(self, name, None)


class Returning(Own):
    def __init__(self, losses: Any) -> None:
        super().__init__()
        self.losses = losses

    def step(self, images: Tensor) -> Any:
        return self.losses


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (
            lambda: None,
            r"`pair` should name a function that returns \(generator, .* returns an object of type NoneType",
        ),
        (lambda: make_generator(), r"Found that mine:make returns an object of type Sequential"),
        (lambda: (make_generator(),), r"Found that mine:make returns a tuple of \[an object of type Seq"),
        (lambda: (make_generator(), make_discriminator(), 100, "logits", 3), r"mine:make returns 5 things"),
        (
            lambda: (make_generator(7), make_discriminator()),
            r"RuntimeError when the generator was called with noise of shape",
        ),
        (lambda: (make_generator(7), make_discriminator()), r"Return \(generator, discriminator, latent\) if it wants"),
        (lambda: (make_discriminator(), make_generator()), r"RuntimeError when the generator .* and in this order\."),
        (
            lambda: (nn.Linear(100, 24), make_discriminator()),
            r"shape \(N, C, H, W\)\. Found a tensor of shape \(4, 24\)",
        ),
        (
            lambda: (make_generator(), nn.Linear(5, 1)),
            r"RuntimeError when the discriminator was called with samples of",
        ),
        (
            lambda: (make_generator(), nn.Sequential(nn.Flatten(), nn.Linear(24, 2))),
            r"Found a tensor of shape \(4, 2\)",
        ),
        (
            lambda: (make_generator(), nn.Linear(3, 1)),
            r"scores of shape \(N,\) or \(N, 1, \.\.\.\).* Found a tensor of",
        ),
        (lambda: (make_generator(), Functional(lambda s: (s, s))), r"Found a tuple of"),
        (lambda: (make_generator(), make_discriminator(), 0), r"as a size or a shape, .* Found 0 from mine:make"),
        (lambda: (make_generator(), make_discriminator(), "100"), r"Found '100' from mine:make"),
        (
            lambda: (make_generator(), make_discriminator(), 100, "odds"),
            r"\"logits\" or \"probabilities\"\. Found 'odds'",
        ),
        (
            lambda: 1 / 0,
            r"ZeroDivisionError when mine:make was called, at .*test_own_pairs\.py:\d+: division by zero\. Mend it",
        ),
        (3, r"Found an object of type int\. Write a function"),
        (lambda: Without("step"), r"returns an object of type Without without step"),
        (lambda: Without("g_optimizer"), r"without g_optimizer, the generator's optimizer"),
        (lambda: Without("generator"), r"returns an object of type Without\."),
        (
            lambda: Returning(None),
            r"should have a step that returns \(d_loss, g_loss\).* Found an object of type NoneType",
        ),
        (lambda: Returning((0.5, 0.5)), r"Return \(d_loss\.detach\(\), g_loss\.detach\(\)\)"),
        (lambda: Returning((torch.zeros(3), None)), r"tensors without dimensions"),
        (lambda: Returning((None, torch.zeros(()))), r"tensors without dimensions"),
    ],
)
def test_mistakes(function: Any, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        made_by(function, monkeypatch)
    assert "\n" not in str(caught.value)
