r"""Paired differences of two arms, one per seed: :math:`d_i = \log(a_i / b_i)`, or :math:`a_i - b_i`.

Runs from the same seed share what is easy and what is hard about it, so their difference varies less than they do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from xaigrad.benchmarks.statistics.inference import Numbers, mean_and_sd

_DECIMALS = 12


@dataclass(frozen=True)
class Readout:
    """A number that is read from each run, one per seed.

    Args:
        name: As it is to be printed.
        better: The direction of an improvement.
        scale: "ratio" compares positive numbers by their ratio; "difference" compares any numbers, such as precision,
            recall and KID, which may be zero or below.

    Raises:
        ValueError: If the direction or the scale is none of the words above.
    """

    name: str
    better: Literal["lower", "higher"] = "lower"
    scale: Literal["ratio", "difference"] = "ratio"

    def __post_init__(self) -> None:
        if self.better not in ("lower", "higher"):
            raise ValueError(f'Parameter `better` should be "lower" or "higher". Found {self.better!r}.')
        if self.scale not in ("ratio", "difference"):
            raise ValueError(f'Parameter `scale` should be "ratio" or "difference". Found {self.scale!r}.')


FID = Readout("FID")
KID = Readout("KID x1000", scale="difference")
PRECISION = Readout("precision", better="higher", scale="difference")
RECALL = Readout("recall", better="higher", scale="difference")


@dataclass(frozen=True)
class Pairs:
    """The differences of the seeds for which both runs came to a number, and how many runs did not.

    Args:
        differences: One per usable seed, rounded to 12 decimals, so that a change of unit changes nothing.
        seeds: All of them.
        lost_arm: Seeds for which the arm diverged: NaN, infinite, or not positive where ratios are taken.
        lost_baseline: The same of the baseline.
    """

    differences: tuple[float, ...]
    seeds: int
    lost_arm: int
    lost_baseline: int

    @property
    def n(self) -> int:
        """The seeds for which both runs came to a number."""
        return len(self.differences)

    @property
    def mean(self) -> float | None:
        """The mean difference, if there is one."""
        return float(mean_and_sd(self.array)[0]) if self.n > 1 else (self.differences[0] if self.n else None)

    @property
    def sd(self) -> float | None:
        """The standard deviation of the differences, if there are two."""
        return float(mean_and_sd(self.array)[1]) if self.n > 1 else None

    @property
    def array(self) -> Numbers:
        """The differences as an array."""
        return np.array(self.differences, dtype=np.float64)


def pair(arm: Sequence[float], baseline: Sequence[float], readout: Readout = FID) -> Pairs:
    """Take the differences between an arm and the baseline, seed by seed.

    A seed for which one of them diverged has no difference. It is left out of the means and counted.

    Args:
        arm: A value per seed.
        baseline: Its values for the same seeds in the same order.
        readout: What the values are.

    Raises:
        ValueError: If they are not equally many.

    Example:
        >>> pair([20.0, 30.0, float("nan")], [20.0, 40.0, 25.0])
        Pairs(differences=(0.0, -0.287682072452), seeds=3, lost_arm=1, lost_baseline=0)
    """
    if len(arm) != len(baseline):
        raise ValueError(
            f"Parameter `arm` should have a value for each of the baseline's {len(baseline)} seeds. Found {len(arm)}. "
            "Compare the seeds that both have."
        )
    one, other = (np.array(values, dtype=np.float64) for values in (arm, baseline))
    usable, usable_too = _usable(one, readout), _usable(other, readout)
    both = usable & usable_too
    if readout.scale == "ratio":
        one, other = (np.log(values, where=both, out=np.zeros_like(values)) for values in (one, other))
    differences = np.round(one[both] - other[both], _DECIMALS) + 0.0
    return Pairs(tuple(differences.tolist()), len(one), int((~usable).sum()), int((~usable_too).sum()))


def _usable(values: Numbers, readout: Readout) -> NDArray[np.bool_]:
    return np.isfinite(values) & ((values > 0) | (readout.scale == "difference"))
