"""Measured figures for the documentation, from the results of a run: ``python -m xaigrad.benchmarks.readme RUN``."""

import json
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from xaigrad.benchmarks import cost_table, evaluation_table, part_table, table
from xaigrad.benchmarks.study import folder

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
BENCHMARK = ROOT / "docs" / "benchmark.md"
CONTROL = ROOT / "docs" / "control.md"
RESULTS = ROOT / "benchmarks" / "results"


def filled(text: str, name: str, content: str) -> str:
    """Return a text with new content between the comments ``<!-- name -->`` and ``<!-- /name -->``.

    Example:
        >>> print(filled("<!-- a -->old<!-- /a -->", "a", "new"))
        <!-- a -->
        new
        <!-- /a -->
    """
    marked = re.compile(f"(<!-- {name} -->).*?(<!-- /{name} -->)", re.DOTALL)
    return marked.sub(lambda found: f"{found[1]}\n{content}\n{found[2]}", text)


def publish(run: Path) -> None:
    """Keep the results of a run, and write its table into the page that shows it."""
    RESULTS.mkdir(exist_ok=True)
    name = _kind(run)
    page, files, table_of = _kinds()[name]
    for found, wanted in files.items():
        shutil.copy(run / found, RESULTS / wanted)
    kept = RESULTS / f"{name}.json"
    if kept.name not in files:
        kept.write_text(json.dumps(folder.read(run).record(), indent=1) + "\n")
    page.write_text(filled(page.read_text(), name, table_of(json.loads(kept.read_text()))))


def _kinds() -> dict[str, tuple[Path, dict[str, str], Callable[[Any], str]]]:
    """Return for each kind of run the page, the files that are kept, and its table."""
    costs = {"cost.json": "cost.json", "cost.csv": "cost.csv", "cost.png": "cost.png"}
    return {
        "cost": (README, costs, cost_table.markdown),
        "parts": (CONTROL, {"parts.json": "parts.json", "parts.csv": "parts.csv"}, part_table.markdown),
        "demo": (README, {"samples.png": "demo.png"}, table.markdown),
        "evaluation": (BENCHMARK, {}, evaluation_table.markdown),
    }


def _kind(run: Path) -> str:
    """Return what a run is of: a comparison shows what evaluation costs."""
    found = next((name for name in ("cost", "parts") if (run / f"{name}.json").exists()), None)
    if found:
        return found
    return "evaluation" if folder.read(run).facts["preset"] else "demo"


if __name__ == "__main__":
    publish(Path(sys.argv[1]))
