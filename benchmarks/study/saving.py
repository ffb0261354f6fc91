"""When trials that are under way are saved, and whether they can be."""

import time
from collections.abc import Callable

from rich.console import Console

from xaigrad.benchmarks.study import checkpoint
from xaigrad.benchmarks.study.folder import RunFolder
from xaigrad.benchmarks.study.trial import TrialUnderWay


class Saving:
    """The checkpoints of a run.

    Args:
        folder: Where they lie.
        interval: Seconds from one of a trial to the next, at least; 0 for one at every epoch.
        obstacle: Returns why trials cannot be gone on with, or ``None``; asked when the first begins.
        console: Where to say if there is such a reason, now or later.
    """

    def __init__(
        self, folder: RunFolder, interval: float, obstacle: Callable[[], str | None], console: Console
    ) -> None:
        self._folder = folder
        self._interval = interval
        self._console = console
        self._obstacle = obstacle
        self._works = True
        self._last: dict[str, float] = {}

    def load(self, under_way: TrialUnderWay) -> None:
        """Go on with a trial where it was cut off, if it was."""
        name = under_way.trial.name
        if not self._last:
            reason = self._obstacle()
            if reason is not None:
                self._give_up(reason)
        self._last[name] = time.monotonic()
        if self._works and self._folder.checkpoint(name).exists():
            under_way.load_state_dict(checkpoint.load(self._folder.checkpoint(name)))

    def save(self, under_way: TrialUnderWay) -> None:
        """Save a trial if it is time."""
        name = under_way.trial.name
        if not self._works or time.monotonic() - self._last[name] < self._interval:
            return
        try:
            checkpoint.save(self._folder.checkpoint(name), under_way.state_dict())
            self._last[name] = time.monotonic()
        except checkpoint.NotKeptError as error:
            self._give_up(str(error))

    def _give_up(self, reason: str) -> None:
        self._works = False
        line = f"No checkpoints: {reason}. If the run is cut off, the trainings that were under way start anew."
        self._console.print(line, highlight=False, markup=False, soft_wrap=True)
