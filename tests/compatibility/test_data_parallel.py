"""Networks in ``nn.DataParallel``, before they are wrapped or after: every replica is guided, and none disturbed.

Where there are no devices to replicate to, DataParallel calls the module itself. So replicas are also made here by
torch's own code, on one device that stands for two.
"""

import importlib
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from xaigrad import XAIGuidedGenerator
from xaigrad.explainers import Context, DeepShap, Explainer, Saliency
from xaigrad.rules import Residual

from ..loops import assert_same_bits, flat_bits, last_of, noise, random_states, seed_everything
from ..networks import DISCRIMINATORS, discriminator, generator

replication: Any = importlib.import_module("torch.nn.parallel.replicate")  # The package means the function by it.


def against_zero(samples: Tensor, context: Context) -> Tensor:
    return torch.zeros_like(samples)


EXPLAINERS: dict[str, Explainer] = {
    "fused": Saliency(),
    "exact": Saliency(exact=True),
    "DeepShap": DeepShap(against_zero),
}


class TwoReplicas(nn.DataParallel):
    """DataParallel over two devices which are one, without its threads."""

    def __init__(self, module: nn.Module) -> None:
        nn.Module.__init__(self)
        self.module = module

    def forward(self, inputs: Tensor) -> Tensor:
        replicas = replication.replicate(self.module, [0, 1], not torch.is_grad_enabled())
        parts = [part.clone() for part in inputs.chunk(2)]
        return torch.cat([replica(part) for replica, part in zip(replicas, parts, strict=True)])


@pytest.fixture(autouse=True)
def one_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not to be learned lies on the first device already; all else is copied."""

    def copies(tensors: list[Tensor], devices: list[int], detach: bool) -> list[list[Tensor]]:
        return [tensors if detach and not device else [tensor.clone() for tensor in tensors] for device in devices]

    monkeypatch.setattr(replication, "_broadcast_coalesced_reshape", copies)
    monkeypatch.setattr(replication, "_get_device_index", lambda device, optional: device)


def learn(
    parts: str = "",
    before: bool = True,
    parallel: Callable[[nn.Module], nn.Module] = TwoReplicas,
    make: Callable[[], nn.Module] = discriminator,
    **settings: Any,
) -> tuple[dict[str, Tensor], XAIGuidedGenerator | None]:
    """Train a pair whose parts (G, D) are made parallel, guided if there are settings, and return its state."""
    seed_everything(0)
    maker, judge = generator(), make()
    optimizer = torch.optim.SGD([*maker.parameters(), *judge.parameters()], 0.1)

    def made_parallel(networks: tuple[nn.Module, nn.Module], now: bool) -> list[nn.Module]:
        return [
            parallel(network) if now and name in parts else network
            for name, network in zip("GD", networks, strict=True)
        ]

    play, ask = made_parallel((maker, judge), before)
    guided = XAIGuidedGenerator(play, ask, **settings) if settings else None
    play, ask = made_parallel((guided or play, ask), not before)
    for _ in range(3):
        optimizer.zero_grad()
        softplus(-ask(play(noise()))).mean().backward()
        optimizer.step()
    return nn.ModuleDict({"G": maker, "D": judge}).state_dict(), guided


@cache
def alone(explainer: str) -> dict[str, Tensor]:
    return learn(explainer=EXPLAINERS[explainer])[0]


PARTS = pytest.mark.parametrize("parts", ["G", "D", "GD"])
BEFORE = pytest.mark.parametrize("before", [True, False], ids=["before wrapping", "after wrapping"])
NO_DEVICE = pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without devices to replicate to")
ON_DEVICES = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


@PARTS
@BEFORE
@pytest.mark.parametrize("explainer", EXPLAINERS)
@pytest.mark.parametrize("parallel", [pytest.param(nn.DataParallel, marks=NO_DEVICE), TwoReplicas])
def test_guided_as_alone(parallel: Callable[[nn.Module], nn.Module], explainer: str, before: bool, parts: str) -> None:
    """Masks are the samples' own, so the gradients do not depend on who makes and who judges which of them."""
    found, guided = learn(parts, before, parallel, explainer=EXPLAINERS[explainer])
    torch.testing.assert_close(found, alone(explainer))
    assert guided is not None
    assert guided.explanations == (6 if "D" in parts and not before and parallel is TwoReplicas else 3)


@PARTS
@BEFORE
@pytest.mark.parametrize("judge", ["BatchNorm", "dropout", "new spectral norm"])
def test_neutral(judge: str, before: bool, parts: str) -> None:
    """Asking a replica, which shares the buffers of D on the first device, leaves no trace in D."""
    bare, _ = learn(parts, before, make=DISCRIMINATORS[judge])
    states = random_states()
    ours, _ = learn(parts, before, make=DISCRIMINATORS[judge], explainer=EXPLAINERS["exact"], rule=Residual(0.0))
    assert_same_bits(flat_bits("", ours) | random_states(), flat_bits("", bare) | states)


@BEFORE
def test_replicas_are_asked_in_eval_mode(before: bool) -> None:
    judge = DISCRIMINATORS["dropout"]()
    ask = TwoReplicas(judge) if before else judge
    guided = XAIGuidedGenerator(generator(), ask, explainer=Saliency(exact=True))
    ask = ask if before else TwoReplicas(judge)
    ask(guided(noise())).sum().backward()
    last = last_of(guided)
    points = last.samples.detach().requires_grad_()
    (slope,) = torch.autograd.grad(judge.eval()(points).sum(), points)
    torch.testing.assert_close(last.attribution, slope)


@pytest.mark.gpu
@ON_DEVICES
@BEFORE
def test_on_devices(before: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    with torch.device("cuda"):
        for explainer in EXPLAINERS.values():
            found, _ = learn("GD", before, nn.DataParallel, explainer=explainer)
            torch.testing.assert_close(found, learn(explainer=explainer)[0])
