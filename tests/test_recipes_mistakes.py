"""What no expression may say: every mistake is told in one line, with its place and what to do."""

import re
import sys
from dataclasses import dataclass
from typing import Any

import pytest
import torch

from xaigrad.recipes import read, write
from xaigrad.recipes._source import KINDS
from xaigrad.rules import NormPreserving, Residual
from xaigrad.schedules import StartAfter

from .constructing import BANK, refusal

HEAD = "Parameter `text` should be made of constructors that are known. Found "
ONLY = " Only constructors such as Residual(alpha=0.2), numbers, texts, lists, tuples, dicts and names can be."
SYNTAX = " Look at its brackets, commas and quotes."

MISTAKES = {
    "Residul(3)": "`Residul` at character 1. Did you mean `Residual`?",
    "NormPreserving(residual(3))": "`residual` at character 16. Did you mean `Residual`?",
    "Xyz(3)": "`Xyz` at character 1. The classes are those of xaigrad's packages; others can be passed: known=[...].",
    "Residual": "`Residual` at character 1. Call it: Residual().",
    "saliency": "the name `saliency` at character 1. Did you mean `Saliency`?",
    "DeepShap(real)": 'the name `real` at character 10. Say what it is: names={"real": ...}.',
    "GradCam('äöü', Foo)": 'the name `Foo` at character 16. Say what it is: names={"Foo": ...}.',
    "StartAfter(1,\n Residul(2))": "`Residul` at character 16. Did you mean `Residual`?",
    "Residual(alph=3)": "the parameter `alph` at character 10. `Residual` takes `alpha`. Did you mean `alpha`?",
    "Residual(0.1, x=3)": "the parameter `x` at character 15. `Residual` takes `alpha`.",
    "Multiply(3)": "`Multiply(3)` at character 1. `Multiply` takes nothing: too many positional arguments.",
    "StartAfter()": (
        "`StartAfter()` at character 1. `StartAfter` takes `updates`, `schedule`: missing a required argument: "
        "'updates'."
    ),
    "Residual(1, alpha=2)": (
        "`Residual(1, alpha=2)` at character 1. `Residual` takes `alpha`: multiple values for argument 'alpha'."
    ),
    "Residual(alpha=1, alpha=2)": "`alpha=2` at character 19. Give each parameter once, by name.",
    "inf()": "a call of `inf` at character 1. It stands for itself: inf, without brackets.",
    "Residual(-True)": "`-True` at character 10. Only numbers can be negative.",
    "'a' * 9": "`'a' * 9` at character 1. Only schedules are combined by * and |.",
    "Residual() * 2": "`Residual() * 2` at character 1. Only schedules are combined by * and |.",
    "{None: 2}": "`{None: 2}` at character 1. The keys of a dict are numbers or texts.",
    "{[1]: 2}": "`{[1]: 2}` at character 1. The keys of a dict are numbers or texts.",
    "Residual(*(1))": f"`*(1)` at character 10.{ONLY}",
    "Residual(**{})": f"`**` at character 10.{ONLY}",
    "Residual(10**10**10)": f"`**` at character 12.{ONLY}",
    "-Residual()": f"`-Residual()` at character 1.{ONLY}",
    "--1": f"`-` at character 2.{ONLY}",
    "Residual(1 - 2)": f"`-` at character 12.{ONLY}",
    "Residual(1 + 2)": f"`+` at character 12.{ONLY}",
    "Residual(lambda: 1)": f"`lambda` at character 10.{ONLY}",
    "[x for x in y]": f"`for` at character 4.{ONLY}",
    "real[0]": f"`[` at character 5.{ONLY}",
    "Residual()()": f"`(` at character 11.{ONLY}",
    "real.data": f"`.` at character 5.{ONLY}",
    "(x := 1)": f"`x := 1` at character 2.{ONLY}",
    "1j": f"`1j` at character 1.{ONLY}",
    "...": f"`.` at character 1.{ONLY}",
    "b'x'": f"`'x'` at character 2.{ONLY}",
    "f'{1}'": f"`'{{1}}'` at character 2.{ONLY}",
    "{1}": f"`{{1}}` at character 1.{ONLY}",
    "Residual({1, " + "2, " * 60 + "})": "`{1, " + "2, " * 17 + "2,...` at character 10." + ONLY,
    "GradCam(\"\"\"x'\"y\"\"\", '''\"''') - 1 # it's": f"`-` at character 30.{ONLY}",
    "Residual('x)": "a text without an end at character 10. Close its quotes.",
    "": "nothing. For example Residual(alpha=0.2).",
    " \t\n": "nothing. For example Residual(alpha=0.2).",
    "Residual(0.3": f"what is no expression ('(' was never closed) at character 9.{SYNTAX}",
    "Residual(0.3))": f"what is no expression (unmatched ')') at character 14.{SYNTAX}",
    "[1,\n2": f"what is no expression ('[' was never closed) at character 1.{SYNTAX}",
    "Residual(0.3) 1": f"what is no expression (invalid syntax) at character 15.{SYNTAX}",
    "'\ud800'": (
        "what is no expression ('utf-8' codec can't encode character '\\ud800' in position 1: surrogates not allowed) "
        f"at character 1.{SYNTAX}"
    ),
    "[" * 65: "parts nested more than 64 deep at character 65. Take some of them away.",
    "Constant()" + "*Constant()" * 65: "parts nested more than 64 deep at character 715. Take some of them away.",
}


