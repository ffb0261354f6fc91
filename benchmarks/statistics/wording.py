"""Comparisons in plain words: what the seeds show, and no more."""

from collections.abc import Sequence
from typing import Literal

from xaigrad.benchmarks.statistics.comparison import Comparison
from xaigrad.benchmarks.statistics.power import fewest_seeds

Finding = Literal[
    "better", "better where neither diverged", "worse", "worse where neither diverged", "same", "not shown", "too few"
]


def finding(comparison: Comparison) -> Finding:
    """Return what a comparison shows.

    "better" and "worse" need an adjusted p-value at or below the level and an interval without the neutral effect.
    An arm that diverged more often than the baseline is never plainly better, one that did so less often never plainly
    worse.

    Returns:
        "same" if all pairs are equal, "too few" if so many seeds cannot show anything, "not shown" if these do not.
    """
    if comparison.n > 1 and comparison.sd == 0 and comparison.effect == comparison.neutral:
        return "same"
    if comparison.n < fewest_seeds(comparison.tests, comparison.level):
        return "too few"
    low, high = comparison.low, comparison.high
    if comparison.adjusted > comparison.level or low is None or high is None or low <= comparison.neutral <= high:
        return "not shown"
    if comparison.improved:
        return "better where neither diverged" if comparison.lost_arm > comparison.lost_baseline else "better"
    return "worse where neither diverged" if comparison.lost_arm < comparison.lost_baseline else "worse"


def verdict(comparison: Comparison) -> str:
    """Say what a comparison shows, see :func:`finding`.

    Example:
        >>> from xaigrad.benchmarks.statistics import compare
        >>> baseline = [20.1, 30.2, 25.3, 34.4, 20.2, 29.8]
        >>> verdict(compare([19.0, 29.1, 23.9, 33.0, 18.8, 28.2], baseline))
        'better'
        >>> verdict(compare([19.0, 29.1, 26.0, 33.0, 18.8, 28.2], baseline))
        'no difference shown at n = 6'
        >>> verdict(compare([19.0, 29.1, 23.9], baseline[:3]))
        'too few seeds to tell (n = 3; at least 6)'
        >>> verdict(compare([19.0, 29.1, 23.9, 33.0, 18.8, float("nan")], baseline))
        'too few seeds to tell (n = 5; at least 6); diverged for 1 of 6 seeds (baseline: 0)'
    """
    found: str = finding(comparison)
    if found == "same":
        found = f"the same for every seed (n = {comparison.n})"
    elif found == "not shown":
        found = f"no difference shown at n = {comparison.n}"
    elif found == "too few":
        found = too_few(comparison.n, fewest_seeds(comparison.tests, comparison.level))
    if not comparison.lost_arm and not comparison.lost_baseline:
        return found
    return (
        f"{found}; diverged for {comparison.lost_arm} of {comparison.seeds} seeds "
        f"(baseline: {comparison.lost_baseline})"
    )


def effect_in_words(comparison: Comparison) -> str:
    """Write the effect with its interval.

    Example:
        >>> from xaigrad.benchmarks.statistics import compare
        >>> effect_in_words(compare([19.0, 29.1, 23.9], [20.1, 30.2, 25.3]))
        '0.95 (0.92 to 0.98)'
        >>> effect_in_words(compare([19.0], [20.0]))
        '0.95 (no interval)'
    """
    if comparison.effect is None:
        return "none"
    sign = "+" if comparison.readout.scale == "difference" else ""
    decimals = ".3f" if sign else ".2f"
    written = f"{comparison.effect:{sign}{decimals}}"
    if comparison.low is None or comparison.high is None:
        return f"{written} (no interval)"
    return f"{written} ({comparison.low:{sign}{decimals}} to {comparison.high:{sign}{decimals}})"


def too_few(n: int, fewest: int, against: str = "") -> str:
    """Say that so many seeds show nothing, whatever they are.

    Example:
        >>> too_few(3, 6)
        'too few seeds to tell (n = 3; at least 6)'
    """
    return f"too few seeds to tell{against} (n = {n}; at least {fewest})"


def listed(names: Sequence[str]) -> str:
    """Return names as in a sentence.

    Example:
        >>> listed(["standard", "shuffled", "random"])
        'standard, shuffled and random'
    """
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
