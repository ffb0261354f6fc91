"""The table of a run, an arm a row."""

from collections.abc import Mapping
from statistics import median
from typing import Any

from xaigrad.benchmarks.metrics import KID_UNIT
from xaigrad.benchmarks.results import on_cpu

COLUMNS = ("arm", "FID", f"KID {KID_UNIT}", "precision", "recall", "seconds", "explainer", "time ratio")


def rows(record: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Return the cells of one row per trial, in the order of :data:`COLUMNS`.

    Args:
        record: What :meth:`~xaigrad.benchmarks.study.folder.Run.record` returns.
    """
    first = _seconds(record, record["done"][0])
    return [
        (
            trial["arm"],
            *(_figure(trial["scores"][name], digits) for name, digits in _SCORES),
            f"{trial['seconds']['training']:.1f}",
            f"{trial['seconds']['explainer']:.1f}",
            f"{median(one / other for one, other in zip(_seconds(record, trial), first, strict=True)):.2f}",
        )
        for trial in record["done"]
    ]


_SCORES = (("fid", 2), ("kid", 1), ("precision", 3), ("recall", 3))


def _figure(value: float | None, digits: int) -> str:
    return "diverged" if value is None else f"{value:.{digits}f}"


def _seconds(record: Mapping[str, Any], trial: Mapping[str, Any]) -> list[float]:
    """Return the seconds of training of each epoch of a trial."""
    return [epoch["seconds"]["training"] for epoch in record["epochs"] if epoch["trial"] == trial["trial"]]


def markdown(record: Mapping[str, Any]) -> str:
    """Return the table in Markdown, with a line that says what was measured where."""
    facts, on = record["facts"], record["facts"]["machine"]
    [setting], [seed] = facts["plan"]["settings"], facts["plan"]["seeds"]
    lines = [COLUMNS, ("---",) + ("---:",) * (len(COLUMNS) - 1), *rows(record)]
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    images = min(facts["plan"]["final"], facts["data"]["images"])
    note = (
        "Seconds of training, and of the explainer in them; time ratio to the first arm: median over epochs, in turn. "
        f"`{facts['command']}`: {facts['data']['dataset']}, {setting['model']}, {setting['epochs']} epochs, "
        f"seed {seed}; "
        f"{images:,} generated against {images:,} real images, features {facts['extractor']}; "
        f"{on_cpu(on)}, torch {facts['versions']['torch']}."
    )
    return f"{table}\n\n{note}"
