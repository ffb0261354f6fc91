"""The cost of every part: texts that name them, files that are whole after each, and the table of the documentation.

Nothing here asserts a speed.
"""

import csv
import functools
import json
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from xaigrad import logic, recipes
from xaigrad.benchmarks import cli, cost, measuring, part_cost, part_table, parts, parts_run, readme
from xaigrad.benchmarks.errors import UsageError
from xaigrad.benchmarks.part_cost import PartCost
from xaigrad.benchmarks.parts import Part
from xaigrad.benchmarks.probe import Found
from xaigrad.benchmarks.setting import Setting

IMAGES = torch.zeros(4, 1, 28, 28)
FEEDBACK = "PathFeedback(NonSaturating(probabilities=True), steps=1)"
pytestmark = pytest.mark.usefixtures("single")

real_images = functools.cache(measuring.images)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time single steps, after one to warm up."""
    monkeypatch.setattr(parts_run, "images", real_images)
    monkeypatch.setattr(cost, "LEAST_SECONDS", 0.0)
    monkeypatch.setattr(cost, "WARM_UP", 1)
    monkeypatch.setattr(part_cost, "LEAST_STEPS", 1)


def asked(out: Path, *arguments: str) -> list[str]:
    return ["cost", "--model", "mlp", "--batch", "4", "--pairs", "2", *arguments, "--out", str(out)]


def read(out: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((out / "parts.json").read_text())
    return record


def test_command_measures_shows_and_saves(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "parts"
    texts = [
        "[Abs(), TopK(0.3)]",
        "Specification('realness')",
        "NormPreserving(Residual(0.3))",
        "Alternate()",
        FEEDBACK,
    ]
    assert not cli.main(asked(out, *(word for text in texts for word in ("--part", text))))
    shown = capsys.readouterr().out
    record = read(out)
    assert record["finished"]
    assert record["asked"] == {"model": "mlp", "batch": 4, "pairs": 2, "device": "cpu", "images": 1000}
    assert [row["part"] for row in record["rows"]] == texts
    assert [row["kind"] for row in record["rows"]] == ["mask", "logic", "rule", "schedule", "rule"]
    assert [row["asks"] for row in record["rows"]] == [False, False, False, False, True]
    assert [row["reads_scores"] for row in record["rows"]] == [False, True, False, False, True]
    assert record["rows"][2]["value"] == "NormPreserving(rule=Residual(alpha=0.3), per='sample')"
    for row in record["rows"]:
        assert row["status"] == "measured"
        assert len(row["percents"]) == len(row["standard_seconds"]) == len(row["part_seconds"]) == 2
        assert row["percent"]["least"] <= row["percent"]["median"] <= row["percent"]["greatest"]
        assert all(cell in shown for cell in part_table.cells(row)[2:])
    assert "[Abs(), TopK(0.3)]" in shown
    assert sorted(path.name for path in out.iterdir()) == ["parts.csv", "parts.json"]


def test_csv_is_the_json_and_a_failing_part_does_not_stop_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "parts"
    assert cli.main(asked(out, "--part", "Blur(1.0, shape=(3, 5))", "--part", "Multiply()")) == 1
    rows = list(csv.DictReader((out / "parts.csv").read_text().splitlines()))
    assert tuple(rows[0]) == part_table.CSV_COLUMNS
    failed, worked = read(out)["rows"]
    assert failed["status"].startswith("failed: ValueError: ")
    assert failed["status"] in capsys.readouterr().out
    assert (rows[0]["part"], rows[0]["status"]) == (failed["part"], failed["status"])
    assert rows[0]["percent_median"] == rows[0]["part_us"] == ""
    assert int(rows[1]["rounds"]) == 2
    for name in ("part_us", "beside_us", "standard_ms", "steps"):
        assert float(rows[1][name]) == worked[name]
    for name, value in worked["percent"].items():
        assert float(rows[1][f"percent_{name}"]) == value


def test_all_of_the_library_is_measured() -> None:
    found = parts.library()
    assert len({part.text for part in found}) == len(found)
    for package, kind in parts.KINDS.items():
        mine = [part.text for part in found if part.kind == kind]
        written = " ".join(recipes.write(part.value) for part in found if part.kind == kind)
        module = import_module(f"xaigrad.{package}")
        named = {name for name in module.__all__ if re.search(rf"\b{name}\(", written)}
        others = {"logic": set(module.__all__) - {"Specification"}, "rules": {"Feedback", "Minimax", "NonSaturating"}}
        assert named >= set(module.__all__) - others.get(package, {"Verdicts"}), "Give it a text in parts.TEXTS."
        assert mine == list(parts.texts(package))


def test_specifications_use_all_that_a_formula_can_name() -> None:
    words = set(re.findall(r"\w+", " ".join(parts.SPECIFICATIONS)))
    explainers = {name for name in logic.__all__ if isinstance(getattr(logic, name), logic.Explained)}
    assert explainers
    capitals = {name for name in logic.__all__ if not name.islower()}
    assert set(logic.__all__) - capitals - explainers - words == {"label", "parse"}  # No label is told to these pairs.


@pytest.mark.parametrize(
    ("text", "kind", "place"),
    [
        ("TopK(0.3)", "mask", "mask"),
        ("[AbsNormalize(), Specification('explanation')]", "mask", "mask"),
        ("Specification('explanation')", "logic", "mask"),
        ("Project(Additive())", "rule", "rule"),
        ("0.5 * Alternate()", "schedule", "schedule"),
        ("PathFeedback(Minimax(), real)", "rule", "rule"),
    ],
)
def test_texts_are_parts(text: str, kind: str, place: str) -> None:
    part = parts.read(text, {"real": IMAGES})
    assert (part.text, part.kind, part.place) == (text, kind, place)


@pytest.mark.parametrize(
    "text", ["Saliency()", "Minimax()", "3", "'TopK'", "[]", "[[Abs()]]", "[Abs(), Multiply()]", "GOEDEL", "Constant"]
)
def test_other_things_are_not(text: str) -> None:
    with pytest.raises(UsageError, match=r"^Parameter `(part|text)` should be [^\n]*$"):
        parts.read(text)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--part", "TopK(3)"], "It stands in --part."),
        (["--part", "TopKK(0.3)"], "Did you mean `TopK`?"),
        (["--part", "Specification('boder(2)')"], "did you mean border?"),
        (["--part", "__import__('os').getcwd()"], "It stands in --part."),
        (["--part", "Saliency()"], "Explainers are measured with --explainer."),
        (["--part", "TopK(0.3)", "--explainer", "saliency"], "Parameter `explainer` should not stand beside parts."),
        (["--parts", "--pairs", "0"], "Parameter `pairs` should be at least 1. Found 0."),
        (["--parts", "--threads", "0"], "Parameter `threads` should be at least 1. Found 0."),
        (["--parts", "--model", "biggan"], "Parameter `model` should be one of mlp, dcgan, both. Found 'biggan'."),
        (["--parts", "--batch", "1001"], "Parameter `batch` should be at most the number of images, 1000."),
        (["--parts", "--device", "quantum"], "which cannot be used here."),
    ],
)
def test_mistakes_are_one_line_and_write_nothing(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["cost", *arguments]) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("xaigrad: ")
    assert message in shown
    assert shown.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_all_of_them_on_both_pairs_and_an_interruption_keeps_what_was_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[tuple[str, str]] = []

    def counted(setting: Setting, images: Tensor, part: Part, *rest: Any) -> PartCost:
        done.append((setting.model, part.text))
        if len(done) == len(expected):
            raise KeyboardInterrupt
        return PartCost(1, [1.0], [0.001], [0.0], Found())

    texts = [part.text for part in parts.library()]
    expected = [(model, text) for model in ("mlp", "dcgan") for text in [*texts, "TopK(0.25)"]]
    monkeypatch.setattr(parts_run, "measure", counted)
    assert cli.main(["cost", "--parts", "--part", "TopK(0.25)", "--out", str(tmp_path / "parts")]) == 130
    assert "stopped" in capsys.readouterr().err
    assert done == expected
    record = read(tmp_path / "parts")
    assert [(row["model"], row["part"]) for row in record["rows"]] == expected[:-1]
    assert {(row["model"], row["batch"]) for row in record["rows"]} == {("mlp", 100), ("dcgan", 64)}
    assert "interrupted" in part_table.markdown(record)


def row(model: str, text: str, median: float, **others: Any) -> dict[str, Any]:
    spread = {"median": median, "least": median / 2, "greatest": 2 * median}
    facts = {"model": model, "batch": 100, "part": text, "kind": "mask", "status": "measured", "asks": False}
    return facts | {"percent": spread, "standard_ms": 10.0} | others


def test_a_run_is_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        row("mlp", "PathFeedback()", 130.4, asks=True, kind="rule"),
        row("mlp", "TopK(0.3)", 0.1234),
        row("mlp", "a | b", 2.5, kind="logic"),
        row("dcgan", "TopK(0.3)", 0.01),
        {"model": "dcgan", "batch": 64, "part": "a | b", "kind": "logic", "status": "failed: ValueError: No."},
    ]
    record = {
        "command": "xaigrad cost --parts",
        "asked": {"device": "cpu", "pairs": 15},
        "machine": {"processor": "A processor", "threads": 1, "gpu": None},
        "versions": {"xaigrad": "0", "torch": "2"},
        "finished": True,
        "rows": rows,
    }
    run, page = tmp_path / "run", tmp_path / "control.md"
    run.mkdir()
    (run / "parts.json").write_text(json.dumps(record))
    (run / "parts.csv").write_text("csv")
    page.write_text("before\n<!-- parts -->\n<!-- /parts -->\nafter")
    monkeypatch.setattr(readme, "CONTROL", page)
    monkeypatch.setattr(readme, "RESULTS", tmp_path / "results")
    readme.publish(run)
    assert {path.name for path in (tmp_path / "results").iterdir()} == {"parts.json", "parts.csv"}
    lines = page.read_text().splitlines()
    assert lines[:4] == ["before", "<!-- parts -->", "| part | kind | mlp | dcgan |", "| --- | --- | ---: | ---: |"]
    assert lines[4:7] == [
        "| `TopK(0.3)` | mask transform | 0.12 (0.06-0.25) | 0.01 (0.01-0.02) |",
        "| `a \\| b` | specification | **2.50 (1.25-5.00)** | failed |",
        "| `PathFeedback()` | rule, asks D | 130 (65-261) |  |",
    ]
    note = lines[8]
    assert "The dearest that does not ask D: `a | b`, 2.50 % of a step (mlp)." in note
    assert "mlp with batches of 100 (10 ms), dcgan with batches of 64" in note
    assert "`xaigrad cost --parts`: A processor, 1 thread, torch 2." in note
    assert "`a | b` (dcgan) failed: ValueError: No." in note
    assert lines[-1] == "after"
