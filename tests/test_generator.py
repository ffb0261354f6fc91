"""The wrapper is the generator's own view: same parameters, names, state, mode, attributes."""

import gc
import inspect
import weakref
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from xaigrad import Guidance, XAIGuidedGenerator
from xaigrad.explainers import InputXGradient, Saliency
from xaigrad.masks import Offset
from xaigrad.rules import Residual
from xaigrad.schedules import Alternate

from .loops import assert_same_bits, flat_bits, noise
from .networks import LATENT, discriminator, generator, normalised


class Delicate(nn.Module):
    """A generator with every kind of state: tied weights, buffers of both kinds, extra state, an old version."""

    _version = 7

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(LATENT, 8)
        self.again = nn.Linear(8, 8)
        self.tied = self.again
        self.norm = nn.BatchNorm1d(8)
        self.gain = nn.Parameter(torch.ones(8))
        self.register_buffer("mean", torch.zeros(8))
        self.register_buffer("scratch", torch.zeros(8), persistent=False)
        self.depth = 3

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        hidden: torch.Tensor = self.norm(self.tied(self.again(self.first(z)))) * self.gain + self.mean
        return hidden

    def get_extra_state(self) -> dict[str, int]:
        return {"depth": self.depth}

    def set_extra_state(self, state: dict[str, int]) -> None:
        self.depth = state["depth"]


GENERATORS: dict[str, Callable[[], nn.Module]] = {
    "plain": generator,
    "delicate": Delicate,
    "a single layer": lambda: nn.Linear(LATENT, 8),
}


def trained(maker: nn.Module) -> nn.Module:
    """Weights and buffers that are not the initial ones."""
    maker(noise())
    with torch.no_grad():
        for parameter in maker.parameters():
            parameter.add_(torch.randn_like(parameter))
    return maker


@pytest.fixture(params=GENERATORS.values(), ids=GENERATORS)
def maker(request: pytest.FixtureRequest) -> nn.Module:
    return trained(request.param())


@pytest.fixture
def guided(maker: nn.Module) -> XAIGuidedGenerator:
    return XAIGuidedGenerator(maker, discriminator())


@pytest.fixture
def other(maker: nn.Module) -> nn.Module:
    """Another generator of the same kind."""
    return trained(type(maker)() if isinstance(maker, Delicate) else GENERATORS[name_of(maker)]())


def name_of(maker: nn.Module) -> str:
    return "a single layer" if isinstance(maker, nn.Linear) else "plain"


def assert_same_state(actual: nn.Module, expected: nn.Module, prefix: str = "") -> None:
    ours, theirs = actual.state_dict(), expected.state_dict()
    assert list(ours) == [prefix + name for name in theirs]
    assert_same_bits(flat_bits("", dict(zip(theirs, ours.values(), strict=True))), flat_bits("", dict(theirs)))


def test_state_is_the_bare_generator_s(maker: nn.Module, guided: XAIGuidedGenerator) -> None:
    assert_same_state(guided, maker)
    assert guided.state_dict()._metadata == maker.state_dict()._metadata
    assert list(guided.state_dict(prefix="g.")) == list(maker.state_dict(prefix="g."))


def test_state_loads_both_ways(guided: XAIGuidedGenerator, other: nn.Module) -> None:
    guided.load_state_dict(other.state_dict())
    assert_same_state(guided.bare, other)
    trained(guided.bare)
    other.load_state_dict(guided.state_dict())
    assert_same_state(other, guided.bare)


def test_missing_and_unexpected_keys_are_reported(guided: XAIGuidedGenerator) -> None:
    state = guided.state_dict()
    state["stranger"] = state.pop(next(iter(state)))
    with pytest.raises(RuntimeError, match=r"Missing key\(s\).*\n.*Unexpected key\(s\).*stranger"):
        guided.load_state_dict(state)
    assert guided.load_state_dict(state, strict=False).unexpected_keys == ["stranger"]


def test_as_a_child_of_another_module(guided: XAIGuidedGenerator, other: nn.Module) -> None:
    """A LightningModule that holds the wrapper reads and writes the checkpoints of one that holds the generator."""
    ours, bare = nn.ModuleDict({"g": guided, "d": discriminator()}), nn.ModuleDict({"g": other, "d": discriminator()})
    assert list(ours.state_dict()) == list(bare.state_dict())
    assert ours.state_dict()._metadata == bare.state_dict()._metadata
    ours.load_state_dict(bare.state_dict(), strict=True)
    assert_same_state(guided.bare, other)
    trained(guided.bare)
    bare.load_state_dict(ours.state_dict(), strict=True)
    assert_same_state(other, guided.bare)