@pytest.mark.parametrize(("text", "message"), MISTAKES.items())
def test_mistakes(text: str, message: str) -> None:
    assert refusal(text) == HEAD + message


def test_what_a_constructor_says() -> None:
    assert refusal("NormPreserving(Residual('x'))") == (
        "Parameter `alpha` should be a finite number. Found 'x'. It stands at character 16 of parameter `text`."
    )
    message = refusal("NormPreserving(3)")
    assert message.startswith("Parameter `rule` should be a callable. Found 3.")
    assert message.endswith("It stands at character 1 of parameter `text`.")
    assert refusal("Residual(0x" + "f" * 999 + ")").startswith("int too large to convert to float. It stands at")


def test_what_a_constructor_of_one_s_own_says() -> None:
    class Odd:
        def __init__(self, error: str = "") -> None:
            raise KeyError(error) if error else LookupError

    assert refusal("[Odd('a\\n b')]", known=[Odd]) == r"'a\n b'. It stands at character 2 of parameter `text`."
    assert refusal("Odd()", known=[Odd]) == "LookupError. It stands at character 1 of parameter `text`."


def test_a_library_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "captum.attr", None)
    with pytest.raises(ImportError) as caught:
        read("CaptumExplainer('Saliency')")
    assert str(caught.value) == (
        "CaptumExplainer needs captum. Install it: pip install xaigrad[captum]. It stands at character 1 of parameter "
        "`text`."
    )


WRONG_PARTS = {
    ("rule", "AbsNormalize()"): "a rule. Found `AbsNormalize` of xaigrad.masks at character 1. There are ",
    ("rule", "Minimax()"): "a rule. Found `Minimax` of xaigrad.rules at character 1. There are ",
    ("rule", "3"): "a rule. Found a number at character 1. There are ",
    ("rule", "None"): "a rule. Found nothing at character 1. There are ",
    ("rule", "[Multiply()]"): "a rule. Found a list at character 1. There are ",
    ("rule", "Xyz()"): "a rule. Found `Xyz` at character 1. There are ",
    ("explainer", "Grid()"): "an explainer. Found `Grid` of xaigrad.explainers at character 1. There are ",
    ("explainer", "ZeroReferences()"): "an explainer. Found `ZeroReferences` of xaigrad.references at character 1.",
    ("schedule", "0.5"): "a schedule. Found the value 0.5 at character 1. There are ",
    (
        "mask",
        "[AbsNormalize(), Residual()]",
    ): "a mask transform. Found `Residual` of xaigrad.rules at character 1. There",
    ("mask", "real"): "a mask transform. Found an object of type Tensor at character 1. There are ",
}


