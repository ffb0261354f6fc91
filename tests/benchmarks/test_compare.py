"""`xaigrad compare` from the command to the report, and its neighbours: resume, report, sweep, the user's own pair."""

import json
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from xaigrad.benchmarks import cli, data
from xaigrad.benchmarks.data import Digits
from xaigrad.benchmarks.study.folder import read
from xaigrad.benchmarks.study.presets import PRESETS

from .report.reading import PARTS

all_digits = cache(data.load)
pytestmark = pytest.mark.usefixtures("single")
PAGE = ("answers", "across-1", "cost", "machine", *(f"{part}-{setting}" for setting in (1, 2) for part in PARTS))
CONTROLS = ["shuffled", "sample-mean", "random", "constant", "matched-rate"]


@pytest.fixture
def few_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fifty digits, of every class, are all the data."""
    whole = all_digits()
    few = Digits(whole.images[::100], whole.labels[::100], whole.name)
    monkeypatch.setattr(data, "load", lambda *args, **kwargs: few)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of the README, as a stranger starts it."""
    out = tmp_path_factory.mktemp("compare") / "run"
    asked = "compare --preset mnist-single --dataset mnist-5k --seeds 3 --epochs 3"
    words = [sys.executable, "-m", "xaigrad", *asked.split(), "--out", str(out)]
    alone = os.environ | {"OMP_NUM_THREADS": "1"}  # Other tests have the other core.
    done = subprocess.run(words, env=alone, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr
    assert "Too few seeds to tell" in done.stdout
    return out


def test_its_report_has_every_table_and_figure(folder: Path) -> None:
    page = (folder / "report.html").read_text()
    for name in PAGE:
        assert f'id="{name}"' in page, name
    assert 'id="alarm"' not in page
    assert 'id="unfinished"' not in page
    assert not re.search(r'(?:src|href)="(?!#|data:)', page)
    text = (folder / "report.md").read_text()
    for title in ("Table 1 of the paper", "Table 2 of the paper", "Figures 7 and 9 of the paper"):
        assert title in text
    pictures = {path.name for path in (folder / "report-pictures").iterdir()}
    assert set(re.findall(r"report-pictures/([^)\s]+)", text)) == pictures
    assert len((folder / "seeds.csv").read_text().splitlines()) == 1 + 3 * 2 * len(arms())


def arms() -> list[str]:
    return [
        "standard",
        "standard-again",
        "saliency",
        "deep-shap",
        *(f"saliency-{control}" for control in CONTROLS),
        "top-samples",
    ]


def test_its_folder_says_what_was_trained_of_what_on_what(folder: Path) -> None:
    run = read(folder)
    facts = run.facts
    assert [arm["name"] for arm in facts["plan"]["arms"]] == arms()
    assert [setting["options"]["lr"] for setting in facts["plan"]["settings"]] == [2e-5, 2e-4]
    assert facts["command"] == "xaigrad compare --preset mnist-single --dataset mnist-5k --seeds 3 --epochs 3"
    assert facts["data"] | {"hash": ""} == {
        "dataset": "mnist-5k",
        "digit": 7,
        "images": 500,
        "shape": [1, 28, 28],
        "hash": "",
    }
    assert facts["preset"] == "mnist-single"
    assert {"version", "commit", "changed"} == set(facts["xaigrad"])
    assert {"torch", "torch-fidelity", "numpy", "scipy"} <= set(facts["versions"])
    assert len(run.done) == 3 * 2 * len(arms())
    assert not any(done["diverged"] for done in run.done)
    for epoch in run.epochs:
        if epoch["epoch"] != 2:
            assert set(epoch["scores"]) == set(epoch["ema"]) == {"fid", "kid", "precision", "recall"}
            assert epoch["d_accuracy"] is not None
        assert set(epoch["seconds"]) == {"training", "explainer", "evaluation"}
        assert (epoch["norm_ratio"] is None) == epoch["arm"].startswith("standard")
        assert epoch["gradient_norm"] > 0
    assert len(list((folder / "weights").iterdir())) == 2 * len(run.done)


def test_the_matched_rate_leaves_the_gradient_and_shortens_the_steps(folder: Path) -> None:
    run = read(folder)
    weights = {(done["setting"], done["arm"], done["seed"]): done["weights"] for done in run.done}
    matched = [epoch for epoch in run.epochs if epoch["arm"] == "saliency-matched-rate"]
    assert {epoch["norm_ratio"] for epoch in matched} == {1.0}
    others = ("standard", "saliency", "saliency-constant")
    for (setting, arm, seed), found in weights.items():
        if arm == "saliency-matched-rate":
            assert found not in [weights[setting, other, seed] for other in others]


TINY = ["--lr", "2e-4", "--epochs", "2", "--seeds", "2", "--batch", "25"]


@pytest.mark.usefixtures("few_digits")
def test_a_run_cut_off_is_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from xaigrad.benchmarks.study.trial import TrialUnderWay

    out, finish, finished = tmp_path / "run", TrialUnderWay.finish, []

    def stopping(under_way: TrialUnderWay) -> object:
        if len(finished) == 3:
            raise KeyboardInterrupt
        finished.append(under_way)
        return finish(under_way)

    with monkeypatch.context() as patched:
        patched.setattr(sys, "argv", ["xaigrad", "compare", *TINY, "--controls", "none", "--out", str(out)])
        patched.setattr(TrialUnderWay, "finish", stopping)
        assert cli.main() == 130
    assert len(read(out).done) == 3
    assert cli.main(["compare", *TINY, "--controls", "none", "--out", str(out)]) == 2
    assert not cli.main(["resume", str(out)])
    assert len(read(out).done) == 2 * 3
    assert (out / "report.html").exists()


@pytest.mark.usefixtures("few_digits")
def test_a_dry_run_trains_nothing_and_says_how_long(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert not cli.main(["compare", *TINY, "--dry-run", "--out", str(tmp_path / "run")])
    shown = capsys.readouterr().out
    assert "20 trainings (1 settings, 10 arms, 2 seeds) on 50 images of mnist-5k: about" in shown
    assert not (tmp_path / "run").exists()


@pytest.mark.usefixtures("few_digits")
def test_runs_are_reported_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outs = [tmp_path / "one", tmp_path / "two"]
    for first, out in enumerate(outs):
        asked = ["--epochs", "1", "--seeds", "1", "--batch", "25", "--lr", "2e-4", "--controls", "none"]
        assert not cli.main(["compare", *asked, "--first-seed", str(first), "--out", str(out)])
    capsys.readouterr()
    assert not cli.main(["report", *map(str, outs), "--out", str(tmp_path / "both")])
    assert capsys.readouterr().out.count("Wrote ") == 5
    assert "2 seeds (0, 1)" in (tmp_path / "both" / "report.html").read_text()


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.usefixtures("few_digits")
def test_every_preset_trains(preset: str, tmp_path: Path) -> None:
    asked = ["--epochs", "2", "--seeds", "1", "--batch", "25", "--controls", "none", "--dataset", "mnist-5k"]
    assert not cli.main(["compare", "--preset", preset, *asked, "--out", str(tmp_path / "run")])
    run = read(tmp_path / "run")
    guided = [done for done in run.done if done["arm"] != "standard"]
    assert len(guided) == (4 if preset != "xaigan" else 2)
    explained = {
        arm: sum(e["explanations"] for e in run.epochs if e["arm"] == arm) for arm in {d["arm"] for d in guided}
    }
    updates = 4 * len(run.facts["plan"]["settings"])
    assert set(explained.values()) == {updates if preset != "xaigan" else updates // 2}


@pytest.mark.parametrize("model", ["dcgan", "wgan", "wgan-gp", "cgan"])
@pytest.mark.usefixtures("few_digits")
def test_a_preset_of_another_model_has_that_model_s_options(model: str, tmp_path: Path) -> None:
    asked = ["--model", model, "--epochs", "1", "--seeds", "1", "--batch", "10", "--explainer", "saliency"]
    assert not cli.main(["compare", *asked, "--out", str(tmp_path / "run")])
    [setting] = read(tmp_path / "run").facts["plan"]["settings"]
    assert setting["name"] == setting["model"] == model


@pytest.mark.usefixtures("few_digits")
def test_arms_are_chosen(tmp_path: Path) -> None:
    asked = (
        "--lr 2e-4 --beta1 .5 --beta1 .9 --epochs 1 --seeds 1 --batch 50 --explainer saliency --explainer deep-shap:2 "
        "--rule multiply --rule residual:0.2 --offset 0.5 --schedule alternate:1:1 --controls none"
    )
    assert not cli.main(["compare", *asked.split(), "--out", str(tmp_path / "run")])
    plan = read(tmp_path / "run").facts["plan"]
    assert [arm["name"] for arm in plan["arms"]] == [
        "standard",
        "saliency-multiply",
        "saliency-residual-0.2",
        "deep-shap-2-multiply",
        "deep-shap-2-residual-0.2",
    ]
    assert all("Offset(base=0.5, scale=0.5)" in arm["guidance"] for arm in plan["arms"][1:])
    assert all("Alternate(guided=1, standard=1" in arm["guidance"] for arm in plan["arms"][1:])
    assert [setting["name"] for setting in plan["settings"]] == ["mlp-lr0.0002-beta0.5", "mlp-lr0.0002-beta0.9"]


@pytest.mark.usefixtures("few_digits")
def test_controls_of_each_arm(tmp_path: Path) -> None:
    asked = ["--lr", "2e-4", "--epochs", "1", "--seeds", "1", "--batch", "50", "--controls", "each"]
    assert not cli.main(["compare", *asked, "--out", str(tmp_path / "run")])
    found = [(arm["name"], arm["of"]) for arm in read(tmp_path / "run").facts["plan"]["arms"] if arm["of"]]
    assert found == [(f"{of}-{name}", of) for of in ("saliency", "deep-shap") for name in CONTROLS]


@pytest.mark.usefixtures("few_digits")
def test_a_sweep_trains_each_recipe_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = "--explainer none --explainer saliency --rule multiply --rule residual:0.2 --lr 2e-4 --epochs 1 --seeds 2"
    words = ["sweep", *asked.split(), "--batch", "25", "--out", str(tmp_path / "sweep")]
    assert not cli.main(words)
    shown = capsys.readouterr().out
    assert "3 recipes trained, 0 given up, 0 under way elsewhere, 0 failed." in shown
    assert "xaigrad compare --preset mnist-5k-single" in shown
    runs = {path.parent.name: read(path.parent) for path in (tmp_path / "sweep").glob("*/run.json")}
    names = {re.sub(r"-[0-9a-f]{6}$", "", name) for name in runs}
    assert names == {"standard", "saliency-multiply", "saliency-residual-0.2"}
    assert all(len(run.done) == 2 for run in runs.values())
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "sweep").glob("*/results.jsonl")}
    assert not cli.main(words)
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / "sweep").glob("*/results.jsonl")}