@pytest.mark.parametrize("as_child", [False, True])
def test_hooks_on_loading(as_child: bool) -> None:
    maker, calls = generator(), []
    maker.register_load_state_dict_pre_hook(lambda *_: calls.append("before"))
    maker.register_load_state_dict_post_hook(lambda *_: calls.append("after"))
    guided: nn.Module = XAIGuidedGenerator(maker, discriminator())
    holder = nn.ModuleDict({"g": guided}) if as_child else guided
    holder.load_state_dict(holder.state_dict())
    assert calls == ["before", "after"]


def test_names(maker: nn.Module, guided: XAIGuidedGenerator) -> None:
    assert [name for name, _ in guided.named_parameters()] == [name for name, _ in maker.named_parameters()]
    assert [name for name, _ in guided.named_buffers()] == [name for name, _ in maker.named_buffers()]
    ours, theirs = dict(guided.named_modules()), dict(maker.named_modules())
    assert list(ours) == list(theirs)
    assert all(ours[name] is theirs[name] for name in theirs if name)
    assert list(guided.named_children()) == list(maker.named_children())


def test_tensors_are_the_same(maker: nn.Module, guided: XAIGuidedGenerator) -> None:
    for kind in ("parameters", "buffers"):
        ours, theirs = list(getattr(guided, kind)()), list(getattr(maker, kind)())
        assert len(ours) == len(theirs)
        assert all(mine is its for mine, its in zip(ours, theirs, strict=True))


def test_the_discriminator_is_no_child(guided: XAIGuidedGenerator) -> None:
    assert not any(isinstance(module, nn.LeakyReLU) for module in guided.modules())


def test_an_optimizer_of_the_wrapper_s_parameters(maker: nn.Module, guided: XAIGuidedGenerator) -> None:
    before = flat_bits("", dict(maker.named_parameters()))
    optimizer = torch.optim.SGD(guided.parameters(), 0.1)
    guided(noise()).square().sum().backward()
    optimizer.step()
    assert flat_bits("", dict(maker.named_parameters())) != before
    assert guided.updates == 1
    guided.zero_grad()
    assert all(parameter.grad is None for parameter in maker.parameters())


def test_parameters_that_come_and_go(maker: nn.Module, guided: XAIGuidedGenerator) -> None:
    guided.extra = nn.Parameter(torch.ones(1))
    assert "extra" in dict(maker.named_parameters())
    assert "extra" in guided.state_dict()
    maker.register_buffer("late", torch.ones(1))
    assert "late" in dict(guided.named_buffers())
    guided.add_module("tail", nn.Linear(1, 1))
    assert "tail.weight" in dict(maker.named_parameters())
    del maker.extra, maker.late, maker.tail
    assert list(guided.state_dict()) == list(maker.state_dict())


def test_calls(maker: nn.Module, guided: XAIGuidedGenerator) -> None:
    maker.eval()
    z = noise()
    assert torch.equal(guided(z), maker(z))
    assert torch.equal(guided(input=z) if isinstance(maker, nn.Linear) else guided(z), maker(z))


def test_modes(maker: nn.Module, guided: XAIGuidedGenerator) -> None:
    assert guided.training is True
    assert guided.eval() is guided
    assert not any(module.training for module in maker.modules())
    assert guided.training is False
    maker.train()
    assert guided.training is True
    assert guided.train(False) is guided
    assert maker.training is False
    guided.training = True
    assert maker.training is True


@pytest.mark.parametrize("mode", [True, False])
def test_attaching_keeps_the_mode(maker: nn.Module, mode: bool) -> None:
    maker.train(mode)
    next(iter(maker.modules())).training = not mode
    modes = [module.training for module in maker.modules()]
    XAIGuidedGenerator(maker, discriminator())
    assert [module.training for module in maker.modules()] == modes


def test_precision(maker: nn.Module, guided: XAIGuidedGenerator) -> None:
    assert guided.to(torch.float64) is guided
    assert {parameter.dtype for parameter in maker.parameters()} == {torch.float64}
    assert guided(noise().double()).dtype == torch.float64
    guided.float()
    assert {parameter.dtype for parameter in guided.parameters()} == {torch.float32}
    nn.ModuleList([guided]).double()
    assert {parameter.dtype for parameter in maker.parameters()} == {torch.float64}


def test_moving_is_the_generator_s_own_way() -> None:
    """As recurrent networks have one."""

    class Moving(Delicate):
        def _apply(self, fn: Callable[[torch.Tensor], torch.Tensor], recurse: bool = True) -> nn.Module:
            self.depth += 1
            return super()._apply(fn, recurse)

    guided = XAIGuidedGenerator(Moving(), discriminator())
    guided.double()
    assert guided.depth == 4


def test_requires_grad(maker: nn.Module, guided: XAIGuidedGenerator) -> None:
    assert guided.requires_grad_(False) is guided
    assert not any(parameter.requires_grad for parameter in maker.parameters())


def test_attributes_are_the_generator_s() -> None:
    maker = Delicate()
    guided = XAIGuidedGenerator(maker, discriminator())
    assert guided.depth == 3
    guided.depth = 5
    assert maker.depth == 5
    guided.latent = 100
    assert maker.latent == 100
    assert guided.first is maker.first
    del guided.latent
    assert not hasattr(maker, "latent")
    assert hasattr(guided, "norm")
    assert not hasattr(guided, "nothing")


