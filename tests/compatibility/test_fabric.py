"""Fabric: set up before or after wrapping, the steps are those of the guided loop written out, to the bit."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from xaigrad import Guidance, XAIGuidedGenerator
from xaigrad.explainers import DeepShap, Saliency
from xaigrad.schedules import Alternate, Constant

from ..loops import assert_same_bits, flat_bits, last_of, random_states, seed_everything
from ..networks import FEATURES, LATENT, PAIRS
from .documented import run

fabric = pytest.importorskip("lightning.fabric")

BANK = torch.randn(200, FEATURES, generator=torch.Generator().manual_seed(2))
RECIPE = Guidance(DeepShap(BANK), schedule=Alternate())
Order = Callable[[Any, nn.Module, nn.Module, Guidance], tuple[Any, Any]]


def wrap_last(launched: Any, maker: nn.Module, judge: nn.Module, guidance: Guidance) -> tuple[Any, Any]:
    judge = launched.setup(judge)
    return XAIGuidedGenerator(launched.setup(maker), judge, guidance), judge


def wrap_first(launched: Any, maker: nn.Module, judge: nn.Module, guidance: Guidance) -> tuple[Any, Any]:
    return launched.setup(XAIGuidedGenerator(maker, judge, guidance)), launched.setup(judge)


def wrap_between(launched: Any, maker: nn.Module, judge: nn.Module, guidance: Guidance) -> tuple[Any, Any]:
    judge = launched.setup(judge)
    return launched.setup(XAIGuidedGenerator(maker, judge, guidance)), judge


def unguided(launched: Any, maker: nn.Module, judge: nn.Module, guidance: Guidance) -> tuple[Any, Any]:
    return launched.setup(maker), launched.setup(judge)


ORDERS: list[Order] = [wrap_first, wrap_last, wrap_between]


Ask = Callable[[Callable[[Tensor], Tensor], Tensor], Tensor]


def stepped(play: Any, asked: Any, optimizers: Any, backward: Callable[[Tensor], None], steps: int, ask: Ask) -> None:
    for _ in range(steps):
        fake = ask(play, torch.randn(6, LATENT))
        losses = [
            lambda fake=fake: softplus(-ask(asked, torch.randn(6, FEATURES))) + softplus(ask(asked, fake.detach())),
            lambda fake=fake: softplus(-ask(asked, fake)),
        ]
        for optimizer, loss in zip(optimizers, losses, strict=True):
            optimizer.zero_grad()
            backward(loss().mean())
            optimizer.step()


def state(*parts: Any) -> dict[str, bytes]:
    return flat_bits("", [part.state_dict() for part in parts]) | random_states()


def bare(precision: str) -> tuple[nn.Module, nn.Module, list[torch.optim.Optimizer]]:
    seed_everything(0)
    maker, judge = PAIRS["plain norm"]()
    if precision == "bf16-true":
        maker, judge = maker.bfloat16(), judge.bfloat16()
    return maker, judge, [torch.optim.Adam(network.parameters(), 1e-2) for network in (judge, maker)]


def set_up(order: Order, guidance: Guidance, precision: str, steps: int = 12) -> tuple[dict[str, bytes], Any]:
    """Train in an order with Fabric, and return the bare networks with the generator that was played with."""
    maker, judge, optimizers = bare(precision)
    launched = fabric.Fabric(accelerator="cpu", precision=precision)
    play, asked = order(launched, maker, judge, guidance)
    both = launched.setup_optimizers(*optimizers)
    stepped(play, asked, both, launched.backward, steps, lambda network, samples: network(samples))
    return state(maker, judge, *optimizers), play


def written_out(guidance: Guidance, precision: str, steps: int = 12) -> tuple[dict[str, bytes], Any]:
    """The same without Fabric: it converts what goes into each network and comes out of it."""
    maker, judge, optimizers = bare(precision)

    def ask(network: Callable[[Tensor], Tensor], samples: Tensor) -> Tensor:
        inside = samples if precision == "32-true" else samples.bfloat16()
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16-mixed"):
            return network(inside).float()

    guided = XAIGuidedGenerator(maker, judge, guidance)
    stepped(guided, judge, optimizers, Tensor.backward, steps, ask)
    return state(maker, judge, *optimizers), guided


@pytest.mark.usefixtures("single")
@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed", "bf16-true"])
@pytest.mark.parametrize("order", ORDERS)
def test_every_order_is_the_loop_written_out(order: Order, precision: str) -> None:
    found, play = set_up(order, RECIPE, precision)
    expected, guided = written_out(RECIPE, precision)
    assert (play.updates, play.explanations) == (guided.updates, guided.explanations) == (12, 6)
    assert torch.equal(last_of(play).mask, last_of(guided).mask)
    assert_same_bits(found, expected)


@cache
def without_guidance() -> dict[str, bytes]:
    return set_up(unguided, RECIPE, "32-true", steps=50)[0]


@pytest.mark.parametrize("order", ORDERS)
def test_strength_0_is_the_training_without_guidance(order: Order) -> None:
    found, play = set_up(order, Guidance(Saliency(exact=True), schedule=Constant(0)), "32-true", steps=50)
    assert play.skipped == {"strength 0": 50}
    assert_same_bits(found, without_guidance())


@pytest.mark.parametrize("order", ORDERS)
def test_checkpoints_are_interchangeable(order: Order, tmp_path: Path) -> None:
    launched = fabric.Fabric(accelerator="cpu")
    for before, after in (order, unguided), (unguided, order):
        saved, loaded = bare("32-true")[:2], [network.apply(zeroed) for network in bare("32-true")[:2]]
        launched.save(tmp_path / "saved", dict(zip("GD", before(launched, *saved, RECIPE), strict=True)))
        launched.load(tmp_path / "saved", dict(zip("GD", after(launched, *loaded, RECIPE), strict=True)))
        assert_same_bits(state(*loaded), state(*saved))


@torch.no_grad()
def zeroed(module: nn.Module) -> None:
    for parameter in module.parameters():
        parameter.zero_()


@pytest.mark.usefixtures("single")
def test_documentation(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run("Fabric")
    assert capsys.readouterr().out == "3 3\n"
