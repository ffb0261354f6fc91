"""The text form: what is written is what is meant, every text is a formula or a clear error, and no text is run."""

import re
from contextlib import suppress
from functools import reduce
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from xaigrad.explainers import DeepShap, Saliency
from xaigrad.logic import (
    Constant,
    Explained,
    Formula,
    Region,
    Specification,
    accepted,
    agree,
    at_least,
    batch,
    border,
    box,
    brightness,
    centre,
    deepshap,
    disc,
    exists,
    explanation,
    forall,
    intensity,
    label,
    mostly,
    opposes,
    parse,
    realness,
    rejected,
    saliency,
    somewhat,
    supports,
    very,
)
from xaigrad.logic._vocabulary import ATOMS, FUNCTIONS

from .formulas import formulas

a, b, c = explanation, saliency, supports

READINGS: list[tuple[str, Formula]] = [
    ("explanation & ~border(2) | agree(saliency, deepshap)", (a & ~border(2)) | agree(b, deepshap)),
    ("explanation|saliency&supports", a | (b & c)),
    ("explanation & saliency | supports", (a & b) | c),
    ("~explanation & saliency", (~a) & b),
    ("~explanation > 0.5", (~a) > 0.5),
    ("explanation > 0.5 & saliency < .25", (a > 0.5) & (b < 0.25)),
    ("0.5 >= explanation", Constant(0.5) >= a),
    ("explanation <= saliency", a <= b),
    ("explanation -> saliency -> supports", a.implies(b.implies(c))),
    ("explanation <-> saliency <-> supports", a.iff(b).iff(c)),
    ("explanation | saliency -> supports <-> explanation", (a | b).implies(c).iff(a)),
    ("((explanation))&(saliency&supports)", a & b & c),
    ("~ ~\texplanation\n", ~~a),
    ("explanation<1e-1", a < 0.1),
    ("explanation<->1", a.iff(1)),
    ("1. | 0", Constant(1) | 0),
    ("forall(explanation)", forall(a)),
    ("exists( explanation > .5 , border( 1 ) )", exists(a > 0.5, border(1))),
    ("mostly(formula=explanation, domain=batch)", mostly(a, batch)),
    ("forall(explanation, label) & forall(0.5, label(3))", forall(a, label) & forall(0.5, label(3))),
    ("box(1, 2, width=3, height=4)", box(1, 2, 4, 3)),
    ("centre(1) & disc(2.5)", centre(1) & disc(2.5)),
    ("at_least(explanation, 0.5, softness=1e-1) & very(somewhat(opposes))", at_least(a, 0.5) & very(somewhat(opposes))),
    ("intensity & intensity() & intensity(0, 255)", intensity & intensity & intensity(0, 255)),
    ("brightness(low=-2.5) | realness(0, 1) | realness", brightness(-2.5) | realness(0, 1) | realness),
    ("accepted(-1.5) & rejected(0)", accepted(-1.5) & rejected(0)),
]  # fmt: skip


@pytest.mark.parametrize(("text", "formula"), READINGS, ids=[text for text, _ in READINGS])
def test_what_a_text_says(text: str, formula: Formula) -> None:
    assert parse(text).formula == formula
    assert Specification(text).formula == formula


@settings(max_examples=300)
@given(formula=formulas)
def test_what_is_printed_is_read_as_the_same(formula: Formula) -> None:
    assert parse(str(formula)).formula == formula


@settings(max_examples=200)
@given(formula=formulas)
def test_no_parenthesis_is_superfluous(formula: Formula) -> None:
    """Without a pair that encloses no arguments the text says something else, or nothing."""
    text = str(formula)
    for opening in (match.start() for match in re.finditer(r"(?<!\w)\(", text)):
        level = 0
        for closing in range(opening, len(text)):
            level += {"(": 1, ")": -1}.get(text[closing], 0)
            if level == 0:
                break
        without = text[:opening] + text[opening + 1 : closing] + text[closing + 1 :]
        with suppress(ValueError):
            assert parse(without).formula != formula


@given(formula=formulas, spaces=st.lists(st.sampled_from(["", " ", "\t", "\n  "]), min_size=5, max_size=5))
def test_spaces_do_not_matter(formula: Formula, spaces: list[str]) -> None:
    tokens = re.findall(r"<->|->|[<>]=?|-?[\d.]+(?:e[+-]\d+)?|\w+|\S", str(formula))
    spaced = "".join(token + spaces[number % 5] for number, token in enumerate(tokens))
    assert parse(spaced).formula == formula


@pytest.mark.parametrize(
    "nested",
    [
        lambda inner: f"({inner})",
        lambda inner: f"forall({inner})",
        lambda inner: f"~({inner} & saliency)",
        lambda inner: f"saliency & ({inner} | supports)",
        lambda inner: f"saliency <-> supports -> saliency | supports & saliency > ({inner})",
    ],
)
@pytest.mark.parametrize("levels", [3, 12, 100, 1000])
def test_deep_nesting(nested: Any, levels: int) -> None:
    text = reduce(lambda inner, _: nested(inner), range(levels), "explanation")
    if levels <= 12:
        assert parse(str(parse(text))) == parse(text)
    else:
        with pytest.raises(ValueError, match=r"^Parameter `text` should be a formula\. Found .* 64 levels deep[^\n]*$"):
            parse(text)


