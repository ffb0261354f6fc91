"""Nothing but constructors is ever executed, whatever an expression says, and no text ends the process."""

import ast
import os
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xaigrad import recipes
from xaigrad.recipes import read
from xaigrad.recipes._source import KINDS
from xaigrad.recipes._vocabulary import public

from .constructing import BANK, refusal

DANGEROUS = [
    "__import__('os').system('touch /tmp/pwned')",
    "__import__",
    "().__class__.__base__.__subclasses__()",
    "Residual.__init__.__globals__",
    "Residual(alpha=__builtins__)",
    "eval('1')",
    "exec('1')",
    "open('x', 'w')",
    "(lambda: 1)()",
    "[Residual() for _ in range(9)]",
    "{x: x for x in y}",
    "(Residual() for _ in ())",
    "f'{open(1)}'",
    "f''",
    "(x := 1)",
    "1 if True else 2",
    "a[0]",
    "not 1",
    "1 < 2",
    "1 and 2",
    "await x",
    "yield",
    "import os",
    "x = 1",
    "print",
    "getattr(1, '__class__')",
    "type",
    "Residual.__class__()",
    "globals()()",
    "10**10**10",
    "1 << 10**9",
    "[1] * 10**9",
    "'%99999999999d' % 1",
    "9" * 5000,
    "\0",
    "Residual(\0)",
    "'\ud800'",
    "'\\N{none}'",
    "(" * 150 + ")" * 150,
    "(" * 5000,
    "[" * 100 + "]" * 100,
    "-" * 9999 + "1",
    "- " * 9999 + "1",
    "a" + "()" * 9999,
    "a" + "[0]" * 9999,
    "f(" + "x=" * 9999 + "1)",
    "a:" * 9999,
    "1," * 9999 + "}",
    "a == " * 9999 + "1",
    "* " * 9999 + "a",
    "'' " * 9999 + "a",
    "not " * 9999 + "1",
    "1" + "**1" * 9999,
    "a" + ".a" * 50000,
    "Constant()" + " | Constant()" * 100,
    "Constant()" + " * Constant()" * 9999,
    "StartAfter(1, " * 70 + "Constant()" + ")" * 70,
    "0x" + "f" * 9999 + " * Constant()",
    "Residual(0x" + "f" * 9999 + ")",
    "Constant",
    "Explainer",
    "Context()",
    "Verdicts()",
    "CompletenessError()",
    "Guidance()",
    "read('1')",
    "parse('1', 2, 3, 4)",
    "parse('__import__(\"os\")')",
    "CaptumExplainer('__import__')",
]


@pytest.fixture
def trapped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever would run a text, or another program, fails the test."""

    def trap(*_: Any, **__: Any) -> None:
        raise AssertionError("something was executed")

    for place, name in [(os, "system"), (os, "popen"), (subprocess, "Popen")]:
        monkeypatch.setattr(place, name, trap)


@pytest.mark.parametrize("text", DANGEROUS, ids=lambda text: text[:30].encode("unicode_escape").decode())
@pytest.mark.usefixtures("trapped")
def test_dangerous_texts(text: str) -> None:
    if text.startswith("CaptumExplainer"):
        pytest.importorskip("captum")
        assert "Parameter `attribution` should be a class of captum.attr" in refusal(text)
    else:
        assert len(refusal(text)) < 700


def test_nothing_in_the_reader_can_run_a_text() -> None:
    files = list(Path(str(recipes.__file__)).parent.glob("*.py"))
    calls = [
        node.func for file in files for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)
    ]
    called = {call.id for call in calls if isinstance(call, ast.Name)}
    assert {"isinstance", "understood"} <= called
    assert not called & {"eval", "exec", "compile", "__import__", "globals"}


@pytest.mark.usefixtures("trapped")
def test_deep_texts_in_a_small_thread() -> None:
    found: list[str] = []

    def run() -> None:
        found.extend(refusal(text) for text in DANGEROUS if len(text) > 100)
        found.append(repr(read("Residual(" + "(" * 63 + "1" + ")" * 63 + ")")))

    size = threading.stack_size(512 * 1024)
    try:
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(size)
    assert len(found) > 20
    assert found[-1] == "Residual(alpha=1)"


WORDS = st.sampled_from(
    [*public(), "real", "__import__", "os", "x", "None", "True", "0.5", "-1", "'saliency'", "1e999", "inf", "lambda: 1"]
)
texts = st.recursive(
    WORDS | st.text(max_size=4).map(repr),
    lambda inner: st.one_of(
        st.builds("{}({})".format, WORDS, inner),
        st.builds("{}({}, x={})".format, WORDS, inner, inner),
        st.builds("{} {} {}".format, inner, st.sampled_from("* | + ** , . := @ if in".split()), inner),
        st.builds("[{}, {}]".format, inner, inner),
        st.builds("({},)".format, inner),
        st.builds("{{{}: {}}}".format, inner, inner),
        st.builds("{}.{}".format, inner, WORDS),
        st.builds("{}[{}]".format, inner, inner),
        st.builds("f'{{{}}}'".format, inner),
    ),
    max_leaves=8,
)
ALPHABET = st.text(st.sampled_from("()[]{}'\"\\,.=*|-+:# \n\r\t09aefxRsidul_\0\x0c\x85\u2028ä\U0001f600\ud800"))


def is_understood(value: Any) -> bool:
    """Whether something is made of what an expression can say."""
    if isinstance(value, list | tuple):
        return all(map(is_understood, value))
    if isinstance(value, dict):
        return all(map(is_understood, value.values()))
    return (
        value is None
        or isinstance(value, bool | int | float | str)
        or value is BANK
        or any(made is type(value) for made, _ in public().values())
    )


@given(text=texts | ALPHABET | st.text())
@settings(max_examples=400)
def test_any_text_is_understood_or_refused(text: str) -> None:
    for part in (None, *KINDS):
        said, value = "", None
        try:
            value = read(text, {"real": BANK}, part=part)
        except (ValueError, ImportError) as error:
            said = str(error)
        assert "\n" not in said
        assert said or is_understood(value)
        if part is not None and not said:
            assert callable(value) or (part == "mask" and all(map(callable, value)))
