"""Copies and pickles of networks and wrappers work while the guidance is attached, and are not guided."""

import copy
import io
import pickle
import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from xaigrad import XAIGuidedGenerator
from xaigrad.explainers import Saliency

from .loops import flat_bits, noise
from .networks import DISCRIMINATORS, LATENT, discriminator, generator


def through_torch(value: Any) -> Any:
    buffer = io.BytesIO()
    torch.save(value, buffer)
    buffer.seek(0)
    return torch.load(buffer, weights_only=False)


COPIES: dict[str, Callable[[Any], Any]] = {
    "deepcopy": copy.deepcopy,
    "pickle": lambda value: pickle.loads(pickle.dumps(value)),
    "torch.save": through_torch,
}


@pytest.fixture
def guided() -> XAIGuidedGenerator:
    maker, judge = generator(), discriminator()
    keep = XAIGuidedGenerator(maker, judge, explainer=Saliency(exact=True))
    keep.__dict__["judge"] = judge
    judge(keep(noise())).sum().backward()
    return keep


def state(module: nn.Module) -> dict[str, bytes]:
    return flat_bits("", module.state_dict())


def assert_own_parameters(made: nn.Module, original: nn.Module) -> None:
    ours = {id(parameter) for parameter in made.parameters()}
    assert not ours & {id(parameter) for parameter in original.parameters()}
    assert state(made) == state(original)
    with torch.no_grad():
        next(made.parameters()).add_(1)
    assert state(made) != state(original)


@pytest.mark.parametrize("make", COPIES.values(), ids=COPIES)
def test_the_wrapper(guided: XAIGuidedGenerator, make: Callable[[Any], Any]) -> None:
    z = noise()
    made = make(guided)
    assert isinstance(made, XAIGuidedGenerator)
    assert torch.equal(made(z), guided(z))
    assert list(made.state_dict()) == list(guided.state_dict())
    assert {id(parameter) for parameter in made.parameters()} == {id(parameter) for parameter in made.bare.parameters()}
    made.double()
    assert {parameter.dtype for parameter in made.bare.parameters()} == {torch.float64}
    made.to(z.dtype)
    assert_own_parameters(made, guided)


@pytest.mark.parametrize("make", COPIES.values(), ids=COPIES)
def test_a_copied_wrapper_is_not_guided(guided: XAIGuidedGenerator, make: Callable[[Any], Any]) -> None:
    made, judge = make(guided), guided.judge
    judge(made(noise())).sum().backward()
    judge(made(noise())).sum().backward()
    assert guided.explanations == 1
    assert guided.skipped == {}
    assert made.detach() is made.bare
    assert "Guidance" not in repr(made)


@pytest.mark.parametrize("name", ["interception", "updates", "explanations", "skipped", "fallbacks", "last"])
def test_a_copy_has_no_guidance_to_ask_about(guided: XAIGuidedGenerator, name: str) -> None:
    message = r"A copy of a guided generator should be wrapped before .* XAIGuidedGenerator\(copy\.bare, discriminator"
    with pytest.raises(RuntimeError, match=message):
        getattr(copy.deepcopy(guided), name)


def test_a_copy_cannot_be_paused(guided: XAIGuidedGenerator) -> None:
    for ask in (XAIGuidedGenerator.paused, XAIGuidedGenerator.guided):
        with pytest.raises(RuntimeError, match="Found an unguided copy"):
            ask(copy.deepcopy(guided))


def test_a_copy_can_be_wrapped(guided: XAIGuidedGenerator) -> None:
    judge = guided.judge
    again = XAIGuidedGenerator(copy.deepcopy(guided).bare, judge)
    judge(again(noise())).sum().backward()
    assert (again.explanations, guided.explanations) == (1, 1)


def test_the_message_about_a_wrapped_copy_fits(guided: XAIGuidedGenerator) -> None:
    with pytest.raises(ValueError, match=r"wrap generator\.detach\(\)"):
        XAIGuidedGenerator(copy.deepcopy(guided), discriminator())


def test_shallow_copy(guided: XAIGuidedGenerator) -> None:
    made = copy.copy(guided)
    assert made.bare is guided.bare
    with pytest.raises(RuntimeError, match="Found an unguided copy"):
        _ = made.updates


COPIED = {name: make for name, make in DISCRIMINATORS.items() if "old" not in name}
"""The old norms cannot be copied after a forward pass, in PyTorch itself."""


@pytest.mark.parametrize("make", COPIED.values(), ids=COPIED)
def test_deepcopy_of_an_attached_discriminator(make: Callable[[], nn.Module]) -> None:
    judge = make()
    guided = XAIGuidedGenerator(generator(), judge, explainer=Saliency(exact=True))
    made = copy.deepcopy(judge)
    made(guided(noise())).sum().backward()
    assert guided.explanations == 0
    assert [parameter.shape for parameter in made.parameters()] == [parameter.shape for parameter in judge.parameters()]


@pytest.mark.parametrize("make", COPIES.values(), ids=COPIES)
def test_discriminator(guided: XAIGuidedGenerator, make: Callable[[Any], Any]) -> None:
    made = make(guided.judge)
    made(guided(noise())).sum().backward()
    assert guided.explanations == 1
    assert_own_parameters(made, guided.judge)


@pytest.mark.parametrize("make", COPIES.values(), ids=COPIES)
def test_everything_at_once(guided: XAIGuidedGenerator, make: Callable[[Any], Any]) -> None:
    """As ``pickle.dump((G, D, G_ema))`` does it: what was shared is shared."""
    wrapper, maker, judge, averaged = make((guided, guided.bare, guided.judge, copy.deepcopy(guided.bare)))
    assert wrapper.bare is maker
    judge(wrapper(noise())).sum().backward()
    assert guided.explanations == 1
    assert state(averaged) == state(maker)


def test_generator_and_optimizer(guided: XAIGuidedGenerator) -> None:
    optimizer = torch.optim.Adam(guided.parameters())
    attached = XAIGuidedGenerator(guided.detach(), guided.judge, optimizer=optimizer)
    optimizer.step()
    made = copy.deepcopy(optimizer)
    made.step()
    assert attached.updates == 1


@pytest.mark.parametrize("dump", [pickle.dumps, lambda value: pickle.dumps(value, 2)])
def test_a_pickled_discriminator_does_not_need_xaigrad(
    guided: XAIGuidedGenerator, dump: Callable[[Any], bytes]
) -> None:
    assert b"xaigrad" not in dump(guided.judge)
    assert b"xaigrad" not in dump(guided.bare)
    buffer = io.BytesIO()
    torch.save((guided.bare, guided.judge), buffer)
    assert b"xaigrad" not in buffer.getvalue()


def test_a_pickled_discriminator_loads_where_xaigrad_is_not_installed(
    guided: XAIGuidedGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    pickled, z = pickle.dumps((guided.bare, guided.judge)), noise()
    expected = guided.judge(guided(z))
    for name in [name for name in sys.modules if name.startswith("xaigrad")]:
        monkeypatch.setitem(sys.modules, name, None)
    maker, judge = pickle.loads(pickled)
    assert torch.equal(judge(maker(z)), expected)


def test_averaged_model(guided: XAIGuidedGenerator) -> None:
    averaged = torch.optim.swa_utils.AveragedModel(guided)
    averaged.update_parameters(guided)
    assert torch.equal(averaged(z := torch.randn(6, LATENT)), guided(z))
    assert state(averaged.module) == state(guided.bare)