@pytest.mark.parametrize("text", ["~" * 10_000 + "explanation", "explanation" + " -> explanation" * 10_000])
def test_long_chains_that_are_deep(text: str) -> None:
    with pytest.raises(
        ValueError, match=r"^Parameter `text` should be .* at most 64 levels deep\. Found one level more"
    ):
        parse(text)


@pytest.mark.parametrize("sign", ["&", "|"])
def test_long_chains_that_are_flat(sign: str) -> None:
    text = f" {sign} ".join(["explanation", "saliency"] * 5_000)
    assert str(parse(text)) == text


def test_names_of_one_s_own() -> None:
    def inked(samples: Tensor, context: Any) -> Tensor:
        return samples

    face, ink, net = torch.ones(2, 2), (lambda samples: samples > 0), nn.Sigmoid()
    bank = DeepShap(torch.zeros(3, 2))

    def mine(score: Any, samples: Tensor, context: Any) -> Tensor:
        return samples

    specification = parse(
        "face & ink & net & bank & mine & inked & half & inner & other & label(3, net) & "
        "forall(ink, label(classifier=net))",
        face=face, ink=ink, net=net, bank=bank, mine=mine, inked=inked,
        half=0.5, inner=a | b, other=parse("supports -> 1"),
    )  # fmt: skip
    expected = (
        Region(face) & Region(ink) & Region(net) & Explained(bank) & Explained(mine) & Region(inked) & 0.5 & (a | b)
    )
    expected &= c.implies(1) & label(3, net) & forall(Region(ink), label(classifier=net))
    assert specification.formula == expected
    assert str(specification).startswith("face & ink & net & bank & mine & inked & 0.5 & (explanation | saliency) & (")


def test_names_of_one_s_own_come_first() -> None:
    exact = Saliency(exact=True)
    assert parse("saliency & border", saliency=exact, border=0.5).formula == Explained(exact) & 0.5


@pytest.mark.parametrize("name", ["text", "self", "naïve", "_x1"])
def test_any_name_will_do(name: str) -> None:
    assert parse(f"{name} & explanation", **{name: torch.ones(2)}).formula == Region(torch.ones(2)) & a


OWN: list[tuple[Any, type[Exception], str]] = [
    (
        "saliency",
        TypeError,
        r"Parameter `mine` should be a formula, a number in \[0, 1\], a tensor, .* Found 'saliency'",
    ),
    (DeepShap, TypeError, r"Parameter `mine` should be an instance. Found the class `DeepShap`. Instantiate it before"),
    (batch, TypeError, "Parameter `mine` should be a formula. Found `batch`, which says what forall"),
    (torch.tensor([3.0]), ValueError, r"Parameter `source` should have values in \[0, 1\]"),
]


@pytest.mark.parametrize(("value", "kind", "message"), OWN)
def test_names_that_stand_for_nothing(value: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=f"^{message}"):
        parse("explanation", mine=value)


def test_a_text_that_is_none() -> None:
    with pytest.raises(
        TypeError, match=r"^Parameter `text` should be a text\. Found explanation\. A formula goes into Spe"
    ):
        parse(explanation)  # type: ignore[arg-type]


def test_every_name_of_the_text_is_a_name_of_the_package() -> None:
    import xaigrad.logic as package

    for name in {*ATOMS, *FUNCTIONS}:
        assert name in package.__all__
        assert re.search(rf"\b{name}\b", package.__doc__)
        assert getattr(package, name) == ATOMS.get(name, FUNCTIONS.get(name))


_PIECES = [*ATOMS, *FUNCTIONS, "mine", "(", ")", ",", "=", "&", "|", "~", "->", "<->", "<", "<=", ">", ">=",
           "0.5", "1", "-3", "1e999", ".", "-",
           " ", "\n", "domain=", "k=", "é", "\ud800", "\x00", "99999999999999999999"]  # fmt: skip


def assert_read_or_refused(text: str) -> None:
    try:
        found = parse(text, mine=torch.ones(1))
    except ValueError as error:
        message = str(error)
        assert message.startswith("Parameter `text` should be a formula. Found ")
        assert re.search(r" at character \d+ of ", message)
        assert "\n" not in message
        place = int(re.search(r" at character (\d+) of ", message)[1])  # type: ignore[index]
        assert 1 <= place <= len(text) + 1
    else:
        assert parse(str(found), mine=torch.ones(1)) == found


@settings(max_examples=300)
@given(text=st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    assert_read_or_refused(text)


@settings(max_examples=500)
@given(pieces=st.lists(st.sampled_from(_PIECES), max_size=12))
def test_any_pieces_are_read_or_refused(pieces: list[str]) -> None:
    assert_read_or_refused(" ".join(pieces))
    assert_read_or_refused("".join(pieces))


@settings(max_examples=300)
@given(formula=formulas, data=st.data())
def test_any_slip_is_read_or_refused(formula: Formula, data: st.DataObject) -> None:
    text = str(formula)
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = min(start + data.draw(st.integers(0, 3)), len(text))
        text = text[:start] + data.draw(st.sampled_from(["", *_PIECES])) + text[end:]
    assert_read_or_refused(text)
