"""WGAN-GP: algorithm 1, written out beside the step, and the penalty by hand."""

import pytest
import torch
from torch import Tensor, nn

from xaigrad.integrations import wgan_gp
from xaigrad.integrations.wgan_gp import gradient_penalty

from ..loops import assert_same_bits
from .narrow import INTEGRATIONS, state

WGAN_GP = INTEGRATIONS["wgan_gp"]


def plain_penalty(critic: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
    """One sample after the other: a random point on the way, the norm of the slope there."""
    shares = torch.rand(len(real), 1, 1, 1)
    found = []
    for share, x, x_fake in zip(shares, real, fake, strict=True):
        point = (share * x + (1 - share) * x_fake)[None].requires_grad_()
        (slope,) = torch.autograd.grad(critic(point), point, torch.ones(1, 1), create_graph=True)
        found.append((slope.square().sum().sqrt() - 1) ** 2)
    return torch.stack(found).mean()


@pytest.mark.usefixtures("double")
def test_the_penalty_is_that_of_each_sample() -> None:
    """Also its gradient, which is what the critic learns from."""
    critic = WGAN_GP.make()[1]
    real, fake = torch.randn(2, 4, 1, 28, 28)
    found = []
    for penalty in (gradient_penalty, plain_penalty):
        torch.manual_seed(1)
        value = penalty(critic, real, fake)
        found.append([value, *torch.autograd.grad(value, list(critic.parameters()))])
    for ours, plain in zip(*found, strict=True):
        torch.testing.assert_close(ours, plain)


@pytest.mark.parametrize("slope", [0.25, 1.0, 3.0])
def test_the_penalty_of_a_straight_critic(slope: float) -> None:
    critic = nn.Linear(4, 1)
    nn.init.constant_(critic.weight, slope / 2)
    assert gradient_penalty(critic, torch.randn(6, 4), torch.randn(6, 4)).item() == pytest.approx((slope - 1) ** 2)


def test_points_lie_anywhere_between_real_and_generated_ones() -> None:
    seen: list[Tensor] = []

    class Watching(nn.Module):
        def forward(self, samples: Tensor) -> Tensor:
            seen.append(samples.detach())
            return samples.square().sum((1, 2, 3))

    gradient_penalty(Watching(), torch.zeros(500, 1, 2, 2), torch.ones(500, 1, 2, 2))
    shares = seen[0].flatten(1)
    assert torch.equal(shares, shares[:, :1].expand(-1, 4))
    assert 0 <= shares.min() < 0.05
    assert 0.95 < shares.max() <= 1
    assert 0.45 < shares.mean() < 0.55


def plain_steps(training: wgan_gp.Training, batches: list[Tensor], n_critic: int, penalty: float) -> None:
    """Algorithm 1 of the paper: the critic's n_critic steps, then one of the generator."""
    generator, critic = training.generator, training.discriminator
    for start in range(0, len(batches), n_critic):
        for images in batches[start : start + n_critic]:
            fake = generator(torch.randn(len(images), 100)).detach()
            loss = critic(fake).mean() - critic(images).mean() + penalty * gradient_penalty(critic, images, fake)
            training.d_optimizer.zero_grad()
            loss.backward()
            training.d_optimizer.step()
        training.g_optimizer.zero_grad()
        (-critic(generator(torch.randn(len(images), 100))).mean()).backward()
        training.g_optimizer.step()


@pytest.mark.parametrize(("n_critic", "penalty"), [(5, 10.0), (2, 1.0)])
def test_the_step_is_the_papers(n_critic: int, penalty: float) -> None:
    ours, plain = (WGAN_GP.start(n_critic=n_critic, penalty=penalty) for _ in range(2))
    batches = [WGAN_GP.batch()[0] for _ in range(2 * n_critic)]
    torch.manual_seed(1)
    losses = [ours.step(images) for images in batches]
    states = [state(ours)]
    torch.manual_seed(1)
    plain_steps(plain, batches, n_critic, penalty)
    assert_same_bits(*states, state(plain))
    assert [g_loss is not None for _, g_loss in losses] == ([False] * (n_critic - 1) + [True]) * 2


def test_the_papers_settings() -> None:
    training = WGAN_GP.start()
    assert (training.penalty, training.n_critic) == (10.0, 5)
    for optimizer in (training.d_optimizer, training.g_optimizer):
        assert isinstance(optimizer, torch.optim.Adam)
        assert (optimizer.param_groups[0]["lr"], optimizer.param_groups[0]["betas"]) == (1e-4, (0.0, 0.9))


def test_the_critic_scores_each_sample_by_itself() -> None:
    critic, images = wgan_gp.make_pair()[1], torch.randn(4, 1, 28, 28)
    torch.testing.assert_close(critic(images)[:1], critic(images[:1]))
    assert any(isinstance(layer, nn.GroupNorm) for layer in critic.modules())
