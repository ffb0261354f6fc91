r"""Does the explanation help? Only if guided runs beat standard ones *and* those guided by what explains nothing.

"Helps" says that the arm is better than the standard arm and than each control: its masks shuffled, replaced by each
sample's mean, drawn at random. The opposite is a union, that one of them, whichever, is not beaten:

.. math:: H_0 = H_0^1 \cup \dots \cup H_0^k, \quad p = \max_j p_j

Whichever of them holds, its own test rejects it falsely no more often than its level, and all have to reject. So the
conjunction keeps the level with *no* correction for its parts, however they depend on each other: the
intersection-union test of R. L. Berger, *Multiparameter Hypothesis Testing and Acceptance Sampling*, Technometrics 24
(1982). Holm would be right if one "better" among several were enough; here it would only cost power. It is applied
where that is so: to the p-values of several guided arms, of which any may turn out to help.

To beat four arms by 5 % each takes 14, 25 and 49 seeds where one takes 10, 18 and 34: simulated, for a power of 80 %
and differences that share the guided arm's half of the variance.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from xaigrad.benchmarks.statistics.comparison import Comparison, compare
from xaigrad.benchmarks.statistics.inference import holm
from xaigrad.benchmarks.statistics.pairs import FID, Readout
from xaigrad.benchmarks.statistics.power import fewest_seeds
from xaigrad.benchmarks.statistics.wording import finding, listed, too_few

STANDARD = "standard"


@dataclass(frozen=True)
class Claim:
    """What the seeds say of an arm against all that it has to beat.

    Args:
        against: A comparison with each, by the name that the sentence calls it. No p-value is adjusted.
        others: The p-values of the other arms that are claimed to help at once.
    """

    against: Mapping[str, Comparison] = field(hash=False)
    others: tuple[float, ...] = ()

    @property
    def p(self) -> float:
        """The greatest p-value of the comparisons, 1 if one of them is not on the better side."""
        return max(comparison.p if comparison.improved else 1.0 for comparison in self.against.values())

    @property
    def adjusted(self) -> float:
        """The same by Holm over all arms that are claimed to help."""
        return holm([self.p, *self.others])[0]

    @property
    def n(self) -> int:
        """The fewest seeds for which both runs of a comparison came to a number."""
        return min(comparison.n for comparison in self.against.values())

    @property
    def level(self) -> float:
        """The p-value that counts as shown. Two-sided: no more than half of it falsely says "helps"."""
        return next(iter(self.against.values())).level

    @property
    def helps(self) -> bool:
        """Whether the arm was shown to be better than each."""
        return self.adjusted <= self.level and all(finding(one) == "better" for one in self.against.values())

    @property
    def sentence(self) -> str:
        """The claim, or why it cannot be made, and how many runs diverged."""
        return self._claimed() + self._diverged()

    def _claimed(self) -> str:
        found = {name: finding(comparison) for name, comparison in self.against.items()}
        better = [name for name, said in found.items() if said == "better"]
        if self.helps:
            return f"helps: better than {listed(better)}"
        claims = 1 + len(self.others)
        fewest = fewest_seeds(claims, self.level)
        few = [name for name, comparison in self.against.items() if comparison.n < fewest]
        if few:
            return too_few(self.n, fewest, "" if len(few) == len(found) else f" against {listed(few)}")
        failed = [
            words.format(listed(names))
            for words, said in _FAILED.items()
            if (names := [name for name in found if found[name] in said])
        ]
        alone = f"better than {listed(better)} alone, not as one of {claims} arms (p = {self.adjusted:.2g})"
        return f"no help shown at n = {self.n}: {', '.join(failed) or alone}"

    def _diverged(self) -> str:
        comparisons = self.against.values()
        lost = {"guided": max(one.lost_arm for one in comparisons)}
        lost |= {name: one.lost_baseline for name, one in self.against.items()}
        counts = ", ".join(f"{name} {count}" for name, count in lost.items() if count)
        return f"; diverged, of {max(one.seeds for one in comparisons)} runs: {counts}" if counts else ""


_FAILED = {
    "worse than {}": ("worse",),
    "the same as {}": ("same",),
    "not better than {}": ("not shown", "worse where neither diverged"),
    "better than {} only where neither diverged": ("better where neither diverged",),
}


def judge(
    guided: Sequence[float],
    standard: Sequence[float],
    controls: Mapping[str, Sequence[float]],
    readout: Readout = FID,
    *,
    confidence: float = 0.95,
) -> Claim:
    """Ask whether a guided arm helps.

    Args:
        guided: A value per seed, of a readout that was chosen before anyone looked.
        standard: Those of the standard arm, the same seeds in the same order.
        controls: Those of the arm's controls, by the name that the sentence calls them.
        readout: What the values are.
        confidence: One minus the level of each comparison, and so of the claim.

    Raises:
        ValueError: If there is no control, one is called "standard", or the arms have not the same number of seeds.

    Example:
        >>> standard, guided = [20.1, 30.2, 25.3, 34.4, 20.2, 29.8], [19.0, 29.1, 23.9, 33.0, 18.8, 28.2]
        >>> shuffled, random = [20.3, 29.9, 25.4, 34.9, 20.0, 30.1], [21.0, 31.0, 26.5, 35.0, 21.9, 30.6]
        >>> judge(guided, standard, {"shuffled": shuffled, "random": random}).sentence
        'helps: better than standard, shuffled and random'
        >>> judge(shuffled, standard, {"random": random}).sentence
        'no help shown at n = 6: not better than standard'
    """
    if not controls or STANDARD in controls:
        raise ValueError(
            f'Parameter `controls` should hold at least one arm, none of them called "{STANDARD}". Found '
            f"{list(controls)}. For example the guided arm with its masks shuffled."
        )
    against = {
        name: compare(guided, values, readout, confidence=confidence)
        for name, values in {STANDARD: standard, **controls}.items()
    }
    return Claim(against)


def judge_arms(
    guided: Mapping[str, Sequence[float]],
    standard: Sequence[float],
    controls: Mapping[str, Mapping[str, Sequence[float]]],
    readout: Readout = FID,
    *,
    confidence: float = 0.95,
) -> dict[str, Claim]:
    """Ask of each guided arm whether it helps, and adjust for there being several, by Holm.

    Args:
        guided: Values by the arm's name, one per seed.
        standard: As in :func:`judge`, like the rest.
        controls: Each guided arm's controls, by the arm's name.
        readout: What the values are.
        confidence: One minus the level at which any claim is false.
    """
    alone = {
        name: judge(values, standard, controls.get(name, {}), readout, confidence=confidence)
        for name, values in guided.items()
    }
    return {
        name: replace(claim, others=tuple(other.p for arm, other in alone.items() if arm != name))
        for name, claim in alone.items()
    }
