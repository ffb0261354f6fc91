"""The recipe: its defaults, its parts, its order, and what it refuses."""

import dataclasses
import pickle
import re
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from xaigrad import Guidance
from xaigrad.explainers import DeepShap, InputXGradient, Saliency
from xaigrad.masks import AbsNormalize, Clamp, Offset
from xaigrad.references import RandomReferences
from xaigrad.rules import Multiply, Residual
from xaigrad.schedules import Alternate, Constant, StartAfter

from .loops import real


def test_defaults() -> None:
    guidance = Guidance()
    assert guidance.explainer == Saliency()
    assert guidance.mask == (AbsNormalize(),)
    assert guidance.schedule == Constant()
    assert guidance.rule == Multiply()


def test_transforms_are_applied_in_order() -> None:
    attribution = torch.tensor([[1.0, -4.0]])
    transforms = AbsNormalize(), Offset(0.5, 0.5), Clamp(0.0, 0.9)
    expected = torch.tensor([[0.625, 0.9]])
    torch.testing.assert_close(Guidance(mask=transforms).transform(attribution), expected)
    torch.testing.assert_close(Guidance(mask=list(transforms)).transform(attribution), expected)
    turned = Guidance(mask=transforms[::-1]).transform(attribution)
    torch.testing.assert_close(turned, torch.tensor([[1.0, 0.5 / 0.95]]))


def test_one_transform_is_a_sequence_of_one() -> None:
    attribution = torch.randn(3, 4)
    one = Guidance(mask=Offset())
    assert one == Guidance(mask=(Offset(),)) == Guidance(mask=[Offset()])
    assert torch.equal(one.transform(attribution), Offset()(attribution))


def test_no_transform() -> None:
    attribution = torch.randn(3, 4)
    assert torch.equal(Guidance(mask=()).transform(attribution), attribution)


def test_functions_are_parts() -> None:
    guidance = Guidance(
        lambda score, samples, context: samples, torch.sigmoid, lambda update: 0.5, lambda gradient, mask, s: gradient
    )
    assert guidance.strength(3) == 0.5
    assert torch.equal(guidance.transform(torch.zeros(2)), torch.full((2,), 0.5))


PARTS: dict[str, list[Any]] = {
    "explainer": [Saliency(), Saliency(exact=True), InputXGradient()],
    "mask": [AbsNormalize(), AbsNormalize("batch"), (AbsNormalize(), Offset())],
    "schedule": [Constant(), Constant(0.5), Alternate(), StartAfter(3)],
    "rule": [Multiply(), Residual(), Residual(0.3)],
}


@pytest.mark.parametrize("name", PARTS)
def test_equality_and_hash(name: str) -> None:
    guidances = [Guidance(**{name: part}) for part in PARTS[name]]
    for index, guidance in enumerate(guidances):
        assert [guidance == other for other in guidances] == [place == index for place in range(len(guidances))]
        assert pickle.loads(pickle.dumps(guidance)) == guidance
    assert len(set(guidances + guidances)) == len(guidances)


def test_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Guidance().rule = Residual()  # type: ignore[misc]
    assert dataclasses.replace(Guidance(), rule=Residual()) == Guidance(rule=Residual())


def test_repr() -> None:
    assert repr(Guidance()) == (
        "Guidance(explainer=Saliency(exact=False), mask=(AbsNormalize(per='sample', by='max'),), "
        "schedule=Constant(strength=1.0), rule=Multiply())"
    )


def test_the_paper_s_recipe() -> None:
    guidance = Guidance.logicgan(real(), samples=3)
    assert isinstance(guidance.explainer, DeepShap)
    assert isinstance(guidance.explainer.references, RandomReferences)
    assert guidance.explainer.samples == 3
    assert guidance.explainer.check == "raise"
    assert guidance == Guidance(guidance.explainer, AbsNormalize("sample", "max"), Constant(1.0), Multiply())


def test_the_paper_s_recipe_takes_any_references() -> None:
    def references(samples: Tensor, context: Any) -> Tensor:
        return torch.zeros_like(samples)

    assert Guidance.logicgan(references) == Guidance(DeepShap(references, 1))


def test_the_released_code_s_recipe() -> None:
    expected = Guidance(Saliency(exact=True), AbsNormalize("batch", "minmax"), StartAfter(500), Residual(0.2))
    assert Guidance.xaigan(start_after=500) == expected
    assert Guidance.xaigan().strength(0) == 1.0


EXAMPLES = {"explainer": "Saliency()", "mask": "AbsNormalize()", "schedule": "Constant()", "rule": "Multiply()"}
CLASSES = {"explainer": Saliency, "mask": AbsNormalize, "schedule": Alternate, "rule": Multiply}


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_cannot_be_called(name: str) -> None:
    message = f"Parameter `{name}` should be a callable. Found 0.5. For example {EXAMPLES[name]}."
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        Guidance(**{name: 0.5})  # type: ignore[arg-type]


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_class_that_was_not_instantiated(name: str) -> None:
    found = CLASSES[name].__name__
    message = (
        f"Parameter `{name}` should be a callable instance. Found the class `{found}`. "
        f"Instantiate it before passing it: {found}()."
    )
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        Guidance(**{name: CLASSES[name]})  # type: ignore[arg-type]


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_network_in_the_place_of_a_part(name: str) -> None:
    message = (
        f"Parameter `{name}` should be a strategy. Found the module `Linear`. Pass the networks first: "
        "XAIGuidedGenerator(generator, discriminator, ...)."
    )
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        Guidance(**{name: nn.Linear(2, 2)})  # type: ignore[arg-type]


@pytest.mark.parametrize("mask", ["abs", [AbsNormalize(), 3], [AbsNormalize]])
def test_a_sequence_with_something_else_in_it(mask: Any) -> None:
    with pytest.raises(TypeError, match="Parameter `mask` should be a callable"):
        Guidance(mask=mask)


def test_the_name_of_a_mask_is_shown_whole() -> None:
    with pytest.raises(TypeError, match="Found 'abs'"):
        Guidance(mask="abs")  # type: ignore[arg-type]
