"""Measured figures for the README, from the results of a run: ``python -m xaigrad.benchmarks.readme RUN``."""

import json
import re
import shutil
import sys
from pathlib import Path

from xaigrad.benchmarks import table

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
    """Keep the results and the picture of a demo, and write its table into the README."""
    RESULTS.mkdir(exist_ok=True)
    shutil.copy(run / "results.json", RESULTS / "demo.json")
    shutil.copy(run / "samples.png", RESULTS / "demo.png")
    record = json.loads((RESULTS / "demo.json").read_text())
    README.write_text(filled(README.read_text(), "demo", table.markdown(record)))


if __name__ == "__main__":
    publish(Path(sys.argv[1]))
