"""A mistake in `xaigrad compare`, resume, report or sweep is one line with its cure, and writes nothing."""

import json
from pathlib import Path

import pytest

from xaigrad.benchmarks import cli


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["compare", "--preset", "mnist-singel"], "Did you mean mnist-single?"),
        (["compare", "--controls", "all"], "Parameter `controls` should be first, each or none. Found 'all'."),
        (["compare", "--explainer", "salience"], "Did you mean saliency?"),
        (["compare", "--explainer", "saliency", "--explainer", "saliency:"], "should read saliency"),
        (["compare", "--every", "0"], "Parameter `every` should be at least 1. Found 0."),
        (["compare", "--evaluated", "3"], "Parameter `evaluated` should be at least 4. Found 3."),
        (["compare", "--seeds", "0"], "Parameter `seeds` should name each once. Found none."),
        (["compare", "--batch", "6000"], "Parameter `batch` should be at most the number of images"),
        (["compare", "--pair", "nowhere:make_pair"], "nowhere"),
        (["run", "--data", "nowhere:images"], "nowhere"),
        (["run", "--data", "nowhere:images", "--digit", "3"], "`digit` should not stand beside --data"),
        (["run", "--data", "nowhere:images", "--dataset", "mnist"], "`data` should not stand beside mnist"),
        (["compare", "--pair", "mine:pair", "--model", "mlp"], "`pair` should not stand beside mlp"),
        (["compare", "--resume"], "Parameter `resume` should stand beside --out"),
        (["run", "--resume"], "Parameter `resume` should stand beside --out"),
        (
            ["compare", "--preset", "xaigan", "--rule", "multiply", "--dataset", "mnist-5k"],
            "`rule` should stand beside",
        ),
        (
            ["compare", "--explainer", "saliency", "--references", "zeros"],
            "`references` should stand beside an explainer",
        ),
        (
            ["compare", "--explainer", "saliency", "--rule", "residual:.2", "--rule", "residual:-.2"],
            "should name each once",
        ),
        (["compare", "--first-seed", "-1"], "Parameter `seed` should be at least 0. Found -1."),
        (["resume", "nowhere"], "There should be a folder of a run"),
        (["report", "nowhere"], "nowhere"),
        (
            ["sweep", "--explainer", "saliency", "--sampler", "tpe"],
            "Parameter `trials` should say how many for --sampler tpe.",
        ),
        (["sweep", "--offset", "0..1"], "Parameter `sampler` should be tpe or random where there is a range."),
    ],
)
def test_mistakes_are_one_line_and_write_nothing(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = [] if arguments[0] in ("resume", "report") else ["--out", str(tmp_path / "run")]
    assert cli.main([*arguments, *out]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert len(error.splitlines()) == 1
    assert not (tmp_path / "run").exists()


def test_the_folder_of_a_sweep_goes_on_by_the_sweep_s_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    facts = {"format": 1, "arguments": ["sweep", "--storage", "a.db"], "command": "xaigrad sweep --storage a.db"}
    (tmp_path / "run.json").write_text(json.dumps(facts))
    assert cli.main(["resume", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert "with the same --out or --storage: xaigrad sweep --storage a.db" in error
    assert len(error.splitlines()) == 1
