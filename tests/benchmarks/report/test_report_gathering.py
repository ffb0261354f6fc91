"""Runs of the same comparison are told as one; what is missing, diverged or not paired is said."""

from pathlib import Path
from typing import Any

import pytest

from xaigrad.benchmarks import report
from xaigrad.benchmarks.errors import UsageError
from xaigrad.benchmarks.report.contents import tell
from xaigrad.benchmarks.report.curves import curve
from xaigrad.benchmarks.report.gather import gather
from xaigrad.benchmarks.report.markdown import markdown
from xaigrad.benchmarks.report.pairing import unpaired

from .reading import Page, page_of
from .synthetic import change, run

FEW: dict[str, Any] = {"arms": ("standard", "standard-again", "saliency"), "settings": ("lr1",), "epochs": 3}


def test_other_seeds_of_the_same_are_told_together(tmp_path: Path) -> None:
    run(tmp_path / "a", seeds=(0, 1), **FEW)
    run(tmp_path / "b", seeds=(7,), **FEW)
    (section,) = gather([tmp_path / "b", tmp_path / "a"])
    assert section.seeds == (0, 1, 7)
    assert {trial.folder.name for trial in section.trials.values()} == {"a", "b"}
    assert all(trial.state == "finished" for trial in section.trials.values())


def test_other_comparisons_have_sections_of_their_own(tmp_path: Path) -> None:
    run(tmp_path / "a", seeds=(0,), **FEW)
    run(tmp_path / "b", seeds=(0,), **FEW | {"epochs": 4})
    run(tmp_path / "c", seeds=(0,), **FEW | {"settings": ("lr1", "lr2")})
    sections = gather([tmp_path / name for name in "abc"])
    assert [(one.number, one.experiment, one.setting["name"]) for one in sections] == [
        (1, 1, "lr1"),
        (2, 2, "lr1"),
        (3, 3, "lr1"),
        (4, 3, "lr2"),
    ]


def test_a_seed_that_comes_twice_is_a_mistake(tmp_path: Path) -> None:
    run(tmp_path / "a", seeds=(0, 1), **FEW)
    run(tmp_path / "b", seeds=(1, 2), **FEW)
    with pytest.raises(UsageError, match=r"Found seed 1 in .*a and in .*b\.") as caught:
        report.write([tmp_path / "a", tmp_path / "b"])
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "a" / "report.html").exists()


@pytest.mark.parametrize("content", [None, "", "{}", '{"format": 2}'])
def test_what_is_no_run_of_this_version_is_a_mistake(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "run.json").write_text(content)
    with pytest.raises(UsageError) as caught:
        report.write([tmp_path])
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("begun", [True, False])
def test_a_run_of_which_nothing_is_measured_is_a_mistake(tmp_path: Path, begun: bool) -> None:
    run(tmp_path / "run", seeds=(0,), unfinished=dict.fromkeys(((arm, 0) for arm in FEW["arms"]), int(begun)), **FEW)
    change(tmp_path / "run", lambda row: row.update(scores=None, ema=None))
    with pytest.raises(UsageError, match="Found none yet"):
        report.write([tmp_path / "run"])


def test_no_run_is_a_mistake() -> None:
    with pytest.raises(UsageError, match="Found none"):
        report.write([])


def test_the_unfinished_is_said_and_told_as_far_as_it_is(read: Page) -> None:
    said = read.classes["note"] + read.classes["li"]
    for setting in ("lr2e-05-beta0.9", "lr0.0002-beta0.5"):
        assert f"mnist-single: {setting}, saliency, seed 3: 5 of 12 epochs" in said
        assert f"mnist-single: {setting}, top-k, seed 3: not started" in said
    assert read.cell("quality-1", "saliency", "seeds") == "3"
    assert read.cell("quality-1", "standard", "seeds") == "4"
    # What is compared are the seeds that all have ended.
    assert read.cell("effects-1", "deep-shap", "in words", "Area under log FID, G").startswith(
        "too few seeds to tell (n = 3"
    )


def test_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    run(tmp_path / "run", seeds=(0,), **FEW)
    path = tmp_path / "run" / "results.jsonl"
    path.write_text(path.read_text()[:-20])
    (section,) = gather([tmp_path / "run"])
    assert section.trials["saliency", 0].state == "unfinished"


