"""What is wrong with a text is said in one line: where, and what should stand there."""

import re

import pytest
import torch

from xaigrad.logic import Specification, parse

TERM = "where a term should stand: a name, a number, ~ or a parenthesis"
OPERATOR = "where an operator should stand; there are & | -> <-> < <= > >="
CLOSING = "where an operator or ) should stand"

MISTAKES: list[tuple[str, int, str, str]] = [
    ("", 1, "the end", TERM),
    (" \n", 3, "the end", TERM),
    ("explanation &", 14, "the end", TERM),
    ("explanation & )", 15, "')'", TERM),
    ("& explanation", 1, "'&'", TERM),
    ("very(explanation,)", 18, "')'", TERM),
    ("explanation saliency", 13, "'saliency'", OPERATOR),
    ("explanation)", 12, "')'", OPERATOR),
    ("explanation = 1", 13, "'='", OPERATOR),
    ("saliency and 1", 10, "'and'", OPERATOR.replace("; there", "; did you mean &? there")),
    ("a - > b", 3, "'-'", "where a name, a number or a sign should stand: ~ & | -> <-> < <= > >= ( ) , ="),
    ("(explanation", 13, "the end", CLOSING),
    ("(saliency, 1)", 10, "','", CLOSING),
    ("very(explanation", 17, "the end", "where an operator, a comma or ) should stand"),
    ("0.2 < saliency < 0.8", 16, "'<'", "where & should stand, for comparisons come one by one: (a > 0.2) & (a < 0.8)"),
    ("border", 1, "'border'", "where border(width) should stand"),
    ("border()", 1, "'border'", "with other arguments than border(width)"),
    ("~border(1, 2)", 2, "'border'", "with other arguments than border(width)"),
    ("at_least(1, soft=1)", 1, "'at_least'", "with other arguments than at_least(formula, threshold, softness=0.1)"),
    ("border(width=1, width=2)", 17, "'width'", "where it stands a second time"),
    ("box(top=1, 2)", 12, "'2'", "where an argument with a name should stand, as the one before it"),
    ("explanation(3)", 12, "'('", "where an operator should stand, for explanation takes no arguments"),
    ("1 & batch", 5, "'batch'", "where a formula should stand; write for example forall(explanation, batch)"),
    ("forall(1, ~label)", 12, "'label'", "where a formula should stand; write for example forall(explanation, label)"),
    ("1e999", 1, "'1e999'", "where a finite number should stand"),
    ("intensity(0, -1e999)", 14, "'-1e999'", "where a finite number should stand"),
]

MISUSES: list[tuple[str, int, str]] = [
    ("~border(-1)", 2, "Parameter `width` should be a whole number of at least 1. Found -1."),
    ("explanation > 1.5", 15, "Parameter `degree` should be a number in [0, 1]. Found 1.5."),
    (
        "1 -> label(1.5)",
        6,
        "Parameter `k` should be a class, a whole number of at least 0. Found 1.5. For example label(3).",
    ),
    ("1 & agree(1)", 5, "Parameter `formulas` should be two or more, to agree. Found 1."),
    (
        "very(batch)",
        1,
        "Parameter `formula` should be a formula. Found `batch`, which says what forall, exists and mostly range over. "
        "Write for example forall(explanation, batch).",
    ),
    (
        "label(3, saliency)",
        1,
        "Parameter `classifier` should be a classifier, a function (samples, context) -> classes or None. Found "
        "saliency. Instantiate or call it first.",
    ),
]


def assert_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(f'Parameter `text` should be a formula. {message}')}$"):
        parse(text)
    with pytest.raises(ValueError, match=f"^{re.escape(f'Parameter `formula` should be a formula. {message}')}$"):
        Specification(text)


@pytest.mark.parametrize(("text", "place", "found", "wrong"), MISTAKES, ids=[mistake[0] for mistake in MISTAKES])
def test_mistakes(text: str, place: int, found: str, wrong: str) -> None:
    assert_refused(text, f"Found {found} at character {place} of {text!r}, {wrong}.")


@pytest.mark.parametrize(("text", "place", "wrong"), MISUSES, ids=[misuse[0] for misuse in MISUSES])
def test_parts_that_cannot_be_made(text: str, place: int, wrong: str) -> None:
    assert_refused(text, f"Found a mistake at character {place} of {text!r}: {wrong}")


NAMES = [("bordr", "border"), ("saliancy", "saliency"), ("deep_shap", "deepshap"), ("mouht", "mouth"),
         ("all", "forall"), ("nan", None), ("inf", None), ("__import__", None)]  # fmt: skip


@pytest.mark.parametrize(("name", "meant"), NAMES)
def test_names_that_are_not_known(name: str, meant: str | None) -> None:
    suggested = "" if meant is None else rf"did you mean {meant}\? "
    where = f"Found '{name}' at character 15 of 'explanation & {name}', a name that is not known; {suggested}"
    listed = "there are mouth, explanation, supports, .*, very, somewhat"
    with pytest.raises(ValueError, match=rf"^Parameter `text` should be a formula\. {where}{listed}\.$"):
        parse(f"explanation & {name}", mouth=torch.ones(1))


def test_a_long_text_is_not_shown_whole() -> None:
    text = f"{'explanation & ' * 20}) & {'explanation & ' * 20}"
    shown = "'...anation & explanation & ) & explanation & explan...'"
    assert_refused(text, f"Found ')' at character 281 of {shown}, {TERM}.")
    nines = "9" * 24 + "..."
    assert_refused("9" * 5000, f"Found '{nines}' at character 1 of '{nines}', where a finite number should stand.")


@pytest.mark.parametrize(
    "text",
    ["().__class__", "explanation.real", "lambda: 0", "[explanation]", "'saliency'", "a;b", "`a`", "explanation\\"],
)
def test_no_text_is_python(text: str) -> None:
    with pytest.raises(ValueError, match=r"^Parameter `text` should be a formula"):
        parse(text)
