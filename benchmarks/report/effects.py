"""Every arm against the standard one, and every guided arm against its controls, over the seeds that all have ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product

from xaigrad.benchmarks.report.gather import Section
from xaigrad.benchmarks.report.trial import LAST, Model
from xaigrad.benchmarks.statistics import Claim, Comparison, Readout, Spread, compare, compare_arms, judge_arms, spreads

KEYS = ("area", "last", "final")

Which = tuple[Model, str]


@dataclass(frozen=True)
class Effects:
    """What a section's seeds say, computed when asked for.

    Attributes:
        section: Whose.
    """

    section: Section

    @cached_property
    def seeds(self) -> tuple[int, ...]:
        """The seeds that all arms have ended, diverged or not: those that are compared."""
        trials, arms = self.section.trials, self.section.arms
        return tuple(seed for seed in self.section.seeds if all(trials[arm.name, seed].ended for arm in arms))

    @property
    def which(self) -> tuple[Which, ...]:
        """What is compared: of each generator the area under log FID, which the answers go by, and the rest."""
        return tuple((model, key) for key, model in product(KEYS, self.section.models))

    def readout(self, model: Model, key: str) -> Readout:
        """Return a number's name in words."""
        count = min(LAST, max(len(trial.grid) for trial in self.section.trials.values()))
        last = f"mean FID of the last {count} measured epochs"
        words = {"area": "area under log FID", "last": last, "final": "final FID"}
        return Readout(f"{words[key]}, {named(model)}")

    @cached_property
    def against_standard(self) -> Mapping[Which, Mapping[str, Comparison]]:
        """Arm / standard, by readout and arm, adjusted by Holm over all arms but the twin, which stands alone."""
        return {which: self._against_standard(*which) for which in self.which} if self.seeds else {}

    @cached_property
    def claims(self) -> Mapping[Model, Mapping[str, Claim]]:
        """Whether each guided arm that has controls helps, by the area under log FID."""
        found = {}
        for model in self.section.models if self.seeds else ():
            controls = {arm.name: self.section.controls(arm) for arm in self.section.guided}
            found[model] = judge_arms(
                {name: self._values(name, model, "area") for name, others in controls.items() if others},
                self._values(self.section.standard.name, model, "area"),
                {
                    name: {other.name: self._values(other.name, model, "area") for other in others}
                    for name, others in controls.items()
                },
                self.readout(model, "area"),
            )
        return found

    @cached_property
    def noise(self) -> tuple[Spread, ...]:
        """The spread of each readout between the two standard arms; empty without a twin."""
        twin = self.section.twin
        if twin is None or not self.seeds:
            return ()
        readouts = {which: self.readout(*which) for which in self.which}
        first, second = (
            [
                dict(zip((one.name for one in readouts.values()), values, strict=True))
                for values in zip(*each, strict=True)
            ]
            for each in (
                [self._values(arm.name, *which) for which in readouts] for arm in (self.section.standard, twin)
            )
        )
        return spreads(first, second, list(readouts.values()))

    def _against_standard(self, model: Model, key: str) -> dict[str, Comparison]:
        standard, twin, readout = self.section.standard, self.section.twin, self.readout(model, key)
        baseline = self._values(standard.name, model, key)
        arms = {
            arm.name: self._values(arm.name, model, key) for arm in self.section.arms if arm not in (standard, twin)
        }
        found = compare_arms(arms, baseline, readout)
        if twin is not None:
            found[twin.name] = compare(self._values(twin.name, model, key), baseline, readout)
        return {arm.name: found[arm.name] for arm in self.section.arms if arm != standard}

    def _values(self, arm: str, model: Model, key: str) -> list[float]:
        found = (self.section.trials[arm, seed].readouts(model) for seed in self.seeds)
        return [float("nan") if one is None else one[key] for one in found]


def named(model: Model) -> str:
    """Return a generator's name in words."""
    return "G" if model == "G" else "EMA of G"