def test_a_run_that_has_not_come_to_all_settings_tells_those_it_has(tmp_path: Path) -> None:
    run(tmp_path / "run", seeds=(0,), **FEW | {"settings": ("lr1", "lr2")})
    path = tmp_path / "run" / "results.jsonl"
    path.write_text("".join(line for line in path.read_text().splitlines(keepends=True) if '"lr1"' in line))
    assert [section.setting["name"] for section in gather([tmp_path / "run"])] == ["lr1"]


def test_the_diverged_is_counted_and_not_averaged(read: Page, written: Path) -> None:
    assert read.cell("quality-1", "saliency-random", "seeds") == "4, 1 diverged"
    assert "diverged for 1 of 3 seeds (baseline: 0)" in read.cell(
        "effects-1", "saliency-random", "in words", "Area under log FID, G"
    )
    section = gather([written])[0]
    trial = section.trials["saliency-random", 1]
    assert trial.lost_at == 7
    history = trial.history("G", "fid")
    assert history is not None
    assert [value == value for value in history.values] == [True] * 6 + [False] * 6
    arm = next(arm for arm in section.arms if arm.name == "saliency-random")
    assert curve(section, arm, "G").epochs == tuple(range(1, 13))


def test_who_diverged_once_has_no_numbers_from_then_on(tmp_path: Path) -> None:
    run(tmp_path / "run", seeds=(0,), **FEW)

    def once(row: dict[str, Any]) -> None:
        if row["arm"] == "saliency" and (row["kind"] == "done" or row.get("epoch") == 2):
            row["diverged"] = True

    change(tmp_path / "run", once)
    trial = gather([tmp_path / "run"])[0].trials["saliency", 0]
    history, final = trial.history("G", "fid"), trial.final("G", "fid")
    assert history is not None
    assert final is not None
    assert [value == value for value in (*history.values, final)] == [True, False, False, False]


def test_one_seed_is_no_evidence(tmp_path: Path) -> None:
    run(tmp_path / "run", seeds=(4,), **FEW | {"arms": ("standard", "saliency", "saliency-shuffled")})
    found = page_of(tmp_path / "run")
    assert found.classes["headline"] == ["One seed: an illustration, not evidence"] * 2
    for table in ("effects-1", "controls-1"):
        for cells in found.tables[table].values():
            assert cells[-1] == "one seed: an illustration, not evidence"
            assert set(cells[1:-1]) == {"–"}  # noqa: RUF001
    assert " to " not in found.cell("convergence-1", "standard", "epochs to standard's last FID")


def test_arms_that_were_not_paired_are_an_alarm(tmp_path: Path) -> None:
    run(tmp_path / "run", seeds=(0, 1), **FEW)
    assert unpaired(gather([tmp_path / "run"])[0]) == ()

    def spoil(row: dict[str, Any]) -> None:
        if (row["arm"], row["seed"], row["kind"]) == ("saliency", 1, "start"):
            row["paired"] = "other"
        if (row["arm"], row["seed"], row.get("epoch", 0) > 1) == ("saliency", 0, True):
            row["draws"] = "other"

    change(tmp_path / "run", spoil)
    found = page_of(tmp_path / "run")
    assert "alarm" in found.ids
    assert found.headings[1] == (2, "These figures are not paired. Do not trust any comparison of them.")
    assert "mnist-single: lr1, seed 0: other random numbers from epoch 2 on in saliency" in found.classes["li"]
    assert (
        "mnist-single: lr1, seed 1: other first weights or another order of the data in saliency" in found.classes["li"]
    )
    assert "not paired" in markdown(tell(gather([tmp_path / "run"])), "pictures")


def test_a_missing_picture_is_said(tmp_path: Path) -> None:
    run(tmp_path / "run", seeds=(0,), **FEW)
    (tmp_path / "run" / "samples" / "lr1--saliency--seed0" / "epoch-0003.png").unlink()
    (tmp_path / "run" / "samples" / "real.png").write_bytes(b"no picture")
    found = page_of(tmp_path / "run")
    assert found.classes["missing"] == ["no picture"] * 2
    assert sum(tag == "img" for tag, _ in found.tags) == 6
