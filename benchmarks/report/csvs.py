"""Every seed and every epoch, as CSV."""

import csv
from collections.abc import Sequence
from io import StringIO
from typing import Any

from xaigrad.benchmarks.report.effects import KEYS
from xaigrad.benchmarks.report.gather import Arm, Section
from xaigrad.benchmarks.report.tables import METRICS, times
from xaigrad.benchmarks.report.trial import SCORES, Model, Trial
from xaigrad.benchmarks.report.watch import WATCHED

PARTS = ("training", "explainer", "evaluation")
NAMES: dict[Model, str] = {"G": "g", "EMA": "ema"}
MARK = "section,preset,setting,arm,kind,control_of,seed"


def seeds(sections: Sequence[Section]) -> str:
    """Return a line per trial: its state, the numbers that seeds are compared by, its last scores, times and hashes."""
    return _csv([_trial(one, arm, trial) for one in sections for arm in one.arms for trial in one.of(arm)])


def epochs(sections: Sequence[Section]) -> str:
    """Return a line per epoch of each trial: all that was recorded."""
    return _csv(
        [
            _labels(one, arm, trial) | _epoch(row)
            for one in sections
            for arm in one.arms
            for trial in one.of(arm)
            for row in trial.epochs
        ]
    )


def _trial(section: Section, arm: Arm, trial: Trial) -> dict[str, Any]:
    row = _labels(section, arm, trial) | {"state": trial.state, "epochs": len(trial.epochs)}
    for model, name in NAMES.items():
        found = trial.readouts(model) or {}
        row |= {f"{name}_fid_{key}": found.get(key) for key in KEYS[:2]}
        row |= {f"{name}_{metric}": trial.final(model, metric) for metric in METRICS}
    when = times(section, arm, trial.seed)
    for name, moment in (("converged", when.settled), ("reached", when.reached)):
        row |= {f"{name}_epoch": moment and moment.epoch, f"{name}_seconds": moment and moment.seconds}
    row |= {f"{part}_seconds": trial.seconds(part) for part in PARTS}
    draws = trial.epochs[-1].get("draws") if trial.epochs else None
    weights = trial.done.get("weights") if trial.done else None
    return row | {"paired": trial.start and trial.start["paired"], "draws": draws, "weights": weights}


def _labels(section: Section, arm: Arm, trial: Trial) -> dict[str, Any]:
    return {
        "section": section.number,
        "preset": section.facts["preset"],
        "setting": section.setting["name"],
        "arm": arm.name,
        "kind": arm.kind,
        "control_of": arm.of,
        "seed": trial.seed,
    }


def _epoch(row: dict[str, Any] | Any) -> dict[str, Any]:
    found = {name: row.get(name) for name in ("epoch", "explanations", *WATCHED, "diverged")}
    found |= {f"{part}_seconds": row["seconds"][part] for part in PARTS}
    for model, name in NAMES.items():
        found |= {f"{name}_{metric}": (row.get(SCORES[model]) or {}).get(metric) for metric in METRICS}
    return found | {"draws": row.get("draws")}


def _csv(rows: Sequence[dict[str, Any]]) -> str:
    written = StringIO()
    writer = csv.DictWriter(written, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue()
