"""What no recipe's file may hold, and what cannot be saved: every mistake is told in one line that names the file."""

import re
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor

from xaigrad import Guidance
from xaigrad.explainers import DeepShap
from xaigrad.masks import AbsNormalize
from xaigrad.schedules import StartAfter

from .constructing import BANK

SUFFIXES = [".toml", ".yaml", ".yml", ".json"]


@pytest.fixture(autouse=True)
def yaml(request: pytest.FixtureRequest) -> None:
    """Skip YAML where its library is not installed."""
    if "suffix" in request.fixturenames and "y" in str(request.getfixturevalue("suffix")):
        pytest.importorskip("yaml")


def shift(attribution: Tensor) -> Tensor:
    return attribution + 1


NEITHER = '{} should hold keys and expressions, for example rule: "Residual(alpha=0.2)". Found '
MISTAKES: list[tuple[str, str, str]] = [
    (".toml", "rul = 'Multiply()'", "The keys of {} should be among {}. Found `rul`. Did you mean `rule`?"),
    (".toml", "x = 1", "The keys of {} should be among {}. Found `x`. Leave it out."),
    (".toml", '"a\\n b" = 1', "The keys of {} should be among {}. Found `a b`. Leave it out."),
    (".yaml", "1: x", "The keys of {} should be among {}. Found `1`. Leave it out."),
    (
        ".toml",
        "[rule]",
        "Key `rule` of {} should be a rule. Found a table. Write a text, in quotes: 'Residual(alpha=0.2)'.",
    ),
    (
        ".toml",
        "rule = 3",
        "Key `rule` of {} should be a rule. Found a number. Write a text, in quotes: 'Residual(alpha=",
    ),
    (
        ".toml",
        "rule = ['Multiply()']",
        "Key `rule` of {} should be a rule. Found a list. Write a text, in quotes: 'Resid",
    ),
    (".json", '{"rule": null}', "Key `rule` of {} should be a rule. Found nothing. Write a text, in quotes: 'Resid"),
    (".json", '{"rule": NaN}', "Key `rule` of {} should be a rule. Found the value nan. Write a text, in quotes: 'Res"),
    (
        ".toml",
        "mask = ['AbsNormalize()', 3]",
        "Key `mask[1]` of {} should be a mask transform. Found a number. Write a text, in quotes: 'AbsNormalize()'.",
    ),
    (
        ".toml",
        "mask = ['AbsNormalize()', 'Ofset(0.5)']",
        "Key `mask[1]` of {} should be a mask transform. Found `Ofset` at character 1. Did you mean `Offset`?",
    ),
    (
        ".toml",
        "rule = 'Residual(\"x\")'",
        "Parameter `alpha` should be a finite number. Found 'x'. It stands at character 1 of key `rule` of {}.",
    ),
    (
        ".toml",
        "explainer = 'DeepShap(real)'",
        "Key `explainer` of {} should be an explainer. Found the name `real` at character 10. Say what it is: "
        'names={{"real": ...}}.',
    ),
    (
        ".yaml",
        "mask: [Offset(base=0.5, scale=0.5)]",
        "Key `mask[0]` of {} should be a mask transform. Found what is no expression ('(' was never closed) at "
        "character 7. Look at its brackets, commas and quotes.",
    ),
    (
        ".toml",
        "rule = Multiply()",
        "{} should be TOML. Found what that cannot be: Invalid value (at line 1, column 8). Ex",
    ),
    (".toml", "rule = '1'\nrule = '2'", "{} should be TOML. Found what that cannot be: Cannot overwrite a value (at "),
    (".json", '{"rule": "1", "rule": "2"}', "{} should be JSON. Found what that cannot be: the key 'rule' twice. Expr"),
    (
        ".yaml",
        "rule: a\nrule: b",
        "{} should be YAML. Found what that cannot be: the key 'rule' twice. Expressions stand",
    ),
    (
        ".json",
        "",
        "{} should be JSON. Found what that cannot be: Expecting value: line 1 column 1 (char 0). Expressions st",
    ),
    (
        ".yml",
        "rule: [",
        "{} should be YAML. Found what that cannot be: while parsing a flow node expected the node content",
    ),
    (
        ".yaml",
        "rule: !!python/object/apply:os.system [ls]",
        "{} should be YAML. Found what that cannot be: could not determine a constructor for the tag",
    ),
    (
        ".yaml",
        "? [a, b]\n: c",
        "{} should be YAML. Found what that cannot be: unhashable type: 'list'. Expressions stand",
    ),
    (".yaml", "rule: !!bool x", "{} should be YAML. Found what that cannot be: 'x'. Expressions stand in quotes."),
    (".json", "[1]", NEITHER + "a list. Guidance().save(...) writes one."),
    (".yaml", "Multiply()", NEITHER + "a text. Guidance().save(...) writes one."),
    *(
        (
            suffix,
            text,
            '{} should hold at least one of the keys {}. Found none. For example, for rule, "Residual(alpha=',
        )
        for suffix, text in [(".toml", ""), (".toml", "# a"), (".json", "{}"), (".yaml", "# a"), (".yml", "")]
    ),
]
KEYS = "explainer, mask, schedule, rule"


