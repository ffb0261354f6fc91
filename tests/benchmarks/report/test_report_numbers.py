"""The figures are those of the run, computed by hand."""

import csv
import math
from pathlib import Path
from typing import Any

import pytest

from xaigrad.benchmarks import report
from xaigrad.benchmarks.report.effects import Effects
from xaigrad.benchmarks.report.gather import gather
from xaigrad.benchmarks.report.summary import summary
from xaigrad.benchmarks.report.words import answers

from .reading import Page, page
from .synthetic import change, run

FIRST = {"standard": 120.0, "saliency": 100.0, "saliency-shuffled": 130.0}
LAST = {"standard": 55.0, "saliency": 33.0, "saliency-shuffled": 55.0}
SETTLES = {"standard": 3, "saliency": 1, "saliency-shuffled": 20}
SECONDS = {"standard": 0.5, "saliency": 1.0, "saliency-shuffled": 0.5}
EXPLAINER = {"standard": 0.0, "saliency": 0.375, "saliency-shuffled": 0.0}


def by_hand(row: dict[str, Any]) -> None:
    """FID falls by 5 an epoch, KID until it settles; the second seed has twice the FID."""
    arm, times = row["arm"], 1 + row["seed"]
    if row["kind"] == "epoch":
        epoch = row["epoch"]
        kid = 30.0 + 10 * max(SETTLES[arm] - epoch, 0)
        row["scores"] = {"fid": times * (FIRST[arm] - 5 * epoch), "kid": kid, "precision": 0.5, "recall": 0.25}
        row["ema"] = None
        row["seconds"] = {"training": SECONDS[arm], "explainer": EXPLAINER[arm], "evaluation": 0.25}
    elif row["kind"] == "done":
        row["scores"] = {"fid": times * LAST[arm], "kid": 31.5, "precision": 0.5, "recall": 0.25}
        row["ema"] = None


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = run(
        tmp_path_factory.mktemp("numbers") / "run", arms=tuple(FIRST), settings=("lr1",), seeds=(0, 1), epochs=12
    )
    change(path, by_hand)
    report.write([path])
    return path


@pytest.fixture(scope="module")
def found(folder: Path) -> Page:
    return page(folder / "report.html")


@pytest.mark.parametrize(
    ("arm", "epochs", "change", "seconds", "reached", "after"),
    [
        # Standard settles at 3, so that epochs 3 to 12 are the first ten alike; it comes to its own end at epoch 12.
        ("standard", "12 (12 to 12)", "–", "6.0 (6.0 to 6.0)", "12 (12 to 12)", "6.0 (6.0 to 6.0)"),  # noqa: RUF001
        # Its end is 60: 100 - 5 e is there at epoch 8, of a second each.
        ("saliency", "10 (10 to 10)", "-17 % (-17 to -17)", "10.0 (10.0 to 10.0)", "8 (8 to 8)", "8.0 (8.0 to 8.0)"),
        ("saliency-shuffled", *["not within 12 epochs", "–", "not within 12 epochs"], *["not within 12 epochs"] * 2),  # noqa: RUF001
    ],
)
def test_table_1(found: Page, arm: str, epochs: str, change: str, seconds: str, reached: str, after: str) -> None:
    assert found.tables["convergence-1"]["", arm] == [epochs, change, seconds, reached, after]


def test_table_2(found: Page) -> None:
    once = "3.0 (3.0 to 3.0)"
    assert found.tables["seconds-1"]["", "standard"] == ["6.0 (6.0 to 6.0)", "1", "6.0 (6.0 to 6.0)", "1", once]
    guided = ["7.5 (7.5 to 7.5)", "1.25 (1.25 to 1.25)", "12.0 (12.0 to 12.0)", "2.00 (2.00 to 2.00)", once]
    assert found.tables["seconds-1"]["", "saliency"] == guided


def test_the_end(found: Page) -> None:
    row = ["2", "49.5 (33.0 to 66.0)", "31.5 (31.5 to 31.5)", "0.50 (0.50 to 0.50)", "0.25 (0.25 to 0.25)"]
    assert found.tables["quality-1"]["", "saliency"] == row
    assert found.columns["quality-1"] == ["arm", "seeds", "FID, G", "KID x 1000, G", "precision, G", "recall, G"]


def area(first: float) -> float:
    logs = [math.log(first - 5 * epoch) for epoch in range(1, 13)]
    return math.exp((sum(logs) - (logs[0] + logs[-1]) / 2) / 11)


def test_effects(found: Page) -> None:
    ratio = area(100.0) / area(120.0)
    for group, effect in {
        "Area under log FID, G": ratio,
        "Mean FID of the last 5 measured epochs, G": 50 / 70,
        "Final FID, G": 0.6,
    }.items():
        cells = found.tables["effects-1"][group, "saliency"]
        assert cells[0] == f"{effect:.3f}"
        # Both seeds differ alike, and two signs in four are as extreme.
        assert cells[1:] == [
            f"{effect:.3f} to {effect:.3f}",
            "0.500",
            "1.000",
            "too few seeds to tell (n = 2; at least 7)",
        ]


