"""`xaigrad sweep` as it is typed, with a training that takes no time."""

import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import typer.main

from xaigrad.benchmarks import cli
from xaigrad.benchmarks.errors import UsageError
from xaigrad.benchmarks.sweep import training
from xaigrad.benchmarks.sweep.training import Swept

Values = Callable[..., None]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def values(monkeypatch: pytest.MonkeyPatch) -> Values:
    """Say what a recipe comes to, by the explainer."""

    def of(**by_explainer: float) -> None:
        def train(self: Swept, point: Mapping[str, str], report: Any) -> float:
            self.plan(point)
            return by_explainer[point["explainer"].replace("-", "_")]

        monkeypatch.setattr(training.Swept, "train", train)

    return of


def swept(words: str, capsys: pytest.CaptureFixture[str], code: int = 0) -> str:
    assert (cli.main(["sweep", *shlex.split(words)]) or 0) == code
    found = capsys.readouterr()
    return found.err if code == 2 else found.out


def test_the_last_command_compares_the_best_as_it_was_trained(
    values: Values, capsys: pytest.CaptureFixture[str]
) -> None:
    values(saliency=2.0, deep_shap=1.0)
    given = (
        "--preset mnist-multi --dataset mnist-5k --digit 7 --model dcgan --references zeros --lr 0.001 --lr 0.002 "
        "--beta1 0.5 --batch 20 --epochs 1 --every 3 --evaluated 100"
    )
    point = (
        "--rule residual:0.2 --offset=-0.5 --schedule alternate:1:1 --mask batch-minmax "
        "--logic 'explanation & ~border(2)'"
    )
    shown = swept(
        f"--explainer saliency --explainer deep-shap {point} {given} --seeds 3 --first-seed 2000 --out sweep", capsys
    )
    [command] = re.findall(r"xaigrad (compare .*)", shown)
    words = shlex.split(command)
    expected = [*shlex.split(given), *shlex.split(point.replace("=", " ")), "--explainer", "deep-shap"]
    assert sorted(words) == sorted(["compare", *expected, "--first-seed", "2003"])
    compare = typer.main.get_command(cli.app).commands["compare"]  # type: ignore[attr-defined]
    assert compare.make_context("compare", words[1:]).params["offset"] == "-0.5"


def test_the_least_is_carried(values: Values, capsys: pytest.CaptureFixture[str]) -> None:
    values(saliency=1.0, deep_shap=2.0)
    shown = swept("--explainer saliency --explainer deep-shap --out sweep", capsys)
    assert shown.count("xaigrad compare --preset mnist-5k-single --explainer saliency --first-seed 1000\n") == 1
    assert "2 recipes trained, 0 given up, 0 under way elsewhere, 0 failed." in shown
    assert "The run folders are in sweep." in shown


def test_the_standard_gan_may_be_the_best(values: Values, capsys: pytest.CaptureFixture[str]) -> None:
    values(none=1.0, saliency=2.0)
    shown = swept("--explainer none --explainer saliency --out sweep", capsys)
    assert "The best of 2 is the standard GAN" in shown
    assert "xaigrad compare" not in shown


def test_points_without_sense_are_counted_and_the_exit_code_says_so(
    values: Values, capsys: pytest.CaptureFixture[str]
) -> None:
    values(none=1.0, saliency=2.0)
    words = "--explainer none --explainer saliency --rule multiply --rule nonsense --out sweep"
    for _ in range(2):
        shown = swept(words, capsys, 1)
        assert "2 recipes trained, 0 given up, 0 under way elsewhere, 1 failed." in shown
        assert "saliency, nonsense: Parameter `rule` should be one of" in shown


@pytest.mark.parametrize(("given", "references"), [("", "seen-class"), ("--references zeros", "zeros")])
def test_the_references_are_the_preset_s_unless_others_are_given(
    given: str, references: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = []

    def train(self: Swept, point: Mapping[str, str], report: Any) -> float:
        seen.append(self.references)
        return 1.0

    monkeypatch.setattr(training.Swept, "train", train)
    swept(f"--preset mnist-multi --dataset mnist-5k --explainer saliency {given} --out sweep", capsys)
    assert seen == [references]


def test_an_error_of_the_training_is_one_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def train(self: Swept, point: Mapping[str, str], report: Any) -> float:
        raise UsageError("The disk is full.")

    monkeypatch.setattr(training.Swept, "train", train)
    assert swept("--explainer saliency --out sweep", capsys, 2) == "xaigrad: The disk is full.\n"


def test_a_sweep_in_a_file_goes_on_where_it_was(
    folder: Path, values: Values, capsys: pytest.CaptureFixture[str]
) -> None:
    values(saliency=1.0)
    for _ in range(2):
        shown = swept("--explainer saliency --storage here/offsets.journal", capsys)
        assert "The run folders are in here/offsets-sweep." in shown
    assert {path.name for path in (folder / "here").iterdir()} == {"offsets.journal", "offsets-sweep"}
    assert [path.name for path in folder.iterdir()] == ["here"]


@pytest.mark.parametrize(
    ("words", "world", "message"),
    [
        ("--explainer saliency", "2", "started one by one. Found WORLD_SIZE=2. Start the same command several times."),
        ("--sampler tpe --trials 3", "1", "Parameter `explainer` should be given, or another choice"),
        ("--explainer saliency --storage notes.txt", "1", "`storage` should be the journal of a sweep or a new file"),
    ],
)
def test_mistakes_are_one_line_and_make_nothing(
    words: str,
    world: str,
    message: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (folder / "notes.txt").write_text("mine\n")
    monkeypatch.setenv("WORLD_SIZE", world)
    error = swept(words, capsys, 2)
    assert message in error
    assert len(error.splitlines()) == 1
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]
    assert (folder / "notes.txt").read_text() == "mine\n"
