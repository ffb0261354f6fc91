"""How many paired seeds a claim needs, from the spread of two arms that do the same."""

import math

from scipy import optimize, stats


def power(seeds: float, sd: float, effect: float = 0.05, level: float = 0.05) -> float:
    r"""Return how often the effect is shown, by the two-sided paired t-test's noncentral distribution.

    .. math:: P(|T| > t_{1 - \alpha / 2}), \quad T \sim t_{n - 1}(\delta \sqrt n / \sigma)

    Args:
        seeds: Pairs of runs, at least 2.
        sd: Standard deviation of the differences.
        effect: The mean difference. Of log-ratios, 0.05 is 5 %.
        level: The p-value that counts as shown.
    """
    critical = stats.t.ppf(1 - level / 2, seeds - 1)
    # T squared is noncentral F. scipy's noncentral t has holes: it is NaN at 6 seeds for a shift of 10.
    return float(stats.ncf.sf(critical**2, 1, seeds - 1, seeds * (effect / sd) ** 2))


def needed_seeds(sd: float, effect: float = 0.05, chance: float = 0.8, level: float = 0.05, tests: int = 1) -> int:
    """Return the fewest paired seeds that show an effect with the chance given, counting by the t-test.

    The sign-flip test comes within two points of it, but with the fewest seeds that can show anything, where it asks
    for one sign throughout; that case is counted exactly, for normal differences. Where the interval is asked too, as
    the verdict in words does, a chance of 80 % is 76 % at 10 seeds and 79 % at 18.

    Args:
        sd: Standard deviation of the differences between two arms that do the same.
        effect: The mean difference, not zero. Of log-ratios, 0.05 is 5 %.
        chance: The power.
        level: The p-value that counts as shown.
        tests: The arms that are compared at once; the level of each is its share.

    Raises:
        ValueError: If the effect is zero or the spread is not a finite number of at least zero.

    Example:
        >>> [needed_seeds(sd) for sd in (0.05, 0.07, 0.10)]
        [10, 18, 34]
    """
    if not (math.isfinite(sd) and sd >= 0):
        raise ValueError(f"Parameter `sd` should be a finite number of at least 0. Found {sd!r}.")
    if effect == 0:
        raise ValueError(f"Parameter `effect` should be a difference to be shown. Found {effect!r}. For example 0.05.")
    least, share = fewest_seeds(tests, level), level / tests
    if sd == 0 or stats.norm.cdf(abs(effect) / sd) ** least >= chance:
        return least
    least += 1
    if power(least, sd, effect, share) >= chance:
        return least
    known_spread = (stats.norm.ppf(1 - share / 2) + stats.norm.ppf(chance)) * sd / abs(effect)
    most = 2 * least + 2 * known_spread**2
    found = optimize.brentq(lambda seeds: power(seeds, sd, effect, share) - chance, least, most)
    return math.ceil(float(found))


def fewest_seeds(tests: int = 1, level: float = 0.05) -> int:
    """Return below how many seeds no result can be shown: the least p-value of n seeds is 2 / 2 ** n.

    Example:
        >>> fewest_seeds(), fewest_seeds(tests=8)
        (6, 9)
    """
    return math.ceil(math.log2(2 * tests / level))
