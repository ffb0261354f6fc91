"""WGAN: algorithm 1, written out beside the step."""

import pytest
import torch
from torch import Tensor, nn

from xaigrad.integrations import dcgan, wgan

from ..loops import assert_same_bits
from .narrow import INTEGRATIONS, state

WGAN = INTEGRATIONS["wgan"]


def largest_weight(critic: nn.Module) -> float:
    return max(parameter.abs().max().item() for parameter in critic.parameters())


def plain_steps(training: wgan.Training, batches: list[Tensor], n_critic: int, clip: float) -> None:
    """Algorithm 1 of the paper: the critic's n_critic steps, then one of the generator."""
    generator, critic = training.generator, training.discriminator
    for start in range(0, len(batches), n_critic):
        for images in batches[start : start + n_critic]:
            fake = generator(torch.randn(len(images), 100)).detach()
            training.d_optimizer.zero_grad()
            (critic(fake).mean() - critic(images).mean()).backward()
            training.d_optimizer.step()
            for parameter in critic.parameters():
                parameter.data = parameter.data.clip(-clip, clip)
        training.g_optimizer.zero_grad()
        (-critic(generator(torch.randn(len(images), 100))).mean()).backward()
        training.g_optimizer.step()


@pytest.mark.parametrize(("n_critic", "clip"), [(5, 0.01), (2, 0.05), (1, 0.01)])
def test_the_step_is_the_papers(n_critic: int, clip: float) -> None:
    ours, plain = (WGAN.start(n_critic=n_critic, clip=clip) for _ in range(2))
    batches = [WGAN.batch()[0] for _ in range(2 * n_critic)]
    torch.manual_seed(1)
    losses = [ours.step(images) for images in batches]
    states = [state(ours)]
    torch.manual_seed(1)
    plain_steps(plain, batches, n_critic, clip)
    assert_same_bits(*states, state(plain))
    assert [g_loss is not None for _, g_loss in losses] == ([False] * (n_critic - 1) + [True]) * 2


def test_the_critic_stays_within_its_bounds() -> None:
    training = WGAN.start(lr=1e-2, clip=0.03)
    assert largest_weight(training.discriminator) > 0.03
    for _ in range(5):
        training.step(*WGAN.batch())
        assert largest_weight(training.discriminator) == pytest.approx(0.03)
    assert largest_weight(training.generator) > 0.03


def test_losses_are_the_critics_scores() -> None:
    training = WGAN.start(n_critic=1, lr=0.0, clip=torch.inf)
    images = WGAN.batch()[0]
    torch.manual_seed(1)
    d_loss, g_loss = training.step(images)
    torch.manual_seed(1)
    scores = [training.discriminator(training.generator(torch.randn(4, 100))).mean() for _ in range(2)]
    torch.testing.assert_close(d_loss, scores[0] - training.discriminator(images).mean())
    torch.testing.assert_close(g_loss, -scores[1])


def test_the_papers_settings() -> None:
    training = WGAN.start()
    assert (training.clip, training.n_critic) == (0.01, 5)
    for optimizer in (training.d_optimizer, training.g_optimizer):
        assert isinstance(optimizer, torch.optim.RMSprop)
        assert optimizer.param_groups[0]["lr"] == 5e-5


def test_scores_have_no_bounds() -> None:
    for make, bounded in ((dcgan.make_pair, True), (wgan.make_pair, False)):
        judge = make()[1]
        assert any(isinstance(layer, nn.Sigmoid) for layer in judge.modules()) == bounded
        assert any(isinstance(layer, nn.BatchNorm2d) for layer in judge.modules())
