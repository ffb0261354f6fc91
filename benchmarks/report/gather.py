"""From run folders to the sections of a report: one per experiment and setting, seeds of several runs together."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from xaigrad.benchmarks.errors import UsageError
from xaigrad.benchmarks.report.trial import SCORES, Model, Trial
from xaigrad.benchmarks.study.folder import Run, read


@dataclass(frozen=True)
class Arm:
    """A line of the comparison.

    Attributes:
        name: As asked for.
        kind: "standard", "twin" (the standard arm again), "guided" or "control".
        guidance: The recipe, if there is one.
        of: The guided arm that it is a control of.
    """

    name: str
    kind: str
    guidance: str | None
    of: str | None


@dataclass(frozen=True)
class Section:
    """A setting with its arms and seeds.

    Attributes:
        number: Of the section, from 1 on.
        experiment: Of its run among those that differ in more than the seeds, from 1 on.
        setting: Its options.
        arms: In the order asked for.
        seeds: Of all runs together.
        trials: By arm and seed; all that were planned.
        runs: Those that are told together.
    """

    number: int
    experiment: int
    setting: Mapping[str, Any]
    arms: tuple[Arm, ...]
    seeds: tuple[int, ...]
    trials: Mapping[tuple[str, int], Trial]
    runs: tuple[Run, ...]

    @property
    def facts(self) -> Mapping[str, Any]:
        """What the first run says of itself."""
        return self.runs[0].facts

    @property
    def budget(self) -> int:
        """The epochs of each trial."""
        return int(self.setting["epochs"])

    @cached_property
    def standard(self) -> Arm:
        """The arm that the others are compared with: the first, unless another is of this kind."""
        return next((arm for arm in self.arms if arm.kind == "standard"), self.arms[0])

    @cached_property
    def twin(self) -> Arm | None:
        """The standard arm again, with other noise."""
        return next((arm for arm in self.arms if arm.kind == "twin"), None)

    @cached_property
    def guided(self) -> tuple[Arm, ...]:
        """The arms that the report is about."""
        return tuple(arm for arm in self.arms if arm.kind == "guided")

    @cached_property
    def models(self) -> tuple[Model, ...]:
        """The generators that were measured: G, and its moving average if that was."""
        rows = [row for trial in self.trials.values() for row in trial.epochs]
        return tuple(model for model, key in SCORES.items() if any(row.get(key) for row in rows))

    def of(self, arm: Arm) -> tuple[Trial, ...]:
        """Return an arm's trials, by seed."""
        return tuple(self.trials[arm.name, seed] for seed in self.seeds)

    def controls(self, arm: Arm) -> tuple[Arm, ...]:
        """Return the controls of a guided arm."""
        return tuple(other for other in self.arms if other.of == arm.name)


def gather(folders: Sequence[Path]) -> tuple[Section, ...]:
    """Read run folders, and put runs together that differ in nothing but their seeds.

    Raises:
        UsageError: If there is no run, a folder is none, a seed occurs twice or nothing has been measured yet.
    """
    if not folders:
        raise UsageError("Parameter `run` should be at least one run folder. Found none. Name one.")
    experiments: dict[str, list[Run]] = {}
    for folder in folders:
        run = read(folder)
        experiments.setdefault(_key(run), []).append(run)
    sections: list[Section] = []
    for experiment, runs in enumerate(experiments.values(), 1):
        _check_seeds(runs)
        for setting in runs[0].facts["plan"]["settings"]:
            sections.append(_section(len(sections) + 1, experiment, setting, runs))
    if not any(section.models for section in sections):
        raise UsageError(
            f"Parameter `run` should have an epoch that was measured. Found none yet in {folders[0]}. "
            "Wait for its first epoch, or continue it."
        )
    return tuple(section for section in sections if section.models)


def _key(run: Run) -> str:
    facts, plan = run.facts, run.facts["plan"]
    same = [facts.get("preset"), facts["data"], facts["extractor"], {k: v for k, v in plan.items() if k != "seeds"}]
    return json.dumps(same, sort_keys=True)


def _check_seeds(runs: Sequence[Run]) -> None:
    where: dict[int, Path] = {}
    for run in runs:
        for seed in run.facts["plan"]["seeds"]:
            if seed in where:
                raise UsageError(
                    f"Parameter `run` should hold each seed of the same comparison once. Found seed {seed} in "
                    f"{where[seed]} and in {run.folder}. Leave one of them out."
                )
            where[seed] = run.folder


def _section(number: int, experiment: int, setting: Mapping[str, Any], runs: Sequence[Run]) -> Section:
    arms = tuple(Arm(arm["name"], arm["kind"], arm["guidance"], arm["of"]) for arm in _arms(runs[0]))
    rows = [row for run in runs for row in run.epochs if row["setting"] == setting["name"]]
    grid = sorted({row["epoch"] for row in rows if any(row.get(key) for key in SCORES.values())})
    trials = {}
    for run in runs:
        for seed in run.facts["plan"]["seeds"]:
            for arm in arms:
                trials[arm.name, seed] = _trial(run, setting, arm.name, seed, tuple(grid))
    seeds = tuple(sorted({seed for _, seed in trials}))
    return Section(number, experiment, setting, arms, seeds, trials, tuple(runs))


def _arms(run: Run) -> list[dict[str, Any]]:
    return list(run.facts["plan"]["arms"])


def _trial(run: Run, setting: Mapping[str, Any], arm: str, seed: int, grid: tuple[int, ...]) -> Trial:
    name = f"{setting['name']}--{arm}--seed{seed}"
    start, done = (next((row for row in rows if row["trial"] == name), None) for rows in (run.starts, run.done))
    epochs = {row["epoch"]: row for row in run.epochs if row["trial"] == name}
    ordered = tuple(epochs[epoch] for epoch in sorted(epochs))
    return Trial(run.folder, name, arm, seed, int(setting["epochs"]), start, ordered, done, grid)
