"""Code that a user names is found as Python finds it, and a mistake in it is one line that says where."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from xaigrad.benchmarks.errors import UsageError
from xaigrad.benchmarks.yours._imported import imported, users_code

GOOD = """
import sibling_of_mine
class Maker:
    @staticmethod
    def pair():
        return sibling_of_mine.VALUE
def make_pair():
    from sibling_of_mine import VALUE
    return VALUE
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Stand in a folder with a user's files, and forget afterwards what was imported from it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "deep").mkdir()
    for place in (tmp_path, tmp_path / "deep"):
        (place / "gan_of_mine.py").write_text(GOOD)
        (place / "sibling_of_mine.py").write_text(f"VALUE = {place.name!r}")
    before = {*sys.modules}
    yield tmp_path
    for name in {*sys.modules} - before:
        del sys.modules[name]


def refused(text: str) -> str:
    with pytest.raises(UsageError) as caught:
        imported("pair", text)
    message = str(caught.value)
    assert message.startswith("Parameter `pair` should ")
    assert "\n" not in message
    return message


def test_a_module_of_the_current_folder(folder: Path) -> None:
    assert imported("pair", "gan_of_mine:make_pair")() == folder.name
    assert imported("pair", "gan_of_mine:Maker.pair")() == folder.name


def test_a_file_anywhere_with_what_lies_beside_it(folder: Path) -> None:
    for text in ("deep/gan_of_mine.py:make_pair", f"{folder}/deep/gan_of_mine.py:make_pair"):
        assert imported("pair", text)() == "deep"
    make, again = (imported("pair", f"deep/gan_of_mine.py:{name}") for name in ("make_pair", "Maker.pair"))
    assert make.__globals__ is again.__globals__


def test_a_file_hides_no_module_of_its_name(folder: Path) -> None:
    import statistics

    (folder / "deep" / "statistics.py").write_text("own = 1")
    assert imported("pair", "deep/statistics.py:own") == 1
    assert sys.modules["statistics"] is statistics


def test_an_installed_module() -> None:
    from xaigrad.integrations import mlp

    assert imported("pair", "xaigrad.integrations.mlp:make_pair") is mlp.make_pair


@pytest.mark.parametrize("text", ["gan_of_mine", "", ":make_pair", "gan_of_mine:", "gan_of_mine:make-pair"])
def test_what_does_not_read_so(text: str) -> None:
    assert f"should read MODULE:ATTRIBUTE or FILE.py:ATTRIBUTE. Found {text!r}." in refused(text)


def test_what_is_not_there(folder: Path) -> None:
    assert f"Found no gan_of_yours in {folder} or among the installed packages." in refused("gan_of_yours:make_pair")
    assert refused("gan_of_mime:make_pair").endswith("Did you mean gan_of_mine?")
    assert "Found no xaigrad.nothing in" in refused("xaigrad.nothing:make_pair")
    assert refused("deep/gan_of_mime.py:make_pair").endswith("Did you mean deep/gan_of_mine.py?")
    assert "Found no nowhere/gan.py. Check the path" in refused("nowhere/gan.py:make_pair")
    assert refused("gan_of_mine:make_pairs").endswith("Found no make_pairs in gan_of_mine. Did you mean make_pair?")
    assert "Found no pear in gan_of_mine.Maker. Did you mean pair?" in refused("gan_of_mine:Maker.pear")


@pytest.mark.parametrize("text", ["broken:make_pair", "broken.py:make_pair"])
@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            "import torch\n\nimport not_installed",
            "ModuleNotFoundError when broken{py} was imported, at broken.py:3: No mod",
        ),
        (
            "x = 1\ndef f():\n    return 1 / 0\nf()",
            "ZeroDivisionError when broken{py} was imported, at broken.py:3: divi",
        ),
        (
            "import torch\nx = torch.zeros(2) @ torch.zeros(3)",
            "RuntimeError when broken{py} was imported, at broken.py:2: ",
        ),
        ("x = 1\ny = (", "SyntaxError when broken{py} was imported, at broken.py:2: "),
        ("raise ValueError('two\\nlines')", "at broken.py:1: two lines. Mend it."),
        ("raise ValueError('long' * 1000)", "longlong [...]. Mend it."),
        ("assert False", "AssertionError when broken{py} was imported, at broken.py:1: it says nothing more."),
        ("import sys\nsys.exit(3)", "SystemExit when broken{py} was imported, at broken.py:2: 3. Put what is to run"),
    ],
)
def test_what_cannot_be_imported(folder: Path, text: str, source: str, message: str) -> None:
    (folder / "broken.py").write_text(source)
    assert message.format(py=".py" if ".py" in text else "") in refused(text)
    (folder / "broken.py").write_text("make_pair = 12345")  # Of another size, so that no cache serves it.
    assert imported("pair", text) == 12345


def test_a_mistake_in_a_module_that_theirs_imports(folder: Path) -> None:
    (folder / "deep" / "sibling_of_mine.py").write_text("\nVALUE = undefined")
    assert "NameError when deep/gan_of_mine.py was imported, at deep/sibling_of_mine.py:2: name 'undef" in refused(
        "deep/gan_of_mine.py:make_pair"
    )


def test_an_interruption_is_none_of_the_users_mistakes() -> None:
    with pytest.raises(KeyboardInterrupt), users_code("pair", "it ran"):
        raise KeyboardInterrupt