def test_a_method_that_returns_samples_is_guided() -> None:
    class Sampling(Delicate):
        def sample(self, count: int) -> torch.Tensor:
            return self.forward(torch.randn(count, LATENT))

    judge = discriminator()
    guided = XAIGuidedGenerator(Sampling(), judge)
    judge(guided.sample(6)).sum().backward()
    assert guided.explanations == 1


def test_apply_reaches_the_generator_itself() -> None:
    """As weights_init functions ask each module for its class."""
    maker = nn.Linear(LATENT, 8)
    visited: list[nn.Module] = []
    assert isinstance(XAIGuidedGenerator(maker, discriminator()).apply(visited.append), XAIGuidedGenerator)
    assert maker in visited


def test_compile_compiles_the_generator() -> None:
    """And nothing of the wrapper, which may go while the compiled generator stays."""
    maker = Delicate().eval()
    guided = XAIGuidedGenerator(maker, discriminator())
    z, graphs = noise(), []
    expected = maker(z)

    def backend(graph: torch.fx.GraphModule, inputs: Any) -> Callable[..., Any]:
        graphs.append(graph)
        return graph.forward

    guided.compile(backend=backend)
    assert torch.equal(guided(z), expected)
    assert len(graphs) == 1
    guided.detach()
    reference = weakref.ref(guided)
    del guided
    gc.collect()
    assert reference() is None
    assert torch.equal(maker(z), expected)


def test_hooks_on_either_fire() -> None:
    maker, calls = generator(), []
    guided = XAIGuidedGenerator(maker, discriminator())
    maker.register_forward_hook(lambda *_: calls.append("generator"))
    guided.register_forward_hook(lambda *_: calls.append("wrapper"))
    guided(noise())
    assert calls == ["generator", "wrapper"]


def test_repr() -> None:
    guidance = Guidance(InputXGradient(), Offset(), Alternate(), Residual())
    guided = XAIGuidedGenerator(generator(), discriminator(), guidance)
    assert repr(guided).startswith(f"XAIGuidedGenerator(\n  {guidance!r}\n  (0): Linear(")


def test_counters_of_a_fresh_one(guided: XAIGuidedGenerator) -> None:
    assert (guided.updates, guided.explanations, guided.fallbacks) == (0, 0, 0)
    assert guided.skipped == {}
    assert guided.last is None


@pytest.mark.parametrize(
    "parts",
    [{"explainer": Saliency(exact=True)}, {"mask": Offset()}, {"schedule": Alternate()}, {"rule": Residual()}, {}],
    ids=str,
)
def test_parts_make_a_guidance(parts: dict[str, Any]) -> None:
    found = XAIGuidedGenerator(generator(), discriminator(), **parts)
    assert found.interception.guidance == Guidance(**parts)


def test_the_guide_s_keywords_are_the_constructor_s() -> None:
    keywords = [
        name for name, it in inspect.signature(XAIGuidedGenerator).parameters.items() if it.kind == it.KEYWORD_ONLY
    ]
    assert keywords == ["explainer", "mask", "schedule", "rule", "target", "optimizer", "eval_mode", "real"]


def test_norms_of_weights() -> None:
    """Old-style spectral norm keeps its weight in an attribute that is no parameter."""
    maker = normalised(nn.utils.spectral_norm)
    guided = XAIGuidedGenerator(maker, discriminator())
    maker.eval()
    z = torch.randn(6, 8)
    assert torch.equal(guided(z), maker(z))
    assert list(guided.state_dict()) == list(maker.state_dict())


def test_its_own_way_of_listing_parameters() -> None:
    """An encoder that is not to be trained is not in the optimizer, wrapped or not."""

    class Decoding(Delicate):
        def parameters(self, recurse: bool = True) -> Any:
            return self.first.parameters(recurse)

        def eval(self) -> Any:
            self.again.eval()
            return self

    maker = Decoding()
    guided = XAIGuidedGenerator(maker, discriminator())
    assert [id(parameter) for parameter in guided.parameters()] == [id(parameter) for parameter in maker.parameters()]
    assert guided.eval() is guided
    assert (maker.again.training, maker.first.training) == (False, True)


def test_indexing() -> None:
    maker = generator()
    guided = XAIGuidedGenerator(maker, discriminator())
    assert guided[0] is maker[0]
    assert list(guided) == list(maker)


def test_another_forward_and_back() -> None:
    maker = generator()
    guided = XAIGuidedGenerator(maker, discriminator())
    z, before = noise(), maker.forward
    guided.forward = lambda z: -maker(z)
    assert torch.equal(guided(z), -maker(z))
    del guided.forward
    assert torch.equal(guided(z), maker(z))
    assert maker.forward == before
