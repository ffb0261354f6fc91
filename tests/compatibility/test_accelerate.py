"""Accelerate: whatever the order of wrapping and ``prepare``, the steps are those of the guided loop written out."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus
from torch.utils.data import TensorDataset

from xaigrad import Guidance, XAIGuidedGenerator
from xaigrad.explainers import DeepShap, Saliency
from xaigrad.integrations.dcgan import LATENT
from xaigrad.schedules import Alternate, Constant

from ..loops import assert_same_bits, flat_bits, random_states, seed_everything
from ..networks import DISCRIMINATORS, FEATURES
from .documented import run

accelerate = pytest.importorskip("accelerate")
from accelerate.state import AcceleratorState, GradientState  # noqa: E402

from xaigrad.integrations.accelerate import step, train  # noqa: E402

BANK = torch.randn(200, FEATURES, generator=torch.Generator().manual_seed(2))
RECIPE = Guidance(DeepShap(BANK), schedule=Alternate())
Networks = tuple[Any, Any]
Order = Callable[[Any, nn.Module, nn.Module, Guidance], Networks]


@pytest.fixture(autouse=True)
def afresh() -> Iterator[None]:
    """Accelerate keeps its settings for the life of the process."""
    yield
    AcceleratorState._reset_state(reset_partial_state=True)
    GradientState._reset_state()


def wrap_last(accelerator: Any, maker: nn.Module, judge: nn.Module, guidance: Guidance) -> Networks:
    maker, judge = accelerator.prepare(maker, judge)
    return XAIGuidedGenerator(maker, judge, guidance), judge


def wrap_first(accelerator: Any, maker: nn.Module, judge: nn.Module, guidance: Guidance) -> Networks:
    networks: Networks = accelerator.prepare(XAIGuidedGenerator(maker, judge, guidance), judge)
    return networks


def wrap_between(accelerator: Any, maker: nn.Module, judge: nn.Module, guidance: Guidance) -> Networks:
    judge = accelerator.prepare(judge)
    return accelerator.prepare(XAIGuidedGenerator(maker, judge, guidance)), judge


def unguided(accelerator: Any, maker: nn.Module, judge: nn.Module, guidance: Guidance) -> Networks:
    networks: Networks = accelerator.prepare(maker, judge)
    return networks


ORDERS: list[Order] = [wrap_first, wrap_last, wrap_between]


def pair() -> tuple[nn.Module, nn.Module]:
    seed_everything(0)
    maker = nn.Sequential(nn.Linear(LATENT, 16), nn.BatchNorm1d(16), nn.ReLU(inplace=True), nn.Linear(16, FEATURES))
    return maker, nn.Sequential(DISCRIMINATORS["BatchNorm"](), nn.Dropout(0.2))


def optimizers(*networks: nn.Module) -> list[torch.optim.Optimizer]:
    return [torch.optim.Adam(network.parameters(), 1e-2) for network in networks]


def prepared(order: Order, guidance: Guidance, steps: int = 12, **settings: Any) -> tuple[dict[str, bytes], Any]:
    """Train in an order, and return the bare networks with the generator that was played with."""
    maker, judge = pair()
    both = optimizers(maker, judge)
    accelerator = accelerate.Accelerator(cpu=True, **settings)
    play, asked = order(accelerator, maker, judge, guidance)
    both = accelerator.prepare(*both)
    for _ in range(steps):
        step(accelerator, play, asked, *both, torch.randn(6, FEATURES))
    states = [maker.state_dict(), judge.state_dict(), *(each.state_dict() for each in both)]
    return flat_bits("", states) | random_states(), play


def written_out(guidance: Guidance, mixed: bool, every: int, steps: int = 12) -> dict[str, bytes]:
    """The same without Accelerate: autocast around each forward, float32 outputs, an update each `every` batches."""
    maker, judge = pair()
    both = g_optimizer, d_optimizer = optimizers(maker, judge)
    guided = XAIGuidedGenerator(maker, judge, guidance)

    def ask(network: nn.Module, samples: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
            output: Tensor = network(samples)
        return output.float() if mixed else output

    for index in range(1, steps + 1):
        real = torch.randn(6, FEATURES)
        fake = ask(guided, torch.randn(6, LATENT))
        of_real, of_fake = ask(judge, torch.cat([real, fake.detach()])).chunk(2)
        ((softplus(-of_real).mean() + softplus(of_fake).mean()) / every).backward()
        if index % every == 0:
            d_optimizer.step()
            d_optimizer.zero_grad()
        (softplus(-ask(judge, fake)).mean() / every).backward(inputs=list(maker.parameters()))
        if index % every == 0:
            g_optimizer.step()
            g_optimizer.zero_grad()
    states = [maker.state_dict(), judge.state_dict(), *(each.state_dict() for each in both)]
    return flat_bits("", states) | random_states()


@pytest.mark.usefixtures("single")
@pytest.mark.parametrize("every", [1, 3])
@pytest.mark.parametrize("precision", ["no", "bf16"])
@pytest.mark.parametrize("order", ORDERS)
def test_every_order_is_the_loop_written_out(order: Order, precision: str, every: int) -> None:
    state, play = prepared(order, RECIPE, mixed_precision=precision, gradient_accumulation_steps=every)
    assert_same_bits(state, written_out(RECIPE, precision == "bf16", every))
    assert (play.updates, play.explanations) == (12 / every, 6)


@cache
def without_guidance() -> dict[str, bytes]:
    return prepared(unguided, RECIPE, steps=50)[0]


@pytest.mark.parametrize("order", ORDERS)
def test_strength_0_is_the_training_without_guidance(order: Order) -> None:
    state, play = prepared(order, Guidance(Saliency(exact=True), schedule=Constant(0)), steps=50)
    assert play.skipped == {"strength 0": 50}
    assert_same_bits(state, without_guidance())


def test_the_training_function(tmp_path: Path) -> None:
    images = TensorDataset(torch.randn(24, FEATURES))
    maker, judge = pair()
    accelerator = accelerate.Accelerator(cpu=True)
    guided = train(accelerator, maker, judge, images, RECIPE, epochs=3, batch=6)
    assert (guided.updates, guided.explanations) == (12, 6)
    assert accelerator.unwrap_model(guided).detach() is maker
    assert list(accelerator.get_state_dict(guided)) == list(pair()[0].state_dict())
    accelerator.save_state(tmp_path)
    assert (tmp_path / "model.safetensors").exists()


def continued(accelerator: Any, networks: list[Any], steps: int) -> dict[str, bytes]:
    play, judge, *both = networks
    for _ in range(steps):
        step(accelerator, play, judge, *both, torch.randn(6, FEATURES))
    return flat_bits("", [play.state_dict(), judge.state_dict()]) | random_states()


@pytest.mark.parametrize("order", ORDERS)
def test_a_saved_state_goes_on_to_the_bit(order: Order, tmp_path: Path) -> None:
    found = []
    for resumed in False, True:
        maker, judge = pair()
        accelerator = accelerate.Accelerator(cpu=True)
        both = accelerator.prepare(*optimizers(maker, judge))
        play, asked = order(accelerator, maker, judge, RECIPE)
        accelerator.register_for_checkpointing(play.interception)
        if resumed:
            accelerator.load_state(tmp_path)
        else:
            continued(accelerator, [play, asked, *both], 5)
            accelerator.save_state(tmp_path)
        found.append(continued(accelerator, [play, asked, *both], 5))
        assert (play.updates, play.explanations) == (10, 5)
    assert_same_bits(*found)


def test_documentation(capsys: pytest.CaptureFixture[str]) -> None:
    run("Accelerate")
    assert capsys.readouterr().out == "3 6 ['weight', 'bias']\n"
