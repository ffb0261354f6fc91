"""Parts as text: what is written is read as an equal part, whatever it is made of; it is the text that prints it."""

import math
from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from xaigrad.explainers import CaptumExplainer, DeepShap, GradCam, Lime, Saliency, ShapExplainer
from xaigrad.masks import AbsNormalize, Offset
from xaigrad.recipes import read, write
from xaigrad.recipes._source import KINDS
from xaigrad.recipes._vocabulary import members, public
from xaigrad.references import ClassReferences, FixedReferences, RandomReferences, ZeroReferences
from xaigrad.rules import NormPreserving, Residual
from xaigrad.schedules import Alternate, Constant, StartAfter

from .constructing import BANK, CLASSES, OF_A_LIBRARY, instances, parts

NAMES = {"bank": BANK}


@dataclass(frozen=True)
class Mine:
    """A transform of the user's own."""

    size: int
    inner: Any = None

    def __call__(self, attribution: Tensor) -> Tensor:
        return attribution


class Handmade:
    """One that is no dataclass, and says itself how it is made."""

    def __init__(self, *sizes: int, **settings: float) -> None:
        self.sizes, self.settings = sizes, settings

    def recipe_arguments(self) -> tuple[tuple[int, ...], dict[str, float]]:
        return self.sizes, self.settings


def shuffle(attribution: Tensor) -> Tensor:
    return attribution


def written(part: Any) -> str:
    return write(part, NAMES)


def same(one: Any, other: Any) -> bool:
    """Banks of references are compared by what they hold: they are only equal to themselves."""
    if isinstance(one, RandomReferences | FixedReferences | ClassReferences):
        return type(one) is type(other) and vars(one).keys() == vars(other).keys() and written(one) == written(other)
    return bool(one == other)


@pytest.mark.parametrize("name", [name for name in CLASSES if name not in OF_A_LIBRARY])
@given(data=st.data())
@settings(max_examples=20)
def test_every_public_class(name: str, data: st.DataObject) -> None:
    part = data.draw(instances(name))
    again = read(written(part), NAMES)
    assert same(again, part)
    assert written(again) == written(part)


@pytest.mark.parametrize(
    ("name", "given_", "settings"), [(name, *made) for name, all_ in OF_A_LIBRARY.items() for made in all_]
)
def test_adapters(name: str, given_: tuple[Any, ...], settings: dict[str, Any]) -> None:
    pytest.importorskip("captum" if name == "CaptumExplainer" else "shap")
    part = CLASSES[name](*given_, **settings)
    assert read(write(part)) == part


def test_adapters_of_classes_of_one_s_own() -> None:
    attr = pytest.importorskip("captum.attr")

    class MySaliency(attr.Saliency):  # type: ignore[name-defined, misc]
        pass

    part = CaptumExplainer(MySaliency)
    with pytest.raises(ValueError, match=r"^Parameter `part` should be .* the class MySaliency at `\[0\]`. Pass it by"):
        write(part)
    assert read(write(part, {"own": MySaliency}), {"own": MySaliency}) == part
    tunnel = CaptumExplainer("NoiseTunnel", around=MySaliency)
    assert read(write(tunnel, {"own": MySaliency}), {"own": MySaliency}) == tunnel


def test_it_is_what_repr_prints() -> None:
    """Defaults included: a default that changes later does not change a recipe."""
    for part in (AbsNormalize(), Residual(), StartAfter(3, Alternate()), DeepShap(), Lime(references=ZeroReferences())):
        assert write(part) == repr(part)
        assert read(repr(part)) == part
    assert write(Residual()) == "Residual(alpha=0.2)"


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_what_prints_is_read(kind: str, data: st.DataObject) -> None:
    part = data.draw(parts(kind))
    assert read(repr(part), {"bank": BANK}, part=kind) == part


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text() | st.integers() | st.booleans() | st.floats(allow_nan=False), inner, max_size=3)
    ),
)


@given(value=plain)
def test_plain_data(value: Any) -> None:
    again = read(write(value))
    assert again == value
    assert repr(again) == repr(value)  # Zeros have signs, and 1 is not 1.0 or True.
    assert read(write(Mine(3, value), known=[Mine]), known=[Mine]) == Mine(3, value)


def test_numbers_that_are_none() -> None:
    assert read(" [inf, -inf] ") == [math.inf, -math.inf]
    assert math.isnan(read(write(math.nan)))
    assert math.copysign(1, read("-0.0")) == -1


def test_types_derived_from_plain_ones() -> None:
    import numpy as np

    value = [np.float64(1 / 3), torch.Size([2, 3]), np.str_("a")]
    assert write(value) == "[0.3333333333333333, (2, 3), 'a']"


def test_schedules_combine() -> None:
    assert read("0.5 * Alternate() | StartAfter(9) * Constant(0.5)") == 0.5 * Alternate() | StartAfter(9) * Constant(
        0.5
    )
    assert read("(Alternate() | 0.25) * half", {"half": half}) == (Alternate() | 0.25) * half
    combined = (Alternate() | 0.25) * StartAfter(3, 0.5)
    assert read(write(combined)) == combined


def half(update: int) -> float:
    return 0.5


def negate(gradient: Tensor, mask: Tensor, strength: float) -> Tensor:
    return -gradient


