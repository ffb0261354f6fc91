"""Arms against a baseline over paired seeds: the effect, its interval and p-value, and the seeds that it would need."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from xaigrad.benchmarks.statistics.inference import Method, holm, interval, sign_flip_p
from xaigrad.benchmarks.statistics.pairs import FID, Pairs, Readout, pair
from xaigrad.benchmarks.statistics.power import needed_seeds


@dataclass(frozen=True)
class Comparison:
    """What the seeds say of an arm against the baseline.

    Args:
        readout: What was compared.
        seeds: The pairs of runs.
        n: Those in which both came to a number; the figures below are of these alone.
        lost_arm: The seeds for which the arm diverged.
        lost_baseline: The seeds for which the baseline diverged.
        effect: The geometric mean of the ratios arm / baseline, or the mean difference, by the readout's scale;
            ``None`` without a pair.
        low: The lower bound of the effect's interval; ``None`` below two pairs.
        high: The upper bound.
        method: How the bounds were found: "t", Student's; "t and BCa", the wider of Student's and the expanded BCa
            bootstrap's at each end, see :func:`~xaigrad.benchmarks.statistics.inference.interval`; or "none".
        confidence: How often such an interval covers the true effect.
        p: The sign-flip permutation test's p-value, alone.
        adjusted: The same by Holm over all arms that were compared at once.
        tests: How many these are.
        sd: The standard deviation of the differences (of the log-ratios); ``None`` below two pairs.
    """

    readout: Readout
    seeds: int
    n: int
    lost_arm: int
    lost_baseline: int
    effect: float | None
    low: float | None
    high: float | None
    method: Method
    confidence: float
    p: float
    adjusted: float
    tests: int
    sd: float | None

    @property
    def neutral(self) -> float:
        """The effect of doing nothing: the ratio 1 or the difference 0."""
        return 1.0 if self.readout.scale == "ratio" else 0.0

    @property
    def improved(self) -> bool:
        """Whether the effect lies on the better side, shown or not."""
        if self.effect is None:
            return False
        return self.effect < self.neutral if self.readout.better == "lower" else self.effect > self.neutral

    @property
    def level(self) -> float:
        """The p-value that counts as shown."""
        return 1 - self.confidence

    def needed(self, effect: float = 0.05) -> int | None:
        """Return the seeds that an effect needs at this spread for a power of 80 %; ``None`` below two pairs.

        Args:
            effect: The difference to be shown, at this arm's share of the level. Of ratios, 0.05 is 5 %.
        """
        return None if self.sd is None else needed_seeds(self.sd, effect, level=self.level, tests=self.tests)


def compare(
    arm: Sequence[float],
    baseline: Sequence[float],
    readout: Readout = FID,
    *,
    confidence: float = 0.95,
) -> Comparison:
    """Compare an arm with the baseline.

    Args:
        arm: A value per seed. One that is NaN or infinite, or not positive where ratios are taken, diverged: its pair
            is left out of all figures and counted, and no arm that diverged more often than the other is called better.
        baseline: The values of the same seeds in the same order.
        readout: What the values are, FID unless said.
        confidence: Of the interval; one minus it is the p-value that counts as shown.

    Raises:
        ValueError: If the arms have not the same number of seeds, or the confidence does not lie between 0 and 1.

    Example:
        >>> found = compare([19.0, 29.1, 23.9, 33.0, 18.8, 28.2], [20.1, 30.2, 25.3, 34.4, 20.2, 29.8])
        >>> f"{found.effect:.3f} ({found.low:.3f} to {found.high:.3f}), p = {found.p:.3f}"
        '0.948 (0.936 to 0.961), p = 0.031'
    """
    return _one_of(1, arm, baseline, readout, confidence)


def compare_arms(
    arms: Mapping[str, Sequence[float]],
    baseline: Sequence[float],
    readout: Readout = FID,
    *,
    confidence: float = 0.95,
) -> dict[str, Comparison]:
    """Compare each of the arms with the baseline, and adjust the p-values for there being several, by Holm.

    Args:
        arms: Values by the arm's name, one per seed.
        baseline: As in :func:`compare`, like the rest.
        readout: What the values are.
        confidence: Of each interval.
    """
    alone = {name: _one_of(len(arms), values, baseline, readout, confidence) for name, values in arms.items()}
    adjusted = holm([one.p for one in alone.values()])
    return {name: replace(one, adjusted=p) for (name, one), p in zip(alone.items(), adjusted, strict=True)}


def _one_of(
    tests: int, arm: Sequence[float], baseline: Sequence[float], readout: Readout, confidence: float
) -> Comparison:
    if not 0 < confidence < 1:
        raise ValueError(f"Parameter `confidence` should lie between 0 and 1. Found {confidence!r}. For example 0.95.")
    pairs = pair(arm, baseline, readout)
    low, high, method = _bounds(pairs, confidence)
    p = float(sign_flip_p(pairs.array)) if pairs.n > 1 else 1.0
    return Comparison(
        readout=readout,
        seeds=pairs.seeds,
        n=pairs.n,
        lost_arm=pairs.lost_arm,
        lost_baseline=pairs.lost_baseline,
        effect=_scaled(pairs.mean, readout),
        low=_scaled(low, readout),
        high=_scaled(high, readout),
        method=method,
        confidence=confidence,
        p=p,
        adjusted=p,
        tests=tests,
        sd=pairs.sd,
    )


def _bounds(pairs: Pairs, confidence: float) -> tuple[float | None, float | None, Method]:
    if pairs.n < 2:
        return None, None, "none"
    low, high, method = interval(pairs.array, confidence)
    return float(low), float(high), method


def _scaled(value: float | None, readout: Readout) -> float | None:
    if value is None or readout.scale == "difference":
        return value
    with np.errstate(over="ignore"):
        return float(np.exp(value))
