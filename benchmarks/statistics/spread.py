"""The noise of a readout: how far two arms that do the same lie apart, and the seeds that this costs."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scipy import stats

from xaigrad.benchmarks.statistics.pairs import Readout, pair
from xaigrad.benchmarks.statistics.power import needed_seeds

EFFECTS = (0.05, 0.1, 0.2)


@dataclass(frozen=True)
class Spread:
    r"""The noise of a readout between two arms that do the same, and what it costs.

    Args:
        readout: What was read.
        seeds: The pairs of runs.
        n: Those in which both came to a number; the spread is of these alone.
        sd: The standard deviation of their differences (of the log-ratios); ``None`` below two pairs.
        low: The lower bound of its 95 % interval :math:`s \\sqrt{(n - 1) / \\chi^2_{n - 1}}`, which holds for normal
            differences: three pairs know it but to a factor of six.
        high: The upper bound.
        effects: Differences that one may want to show. Of ratios, 0.05 is 5 %.
        needed: The seeds for each of them, by :func:`~xaigrad.benchmarks.statistics.power.needed_seeds`; ``None``
            where the spread is not known: below two pairs, or if all were alike.
    """

    readout: Readout
    seeds: int
    n: int
    sd: float | None
    low: float | None
    high: float | None
    effects: tuple[float, ...]
    needed: tuple[int | None, ...]


def spreads(
    first: Sequence[Mapping[str, float]],
    second: Sequence[Mapping[str, float]],
    readouts: Sequence[Readout] | None = None,
    effects: Sequence[float] = EFFECTS,
    *,
    tests: int = 1,
) -> tuple[Spread, ...]:
    """Return the noise of each readout between two arms that do the same, and the seeds that each effect then needs.

    Args:
        first: One arm's readouts by name, a mapping per seed.
        second: Those of the other, the same seeds.
        readouts: Which, in this order; by default all names of the first mapping, as ratios of which the lower is
            better.
        effects: The differences asked for.
        tests: The arms that will be compared at once.

    Raises:
        ValueError: If the arms have not the same number of seeds.

    Example:
        >>> standard = [{"final": 21.0, "EMA: final": 20.0}, {"final": 25.0, "EMA: final": 23.0}]
        >>> again = [{"final": 20.0, "EMA: final": 20.4}, {"final": 27.0, "EMA: final": 22.8}]
        >>> for spread in spreads(standard, again):
        ...     print(spread.readout.name, f"{spread.sd:.3f}", spread.needed)
        final 0.089 (27, 9, 6)
        EMA: final 0.020 (6, 6, 6)
    """
    if readouts is None:
        readouts = [Readout(name) for name in (first[0] if first else ())]
    return tuple(
        _spread(
            readout, [seed[readout.name] for seed in first], [seed[readout.name] for seed in second], effects, tests
        )
        for readout in readouts
    )


def spread_in_words(spread: Spread) -> str:
    """Say how large the noise is, how well that is known, and what it costs.

    Example:
        >>> first, second = [{"FID": 21.0}, {"FID": 25.0}, {"FID": 23.0}], [{"FID": 20.0}, {"FID": 27.0}, {"FID": 22.0}]
        >>> spread_in_words(*spreads(first, second))
        'sd 7.1 % (3.7 to 44.9 %) at n = 3; seeds needed: 19 for 5 %, 7 for 10 %, 6 for 20 %'
    """
    diverged = spread.seeds - spread.n
    said = f"; one of the two diverged for {diverged} of {spread.seeds} seeds" if diverged else ""
    if spread.sd is None or spread.low is None or spread.high is None:
        return f"not known from n = {spread.n}{said}"
    if not spread.sd:
        return f"not known: the two differ alike for every seed (n = {spread.n}){said}"
    factor, form, unit = (100, ".1f", " %") if spread.readout.scale == "ratio" else (1, ".3g", "")
    sd, low, high = (f"{factor * value:{form}}" for value in (spread.sd, spread.low, spread.high))
    costs = ", ".join(
        f"{needed} for {factor * effect:g}{unit}" for needed, effect in zip(spread.needed, spread.effects, strict=True)
    )
    return f"sd {sd}{unit} ({low} to {high}{unit}) at n = {spread.n}; seeds needed: {costs}{said}"


def _spread(
    readout: Readout, first: Sequence[float], second: Sequence[float], effects: Sequence[float], tests: int
) -> Spread:
    pairs = pair(first, second, readout)
    low = high = None
    if pairs.sd is not None:
        freedom = pairs.n - 1
        low, high = (pairs.sd * math.sqrt(freedom / stats.chi2.ppf(tail, freedom)) for tail in (0.975, 0.025))
    needed = tuple(needed_seeds(pairs.sd, effect, tests=tests) if pairs.sd else None for effect in effects)
    return Spread(readout, pairs.seeds, pairs.n, pairs.sd, low, high, tuple(effects), needed)