@pytest.mark.parametrize(("part", "text"), WRONG_PARTS)
def test_another_part(part: str, text: str) -> None:
    message = refusal(text, part=part, names={"real": BANK})
    assert message.startswith(f"Parameter `{part}` should be {WRONG_PARTS[part, text]}")
    assert message.endswith("others can be passed: known=[...].")
    assert KINDS[part].choices[0] in message


def test_what_is_no_text() -> None:
    assert refusal(3, part="rule") == (
        "Parameter `rule` should be a rule. Found a number. Write a text, in quotes: 'Residual(alpha=0.2)'."
    )
    assert refusal("3", part="role") == (
        "Parameter `part` should be 'explainer' or 'mask' or 'schedule' or 'rule'. Found 'role'."
    )


def test_names() -> None:
    for names in ({"a b": 1}, {"class": 1}, {"Residual": 1}, {3: 1}, {"\ufb01": 1}):
        assert refusal("3", names=names) == (
            "Parameter `names` should have names of Python for keys, other than those of known classes. Found "
            f'{next(iter(names))!r}. For example names={{"real": images}}.'
        )
    assert refusal("3", names={"inf": 1}).startswith(
        "Parameter `names` should have names of its own. Found `inf`, which"
    )


def test_known() -> None:
    assert refusal("3", known=[3]) == (
        "Parameter `known` should hold classes and functions with a name. Found 3. Give a value a name of your own: "
        'names={"mine": ...}.'
    )
    assert "Found <function " in refusal("3", known=[lambda mask: mask])

    class Residual:
        pass

    assert refusal("3", known=[Residual]) == (
        "Parameter `known` should have names of its own. Found `Residual`, which is taken. Name it otherwise."
    )


def refused(part: Any, **settings: Any) -> str:
    with pytest.raises(ValueError, match=r"^Parameter `part` should be made of what a text") as caught:
        write(part, **settings)
    return str(caught.value).partition(" Found ")[2]


def test_what_cannot_be_written() -> None:
    class Mine:
        pass

    assert refused(lambda mask: mask) == 'the function <lambda>. Pass it by a name: names={"part": ...}.'
    assert refused(refusal) == "the function refusal. Pass known=[refusal]."
    assert refused([torch.sqrt]) == "the function sqrt at `[0]`. Pass known=[sqrt]."
    assert refused(StartAfter(1, lambda update: 1.0)) == (
        'the function <lambda> at `schedule`. Pass it by a name: names={"schedule": ...}.'
    )
    assert refused({"a": [BANK]}) == (
        "a tensor of shape (12, 8) and dtype torch.float32 at `['a'][0]`. Pass it by a name: names={\"part\": ...}."
    )
    assert refused(Mine()) == 'an object of type Mine. Pass it by a name: names={"part": ...}.'
    assert refused(Mine(), known=[Mine]) == (
        "an object of type Mine, which does not say how it is made. Make it a frozen dataclass, or give it a method "
        "recipe_arguments() -> (positional, keywords)."
    )
    assert refused({None: 1}) == "the key None. The keys of a dict are numbers or texts."
    assert refused({1, 2}).startswith("an object of type set.")


def test_a_namesake_is_not_written() -> None:
    @dataclass(frozen=True)
    class Residual:
        alpha: float = 0.2

    assert refused(Residual()) == "an object of type Residual. Pass known=[Residual]."
    assert refused([Sub()]) == "an object of type Sub at `[0]`. Pass known=[Sub]."
    assert write(Sub(0.5), known=[Sub]) == "Sub(alpha=0.5)"


@dataclass(frozen=True)
class Sub(Residual):
    """A rule of one's own that is made of one of xaigrad's."""


def test_what_is_nested_too_deep_to_be_read_is_not_written() -> None:
    part: Any = Residual()
    for _ in range(62):
        part = NormPreserving(part)
    assert read(write(part)) == part
    assert refused(NormPreserving(part)) == "parts nested more than 64 deep. Take some of them away."
    endless: list[Any] = []
    endless.append(endless)
    assert refused(endless) == "parts nested more than 64 deep. Take some of them away."
    assert re.search("parts nested more than 64 deep at character", refusal(repr(NormPreserving(part))))
