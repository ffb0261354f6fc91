"""One training, as the report reads it: its state, its histories of a metric and the numbers that stand for it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from xaigrad.benchmarks.statistics import History, recorded

Model = Literal["G", "EMA"]
State = Literal["finished", "diverged", "unfinished", "not started"]

LAST = 5
SCORES: dict[Model, str] = {"G": "scores", "EMA": "ema"}


@dataclass(frozen=True)
class Trial:
    """A setting, an arm and a seed.

    Attributes:
        folder: Of the run.
        name: Of the trial in it.
        arm: Its arm's name.
        seed: Its seed.
        budget: The epochs that it should come to.
        start: Its line of this kind, if it has begun.
        epochs: Its epochs in order.
        done: Its last line, if it has ended.
        grid: The epochs at which the trials beside it were measured.
    """

    folder: Path
    name: str
    arm: str
    seed: int
    budget: int
    start: Mapping[str, Any] | None
    epochs: tuple[Mapping[str, Any], ...]
    done: Mapping[str, Any] | None
    grid: tuple[int, ...]

    @property
    def state(self) -> State:
        """How far it is."""
        if self.done is not None:
            return "diverged" if self.done["diverged"] else "finished"
        return "unfinished" if self.start or self.epochs else "not started"

    @property
    def ended(self) -> bool:
        """Whether it says something of its whole budget; one that diverged does."""
        return self.done is not None

    @property
    def whole(self) -> bool:
        """Whether all epochs were trained, so that its seconds compare."""
        return self.done is not None and len(self.epochs) == self.budget

    @property
    def lost_at(self) -> int | None:
        """The epoch in which it diverged."""
        return next((epoch["epoch"] for epoch in self.epochs if epoch["diverged"]), None)

    def history(self, model: Model, metric: str) -> History | None:
        """Return a metric over the epochs at which it was measured, with the seconds of training between them.

        A trial that diverged is filled up with NaN; one that has not ended is as long as it came. KID is x1000.
        """
        key, lost = SCORES[model], self.lost_at or math.inf
        measured = [row for row in self.epochs if row["epoch"] in self.grid and (row.get(key) or row["diverged"])]
        scores = {row["epoch"]: None if row["epoch"] >= lost else row[key][metric] for row in measured}
        grid = [epoch for epoch in self.grid if self.ended or epoch in scores]
        if not grid or not any(row.get(key) for row in self.epochs):
            return None
        return recorded(scores, grid, {row["epoch"]: row["seconds"]["training"] for row in self.epochs})

    def final(self, model: Model, metric: str) -> float | None:
        """Return the last evaluation, on the most images; NaN if it diverged, ``None`` if it has not ended."""
        if self.done is None:
            return None
        scores = self.done.get(SCORES[model])
        return math.nan if scores is None or self.state == "diverged" else number(scores[metric])

    def readouts(self, model: Model) -> dict[str, float] | None:
        """Return the three numbers of its FID that seeds are compared by, if it has ended."""
        history, final = self.history(model, "fid"), self.final(model, "fid")
        if history is None or final is None:
            return None
        return {"area": history.log_area(), "last": history.last_mean(min(LAST, len(history.values))), "final": final}

    def seconds(self, part: str) -> float:
        """Return the seconds of a part, of the epochs so far."""
        return math.fsum(epoch["seconds"][part] for epoch in self.epochs)


def number(value: float | None) -> float:
    """Return the number that was written, whose NaN and infinities are null."""
    return math.nan if value is None else float(value)
