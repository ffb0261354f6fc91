"""What the constructor refuses, in the user's own line, without a trace."""

import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from xaigrad import Guidance, XAIGuidedGenerator, guide
from xaigrad.explainers import Saliency
from xaigrad.rules import Residual

from .anatomy import anatomy
from .networks import discriminator, generator

LINEAR = "Linear(in_features=8, out_features=1, bias=True)"
PARTS = (
    "Parameter `guidance` should be a Guidance, without any of its parts beside it. Found {found}. Pass explainer=..., "
    "mask=..., schedule=..., rule=... without it, or dataclasses.replace(guidance, ...)."
)


def construct(*networks: Any, **settings: Any) -> XAIGuidedGenerator:
    maker, judge = networks or (generator(), discriminator())
    return XAIGuidedGenerator(maker, judge, **settings)


ERRORS: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "no generator": (
        lambda: construct(3, discriminator()),
        TypeError,
        "Parameter `generator` should be an nn.Module. Found 3. Pass the network itself.",
    ),
    "no discriminator": (
        lambda: construct(generator(), 3),
        TypeError,
        "Parameter `discriminator` should be an nn.Module. Found 3. Pass the network itself.",
    ),
    "no discriminator among several": (
        lambda: construct(generator(), [discriminator(), "D"]),
        TypeError,
        "Parameter `discriminator` should be an nn.Module. Found 'D'. Pass the network itself.",
    ),
    "none of several": (
        lambda: construct(generator(), []),
        ValueError,
        "Parameter `discriminator` should be at least one nn.Module. Found none. Pass the network.",
    ),
    "wrapped already": (
        lambda: construct(construct(), discriminator()),
        ValueError,
        "Parameter `generator` should be a bare generator. Found one that is wrapped already. Pass several "
        "discriminators at once, or wrap generator.detach().",
    ),
    "without parameters": (
        lambda: construct(nn.Tanh(), discriminator()),
        ValueError,
        "Parameter `generator` should have parameters to learn. Found none. Pass the network that makes samples.",
    ),
    "the same network": (
        lambda: construct(*[generator()] * 2),
        ValueError,
        "Parameter `discriminator` should be another network than `generator`. Found the same. Pass both.",
    ),
    "a guidance and its parts": (
        lambda: construct(guidance=Guidance(), rule=Residual(), explainer=Saliency()),
        TypeError,
        PARTS.format(found="also explainer, rule"),
    ),
    "an explainer as guidance": (
        lambda: construct(guidance=Saliency()),
        TypeError,
        PARTS.format(found="Saliency(exact=False)"),
    ),
    "a class as explainer": (
        lambda: construct(explainer=Saliency),
        TypeError,
        "Parameter `explainer` should be a callable instance. Found the class `Saliency`. Instantiate it before "
        "passing it: Saliency().",
    ),
    "a network as explainer": (
        lambda: construct(explainer=nn.Linear(8, 1)),
        TypeError,
        "Parameter `explainer` should be a strategy. Found the module `Linear`. Pass the networks first: "
        "XAIGuidedGenerator(generator, discriminator, ...).",
    ),
}


@pytest.mark.parametrize(("make", "kind", "message"), ERRORS.values(), ids=ERRORS)
def test_errors(make: Callable[[], Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=f"^{re.escape(message)}$"):
        make()


@pytest.mark.parametrize("discriminators", [None, len])
def test_something_else_than_a_discriminator(discriminators: Any) -> None:
    with pytest.raises(TypeError, match=r"Parameter `discriminator` should be an nn\.Module\. Found "):
        construct(generator(), discriminators)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"optimizer": "adam"}, r"Parameter `optimizer` should be .* Found 'adam'"),
        ({"target": 0}, r"Parameter `target` should be .* Found 0"),
    ],
)
def test_settings_that_are_something_else(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        construct(**settings)


@pytest.mark.parametrize("settings", [{"optimizer": "adam"}, {"explainer": Saliency}, {"guidance": 3}])
def test_a_failed_construction_leaves_no_trace(settings: dict[str, Any]) -> None:
    maker, judge = generator().eval(), discriminator()
    before = anatomy(maker), anatomy(judge)
    with pytest.raises((TypeError, AttributeError)):
        construct(maker, judge, **settings)
    assert (anatomy(maker), anatomy(judge)) == before


def test_the_same_discriminator_twice_is_one() -> None:
    maker, judge = generator(), discriminator()
    guided = XAIGuidedGenerator(maker, [judge, judge])
    judge(maker(torch.randn(6, 4))).sum().backward()
    assert guided.explanations == 1


def test_an_iterator_of_discriminators() -> None:
    judges = [discriminator(), discriminator()]
    maker = generator()
    guided = XAIGuidedGenerator(maker, iter(judges))
    for judge in judges:
        judge(maker(torch.randn(6, 4))).sum().backward()
    assert guided.explanations == 2


@pytest.mark.parametrize(
    "container", [nn.ModuleList, lambda judges: nn.ModuleDict(dict(zip("ab", judges, strict=True)))]
)
def test_a_container_of_discriminators(container: Callable[[list[nn.Module]], nn.Module]) -> None:
    """It is never called itself, so as one discriminator it would never be guided."""
    judges = [discriminator(), discriminator()]
    maker = generator()
    guided = XAIGuidedGenerator(maker, container(judges))
    for judge in judges:
        judge(maker(torch.randn(6, 4))).sum().backward()
    assert guided.explanations == 2


def test_guide_refuses_alike() -> None:
    with pytest.raises(ValueError, match="should have parameters to learn"), guide(nn.Tanh(), discriminator()):
        pass


def test_a_detached_one_can_be_wrapped_again() -> None:
    maker, judge = generator(), discriminator()
    again = XAIGuidedGenerator(XAIGuidedGenerator(maker, judge).detach(), judge)
    judge(again(torch.randn(6, 4))).sum().backward()
    assert again.bare is maker
    assert again.explanations == 1


@pytest.mark.parametrize("again", [XAIGuidedGenerator, lambda *networks: guide(*networks).__enter__()])
def test_guided_already(again: Callable[..., Any]) -> None:
    maker, judge = generator(), discriminator()
    first = XAIGuidedGenerator(maker, judge)
    with pytest.raises(ValueError, match=r"`generator` should be guided once\. Found that it is guided on this disc"):
        again(maker, [discriminator(), judge])
    again(maker, discriminator())  # Another discriminator is another matter.
    first.detach()
    again(maker, judge)


def test_the_optimizer_of_another_network() -> None:
    maker, judge = generator(), discriminator()
    with pytest.raises(ValueError, match=r"Parameter `optimizer` should be the generator's\. Found one that updates"):
        construct(maker, judge, optimizer=torch.optim.SGD(judge.parameters(), 0.1))


def test_real_is_high_or_low() -> None:
    with pytest.raises(ValueError, match=r"""Parameter `real` should be "high" or "low"\. Found 'fake'\."""):
        construct(real="fake")


@pytest.mark.filterwarnings("ignore:`torch.jit")
@pytest.mark.parametrize("make", [torch.jit.script, lambda judge: torch.jit.trace(judge, torch.randn(6, 8))])
def test_a_discriminator_in_torchscript(make: Callable[[nn.Module], Any]) -> None:
    with pytest.raises(
        TypeError, match=r"Parameter `discriminator` should be an nn\.Module of Python\. Found TorchScript"
    ):
        construct(generator(), make(discriminator()))
