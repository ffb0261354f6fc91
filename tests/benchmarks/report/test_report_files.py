"""A report replaces an earlier one and nothing else."""

import re
from pathlib import Path

import pytest

from xaigrad.benchmarks import report
from xaigrad.benchmarks.errors import UsageError
from xaigrad.benchmarks.report.files import PICTURES, put

from .synthetic import run

NAMES = ("report.html", "report.md", "seeds.csv", "epochs.csv")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(
        tmp_path_factory.mktemp("files") / "run", arms=("standard", "saliency"), settings=("lr1",), seeds=(0,), epochs=2
    )


def test_it_says_what_it_wrote_leaves_no_other_file_and_replaces_an_earlier_one(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "folder"
    assert report.write([folder], out) == (*(out / name for name in NAMES), out / PICTURES)
    assert {path.name for path in out.iterdir()} == {*NAMES, PICTURES}
    (out / PICTURES / "curves-9.svg").write_text("of an earlier report")
    (out / "report.html").write_text((out / "report.html").read_text() + "more")
    report.write([folder], out)
    assert not (out / PICTURES / "curves-9.svg").exists()
    assert (out / "report.html").read_text().endswith("</html>\n")


@pytest.mark.parametrize("name", [*NAMES, f"{PICTURES}/mine.png", PICTURES])
def test_a_file_of_another_is_kept(folder: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("mine")
    with pytest.raises(UsageError, match=r"Parameter `out` should be .*Found .*[Nn]ame another folder") as caught:
        report.write([folder], tmp_path)
    assert "\n" not in str(caught.value)
    assert (tmp_path / name).read_text() == "mine"
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [Path(name).name]


def test_a_folder_that_cannot_be_made_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="should be a folder that can be written"):
        put(tmp_path / "file" / "out", {"report.md": ""}, {})


def test_markdown_shows_pictures_that_are_there(written: Path) -> None:
    shown = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", (written / "report.md").read_text())
    assert {written / name for name in shown} == set((written / PICTURES).iterdir())
    assert sum(name.endswith(".svg") for name in shown) == 2 * 3
