"""A report as data: told once, shown as a page and as Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass

from xaigrad.benchmarks.report import effect_tables, machine, tables
from xaigrad.benchmarks.report.curves import curves
from xaigrad.benchmarks.report.effects import Effects
from xaigrad.benchmarks.report.figure import Picture
from xaigrad.benchmarks.report.forest import forest
from xaigrad.benchmarks.report.gather import Section
from xaigrad.benchmarks.report.machine import ranges
from xaigrad.benchmarks.report.pairing import unpaired
from xaigrad.benchmarks.report.samples import Samples, masks, samples
from xaigrad.benchmarks.report.table import Table
from xaigrad.benchmarks.report.watch import watch
from xaigrad.benchmarks.report.words import Answer, answers


@dataclass(frozen=True)
class Chapter:
    """A part of a section: a heading with what stands below it."""

    title: str
    parts: tuple[Table | Picture | Samples, ...]


@dataclass(frozen=True)
class Told:
    """A section, told.

    Attributes:
        id: In the page.
        title: The experiment and the setting.
        setup: What was trained on what.
        answers: Of the guided arms.
        chapters: What they rest on.
    """

    id: str
    title: str
    setup: str
    answers: tuple[Answer, ...]
    chapters: tuple[Chapter, ...]


@dataclass(frozen=True)
class Report:
    """All of it.

    Attributes:
        title: Of the page.
        commands: That wrote the runs.
        alarms: What makes the figures doubtful.
        notes: What is missing from them.
        across: The settings of each experiment that has several, side by side.
        sections: In order.
        machine: Where it ran.
    """

    title: str
    commands: tuple[str, ...]
    alarms: tuple[str, ...]
    notes: tuple[str, ...]
    across: tuple[Table, ...]
    sections: tuple[Told, ...]
    machine: Table


def tell(sections: Sequence[Section]) -> Report:
    """Return the report of the sections."""
    runs = machine.runs(sections)
    names = list(dict.fromkeys(run.facts["preset"] or run.facts["data"]["dataset"] for run in runs))
    experiments: dict[int, list[Section]] = {}
    for section in sections:
        experiments.setdefault(section.experiment, []).append(section)
    several = len(experiments) > 1
    return Report(
        title=f"Does the explanation help? {', '.join(names)}",
        commands=tuple(dict.fromkeys(run.facts["command"] for run in runs)),
        alarms=tuple(f"{title(one, several)}, {line}" for one in sections for line in unpaired(one)),
        notes=tuple(note for one in sections for note in _unfinished(one, title(one, several))),
        across=tuple(tables.across(one) for one in experiments.values() if len(one) > 1),
        sections=tuple(_told(one, title(one, several)) for one in sections),
        machine=machine.machine(sections),
    )


def title(section: Section, several: bool) -> str:
    """Return the setting's name, with its experiment's if there are several."""
    facts = section.facts
    digit = "" if facts["data"]["digit"] is None else f" {facts['data']['digit']}"
    name = facts["preset"] or f"{facts['data']['dataset']}{digit}"
    return (
        f"{name} ({section.experiment}): {section.setting['name']}" if several else f"{name}: {section.setting['name']}"
    )


def _told(section: Section, name: str) -> Told:
    effects = Effects(section)
    there = effects.against_standard
    chapters: dict[str, list[Table | Picture | Samples | None]] = {
        "How good, over the whole training": [forest(effects) if there else None, curves(section)],
        "How soon, and how good in the end": [tables.convergence(section), tables.quality(section)],
        "What it costs": [tables.seconds(section)],
        "How sure": [
            effect_tables.against_controls(effects),
            effect_tables.against_standard(effects),
            effect_tables.noise(effects),
        ],
        "What it draws": [samples(section), masks(section)],
        "Inside the training": [watch(section)],
        "What the arms are": [machine.arms(section)],
    }
    kept = {head: tuple(part for part in parts if part is not None) for head, parts in chapters.items()}
    told = tuple(Chapter(head, parts) for head, parts in kept.items() if parts)
    return Told(f"section-{section.number}", name, machine.setup(section), answers(effects), told)


def _unfinished(section: Section, name: str) -> list[str]:
    lines, waiting = [], {arm.name: list[int]() for arm in section.arms}
    nowhere = []
    for seed in section.seeds:
        trials = [section.trials[arm.name, seed] for arm in section.arms]
        states, come = {trial.state for trial in trials}, [len(trial.epochs) for trial in trials]
        if states == {"not started"}:
            nowhere.append(seed)
        elif states == {"unfinished"}:
            lines.append(f"{name}, all arms, seed {seed}: {min(come)} to {max(come)} of {section.budget} epochs")
        else:
            for trial in trials:
                if trial.state == "unfinished":
                    lines.append(f"{name}, {trial.arm}, seed {seed}: {len(trial.epochs)} of {trial.budget} epochs")
                elif trial.state == "not started":
                    waiting[trial.arm].append(seed)
    for who, seeds in {"all arms": nowhere, **waiting}.items():
        if seeds:
            lines.append(f"{name}, {who}, {'seed' if len(seeds) == 1 else 'seeds'} {ranges(seeds)}: not started")
    return lines
