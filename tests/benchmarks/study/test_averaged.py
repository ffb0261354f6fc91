"""The moving average is that of its formula, follows the optimizer, disturbs nothing and resumes."""

import copy

import pytest
import torch
from torch import nn

from xaigrad import XAIGuidedGenerator
from xaigrad.benchmarks.study.averaged import Averaged


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2)).double()


def step(net: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    optimizer.zero_grad()
    net(torch.randn(5, 3, dtype=torch.float64)).square().sum().backward()
    optimizer.step()


@pytest.mark.parametrize("decay", [0.0, 0.5, 0.999])
def test_it_is_that_of_the_formula(decay: float) -> None:
    net = network()
    optimizer = torch.optim.Adam(net.parameters(), 0.1)
    averaged = Averaged(net, optimizer, decay)
    expected = [parameter.detach().clone() for parameter in net.parameters()]
    for number in range(1, 8):
        step(net, optimizer)
        share = min(decay, (1 + number) / (10 + number))
        expected = [share * e + (1 - share) * p.detach() for e, p in zip(expected, net.parameters(), strict=True)]
    for found, wanted in zip(averaged.network.parameters(), expected, strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-12, atol=1e-12)
        assert not found.requires_grad
    for found, wanted in zip(averaged.network.buffers(), net.buffers(), strict=True):
        assert torch.equal(found, wanted)


def test_training_is_the_same_with_and_without_it() -> None:
    found = []
    for follows in (True, False):
        net = network()
        optimizer = torch.optim.Adam(net.parameters(), 0.1)
        if follows:
            Averaged(net, optimizer)
        for _ in range(5):
            step(net, optimizer)
        found.append([*net.state_dict().values(), torch.get_rng_state()])
    assert all(torch.equal(*both) for both in zip(*found, strict=True))


def test_it_is_of_the_bare_generator_and_of_its_mode() -> None:
    net, judge = network(), nn.Linear(2, 1).double()
    guided = XAIGuidedGenerator(net, judge)
    averaged = Averaged(guided, torch.optim.Adam(guided.parameters(), 0.1))
    assert type(averaged.network) is nn.Sequential
    assert set(averaged.network.state_dict()) == set(guided.state_dict())


def test_it_resumes() -> None:
    net = network()
    optimizer = torch.optim.Adam(net.parameters(), 0.1)
    averaged = Averaged(net, optimizer, 0.9)
    for _ in range(3):
        step(net, optimizer)
    other = copy.deepcopy(net)
    other_optimizer = torch.optim.Adam(other.parameters(), 0.1)
    other_optimizer.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    resumed = Averaged(other, other_optimizer, 0.9)
    resumed.load_state_dict(copy.deepcopy(averaged.state_dict()))
    for one, its in ((net, optimizer), (other, other_optimizer)):
        torch.manual_seed(1)
        for _ in range(3):
            step(one, its)
    for both in zip(averaged.network.state_dict().values(), resumed.network.state_dict().values(), strict=True):
        assert torch.equal(*both)


def test_a_buffer_that_is_another_tensor_after_each_call_is_followed() -> None:
    class Running(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(2, 1)
            self.register_buffer("mean", torch.zeros(2))

        def forward(self, noise: torch.Tensor) -> torch.Tensor:
            self.mean = 0.9 * self.mean + noise.mean(0)
            found: torch.Tensor = self.linear(noise + self.mean)
            return found

    net = Running()
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    averaged = Averaged(net, optimizer)
    net(torch.ones(3, 2)).sum().backward()
    optimizer.step()
    assert torch.equal(averaged.network.get_buffer("mean"), torch.ones(2))
