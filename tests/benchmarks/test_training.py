"""Arms of one setting start alike, see the same data and noise, and differ only by their guidance."""

import pytest
import torch

from xaigrad import Guidance
from xaigrad.benchmarks.arms import Arm, ArmInTraining
from xaigrad.benchmarks.errors import UsageError
from xaigrad.benchmarks.losses import discriminator_loss, minimax, non_saturating
from xaigrad.benchmarks.metrics import Scores
from xaigrad.benchmarks.training import Setting, Training
from xaigrad.schedules import Constant

IMAGES = torch.rand(60, 1, 28, 28, generator=torch.Generator().manual_seed(3)) * 2 - 1


def weights(training: Training) -> list[torch.Tensor]:
    return [*training.generator.state_dict().values(), *training.discriminator.state_dict().values()]


def same(one: Training, other: Training) -> bool:
    return all(torch.equal(a, b) for a, b in zip(weights(one), weights(other), strict=True))


@pytest.mark.parametrize("model", ["mlp", "dcgan"])
@pytest.mark.parametrize("loss", ["minimax", "non-saturating"])
def test_standard_and_unguided_arms_are_bit_identical(model: str, loss: str) -> None:
    setting = Setting(model=model, loss=loss, batch=20)
    standard = Training(setting, IMAGES)
    rested = Training(setting, IMAGES, Guidance(schedule=Constant(0.0)))
    assert same(standard, rested)
    for training in (standard, rested):
        training.epoch()
        training.samples(8)
        training.epoch()
    assert same(standard, rested)


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


def test_an_arm_keeps_its_figures() -> None:
    class Counted:
        def fid(self, generated: torch.Tensor) -> float:
            return float(len(generated))

        def __call__(self, generated: torch.Tensor) -> Scores:
            return Scores(1.0, 2.0, 3.0, 4.0)

    arm = ArmInTraining(Arm("saliency", Guidance()), Setting(batch=20), IMAGES, Counted(), 12)
    assert [arm.epoch()["fid"], arm.epoch()["epoch"]] == [12.0, 2]
    result = arm.result()
    assert [epoch["explanations"] for epoch in result.history] == [3, 3]
    assert sum(epoch["seconds"] for epoch in result.history) == pytest.approx(result.seconds)
    assert result.record()["scores"] == {"fid": 1.0, "kid": 2.0, "precision": 3.0, "recall": 4.0}


def test_losses_are_the_papers() -> None:
    real, generated = torch.tensor([[0.9], [0.6]]), torch.tensor([[0.2], [0.3]])
    expected = -real.log().mean() - (1 - generated).log().mean()
    torch.testing.assert_close(discriminator_loss(real, generated), expected)
    torch.testing.assert_close(minimax(generated), (1 - generated).log().mean())
    torch.testing.assert_close(non_saturating(generated), -generated.log().mean())


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"epochs": 0}, "Parameter `epochs` should be at least 1. Found 0."),
        ({"batch": 1}, "Parameter `batch` should be at least 2. Found 1."),
        ({"lr": float("nan")}, "Parameter `lr` should be a positive number. Found nan."),
        ({"beta1": 1.0}, "Parameter `beta1` should lie in [0, 1). Found 1.0."),
        ({"model": "dcgam"}, "Did you mean dcgan?"),
        ({"loss": "hinge"}, "Parameter `loss` should be one of"),
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