def refused(path: Path) -> str:
    with pytest.raises(ValueError, match=re.escape(str(path))) as caught:
        Guidance.load(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(("suffix", "text", "message"), MISTAKES)
def test_mistakes(suffix: str, text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / f"mine{suffix}"
    path.write_text(text)
    assert refused(path).startswith(message.format(path, KEYS))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_deep_and_wide_files(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"mine{suffix}"
    sign = {".toml": "rule = ", ".json": '{"rule": '}.get(suffix, "rule: ")
    path.write_text(sign + "[" * 1200)
    refused(path)
    if suffix in (".yaml", ".yml"):
        laughs = [
            f"{chr(97 + n)}: &{chr(97 + n)} [{', '.join(['*' + chr(96 + n)] * 9) if n else 'lol'}]" for n in range(9)
        ]
        path.write_text("\n".join(laughs))
        assert len(refused(path)) < 300


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_no_text(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"mine{suffix}"
    path.write_bytes(b"rule\xff")
    assert refused(path) == (f"{path} should be a text in UTF-8. Found invalid start byte at byte 4. Save it so.")
    path.write_bytes(b"\0")
    refused(path)


def test_suffixes(tmp_path: Path) -> None:
    for act in (Guidance().save, Guidance.load):
        for name, cure in {"logicgan": "For example recipe.toml.", "a.jsn": "Did you mean .json?"}.items():
            message = (
                "Parameter `path` should end in .toml, .yaml, .yml, .json, which says the format. Found "
                f"{str(tmp_path / name)!r}. {cure}"
            )
            with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
                act(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_files_that_are_missing(tmp_path: Path) -> None:
    """What the system says of files is passed on: it names them."""
    for act in (lambda path: Guidance.load(path), lambda path: Guidance().save(path)):
        with pytest.raises(FileNotFoundError, match=r"mine\.toml|nowhere"):
            act(tmp_path / "nowhere" / "mine.toml")
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(OSError, match=r"folder\.toml"):
        Guidance.load(tmp_path / "folder.toml")


def test_without_the_library_of_yaml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    path = tmp_path / "mine.yaml"
    Guidance().save(path)
    with pytest.raises(ImportError, match=r"^Recipes in YAML need PyYAML. Install it: pip install pyyaml$"):
        Guidance.load(path)


UNSAVABLE: dict[str, tuple[Guidance, str]] = {
    "tensor": (
        Guidance(DeepShap(BANK)),
        "Parameter `explainer` should be made of what a text can hold. Found a tensor of shape (12, 8) and dtype "
        'torch.float32 at `references.bank`. Pass it by a name: names={"bank": ...}.',
    ),
    "function": (
        Guidance(mask=[AbsNormalize(), shift]),
        "Parameter `mask[1]` should be made of what a text can hold. Found the function shift. Pass known=[shift].",
    ),
    "lambda": (
        Guidance(mask=lambda mask: mask),
        "Parameter `mask[0]` should be made of what a text can hold. Found the function <lambda>. Pass it by a name: "
        'names={"mask": ...}.',
    ),
    "closure": (
        Guidance(schedule=StartAfter(1, lambda update: 1.0)),
        "Parameter `schedule` should be made of what a text can hold. Found the function <lambda> at `schedule`. Pass "
        'it by a name: names={"schedule": ...}.',
    ),
    "module": (
        Guidance(DeepShap(torch.nn.Identity())),
        "Parameter `explainer` should be made of what a text can hold. Found an object of type Identity at "
        '`references`. Pass it by a name: names={"references": ...}.',
    ),
}


@pytest.mark.parametrize("name", UNSAVABLE)
def test_what_cannot_be_saved(name: str, tmp_path: Path) -> None:
    guidance, message = UNSAVABLE[name]
    path = tmp_path / "mine.toml"
    path.write_text("before")
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        guidance.save(path)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]
