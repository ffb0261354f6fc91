"""DCGAN: the paper's networks at every size, and the original GAN's step."""

import pytest
import torch
from torch import Tensor, nn

from xaigrad.integrations import dcgan, mlp
from xaigrad.integrations.losses import discriminator_loss, minimax, non_saturating

from ..loops import assert_same_bits
from .narrow import INTEGRATIONS, Integration, state


def channels(network: nn.Module, kind: type[nn.Module]) -> list[int]:
    """Return the channels that the layers of a kind make, in order."""
    return [int(layer.out_channels) for layer in network.modules() if isinstance(layer, kind)]


@pytest.mark.parametrize("size", [8, 14, 28, 32, 56, 64])
@pytest.mark.parametrize("colours", [1, 3])
def test_shapes(size: int, colours: int) -> None:
    generator, discriminator = dcgan.Generator(2, size, colours), dcgan.Discriminator(2, size, colours)
    images = generator(torch.randn(2, dcgan.LATENT))
    assert images.shape == (2, colours, size, size)
    assert images.abs().max() <= 1
    scores = discriminator(images)
    assert scores.shape == (2, 1)
    assert 0 <= scores.min() <= scores.max() <= 1


def test_the_papers_widths() -> None:
    generator, discriminator = dcgan.make_pair(64, channels=3)
    assert channels(generator, nn.ConvTranspose2d) == [512, 256, 128, 64, 3]
    assert channels(discriminator, nn.Conv2d) == [64, 128, 256, 512, 1]
    small, its_judge = dcgan.make_pair()
    assert channels(small, nn.ConvTranspose2d) == [128, 64, 1]
    assert channels(its_judge, nn.Conv2d) == [32, 64, 1]


def test_the_papers_layers() -> None:
    generator, discriminator = ([type(layer).__name__ for layer in network.layers] for network in dcgan.make_pair(64))
    assert generator == ["ConvTranspose2d", *["BatchNorm2d", "ReLU", "ConvTranspose2d"] * 4, "Tanh"]
    hidden = ["Conv2d", "BatchNorm2d", "LeakyReLU"] * 3
    assert discriminator == ["Conv2d", "LeakyReLU", *hidden, "Conv2d", "Flatten", "Sigmoid"]


def test_initial_weights() -> None:
    for network in dcgan.make_pair(32):
        for layer in network.layers:
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
                assert abs(layer.weight.mean()) < 0.002
                assert 0.019 < layer.weight.std() < 0.021
            elif isinstance(layer, nn.BatchNorm2d):
                assert 0.98 < layer.weight.mean() < 1.02
                assert 0.01 < layer.weight.std() < 0.03


def test_norm_and_head_are_to_be_chosen() -> None:
    critic = dcgan.Discriminator(2, 64, norm=lambda width: nn.GroupNorm(1, width), head=nn.Identity)
    assert not any(isinstance(layer, nn.BatchNorm2d | nn.Sigmoid) for layer in critic.modules())
    assert [layer.num_channels for layer in critic.modules() if isinstance(layer, nn.GroupNorm)] == [4, 8, 16]


@pytest.mark.parametrize("size", [0, 4, 7, 30, 48])
@pytest.mark.parametrize("network", [dcgan.Generator, dcgan.Discriminator])
def test_sizes_that_cannot_be(network: type[nn.Module], size: int) -> None:
    with pytest.raises(ValueError, match=f"4 or 7 times a power of two, like 28, 32 or 64. Found {size}."):
        network(2, size)


def plain_step(training: dcgan.Training, images: Tensor) -> tuple[Tensor, Tensor]:
    """Algorithm 1 of the GAN paper, written out; one sample for both turns."""
    generator, discriminator = training.generator, training.discriminator
    fake = generator(torch.randn(len(images), 100))
    ones, zeros, bce = torch.ones(len(images), 1), torch.zeros(len(images), 1), nn.BCELoss()
    d_loss = bce(discriminator(images), ones) + bce(discriminator(fake.detach()), zeros)
    training.d_optimizer.zero_grad()
    d_loss.backward()
    training.d_optimizer.step()
    g_loss = bce(discriminator(fake), ones)
    training.g_optimizer.zero_grad()
    g_loss.backward()
    training.g_optimizer.step()
    return d_loss.detach(), g_loss.detach()


@pytest.mark.parametrize("integration", [INTEGRATIONS["mlp"], INTEGRATIONS["dcgan"]], ids=["mlp", "dcgan"])
def test_the_step_is_the_papers(integration: Integration) -> None:
    states, losses = [], []
    for step in (dcgan.Training.step, plain_step):
        training = integration.start()
        losses.append(torch.stack([torch.stack(step(training, *integration.batch())) for _ in range(3)]))
        states.append(state(training))
    assert_same_bits(*states)
    assert torch.equal(*losses)


def test_settings_reach_the_optimizers_and_the_loss() -> None:
    integration = INTEGRATIONS["dcgan"]
    for training, lr, betas in (
        (integration.start(), 2e-4, (0.5, 0.999)),
        (integration.start(lr=1e-3, beta1=0.9), 1e-3, (0.9, 0.999)),
    ):
        for optimizer in (training.d_optimizer, training.g_optimizer):
            assert isinstance(optimizer, torch.optim.Adam)
            assert (optimizer.param_groups[0]["lr"], optimizer.param_groups[0]["betas"]) == (lr, betas)
    assert integration.start(loss=minimax).step(*integration.batch())[1] < 0


def test_losses_are_the_papers() -> None:
    real, generated = torch.tensor([[0.9], [0.6]]), torch.tensor([[0.2], [0.3]])
    expected = -real.log().mean() - (1 - generated).log().mean()
    torch.testing.assert_close(discriminator_loss(real, generated), expected)
    torch.testing.assert_close(minimax(generated), (1 - generated).log().mean())
    torch.testing.assert_close(non_saturating(generated), -generated.log().mean())


def test_the_mlp_shares_the_step() -> None:
    assert mlp.Training is dcgan.Training
