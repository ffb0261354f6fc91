"""The README tells the truth: its blocks run, its links lead somewhere, its figures come from the results file."""

import json
import re
import warnings
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def test_python_blocks_run_in_order(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {}
    blocks = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 4
    for block in blocks:
        exec(compile(block, "README.md", "exec"), namespace)
    assert "1 torch.Size([16, 784])" in capsys.readouterr().out


def test_the_diff_is_a_whole_loop_that_runs() -> None:
    (diff,) = re.findall(r"^```diff\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    added = [line for line in diff.splitlines() if line.startswith("+")]
    assert len(added) == 1
    setup = (
        "import torch\nfrom torch.optim import Adam\nfrom torch.nn.functional import binary_cross_entropy as bce\n"
        "from xaigrad import XAIGuidedGenerator\nfrom xaigrad.explainers import Saliency\n"
        "from xaigrad.integrations.mlp import Generator, Discriminator\n"
        "loader = [torch.rand(8, 1, 28, 28)] * 2\nones, zeros = torch.ones(8, 1), torch.zeros(8, 1)\n"
    )
    namespace: dict[str, object] = {}
    exec(compile(setup + "\n".join(line[1:] for line in diff.splitlines()), "README.md", "exec"), namespace)
    assert namespace["generator"].explanations == 2


def test_links_lead_to_files() -> None:
    for target in re.findall(r"\]\(([^)#]+?)\)", README):
        assert target.startswith("https://") or (ROOT / target).exists(), target


def test_every_promise_of_compatibility_is_listed_and_tested() -> None:
    section = README.partition("## Compatibility")[2].partition("\n## ")[0]
    named = set(re.findall(r"\]\(tests/compatibility/(test_\w+\.py)\)", section))
    assert named == {path.name for path in (ROOT / "tests" / "compatibility").glob("test_*.py")}


def test_table_is_that_of_the_results_file() -> None:
    pytest.importorskip("rich")
    from xaigrad.benchmarks import readme, table

    record = json.loads((readme.RESULTS / "demo.json").read_text())
    assert readme.filled(README, "demo", table.markdown(record)) == README


def test_commands_exist() -> None:
    from xaigrad.benchmarks import cli

    with warnings.catch_warnings():
        commands = {command.name or command.callback.__name__ for command in cli.app.registered_commands}
    assert set(re.findall(r"^xaigrad (\w+)", README, re.MULTILINE)) <= commands
    targets = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^make (\w+)", README, re.MULTILINE):
        assert f"\n{target}:" in targets
