"""The recipes that come along: each says what it is, spells out every part, and trains."""

import re
import tomllib
from importlib.resources import files

import pytest

from xaigrad import Guidance, XAIGuidedGenerator
from xaigrad.explainers import DeepShap, Saliency
from xaigrad.masks import AbsNormalize, Offset, RejectedOnly
from xaigrad.recipes import NAMES
from xaigrad.rules import Multiply, NormPreserving, Residual
from xaigrad.schedules import Alternate, Constant, StartAfter

from .constructing import BANK
from .loops import train
from .networks import PAIRS

PER_SAMPLE = AbsNormalize("sample", "max")
PER_BATCH = AbsNormalize("batch", "minmax")


def test_what_they_are() -> None:
    """Golden: the paper's and the released code's, beside which the others differ in one part."""
    paper = Guidance(DeepShap(samples=1), PER_SAMPLE, Constant(1.0), Multiply())
    released = Guidance(Saliency(exact=True), PER_BATCH, StartAfter(0), Residual(0.2))
    expected = {
        "logicgan": paper,
        "logicgan-offset": Guidance(paper.explainer, (PER_SAMPLE, Offset(0.5, 0.5))),
        "logicgan-alternating": Guidance(paper.explainer, schedule=Alternate(1, 1)),
        "deep-shap-residual": Guidance(paper.explainer, rule=Residual(0.2)),
        "xaigan": released,
        "rejected-only": Guidance(released.explainer, (RejectedOnly(0.5), PER_BATCH), released.schedule, released.rule),
        "saliency": Guidance(),
        "norm-preserving": Guidance(rule=NormPreserving(Multiply())),
    }
    for name, guidance in expected.items():
        assert Guidance.named(name) == guidance, name
    assert expected.keys() <= NAMES.keys()


@pytest.mark.parametrize("name", NAMES)
def test_each(name: str) -> None:
    assert re.fullmatch(r"[A-Z].{20,100}[^.]", NAMES[name])
    keys = tomllib.loads(files("xaigrad.recipes").joinpath(f"{name}.toml").read_text(encoding="utf-8"))
    assert list(keys) == ["explainer", "mask", "schedule", "rule"]
    assert isinstance(keys["mask"], list)
    assert Guidance.named(name) == Guidance.named(name)


@pytest.mark.parametrize("name", NAMES)
def test_each_trains(name: str) -> None:
    guidance = Guidance.named(name)
    _, guided = train(PAIRS["plain norm"], lambda maker, judge: XAIGuidedGenerator(maker, judge, guidance), updates=3)
    assert guided is not None
    assert guided.explanations > 0


def test_they_are_what_the_methods_return() -> None:
    assert Guidance.logicgan() == Guidance.named("logicgan")
    assert Guidance.xaigan() == Guidance.named("xaigan")
    references = Guidance.logicgan(BANK, samples=4).explainer.references  # type: ignore[attr-defined]
    assert references.bank is BANK


def test_a_name_that_there_is_not() -> None:
    listed = ", ".join(NAMES)
    for name, cure in {
        "logigan": 'Did you mean "logicgan"?',
        "../recipes/logicgan": "A file of your own is read by Guidance.load.",
    }.items():
        message = f"Parameter `name` should be one of {listed}. Found {name!r}. {cure}"
        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            Guidance.named(name)


def test_names_are_sorted_and_cannot_be_changed() -> None:
    assert list(NAMES) == sorted(NAMES)
    with pytest.raises(TypeError, match="does not support item assignment"):
        NAMES["mine"] = "x"  # type: ignore[index]
