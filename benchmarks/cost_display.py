"""What the terminal shows while costs are measured: a line per explainer as it arrives, above a line of progress."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from xaigrad.benchmarks import cost_table

_WIDTHS = (5, 22, 7, 11, 6, 6, 6, 6)


class CostDisplay:
    """A table that grows, and what is being done.

    Args:
        console: Where to write.
        rows: How many there will be.
    """

    def __init__(self, console: Console, rows: int) -> None:
        self._console = console
        self._progress = Progress(
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
            auto_refresh=False,  # A thread that draws would run beside what is timed.
        )
        self._task = self._progress.add_task("", total=rows)

    def __enter__(self) -> Self:
        self._progress.start()
        self._console.print(
            "Guided steps over standard ones: time, its range over the pairs, memory; milliseconds and the most MiB of "
            "a guided step, and the explainer's own.",
            highlight=False,
        )
        self._print(cost_table.COLUMNS, style="bold")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._progress.stop()

    def doing(self, what: str) -> None:
        """Say what is being done."""
        self._progress.update(self._task, description=what, refresh=True)

    def row(self, row: Mapping[str, Any]) -> None:
        """Show a row."""
        self._print(cost_table.cells(row))
        if row["status"] != "measured":
            self._console.print(
                f"       {row['status']}", style="yellow", soft_wrap=True, highlight=False, markup=False
            )
        self._progress.advance(self._task)

    def _print(self, cells: tuple[str, ...], style: str = "") -> None:
        # One table per row, all of the same widths, so that a row can be shown when it arrives.
        shown = Table(box=None, padding=(0, 1, 0, 0), show_header=False)
        for number, width in enumerate(_WIDTHS):
            shown.add_column(width=width, justify="left" if number < 2 else "right", no_wrap=True)
        shown.add_row(*cells, style=style)
        self._console.print(shown)
