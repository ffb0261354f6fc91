"""From what a run recorded to the numbers that seeds are compared by."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

from xaigrad.benchmarks.statistics.history import LAST, History


def recorded(
    scores: Mapping[int, float | None], epochs: Sequence[int], seconds: Mapping[int, float] | None = None
) -> History:
    """Put a run's measurements on the epochs at which all runs were to be measured.

    Where there is no measurement the run diverged or ended, and NaN says so.

    Args:
        scores: By epoch; ``None`` stands for a number that could not be had.
        epochs: At which all runs were to be measured, rising.
        seconds: Of every epoch, measured or not: those of epochs between two measurements are added up. An epoch that
            was not trained took none.

    Raises:
        ValueError: If something was measured at another epoch.

    Example:
        >>> recorded({2: 40.0, 4: None}, [2, 4, 6], {1: 1.5, 2: 1.5, 3: 1.0})
        History(values=(40.0, nan, nan), epochs=(2, 4, 6), seconds=(3.0, 1.0, 0.0))
    """
    others = sorted(set(scores) - set(epochs))
    if others:
        raise ValueError(
            f"Parameter `scores` should be of the epochs {list(epochs)}. Found {others}. Name all epochs measured."
        )
    values = [math.nan if (value := scores.get(epoch)) is None else value for epoch in epochs]
    if seconds is None:
        return History(values, epochs)
    parts = [
        math.fsum(seconds.get(between, 0.0) for between in range(before + 1, epoch + 1))
        for before, epoch in pairwise((0, *epochs))
    ]
    return History(values, epochs, parts)


def readouts(history: History, last: int = LAST) -> dict[str, float]:
    """Return the numbers that seeds are compared by, under names to print.

    Args:
        history: Of FID, say.
        last: How many measurements the mean of the last takes; all of them if there are fewer, and its name says so.

    Example:
        >>> {name: round(value, 2) for name, value in readouts(History([40.0, 30.0, 24.0, 25.0]), last=2).items()}
        {'final': 25.0, 'mean of the last 2': 24.5, 'area under log': 28.34}
    """
    count = min(last, len(history.values))
    return {
        "final": history.final(),
        f"mean of the last {count}": history.last_mean(count),
        "area under log": history.log_area(),
    }
