"""Every command that a page shows exists, with every option; the page of the benchmark names what there is."""

import re
import shlex
from pathlib import Path

import pytest
import typer.main

from xaigrad.benchmarks import cli, yours
from xaigrad.benchmarks.study import folder
from xaigrad.benchmarks.study.controls import TOP_SAMPLES, controls_of
from xaigrad.benchmarks.study.presets import PRESETS

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BENCHMARK = (ROOT / "docs" / "benchmark.md").read_text()


def shown(text: str) -> list[list[str]]:
    """Return the words of every command line of xaigrad in a page, from the command's name on."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    lines = [line for language, block in blocks if not language for line in block.splitlines()]
    lines += re.findall(r"`(xaigrad [^`]+)`", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL))
    found = [re.search(r"\bxaigrad (\w.*)", line.partition("  #")[0]) for line in lines]
    return [shlex.split(one[1]) for one in found if one and "pip install" not in one.string]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_commands_and_options_exist(page: Path) -> None:
    commands = typer.main.get_command(cli.app).commands  # type: ignore[attr-defined]
    for command, *words in shown(page.read_text()):
        assert command in commands
        options = {name for option in commands[command].params for name in [*option.opts, *option.secondary_opts]}
        used = {word.partition("=")[0] for word in words if word.startswith("--")}
        assert used <= options, (command, used - options)


def test_commands_are_found_at_all() -> None:
    assert len(shown((ROOT / "README.md").read_text())) > 10
    assert {words[0] for words in shown(BENCHMARK)} >= {"compare", "resume", "sweep"}


def test_the_page_names_every_preset_and_control() -> None:
    for preset in PRESETS:
        assert f"`{preset}`" in BENCHMARK
    for control in controls_of("", TOP_SAMPLES):
        assert f"`...{control}`" in BENCHMARK


def test_the_page_names_what_lies_in_the_folder(tmp_path: Path) -> None:
    folder.create(tmp_path / "run", {})
    folder.RunFolder(tmp_path / "run").close()
    for found in (tmp_path / "run").iterdir():
        assert f"| `{found.name}{'/' if found.is_dir() else ''}` |" in BENCHMARK


def test_the_pair_of_the_page_is_one(tmp_path: Path) -> None:
    [code] = re.findall(r"^```python\n(.*?)^```", BENCHMARK, re.MULTILINE | re.DOTALL)
    (tmp_path / "gan_of_the_page.py").write_text(code)
    model = yours.model(f"{tmp_path / 'gan_of_the_page.py'}:make_pair")
    model.check_fits(yours.images(f"{tmp_path / 'gan_of_the_page.py'}:make_data"))
