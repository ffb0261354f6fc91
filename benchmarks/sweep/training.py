"""What a worker trains: the recipe of a point, in every setting and from every seed, into a run folder of its own."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from xaigrad.benchmarks.asked import Asked
from xaigrad.benchmarks.data import Digits
from xaigrad.benchmarks.digest import hashed
from xaigrad.benchmarks.setting import Setting
from xaigrad.benchmarks.statistics import History
from xaigrad.benchmarks.study import run
from xaigrad.benchmarks.study.arms import compares, name_of
from xaigrad.benchmarks.study.folder import read
from xaigrad.benchmarks.study.plan import STANDARD, Arm, Plan
from xaigrad.benchmarks.sweep.space import Space


@dataclass(frozen=True)
class Swept:
    """All that the trials of a sweep have in common.

    Attributes:
        settings: By name.
        seeds: The same for all points.
        digits: The real images.
        every: The epochs from one measurement to the next.
        evaluated: The images of each.
        references: What those explainers compare with that compare with something, as text.
        out: The folder of run folders, one for each point.
        console: Where to write.
        asked: What else is to be recorded.
    """

    settings: dict[str, Setting]
    seeds: Sequence[int]
    digits: Digits
    every: int
    evaluated: int
    references: str | None
    out: Path
    console: Console
    asked: Mapping[str, Any]

    def configuration(self, space: Space) -> str:
        """Return a hash of all that the workers of a sweep have to have in common."""
        plan = Plan(self.settings, [Arm(STANDARD)], self.seeds, self.every, self.evaluated)
        return hashed(self.digits.images, repr((plan.record(), self.references, space.record())))

    def plan(self, point: Mapping[str, str]) -> Plan:
        """Return what is trained for a point.

        Raises:
            UsageError: If its texts do not fit each other.
        """
        model = next(iter(self.settings.values())).model
        chosen: dict[str, Any] = {name: [text] if name == "mask" else text for name, text in point.items()}
        if compares(point.get("explainer", "saliency"), self.digits):
            chosen["references"] = self.references
        device = next(iter(self.settings.values())).device
        guidance = Asked(**chosen).guidance(self.digits.to(device), model)
        arm = Arm(STANDARD, kind="standard") if guidance is None else Arm(_name(point), guidance)
        return Plan(self.settings, [arm], self.seeds, self.every, self.evaluated)

    def train(self, point: Mapping[str, str], report: Callable[[int, float], None]) -> float:
        """Train a point to the end, or go on where it was cut off, and return the value."""
        plan = self.plan(point)
        folder = self.out / plan.arms[0].name
        groups = 0

        def ended() -> None:
            nonlocal groups
            groups += 1
            report(groups, value(folder))

        run.run(plan, self.digits, folder, self.console, self.asked, resume=True, weights=False, ended=ended)
        return value(folder)


def _name(point: Mapping[str, str]) -> str:
    """Return a name for files of its own for each point; a readable one alone would drop the sign of an offset."""
    return f"{name_of(*point.values())}-{hashed(repr(sorted(point.items())))[:6]}"


def value(folder: Path) -> float:
    """Return the area under the log FID of the average of G, as a FID: its geometric mean over epochs and trials.

    Infinity if a training diverged. The average of G and the area vary less from seed to seed than the last FID does.
    """
    found = read(folder)
    areas = []
    for trial in found.done:
        epochs = [one for one in found.epochs if one["trial"] == trial["trial"] and one["ema"] is not None]
        fids = [math.nan if one["ema"]["fid"] is None else one["ema"]["fid"] for one in epochs]
        areas.append(History(fids, [one["epoch"] for one in epochs]).log_area())
    mean = float(np.exp(np.mean(np.log(areas))))
    return mean if math.isfinite(mean) else math.inf