def test_functions_inside_of_parts() -> None:
    for part in (StartAfter(3, half), Alternate() * half, NormPreserving(negate), DeepShap(shuffle)):
        text = write(part, known=[half, negate, shuffle])
        assert read(text, known=[half, negate, shuffle]) == part
    assert write(StartAfter(3, half), known=[half]) == "StartAfter(updates=3, schedule=half)"
    assert write(StartAfter(3, half), names={"mine": half}) == "StartAfter(updates=3, schedule=mine)"


def test_tensors_by_name() -> None:
    real = BANK.clone()
    explainer = read("DeepShap(real, samples=4)", {"real": real})
    assert explainer.references.bank is real
    assert write(explainer, {"real": real}) == (
        "DeepShap(references=RandomReferences(bank=real), samples=4, check='raise')"
    )
    classes = read(
        "ClassReferences(real, labels, classes=judge)", {"real": real, "labels": [1] * 12, "judge": torch.abs}
    )
    assert classes.images is real
    assert classes.classes is torch.abs


def test_a_name_stands_for_the_very_object() -> None:
    references = RandomReferences(BANK)
    explainer = DeepShap(references)
    assert write(explainer, {"mine": references}) == "DeepShap(references=mine, samples=1, check='raise')"
    assert read(write(explainer, {"mine": references}), {"mine": references}) == explainer
    with pytest.raises(ValueError, match=r"a tensor of shape \(12, 8\)"):
        write(explainer, {"mine": BANK.clone()})


def test_plain_values_are_not_named() -> None:
    assert write(Residual(0.3), {"alpha": 0.3}) == "Residual(alpha=0.3)"
    assert read("Residual(alpha)", {"alpha": 0.3}) == Residual(0.3)


def test_classes_and_functions_of_one_s_own() -> None:
    value = [Mine(2, Mine(3)), shuffle, torch.sqrt]
    known = [Mine, shuffle, torch.sqrt]
    text = write(value, known=known)
    assert text == "[Mine(size=2, inner=Mine(size=3, inner=None)), shuffle, sqrt]"
    assert read(text, known=known) == value
    assert read("[Mine(2), shuffle]", known=iter(known), part="mask") == [Mine(2), shuffle]


def test_a_class_that_says_how_it_is_made() -> None:
    text = write(Handmade(1, 2, low=0.5), known=[Handmade])
    assert text == "Handmade(1, 2, low=0.5)"
    assert read(text, known=[Handmade]).recipe_arguments() == ((1, 2), {"low": 0.5})


def test_spaces_lines_and_comments() -> None:
    text = "\n\t StartAfter(  # for a start\r\n  3,\r Alternate(\n)) # and so on\n"
    assert read(text) == StartAfter(3, Alternate())


def test_texts_of_any_characters() -> None:
    layer = "\x7f\U0001f600'\"\\\n\ud800"
    text = write(GradCam(layer))
    assert text.isprintable()
    assert read(text) == GradCam(layer)
    assert read("GradCam('ä\\d')") == GradCam("ä\\d")


def test_a_mask_may_be_several() -> None:
    assert read("[AbsNormalize(), Offset(0.5, 0.5)]", part="mask") == [AbsNormalize(), Offset(0.5, 0.5)]
    assert read("AbsNormalize(), Offset(0.5, 0.5)", part="mask") == (AbsNormalize(), Offset(0.5, 0.5))


def test_public_names_are_unique() -> None:
    """So that a bare name says which class is meant."""
    assert len(public()) == len({(name, id(value)) for name, value, _ in members()})
    assert {"Specification", "parse", "Grid", "NonSaturating", "BlurredReferences"} <= public().keys()
    assert not {"Context", "Verdicts", "CompletenessError", "Score", "Formula", "agree", "border"} & public().keys()


def test_kinds() -> None:
    assert {"Saliency", "DeepShap", "CaptumExplainer"} <= set(KINDS["explainer"].choices)
    assert not {"Grid", "Superpixels", "Minimax", "ZeroReferences", "parse"} & {
        name for kind in KINDS.values() for name in kind.choices
    }
    assert {"AbsNormalize", "RejectedOnly", "Specification"} <= set(KINDS["mask"].choices)
    assert {"StartAfter", "Adaptive", "Product"} <= set(KINDS["schedule"].choices)
    assert {"Multiply", "NormPreserving"} <= set(KINDS["rule"].choices)
    for kind in KINDS.values():
        assert kind.example.partition("(")[0] in kind.choices


def test_replaced_settings_are_written() -> None:
    assert write(replace(Saliency(), exact=True)) == "Saliency(exact=True)"


def test_modules_by_name() -> None:
    judge = nn.Linear(8, 3)
    references = ClassReferences(BANK, [0, 1, 2] * 4, judge)
    names = {"bank": BANK, "judge": judge}
    assert read(write(references, names), names).classes is judge


def test_shap_by_name() -> None:
    pytest.importorskip("shap")
    part = ShapExplainer("KernelExplainer", BANK, 3, nsamples=8)
    again = read(write(part, NAMES), NAMES)
    assert replace_references(again) == replace_references(part)


def replace_references(part: Any) -> Any:
    assert part.references.bank is BANK
    (name,), settings = part.recipe_arguments()
    return name, settings | {"references": None}
