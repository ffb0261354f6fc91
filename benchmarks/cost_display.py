"""What the terminal shows while costs are measured: a line per row as it arrives, above a line of progress."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from xaigrad.benchmarks import cost_table, part_table


@dataclass(frozen=True)
class Layout:
    """How a table looks.

    Attributes:
        said: What stands above it.
        columns: Their names.
        widths: Their widths; the first two are aligned to the left.
        cells: Returns those of a row.
    """

    said: str
    columns: tuple[str, ...]
    widths: tuple[int, ...]
    cells: Callable[[Mapping[str, Any]], tuple[str, ...]]


EXPLAINERS = Layout(
    "Guided steps over standard ones: time, its range over the pairs, memory; milliseconds and the most MiB of "
    "a guided step, and the explainer's own.",
    cost_table.COLUMNS,
    (5, 22, 7, 11, 6, 6, 6, 6),
    cost_table.cells,
)
PARTS = Layout(
    "Parts in per cent of a standard step, with the range over the rounds; microseconds of the part, milliseconds of "
    "the step.",
    part_table.COLUMNS,
    (5, 38, 6, 12, 6, 6),
    part_table.cells,
)


class CostDisplay:
    """A table that grows, and what is being done.

    Args:
        console: Where to write.
        rows: How many there will be.
        layout: How it looks.
    """

    def __init__(self, console: Console, rows: int, layout: Layout = EXPLAINERS) -> None:
        self._console = console
        self._layout = layout
        self._progress = Progress(
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TextColumn("{task.description}", markup=False),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
            auto_refresh=False,  # A thread that draws would run beside what is timed.
        )
        self._task = self._progress.add_task("", total=rows)

    def __enter__(self) -> Self:
        self._progress.start()
        self._console.print(self._layout.said, highlight=False)
        self._print(self._layout.columns, style="bold")
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
        self._print(self._layout.cells(row))
        if row["status"] != "measured":
            self._console.print(
                f"       {row['status']}", style="yellow", soft_wrap=True, highlight=False, markup=False
            )
        self._progress.advance(self._task)

    def _print(self, cells: tuple[str, ...], style: str = "") -> None:
        # One table per row, all of the same widths, so that a row can be shown when it arrives.
        shown = Table(box=None, padding=(0, 1, 0, 0), show_header=False)
        for number, width in enumerate(self._layout.widths):
            shown.add_column(width=width, justify="left" if number < 2 else "right", no_wrap=number != 1)
        shown.add_row(*map(Text, cells), style=style)
        self._console.print(shown)
