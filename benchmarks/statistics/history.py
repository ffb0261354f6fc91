"""What one run's history of a metric says: its end, its last epochs, its whole course, and when it got there.

The best epoch is no readout: chosen on the samples that the metric is measured with, it rewards noise.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np
from scipy import integrate

LAST = 5


@dataclass(frozen=True)
class Moment:
    """When something happened.

    Args:
        epoch: Counted from 1.
        seconds: From the start; ``None`` if the history has none.
    """

    epoch: int
    seconds: float | None = None


@dataclass(frozen=True)
class History:
    """A metric of one run, measured at the end of some or all epochs.

    Args:
        values: The measurements. NaN and infinity stand for a run that diverged; a run that ended early is filled up
            with them to its budget, as :func:`~xaigrad.benchmarks.statistics.reading.recorded` does, or its last number
            would pass for its end.
        epochs: When each was taken, rising; by default after every epoch, from 1 on.
        seconds: What passed between each measurement and the one before (the first: since the start).

    Raises:
        ValueError: If there is no measurement, the lengths differ, the epochs do not rise or seconds are negative.

    Example:
        >>> history = History([40.0, 30.0, 24.0, 25.0], seconds=[2.0, 2.0, 2.0, 2.0])
        >>> history.final(), history.last_mean(2), round(history.log_area(), 2)
        (25.0, 24.5, 28.34)
        >>> history.reached(25.0)
        Moment(epoch=3, seconds=6.0)
    """

    values: Sequence[float]
    epochs: Sequence[int] = ()
    seconds: Sequence[float] | None = None

    def __post_init__(self) -> None:
        if not len(self.values):
            raise ValueError("Parameter `values` should hold at least one measurement. Found none.")
        object.__setattr__(self, "values", tuple(self.values))
        object.__setattr__(self, "epochs", tuple(self.epochs) or tuple(range(1, len(self.values) + 1)))
        self._check_length("epochs", self.epochs)
        if any(later <= earlier for earlier, later in pairwise((0, *self.epochs))):
            raise ValueError(f"Parameter `epochs` should rise, from 1 on. Found {self.epochs}.")
        if self.seconds is not None:
            object.__setattr__(self, "seconds", tuple(self.seconds))
            self._check_length("seconds", self.seconds)
            if not all(second >= 0 for second in self.seconds):
                raise ValueError(f"Parameter `seconds` should be at least 0 per measurement. Found {self.seconds}.")

    def final(self) -> float:
        """Return the last measurement."""
        return self.values[-1]

    def last_mean(self, count: int = LAST) -> float:
        """Return the mean of the last measurements: not finite if one of them is not.

        Args:
            count: How many, from 1 to all.

        Raises:
            ValueError: If there are not so many.
        """
        if not 1 <= count <= len(self.values):
            raise ValueError(
                f"Parameter `count` should be from 1 to the history's {len(self.values)} measurements. Found {count!r}."
            )
        return sum(self.values[-count:]) / count

    def log_area(self) -> float:
        r"""Return the metric's geometric mean over the budget.

        .. math:: \exp\Bigl(\frac{1}{e_n - e_1} \int_{e_1}^{e_n} \log f(e)\, de\Bigr)

        by the trapezoidal rule over the epochs measured: the area under the logarithm, divided by the budget. A single
        measurement is its own mean. NaN if a measurement is NaN, infinite or not positive.
        """
        if not all(math.isfinite(value) and value > 0 for value in self.values):
            return math.nan
        if len(self.values) == 1:
            return self.values[0]
        area = integrate.trapezoid(np.log(self.values), self.epochs)
        return float(np.exp(area / (self.epochs[-1] - self.epochs[0])))

    def reached(self, level: float, hold: int = 3) -> Moment | None:
        """Return when the metric first came down to a level and stayed, or ``None`` if it never did.

        A single measurement below the level may be luck, and the noisier run would have more of it. So as many in a row
        are asked for, or all that are left: the baseline reaches its own final value at its last epoch at the latest.

        Args:
            level: For example the baseline's final FID. If it diverged, NaN or infinite, nothing reaches it.
            hold: Measurements in a row, at or below the level, however many epochs lie between them. The first of them
                is returned.

        Raises:
            ValueError: If fewer than one are asked for.
        """
        if hold < 1:
            raise ValueError(f"Parameter `hold` should be at least 1. Found {hold!r}.")
        there = [math.isfinite(value) and value <= level < math.inf for value in self.values]
        for index in range(len(there)):
            if all(there[index : index + hold]):
                return self._moment(index)
        return None

    def settled(self, tolerance: float = 1.0, window: int = 10, unit: float = 1.0) -> Moment | None:
        """Return when the metric first had not varied by more than the tolerance for some epochs, or ``None``.

        The paper's rule of convergence, of a history of KID: "the mean KID score does not vary by more than 1 for 10
        continuous epochs". It says no unit: here KID x 1000, as the benchmark records it. Below the noise of KID the
        rule never fires, far above it at once; either way it says nothing of the samples.

        A run that was not measured at every epoch is judged by measurements that span the window: those in it, and the
        last one before it if the window does not begin with one. The fewer they are, the sooner they agree by chance:
        compare runs that were measured at the same epochs.

        Args:
            tolerance: Between the greatest and the least, in the unit.
            window: Epochs. The last of the first window that fulfils the rule is returned: it is when one can know.
            unit: What the measurements are multiplied by: 1000 for a history of KID itself.

        Raises:
            ValueError: If the window has fewer than two epochs.
        """
        if window < 2:
            raise ValueError(f"Parameter `window` should be at least 2 epochs. Found {window!r}. The paper's is 10.")
        for last, epoch in enumerate(self.epochs):
            before = [index for index in range(last) if self.epochs[index] <= epoch - window + 1]
            values = [unit * value for value in self.values[before[-1] : last + 1]] if before else [math.nan]
            if all(map(math.isfinite, values)) and max(values) - min(values) <= tolerance:
                return self._moment(last)
        return None

    def _moment(self, index: int) -> Moment:
        seconds = None if self.seconds is None else list(accumulate(self.seconds))[index]
        return Moment(self.epochs[index], seconds)

    def _check_length(self, name: str, found: Sequence[float]) -> None:
        if len(found) != len(self.values):
            raise ValueError(
                f"Parameter `{name}` should have one number for each of the {len(self.values)} measurements. "
                f"Found {len(found)}."
            )
