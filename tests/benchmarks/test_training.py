"""Arms of one setting start alike, see the same data and noise, and differ only by their guidance."""

import copy
import random

import pytest
import torch
from torch import Tensor

from xaigrad import Guidance
from xaigrad.benchmarks import models
from xaigrad.benchmarks.errors import UsageError
from xaigrad.benchmarks.setting import Setting
from xaigrad.benchmarks.training import Training
from xaigrad.integrations.losses import minimax
from xaigrad.schedules import Constant

MODELS = {name: model for name, model in models.MODELS.items() if model.side == 28}
IMAGES = torch.rand(60, 1, 28, 28, generator=torch.Generator().manual_seed(3)) * 2 - 1
LABELS = torch.arange(60) % 7
pytestmark = pytest.mark.usefixtures("single")
every_model = pytest.mark.parametrize("model", MODELS)


def weights(training: Training) -> list[torch.Tensor]:
    return [*training.generator.state_dict().values(), *training.discriminator.state_dict().values()]


def same(one: Training, other: Training) -> bool:
    return all(torch.equal(a, b) for a, b in zip(weights(one), weights(other), strict=True))


@pytest.mark.parametrize(("model", "loss"), [(model, None) for model in MODELS] + [("mlp", "minimax")])
def test_standard_and_unguided_arms_are_bit_identical(model: str, loss: str | None) -> None:
    setting = Setting(model=model, loss=loss, batch=20)
    standard = Training(setting, IMAGES, labels=LABELS)
    rested = Training(setting, IMAGES, Guidance(schedule=Constant(0.0)), LABELS)
    assert same(standard, rested)
    for training in (standard, rested):
        training.epoch()
        training.samples(8)
        training.epoch()
    assert same(standard, rested)


def watched(training: Training) -> list[Tensor]:
    """Return a list that fills with what each step and the generator are called with."""
    seen: list[Tensor] = []
    step = training.gan.step

    def watched_step(*batch: Tensor) -> tuple[Tensor, Tensor | None]:
        seen.extend(batch)
        losses: tuple[Tensor, Tensor | None] = step(*batch)
        return losses

    training.gan.step = watched_step
    bare = getattr(training.generator, "module", training.generator)
    bare.register_forward_pre_hook(lambda module, args: seen.extend(args))
    return seen


@every_model
def test_guided_arms_see_the_same_images_labels_and_noise(model: str) -> None:
    arms = (None, Guidance(), Guidance.logicgan(IMAGES))
    trainings = [Training(Setting(model=model, batch=6), IMAGES[:36], guidance, LABELS[:36]) for guidance in arms]
    standard, *guided = [watched(training) for training in trainings]
    for training in trainings:
        training.epoch()
    assert not same(trainings[0], trainings[1])
    for seen in guided:
        assert len(seen) == len(standard)
        assert all(torch.equal(one, other) for one, other in zip(seen, standard, strict=True))


def test_guided_arm_differs_and_explains_every_update() -> None:
    setting = Setting(batch=25)
    standard = Training(setting, IMAGES)
    guided = Training(setting, IMAGES, Guidance.logicgan(IMAGES))
    standard.epoch()
    epoch = guided.epoch()
    assert epoch.explanations == 2
    assert 0 < guided.explainer_seconds < guided.seconds
    assert not same(standard, guided)
    masks = guided.last_masks(4)
    assert masks is not None
    assert masks["masks"].shape == (4, 1, 28, 28)
    assert masks["masks"].amin() >= 0
    assert masks["masks"].amax() <= 1
    assert standard.last_masks(4) is None


def test_a_generator_that_does_not_learn_in_an_epoch_has_no_loss() -> None:
    training = Training(Setting(model="wgan", batch=20), IMAGES, Guidance())
    first, second = training.epoch(), training.epoch()
    assert (first.g_loss, first.explanations) == (None, 0)
    assert isinstance(second.g_loss, float)
    assert second.explanations == 1


def test_a_model_trains_with_its_own_options_where_none_are_given() -> None:
    own = {"lr": 2e-4, "beta1": 0.5, "loss": "non-saturating"}
    assert Setting().options == Setting(model="cgan").options == own
    assert Setting(model="wgan").options == {"lr": 5e-5, "clip": 0.01, "n_critic": 5}
    assert Setting(model="wgan-gp").options == {"lr": 1e-4, "beta1": 0.0, "penalty": 10.0, "n_critic": 5}
    given = Setting(model="dcgan", lr=1e-3, beta1=0.0, loss="minimax", batch=20)
    assert given.options == {"lr": 1e-3, "beta1": 0.0, "loss": "minimax"}
    gan = Training(given, IMAGES).gan
    assert (gan.lr, gan.beta1, gan.loss) == (1e-3, 0.0, minimax)


def test_a_conditional_model_makes_each_class_as_often_as_the_data() -> None:
    training = Training(Setting(model="cgan", batch=20), IMAGES, labels=torch.full((60,), 3))
    seen = watched(training)
    assert training.samples(600).shape == (600, 1, 28, 28)
    assert [len(argument) for argument in seen] == [500, 500, 100, 100]
    assert (seen[1] == 3).all()
    assert (seen[3] == 3).all()
    with pytest.raises(ValueError, match="`labels` should be the images' classes for cgan"):
        Training(Setting(model="cgan", batch=20), IMAGES)