PAIR = """
import torch
from torch import nn

def make_pair():
    generator = nn.Sequential(nn.Linear(16, 192), nn.Tanh(), nn.Unflatten(1, (3, 8, 8)))
    return generator, nn.Sequential(nn.Flatten(), nn.Linear(192, 1)), 16

def make_dataset():
    return torch.rand(40, 3, 8, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1
"""


@pytest.mark.parametrize("command", ["run", "compare"])
def test_a_pair_of_one_s_own_from_its_own_folder(command: str, tmp_path: Path) -> None:
    """As a user types it: in the folder of his code, by the name of his module."""
    (tmp_path / "mymodule.py").write_text(PAIR)
    asked = "--pair mymodule:make_pair --data mymodule:make_dataset --features pixels --epochs 1 --batch 20 --out out"
    seeds = ["--seeds", "1", "--controls", "none"] if command == "compare" else []
    done = subprocess.run(
        [sys.executable, "-m", "xaigrad", command, *asked.split(), *seeds],
        cwd=tmp_path,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    run = read(tmp_path / "out")
    assert run.facts["data"]["shape"] == [3, 8, 8]
    assert all(done["scores"]["fid"] > 0 for done in run.done)
    assert sum(epoch["explanations"] for epoch in run.epochs if epoch["arm"] == "saliency") == 2


def test_results_are_lines_of_json(folder: Path) -> None:
    for line in (folder / "results.jsonl").read_text().splitlines():
        json.loads(line, parse_constant=lambda word: pytest.fail(word))
