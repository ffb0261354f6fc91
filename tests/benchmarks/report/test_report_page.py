"""The page holds all that a reader of the paper looks for, in a file that needs nothing else and shows any name."""

import re
from itertools import pairwise
from pathlib import Path

import pytest

from xaigrad.benchmarks import report
from xaigrad.benchmarks.report.contents import tell
from xaigrad.benchmarks.report.gather import gather
from xaigrad.benchmarks.report.markdown import markdown
from xaigrad.benchmarks.report.page import html

from .reading import PARTS, Page, page
from .synthetic import KINDS, run


@pytest.mark.parametrize("part", PARTS)
def test_every_setting_has_every_part(read: Page, part: str) -> None:
    assert {f"{part}-1", f"{part}-2"} <= set(read.ids)


def test_the_answers_and_the_machine_are_there(read: Page) -> None:
    assert {"answers", "across-1", "cost", "machine", "unfinished"} <= set(read.ids)
    assert "alarm" not in read.ids


def test_no_id_occurs_twice_and_every_reference_has_one(read: Page, written: Path) -> None:
    assert len(read.ids) == len(set(read.ids))
    text = re.sub(r"data:[^\"]*", "", (written / "report.html").read_text())
    assert set(re.findall(r'(?:url\(|href=")#([^")]+)', text)) <= set(read.ids)


def test_nothing_comes_from_elsewhere(read: Page) -> None:
    assert not {"script", "iframe", "object", "embed"} & {tag for tag, _ in read.tags}
    for tag, found in read.tags:
        for name in ("src", "href", "xlink:href"):
            assert (found.get(name) or "#").startswith(("#", "data:")), tag
        assert not re.search(r"url\((?!#)", found.get("style") or "")


def test_who_does_not_see_is_told(read: Page) -> None:
    tags = [tag for tag, _ in read.tags]
    assert next(found for tag, found in read.tags if tag == "html")["lang"] == "en"
    assert tags.count("caption") == tags.count("table")
    assert all(found.get("alt") for tag, found in read.tags if tag == "img")
    assert all(found.get("scope") for tag, found in read.tags if tag == "th")
    for found in (found for tag, found in read.tags if tag == "svg"):
        assert found.get("aria-hidden") or (found.get("role") == "img" and found.get("aria-label"))


def test_headings_go_down_by_one_at_a_time(read: Page) -> None:
    levels = [level for level, _ in read.headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))


def test_each_arm_has_its_samples_and_the_real_ones_stand_above_them(read: Page) -> None:
    alts = [found["alt"] for tag, found in read.tags if tag == "img"]
    assert alts[0] == "Real images."
    assert "Samples of saliency at epoch 1." in alts
    assert sum("deep-shap" in (alt or "") for alt in alts) == 4


def test_names_are_shown_and_not_run(tmp_path: Path) -> None:
    bad = "<script>alert(1)$x^2$|*"
    arms = ("standard", "standard-again", bad, "control")
    kinds = {**KINDS, bad: ("guided", "<b>", None), "control": ("control", None, bad)}
    run(
        tmp_path / "run",
        arms=arms,
        settings=("<i>lr1e-3",),
        seeds=(0, 1),
        epochs=2,
        kinds=kinds,
        command=f"xaigrad {bad}",
    )
    told = tell(gather([tmp_path / "run"]))
    text, in_markdown = html(told), markdown(told, "pictures")
    for tag in ("<script", "<b>", "<i>"):
        assert tag not in text
        assert tag not in re.sub(r"^    .*$", "", in_markdown, flags=re.MULTILINE)
    (tmp_path / "page.html").write_text(text)
    found = page(tmp_path / "page.html")
    assert bad in {row for _, row in found.tables["quality-1"]}
    # In the figures, too, as it is and not as mathematics.
    assert text.count("&lt;script&gt;alert(1)$x^2$|*</text>") == 2


def test_the_same_runs_give_the_same_bytes(tmp_path: Path) -> None:
    run(tmp_path / "run", arms=("standard", "saliency"), settings=("lr1",), seeds=(0, 1), epochs=2)
    for name in ("one", "other"):
        report.write([tmp_path / "run"], tmp_path / name)
    one, other = (
        {
            path.relative_to(tmp_path / name): path.read_bytes()
            for path in (tmp_path / name).rglob("*")
            if path.is_file()
        }
        for name in ("one", "other")
    )
    assert one == other
