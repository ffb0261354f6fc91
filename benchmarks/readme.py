"""Measured figures for the documentation, from the results of a run: ``python -m xaigrad.benchmarks.readme RUN``."""

import json
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from xaigrad.benchmarks import cost_table, part_table, table

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
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
    """Keep the results of a run, and write the table into the README, or that of parts into docs/control.md."""
    *known, demo = _known()
    name, page, kept, tables = next((one for one in known if (run / next(iter(one[2]))).exists()), demo)
    RESULTS.mkdir(exist_ok=True)
    for found, wanted in kept.items():
        shutil.copy(run / found, RESULTS / wanted)
    record = json.loads((RESULTS / f"{name}.json").read_text())
    page.write_text(filled(page.read_text(), name, tables(record)))


def _known() -> list[tuple[str, Path, dict[str, str], Callable[[Any], str]]]:
    """Return for each kind of run its name, the page, the files that are kept, the record first, and its table."""
    costs = {"cost.json": "cost.json", "cost.csv": "cost.csv", "cost.png": "cost.png"}
    return [
        ("cost", README, costs, cost_table.markdown),
        ("parts", CONTROL, {"parts.json": "parts.json", "parts.csv": "parts.csv"}, part_table.markdown),
        ("demo", README, {"results.json": "demo.json", "samples.png": "demo.png"}, table.markdown),
    ]


if __name__ == "__main__":
    publish(Path(sys.argv[1]))
