"""What all integrations have in common: they learn, and guidance reaches the generator's gradient alone."""

import pytest
import torch
from torch import nn

from xaigrad import Guidance
from xaigrad.explainers import DeepShap, Saliency

from ..loops import assert_same_bits, differing, flat_bits
from .narrow import INTEGRATIONS, Integration, state

every_integration = pytest.mark.parametrize("integration", INTEGRATIONS.values(), ids=INTEGRATIONS)


def weights(network: nn.Module) -> dict[str, bytes]:
    return flat_bits("", dict(network.named_parameters()))


def gradients(network: nn.Module) -> dict[str, bytes]:
    return flat_bits("", {name: parameter.grad for name, parameter in network.named_parameters()})


@every_integration
def test_one_explanation_per_update_of_the_generator(integration: Integration) -> None:
    training = integration.start(Guidance(Saliency(exact=True)))
    for _ in range(2 * integration.n_critic):
        training.step(*integration.batch())
    guided = training.generator
    assert (guided.updates, guided.explanations, guided.skipped) == (2, 2, {})
    assert guided.last.mask.shape == (4, 1, integration.size, integration.size)


@every_integration
@pytest.mark.parametrize("guidance", [Guidance(), Guidance(DeepShap())], ids=["Saliency", "DeepShap"])
def test_the_discriminator_is_undisturbed(integration: Integration, guidance: Guidance) -> None:
    """Until the generator has learned for the first time, all but the generator is what it is unguided."""
    standard, guided = integration.start(), integration.start(guidance)
    for training in (standard, guided):
        torch.manual_seed(0)
        for _ in range(integration.n_critic):
            training.step(*integration.batch())
    assert_same_bits(gradients(guided.discriminator), gradients(standard.discriminator))
    changed = differing(state(guided), state(standard))
    assert changed
    assert {name.split(".")[1] for name in changed} <= {"generator", "g_optimizer"}


@every_integration
def test_each_network_learns_in_its_turn(integration: Integration) -> None:
    training = integration.start()
    for step in range(1, integration.n_critic + 1):
        before = weights(training.generator), weights(training.discriminator)
        d_loss, g_loss = training.step(*integration.batch())
        assert weights(training.discriminator) != before[1]
        assert (weights(training.generator) != before[0]) == (g_loss is not None) == (step == integration.n_critic)
    for loss in (d_loss, g_loss):
        assert loss.shape == ()
        assert not loss.requires_grad


@pytest.mark.parametrize("name", ["mlp", "dcgan", "wgan", "wgan_gp", "cgan"])
def test_it_learns_an_even_grey(name: str) -> None:
    integration = INTEGRATIONS[name]
    training = integration.start(lr=5e-3, **({"n_critic": 2} if integration.n_critic > 1 else {}))

    def distance() -> float:
        with torch.no_grad():
            return float((training.generator(*integration.noise(8)) - 0.5).abs().mean())

    images, *labels = integration.batch(8)
    before = distance()
    for _ in range(40):
        training.step(torch.full_like(images, 0.5), *labels)
    assert distance() < 0.7 * before
