"""Measured figures for the README, from the results of a run: ``python -m xaigrad.benchmarks.readme RUN``."""

import json
import re
import shutil
import sys
from pathlib import Path

from xaigrad.benchmarks import cost_table, table

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
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
    """Keep the results and the picture of a demo or of the costs, and write the table into the README."""
    name, kept, tables = (
        ("cost", {"cost.json": "cost.json", "cost.csv": "cost.csv", "cost.png": "cost.png"}, cost_table)
        if (run / "cost.json").exists()
        else ("demo", {"results.json": "demo.json", "samples.png": "demo.png"}, table)
    )
    RESULTS.mkdir(exist_ok=True)
    for found, wanted in kept.items():
        shutil.copy(run / found, RESULTS / wanted)
    record = json.loads((RESULTS / f"{name}.json").read_text())
    README.write_text(filled(README.read_text(), name, tables.markdown(record)))


if __name__ == "__main__":
    publish(Path(sys.argv[1]))
