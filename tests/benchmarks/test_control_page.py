"""The page of masks, rules and formulas shows each of them, and its tables and pictures are those of the commands."""

import json
from pathlib import Path

import pytest
import torch
from matplotlib.image import imread

from xaigrad import masks, rules
from xaigrad.benchmarks import gallery, part_table, readme
from xaigrad.benchmarks.gallery import DIGITS, TEXTS

PAGE = gallery.PAGE.read_text()
pytestmark = pytest.mark.usefixtures("single")


@pytest.mark.parametrize(("package", "texts"), [(masks, TEXTS["masks"]), (rules, TEXTS["rules"])])
def test_every_class_has_a_picture(package: object, texts: tuple[str, ...]) -> None:
    """All but losses, and what feedback rules have in common."""
    shown = " ".join(texts)
    names = set(package.__all__) - {"Feedback", "Minimax", "NonSaturating"}  # type: ignore[attr-defined]
    assert {name for name in names if f"{name}(" not in shown} == set()


def test_every_text_has_a_file_of_its_own_and_no_other_is_there() -> None:
    files = [gallery.file_of(kind, text) for kind, texts in TEXTS.items() for text in texts]
    assert len(set(files)) == len(files)
    assert {path.name for path in gallery.PICTURES.glob("*.png")} == {*files, "vanishing.png"}


def test_tables_are_those_of_the_command() -> None:
    for name, table in gallery.tables().items():
        assert f"<!-- {name} -->\n{table}\n<!-- /{name} -->" in PAGE


def test_the_table_of_costs_is_that_of_the_results_file() -> None:
    record = json.loads((readme.RESULTS / "parts.json").read_text())
    assert f"<!-- parts -->\n{part_table.markdown(record)}\n<!-- /parts -->" in PAGE


def test_pictures_are_drawn_anew(tmp_path: Path) -> None:
    """By a discriminator that has hardly learned: digits in the first row, what is said of them below."""
    (tmp_path / "masks-of-earlier.png").touch()
    scene = gallery.scene(epochs=1, images=100)
    before = [parameter.clone() for parameter in scene.discriminator.parameters()]
    gallery.pictures(scene, tmp_path)
    assert all(torch.equal(*both) for both in zip(before, scene.discriminator.parameters(), strict=True))
    assert {path.name for path in tmp_path.iterdir()} == {
        gallery.file_of(kind, text) for kind, texts in TEXTS.items() for text in texts
    }
    drawn = torch.from_numpy(imread(tmp_path / gallery.file_of("masks", "AbsNormalize()")))[::2, ::2, :3]
    assert drawn.shape == (3 * 30, DIGITS * 30, 3)
    first = (scene.digits[0, 0] + 1) / 2
    torch.testing.assert_close(drawn[1:29, 1:29, 0], first, rtol=0, atol=0.1)  # 128 colours for all rows