def test_controls(found: Page) -> None:
    rows = found.tables["controls-1"]
    cells = rows["saliency: area under log FID, G", "saliency-shuffled"]
    assert cells[0] == f"{area(100.0) / area(130.0):.3f}"
    assert cells[2:] == ["0.500", "too few seeds to tell (n = 2; at least 6)"]
    assert rows["saliency: area under log FID, G", "all of them"][2] == "0.500"


def test_every_seed_is_published(folder: Path) -> None:
    with (folder / "seeds.csv").open(newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert [(row["arm"], row["seed"]) for row in rows] == [(arm, seed) for arm in FIRST for seed in "01"]
    row = rows[3]
    assert float(row["g_fid_area"]) == pytest.approx(2 * area(100.0))
    assert (row["g_fid_last"], row["g_fid"], row["g_kid"]) == ("100.0", "66.0", "31.5")
    assert (row["converged_epoch"], row["converged_seconds"]) == ("10", "10.0")
    assert (row["reached_epoch"], row["reached_seconds"]) == ("8", "8.0")
    assert (row["training_seconds"], row["explainer_seconds"], row["state"]) == ("12.0", "4.5", "finished")
    assert row["ema_fid"] in ("", "nan")


def test_every_epoch_is_published(folder: Path) -> None:
    with (folder / "epochs.csv").open(newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert len(rows) == 3 * 2 * 12
    row = next(row for row in rows if (row["arm"], row["seed"], row["epoch"]) == ("saliency", "1", "4"))
    assert (row["g_fid"], row["g_kid"], row["training_seconds"], row["ema_fid"]) == ("160.0", "30.0", "1.0", "")


def test_markdown_holds_the_same_tables(folder: Path, found: Page) -> None:
    text = (folder / "report.md").read_text().replace("\\", "")
    for table in found.tables.values():
        for (_, row), cells in table.items():
            assert f"| {row} | {' | '.join(cells)} |" in text


def test_help_is_shown_where_it_is(tmp_path: Path) -> None:
    arms = ("standard", "saliency", "saliency-shuffled", "saliency-random")
    run(tmp_path / "run", arms=arms, settings=("lr1",), seeds=range(8), epochs=4)
    first, second = answers(Effects(*gather([tmp_path / "run"])))
    assert (first.arm, first.model, second.model) == ("saliency", "G", "EMA")
    assert (first.headline, first.tone) == (second.headline, second.tone) == ("The explanation helps", "good")
    assert "n = 8. Helps: better than standard, saliency-shuffled and saliency-random." in first.detail


def test_help_by_other_things_than_the_explanation_is_no_help_by_it(tmp_path: Path) -> None:
    arms = ("standard", "saliency", "saliency-shuffled")
    run(tmp_path / "run", arms=arms, settings=("lr1",), seeds=range(8), epochs=4)

    def alike(row: dict[str, Any]) -> None:
        if row["arm"] == "saliency-shuffled" and row["kind"] == "epoch":
            wobble = 0.8 * (1.1 if row["seed"] % 2 else 0.9)
            row["scores"]["fid"] *= wobble

    change(tmp_path / "run", alike)
    answer, _ = answers(Effects(*gather([tmp_path / "run"])))
    assert (answer.headline, answer.tone) == ("Better, but not shown to be the explanation", "open")
    assert "not better than saliency-shuffled" in answer.detail


def test_harm_is_called_harm_and_a_bare_arm_without_controls(tmp_path: Path) -> None:
    run(tmp_path / "run", arms=("standard", "deep-shap"), settings=("lr1",), seeds=range(8), epochs=4)
    answer, _ = answers(Effects(*gather([tmp_path / "run"])))
    assert (answer.headline, answer.tone) == ("It hurts", "bad")
    assert "worse (n = 8)" in answer.detail.lower()
    assert answer.detail.endswith("It has no controls (--controls each makes them), so nobody can say why.")


def test_few_seeds_tell_nothing(tmp_path: Path) -> None:
    run(tmp_path / "run", arms=("standard", "saliency", "saliency-shuffled"), settings=("lr1",), epochs=4)
    answer, _ = answers(Effects(*gather([tmp_path / "run"])))
    assert (answer.headline, answer.tone) == ("Too few seeds to tell", "open")


def test_the_summary_says_the_answers(folder: Path) -> None:
    effect = f"{area(100.0) / area(120.0):.2f}"
    heading, answer = summary([folder]).splitlines()
    assert heading.startswith("mnist-single: lr1: mnist-5k, digit 7 (500 images); model mlp, 12 epochs")
    assert answer == (
        f"  saliency (G): Too few seeds to tell. FID over the whole training: {effect} ({effect} to {effect}) times "
        "that of the standard arm, n = 2. Too few seeds to tell (n = 2; at least 6). "
        "Greatest p of the 2 comparisons: 0.500."
    )
