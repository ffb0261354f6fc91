"""The figures of an epoch are those counted by hand, and measuring them changes nothing."""

import pytest
import torch
from torch import nn

from xaigrad import XAIGuidedGenerator
from xaigrad.benchmarks.study.meter import FIGURES, Meter
from xaigrad.schedules import Alternate


def networks() -> tuple[nn.Module, nn.Module]:
    torch.manual_seed(0)
    return nn.Linear(3, 4).double(), nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 1)).double()


def test_means_are_those_by_hand() -> None:
    generator, discriminator = networks()
    guided = XAIGuidedGenerator(generator, discriminator, schedule=Alternate())
    optimizer = torch.optim.SGD(guided.parameters(), 0.1)
    meter = Meter(optimizer, guided)
    expected: dict[str, list[float]] = {name: [] for name in FIGURES}
    for _ in range(4):
        seen = guided.last
        optimizer.zero_grad()
        discriminator(guided(torch.randn(5, 3, dtype=torch.float64))).mean().backward()
        flat = torch.cat(
            [parameter.grad.flatten() for parameter in generator.parameters() if parameter.grad is not None]
        )
        expected["gradient_norm"].append(flat.norm().item())
        last = guided.last
        if last is not None and last is not seen:
            expected["sample_gradient_norm"].append(last.gradient.norm(dim=1).mean().item())
            expected["norm_ratio"].append((last.guided.norm() / last.gradient.norm()).item())
            expected["mask_mean"].append(last.mask.mean().item())
            expected["mask_sd"].append(last.mask.std().item())
        optimizer.step()
    assert {name: len(found) for name, found in expected.items()} == dict.fromkeys(FIGURES, 2) | {"gradient_norm": 4}
    for name, found in meter.read().items():
        assert found == pytest.approx(sum(expected[name]) / len(expected[name]), rel=1e-12)
    assert set(meter.read().values()) == {None}


def test_a_standard_generator_has_a_gradient_alone() -> None:
    generator, discriminator = networks()
    optimizer = torch.optim.SGD(generator.parameters(), 0.1)
    meter = Meter(optimizer, None)
    discriminator(generator(torch.randn(5, 3, dtype=torch.float64))).mean().backward()
    optimizer.step()
    found = meter.read()
    assert found.pop("gradient_norm") is not None
    assert set(found.values()) == {None}


def test_a_gradient_that_vanished_has_the_ratio_1() -> None:
    """And is no divergence: 0 / 0 would be NaN."""
    generator, discriminator = networks()
    guided = XAIGuidedGenerator(generator, discriminator)
    optimizer = torch.optim.SGD(guided.parameters(), 0.1)
    meter = Meter(optimizer, guided)
    discriminator(guided(torch.randn(5, 3, dtype=torch.float64))).mean().backward()
    last = guided.last
    assert last is not None
    for part in (last.gradient, last.guided):
        part.zero_()
    optimizer.step()
    assert meter.read()["norm_ratio"] == 1.0
