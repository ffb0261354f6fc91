"""What evaluation takes beside training is counted right, and the page shows what was measured."""

import json
from pathlib import Path
from typing import Any

import pytest

from xaigrad.benchmarks import evaluation_table, readme
from xaigrad.benchmarks.study import folder


def record() -> dict[str, Any]:
    """Two seeds of an arm, in which one epoch of two was measured."""
    done, epochs = [], []
    for seed, (training, evaluation) in enumerate([(10.0, 2.0), (30.0, 4.0)]):
        trial = f"s--standard--seed{seed}"
        seconds = {"training": training, "explainer": 0.0, "evaluation": evaluation}
        done.append({"kind": "done", "trial": trial, "arm": "standard", "epochs": 2, "seconds": seconds})
        for epoch in (1, 2):
            epochs.append(  # noqa: PERF401
                {"kind": "epoch", "trial": trial, "epoch": epoch, "scores": {"fid": 1.0} if epoch == 2 else None}
            )
    facts = {
        "plan": {"arms": [{"name": "standard"}], "evaluated": 2_000, "final": 10_000},
        "data": {"images": 6_265},
        "command": "xaigrad compare",
        "preset": "mnist-single",
        "machine": {"processor": "a processor", "threads": 2},
        "versions": {"torch": "2.13.0"},
    }
    return {"facts": facts, "epochs": epochs, "done": done}


def test_it_counts() -> None:
    table, note = evaluation_table.markdown(record()).split("\n\n")
    assert table.splitlines()[2:] == ["| standard | 2 | 1 | 20 | 3 | 15 % |"]
    assert "on 2,000 images at each measurement, on 6,265 at the end" in note


def test_a_comparison_is_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = record()
    folder.create(tmp_path / "run", found["facts"])
    (tmp_path / "run" / "results.jsonl").write_text(
        "".join(json.dumps(line) + "\n" for line in [*found["epochs"], *found["done"]])
    )
    page = tmp_path / "page.md"
    page.write_text("<!-- evaluation -->\n<!-- /evaluation -->\n")
    monkeypatch.setattr(readme, "BENCHMARK", page)
    monkeypatch.setattr(readme, "RESULTS", tmp_path / "results")
    readme.publish(tmp_path / "run")
    assert page.read_text() == f"<!-- evaluation -->\n{evaluation_table.markdown(found)}\n<!-- /evaluation -->\n"


def test_the_page_shows_what_was_measured() -> None:
    text = readme.BENCHMARK.read_text()
    measured = json.loads((readme.RESULTS / "evaluation.json").read_text())
    assert readme.filled(text, "evaluation", evaluation_table.markdown(measured)) == text
