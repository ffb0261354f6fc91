"""What was run, where, with which code, and how long it took."""

import math
from collections.abc import Sequence
from typing import Any

from xaigrad.benchmarks.report.gather import Section
from xaigrad.benchmarks.report.table import Group, Row, Table
from xaigrad.benchmarks.report.words import NONE
from xaigrad.benchmarks.study.folder import Run


def runs(sections: Sequence[Section]) -> tuple[Run, ...]:
    """Return the runs of all sections, each once."""
    return tuple({run.folder: run for section in sections for run in section.runs}.values())


def machine(sections: Sequence[Section]) -> Table:
    """Return a row for each run: its command, code, machine and seconds."""
    columns = ("command", "started", "xaigrad", "machine", "versions", "seconds")
    rows: list[Row] = []
    for run in runs(sections):
        facts, on = run.facts, run.facts["machine"]
        versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
        where = f"{on['processor']}, {on['cores']} cores, {on['threads']} threads, {on['gpu'] or 'no GPU'}"
        rows.append(
            (
                facts["command"],
                facts["time"],
                code(facts),
                where,
                f"Python {on['python']}, {versions}",
                f"{_seconds(run):,.0f}",
            )
        )
    note = (
        "Seconds of all trainings and evaluations so far, one after the other. Times of different machines do not "
        "compare; figures of different versions may differ."
    )
    return Table("machine", "Cost and machine", columns, (Group(None, tuple(rows)),), (note,), frozenset(range(5)))


def arms(section: Section) -> Table:
    """Return the arms with their recipes."""
    rows = tuple((arm.name, _kind(section, arm.kind, arm.of), arm.guidance or NONE) for arm in section.arms)
    columns = ("arm", "what for", "recipe")
    return Table(f"arms-{section.number}", "The arms", columns, (Group(None, rows),), (), frozenset({0, 1, 2}))


def setup(section: Section) -> str:
    """Return what was trained on what, in a sentence."""
    data, plan, setting = section.facts["data"], section.facts["plan"], section.setting
    digit = "" if data["digit"] is None else f", digit {data['digit']}"
    options = ", ".join(f"{name} {value}" for name, value in setting["options"].items())
    seeds = f"{len(section.seeds)} seeds" if len(section.seeds) > 1 else "1 seed"
    return (
        f"{data['dataset']}{digit} ({data['images']:,} images); model {setting['model']}, {setting['epochs']} "
        f"epochs, batch {setting['batch']}, {options or 'no options'}, on {setting['device']}; {seeds} "
        f"({ranges(section.seeds)}); measured on up to {plan['evaluated']:,} generated images every "
        f"{_often(plan['every'])}, features {section.facts['extractor']}."
    )


def ranges(numbers: Sequence[int]) -> str:
    """Write rising numbers shortly.

    Example:
        >>> ranges([0, 1, 2, 5, 10, 11])
        '0 to 2, 5, 10, 11'
    """
    groups: list[list[int]] = []
    for number in numbers:
        if groups and number == groups[-1][-1] + 1:
            groups[-1].append(number)
        else:
            groups.append([number])
    return ", ".join(f"{g[0]} to {g[-1]}" if len(g) > 2 else ", ".join(map(str, g)) for g in groups)


def code(facts: dict[str, Any]) -> str:
    """Return the version of the code."""
    of = facts["xaigrad"]
    changed = ", with changes" if of["changed"] else ""
    commit = f"commit {of['commit'][:10]}" if of["commit"] else "no commit known"
    return f"{of['version']}, {commit}{changed}"


def _seconds(run: Run) -> float:
    return math.fsum(row["seconds"][part] for row in run.epochs for part in ("training", "evaluation"))


def _often(every: int) -> str:
    return "epoch" if every == 1 else f"{every} epochs, at the first and at the last"


def _kind(section: Section, kind: str, of: str | None) -> str:
    words = {
        "standard": "what the others are compared with",
        "twin": f"{section.standard.name} again with other noise: how far luck goes",
        "guided": "guided by explanations",
        "control": f"control of {of}" if of else "control of them all",
    }
    return words.get(kind, kind)
