"""Checkpoints of guided and of bare trainings are the same thing, whatever they are written with and loaded into."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, load_model, save_file, save_model
from torch import Tensor, nn
from torch.nn.modules.utils import consume_prefix_in_state_dict_if_present

from xaigrad import Guidance, XAIGuidedGenerator
from xaigrad.explainers import DeepShap, Saliency
from xaigrad.schedules import Alternate

from ..loops import assert_same_bits, differing, flat_bits, seed_everything
from ..networks import FEATURES, PAIRS, discriminator, generator
from .habits import Habit, trained

EXACT = Guidance(Saliency(exact=True))


class Delicate(Habit):
    """Norms, dropout and in-place activations."""

    def networks(self) -> tuple[nn.Module, nn.Module]:
        return PAIRS["plain norm"]()

    @property
    def played(self) -> nn.Module:
        return self.play or self.generator


def saved(training: Delicate, folder: Path) -> None:
    """The networks as safetensors, the rest as torch writes it."""
    save_file(training.played.state_dict(), folder / "generator.safetensors")
    save_file(training.discriminator.state_dict(), folder / "discriminator.safetensors")
    rest: dict[str, Any] = {
        "optimizers": [optimizer.state_dict() for optimizer in training.optimizers],
        "random": torch.get_rng_state(),
    }
    if training.play is not None:
        rest["guidance"] = training.guided.interception.state_dict()
    torch.save(rest, folder / "rest.pt")


def loaded(folder: Path, guidance: Guidance | None) -> Delicate:
    """A new training, of other weights and another seed, that goes on from the files."""
    seed_everything(99)
    training = Delicate()
    if guidance is not None:
        training.play = XAIGuidedGenerator(training.generator, training.discriminator, guidance)
    training.played.load_state_dict(load_file(folder / "generator.safetensors"), strict=True)
    training.discriminator.load_state_dict(load_file(folder / "discriminator.safetensors"), strict=True)
    rest = torch.load(folder / "rest.pt", weights_only=True)
    for optimizer, state in zip(training.optimizers, rest["optimizers"], strict=True):
        optimizer.load_state_dict(state)
    if guidance is not None and "guidance" in rest:
        training.guided.interception.load_state_dict(rest["guidance"])
    torch.set_rng_state(rest["random"])
    return training


def continued(training: Delicate) -> dict[str, bytes]:
    for _ in range(5):
        training.step()
    return {name: value for name, value in training.state().items() if not name.startswith(("random.n", "random.p"))}


def test_from_guided_to_bare(tmp_path: Path) -> None:
    training = trained(Delicate, EXACT)
    saved(training, tmp_path)
    training.play = training.guided.detach()
    expected = continued(training)
    assert_same_bits(continued(loaded(tmp_path, None)), expected)


def test_from_bare_to_guided(tmp_path: Path) -> None:
    training = trained(Delicate)
    saved(training, tmp_path)
    again = loaded(tmp_path, EXACT)
    found = continued(again)
    torch.set_rng_state(torch.load(tmp_path / "rest.pt", weights_only=True)["random"])
    training.play = XAIGuidedGenerator(training.generator, training.discriminator, EXACT)
    assert_same_bits(found, continued(training))
    assert (again.guided.explanations, again.guided.updates) == (5, 5)


GUIDANCES = {
    "exact": EXACT,
    "alternating": Guidance(schedule=Alternate(2, 2)),
    "DeepShap": Guidance(DeepShap(torch.randn(200, FEATURES))),
    "DeepShap, harvested": Guidance(DeepShap()),
}


@pytest.mark.parametrize("guidance", GUIDANCES.values(), ids=GUIDANCES)
def test_uninterrupted(guidance: Guidance, tmp_path: Path) -> None:
    """With its own state the guidance goes on too: same strengths, same references."""
    training = trained(Delicate, guidance)
    saved(training, tmp_path)
    expected = continued(training)
    again = loaded(tmp_path, guidance)
    assert_same_bits(continued(again), expected)
    for count in ("updates", "explanations"):
        assert getattr(again.guided, count) == getattr(training.guided, count)
    assert differing(continued(loaded(tmp_path, None)), expected)


def prefixed(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {f"module.{name}": value for name, value in state.items()}


def by_hand(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix("module."): value for name, value in state.items()}


def by_torch(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    stripped = dict(state)
    consume_prefix_in_state_dict_if_present(stripped, "module.")
    return stripped


PARALLEL: dict[str, Callable[[nn.Module], nn.Module]] = {
    "wrapped first": lambda maker: nn.DataParallel(XAIGuidedGenerator(maker, discriminator())),
    "parallel first": lambda maker: XAIGuidedGenerator(nn.DataParallel(maker), discriminator()),
}


@pytest.mark.parametrize("strip", [by_hand, by_torch])
@pytest.mark.parametrize("make", PARALLEL.values(), ids=PARALLEL)
def test_the_prefix_of_data_parallelism(
    make: Callable[[nn.Module], nn.Module], strip: Callable[[Mapping[str, Tensor]], dict[str, Tensor]]
) -> None:
    """There and nowhere else, to be stripped as ever."""
    maker, other = generator(), generator()
    network = make(maker)
    assert flat_bits("", network.state_dict()) == flat_bits("", prefixed(maker.state_dict()))
    other.load_state_dict(strip(network.state_dict()))
    assert flat_bits("", other.state_dict()) == flat_bits("", maker.state_dict())
    network.load_state_dict(prefixed(generator().state_dict()))
    assert flat_bits("", other.state_dict()) != flat_bits("", maker.state_dict())


@pytest.mark.parametrize("make", PARALLEL.values(), ids=PARALLEL)
def test_the_module_inside_data_parallelism(make: Callable[[nn.Module], nn.Module]) -> None:
    """``network.module.state_dict()`` is how a distributed training is saved without the prefix."""
    maker = generator()
    assert flat_bits("", make(maker).module.state_dict()) == flat_bits("", maker.state_dict())


@pytest.mark.parametrize("direction", [1, -1])
def test_models_as_safetensors(direction: int, tmp_path: Path) -> None:
    bare, maker = generator(), generator()
    keep = discriminator()
    source, aim = (bare, XAIGuidedGenerator(maker, keep))[::direction]
    save_model(source, tmp_path / "generator.safetensors")
    assert load_model(aim, tmp_path / "generator.safetensors") == (set(), [])
    assert flat_bits("", bare.state_dict()) == flat_bits("", maker.state_dict())
