"""What the terminal shows while arms train, and at the end."""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from xaigrad.benchmarks import table


class LiveProgress:
    """A bar per arm with the epoch, the losses, the FID so far and the time left; one line an epoch without a terminal.

    Args:
        console: Where to write.
        epochs: Of each arm.
        names: The arms'.
    """

    def __init__(self, console: Console, epochs: int, names: Sequence[str]) -> None:
        self._console = console
        self._epochs = epochs
        self._fids: dict[str, str] = {}
        self._progress = Progress(
            TextColumn("{task.description:<12}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("epochs  {task.fields[figures]}"),
            TimeRemainingColumn(),
            TextColumn("left"),
            console=console,
            disable=not console.is_terminal,
            expand=True,
        )
        self._tasks = {name: self._progress.add_task(name, total=epochs, figures="waiting") for name in names}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._progress.stop()

    def epoch(self, name: str, figures: Mapping[str, Any]) -> None:
        """Show the figures of an arm's epoch."""
        g_loss = "     -" if figures["g_loss"] is None else f"{figures['g_loss']:6.3f}"
        scores = figures["scores"]
        self._fids[name] = self._fids.get(name, "       -") if scores is None else f"{scores['fid']:8.2f}"
        shown = f"loss D {figures['d_loss']:6.3f} G {g_loss}  FID {self._fids[name]}"
        self._progress.update(self._tasks[name], completed=figures["epoch"], figures=shown)
        if not self._console.is_terminal:
            self._console.print(f"{name:<12} epoch {figures['epoch']:>3}/{self._epochs}  {shown}", highlight=False)


def show(console: Console, record: Mapping[str, Any]) -> None:
    """Print the final table of a run."""
    shown = Table(*table.COLUMNS, box=None, padding=(0, 1, 0, 0))
    for column in shown.columns[1:]:
        column.justify = "right"
    for cells in table.rows(record):
        shown.add_row(*cells)
    console.print(shown)
