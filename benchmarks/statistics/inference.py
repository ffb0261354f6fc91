r"""What paired seeds say of a mean difference: an interval that keeps its coverage, a p-value, Holm's correction.

Two intervals fail alone: plain BCa bootstrap intervals are too narrow for few seeds and for heavy tails, Student's for
skewed differences. The one used here is Student's, widened to BCa's at an expanded level where that reaches further.
Percent covered in 20,000 simulations of each, 95 being promised:

======================== ======= ==== ==== ==== ==== ==== ====
differences              seeds      3    5    6   10   20   30
======================== ======= ==== ==== ==== ==== ==== ====
normal                   BCa       72   84   86   90   92   93
t, 3 degrees of freedom  BCa       70   81   82   86   88   89
log-normal, sigma .5     Student 92.4 91.6 91.6 92.1 93.0 93.5
exponential              Student 88.4 88.3 88.6 90.0 91.8 92.7
normal                   wider   95.0 95.0 95.7 95.6 95.6 95.6
t, 3 degrees of freedom  wider   96.3 96.1 96.7 96.5 95.8 95.7
log-normal, sigma .25    wider   94.2 94.0 95.2 95.1 95.5 95.3
log-normal, sigma .5     wider   92.1 91.5 93.3 93.8 94.5 95.4
exponential              wider   88.6 88.5 91.0 92.6 94.0 95.6
log-normal, sigma 1      wider   84.0 82.0 85.6 88.6 90.5 93.1
======================== ======= ==== ==== ==== ==== ==== ====

Two arms that differ by a factor have symmetric differences. Skewed ones come from an arm that collapses for some seeds.
"""

import warnings
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Numbers = NDArray[np.float64]
Method = Literal["none", "t", "t and BCa"]

RESAMPLES = 9_999
BOOTSTRAPPED_FROM = 6
_UNITS = 1e12
_AT_ONCE = 2**22


class Interval(NamedTuple):
    """The bounds of the mean difference, and how they were found."""

    low: Numbers
    high: Numbers
    method: Method


def interval(differences: Numbers, confidence: float = 0.95) -> Interval:
    r"""Return an interval for the mean of each row.

    .. math:: \bar d \pm t_{(1 + c) / 2,\, n - 1}\, s / \sqrt n

    and from six seeds on, where that reaches further, the BCa bootstrap's bounds at the level
    :math:`\Phi(-\sqrt{n / (n - 1)}\, t)` in place of :math:`(1 - c) / 2`. The order of the seeds changes nothing, and
    mirrored differences have the mirrored interval.

    Args:
        differences: Of shape (..., n), n >= 2.
        confidence: The part of all intervals that cover the true mean.

    Example:
        >>> low, high, method = interval(np.array([-0.05, 0.01, -0.04, -0.03]))
        >>> f"{low:.3f} to {high:.3f} by {method}"
        '-0.069 to 0.014 by t'

    B. Efron, *Better Bootstrap Confidence Intervals*, JASA 82 (1987); the level is that of T. Hesterberg's expanded
    percentile interval, *What Teachers Should Know About the Bootstrap*, The American Statistician 69 (2015).
    """
    d = np.sort(differences, axis=-1)
    n = d.shape[-1]
    quantile = stats.t.ppf((1 + confidence) / 2, n - 1)
    centre, spread = mean_and_sd(d)
    half = quantile * spread / np.sqrt(n)
    low, high = centre - half, centre + half
    if n < BOOTSTRAPPED_FROM or not spread.any():
        return Interval(low, high, "t")
    expanded = 1 - 2 * stats.norm.cdf(-np.sqrt(n / (n - 1)) * quantile)
    below, above = _bca(d, expanded)
    mirrored_below, mirrored_above = _bca(np.sort(-d, axis=-1), expanded)
    # The bounds of rows of equal differences are NaN, which `fmin` and `fmax` ignore.
    low = np.fmin(low, (below - mirrored_above) / 2)
    high = np.fmax(high, (above - mirrored_below) / 2)
    return Interval(low, high, "t and BCa")


def mean_and_sd(differences: Numbers) -> tuple[Numbers, Numbers]:
    """Return each row's mean and standard deviation (n - 1), free of rounding where a row's numbers are equal."""
    first = differences[..., 0]
    equal = (differences == first[..., None]).all(axis=-1)
    mean, sd = differences.mean(axis=-1), differences.std(axis=-1, ddof=1)
    return np.where(equal, first, mean), np.where(equal, 0, sd)


def sign_flip_p(differences: Numbers) -> Numbers:
    """Return the two-sided p-value of each row: how often random signs bring its mean as far from zero as it is.

    It is exact under the hypothesis that the two of each pair could have been exchanged. All signs are tried for up to
    13 seeds, 9,999 random ones beyond. The least value that n seeds can give is 2 / 2 ** n.

    Args:
        differences: Of shape (..., n), n >= 2.

    Example:
        >>> float(sign_flip_p(np.array([0.1, 0.2, 0.1, 0.3, 0.2, 0.1])))
        0.03125
    """
    d = np.sort(differences, axis=-1)
    if 2 ** d.shape[-1] <= RESAMPLES:
        return _permuted(d)
    return np.asarray((_permuted(d) + _permuted(np.sort(-d, axis=-1))) / 2)


def holm(p: Sequence[float]) -> tuple[float, ...]:
    """Return p-values adjusted for having asked several questions at once, in the order given.

    The least is multiplied by the number of questions, the next by one less, and so on; none falls below a smaller one.

    Example:
        >>> holm([0.01, 0.04, 0.03])
        (0.03, 0.06, 0.06)

    S. Holm, *A Simple Sequentially Rejective Multiple Test Procedure*, Scandinavian Journal of Statistics 6 (1979).
    """
    adjusted, least = [0.0] * len(p), 0.0
    for rank, index in enumerate(sorted(range(len(p)), key=p.__getitem__)):
        least = max(least, min(1.0, (len(p) - rank) * p[index]))
        adjusted[index] = least
    return tuple(adjusted)


def _bca(d: Numbers, confidence: float) -> tuple[Numbers, Numbers]:
    # BCa counts resamples that tie with the mean. Whole numbers add up exactly, so that no tie hangs on a rounding.
    whole = np.rint(_UNITS * d)
    with warnings.catch_warnings(), np.errstate(invalid="ignore", divide="ignore"):
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)
        found = stats.bootstrap(
            (whole,),
            np.mean,
            vectorized=True,
            axis=-1,
            confidence_level=confidence,
            n_resamples=RESAMPLES,
            batch=_batch(d),
            method="BCa",
            rng=np.random.default_rng(0),
        ).confidence_interval
    return found.low / _UNITS, found.high / _UNITS


def _permuted(d: Numbers) -> Numbers:
    found = stats.permutation_test(
        (d,),
        np.mean,
        permutation_type="samples",
        vectorized=True,
        axis=-1,
        n_resamples=RESAMPLES,
        batch=_batch(d),
        rng=np.random.default_rng(0),
    )
    return np.asarray(found.pvalue)


def _batch(d: Numbers) -> int:
    return max(1, _AT_ONCE // d.size)