def test_training_depends_on_the_seed_alone() -> None:
    one, again, other = (Training(Setting(batch=20, seed=seed), IMAGES) for seed in (1, 1, 2))
    for training in (one, again, other):
        training.epoch()
    assert torch.equal(one.samples(3), again.samples(3))
    assert not torch.equal(one.samples(3), other.samples(3))


def test_samples_leave_the_training_alone() -> None:
    training = Training(Setting(model="dcgan", batch=20), IMAGES)
    state, rng = [value.clone() for value in weights(training)], torch.get_rng_state()
    assert torch.equal(training.samples(600), training.samples(600))
    assert all(torch.equal(a, b) for a, b in zip(state, weights(training), strict=True))
    assert torch.equal(rng, torch.get_rng_state())
    assert training.generator.training


def test_a_twin_shares_weights_and_data_and_has_other_noise() -> None:
    standard, twin = (Training(Setting(batch=20), IMAGES, stream=stream) for stream in (0, 1))
    assert same(standard, twin)
    assert standard.fingerprint == twin.fingerprint
    seen = watched(standard), watched(twin)
    for training in (standard, twin):
        training.epoch()
    alike = [torch.equal(*both) for both in zip(*seen, strict=True)]
    assert alike == [True, False] * 3
    assert standard.draws != twin.draws
    assert not same(standard, twin)


def test_draws_tell_whether_the_same_was_drawn() -> None:
    standard, guided, other = (
        Training(Setting(batch=20, seed=seed), IMAGES, guidance)
        for seed, guidance in ((0, None), (0, Guidance.logicgan(IMAGES)), (1, None))
    )
    for training in (standard, guided, other):
        training.epoch()
    assert standard.draws == guided.draws != other.draws
    first = standard.draws
    standard.epoch()
    assert standard.draws != first


@every_model
def test_a_training_goes_on_from_its_state(model: str) -> None:
    straight, resumed = (
        Training(Setting(model=model, batch=6), IMAGES[:36], Guidance(), LABELS[:36]) for _ in range(2)
    )
    straight.epoch()
    saved = copy.deepcopy(straight.state_dict())
    straight.epoch()
    torch.randn(3)
    resumed.load_state_dict(saved)
    resumed.epoch()
    assert same(straight, resumed)
    assert straight.draws == resumed.draws


@every_model
def test_judging_leaves_the_training_alone(model: str) -> None:
    training = Training(Setting(model=model, batch=20), IMAGES, Guidance(), LABELS)
    state, rng = [value.clone() for value in weights(training)], torch.get_rng_state()
    modes = [module.training for module in training.discriminator.modules()]
    found = training.judged(30, 0.5)
    assert all(0 <= share <= 1 for share in found)
    assert all(torch.equal(a, b) for a, b in zip(state, weights(training), strict=True))
    assert torch.equal(rng, torch.get_rng_state())
    assert modes == [module.training for module in training.discriminator.modules()]


@pytest.mark.parametrize(("score", "shares"), [(0.9, (1.0, 0.0)), (0.1, (0.0, 1.0))])
def test_judging_counts_each_side(score: float, shares: tuple[float, float]) -> None:
    training = Training(Setting(batch=20), IMAGES)
    training.gan.discriminator.forward = lambda images: torch.full((len(images), 1), score)
    assert training.judged(30, 0.5) == shares


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"epochs": 0}, "Parameter `epochs` should be at least 1. Found 0."),
        ({"batch": 1}, "Parameter `batch` should be at least 2. Found 1."),
        ({"lr": float("nan")}, "Parameter `lr` should be a positive number. Found nan."),
        ({"beta1": 1.0}, "Parameter `beta1` should lie in [0, 1). Found 1.0."),
        ({"model": "dcgam"}, "Did you mean dcgan?"),
        ({"loss": "hinge"}, "Parameter `loss` should be one of"),
        ({"model": "wgan", "loss": "minimax"}, "Parameter `loss` is of no use to --model wgan. Leave it out."),
        ({"model": "wgan", "beta1": 0.5}, "Parameter `beta1` is of no use to --model wgan. Leave it out."),
        ({"model": "wgan-gp", "loss": "minimax"}, "Parameter `loss` is of no use to --model wgan-gp. Leave it out."),
        ({"device": "quantum"}, "Found 'quantum', which cannot be used here."),
    ],
)
def test_wrong_settings(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        Setting(**wrong)
    assert message in str(caught.value)


def test_too_few_images() -> None:
    with pytest.raises(UsageError, match="at most the number of images, 60"):
        Training(Setting(batch=61), IMAGES)


def test_samples_of_networks_that_draw_in_eval_mode_are_the_same_at_every_call() -> None:
    training = Training(Setting(batch=6), IMAGES[:36])
    training.generator.register_forward_hook(
        lambda module, given, made: made + torch.randn_like(made) * random.random()
    )
    before = torch.get_rng_state(), random.getstate()
    first, judged = training.samples(5), training.judged(5, 0.5)
    torch.randn(3)
    random.random()
    assert torch.equal(training.samples(5), first)
    assert training.judged(5, 0.5) == judged
    torch.set_rng_state(before[0])
    random.setstate(before[1])
    training.samples(5)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert random.getstate() == before[1]
