"""`xaigrad report`: pages from run folders."""

from pathlib import Path
from typing import Annotated

import typer


def report(
    runs: Annotated[list[Path], typer.Argument(help="Folders of runs.")],
    out: Annotated[Path | None, typer.Option(help="Where the pages go; if not given, into the first folder.")] = None,
) -> None:
    """Write one self-contained page, HTML and Markdown, with the tables and figures of the paper, from these runs."""
    from rich.console import Console

    from xaigrad.benchmarks import report as pages

    for path in pages.write(runs, out):
        Console().print(f"Wrote {path}", soft_wrap=True, highlight=False)
