"""The tables of `xaigrad cost --part`, from its results file."""

import csv
import io
from collections.abc import Mapping
from typing import Any

from xaigrad.benchmarks.cost_table import machine

LIMIT = 2.0
"""Per cent of a standard step that no part should cost, unless it asks D."""
COLUMNS = ("model", "part", "%", "range", "us", "ms")
CSV_COLUMNS = (
    "model",
    "batch",
    "part",
    "kind",
    "asks",
    "reads_scores",
    "rounds",
    "steps",
    "percent_median",
    "percent_low_quartile",
    "percent_high_quartile",
    "percent_least",
    "percent_greatest",
    "part_us",
    "beside_us",
    "standard_ms",
    "status",
)
_TITLES = {"mask": "mask transform", "logic": "specification", "rule": "rule", "schedule": "schedule"}


def cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the cells of one row on screen, in the order of :data:`COLUMNS`.

    Args:
        row: One of the rows that :func:`~xaigrad.benchmarks.parts_run.run` keeps.
    """
    if row["status"] != "measured":
        return row["model"], row["part"], row["status"].partition(":")[0], *[""] * 3
    microseconds = row["part_us"] + row["beside_us"]
    spread = _range(row)
    return row["model"], row["part"], _median(row), spread, f"{microseconds:.0f}", f"{row['standard_ms']:.1f}"


def percent(value: float) -> str:
    """Return a number of per cent with as many decimals as it is worth.

    Example:
        >>> percent(0.0312), percent(1.204), percent(31.4)
        ('0.03', '1.20', '31')
    """
    return f"{value:.2f}" if value < 9.995 else f"{value:.0f}"


def dear(row: Mapping[str, Any]) -> bool:
    """Return whether a row breaks the limit."""
    return row["status"] == "measured" and not row["asks"] and row["percent"]["median"] > LIMIT


def as_csv(record: Mapping[str, Any]) -> str:
    """Return one line per row in full precision, below the names of :data:`CSV_COLUMNS`."""
    text = io.StringIO()
    writer = csv.DictWriter(text, CSV_COLUMNS, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in record["rows"]:
        spread = {f"percent_{name}": value for name, value in row.get("percent", {}).items()}
        writer.writerow({**row, **spread, "rounds": len(row.get("percents", ()))})
    return text.getvalue()


def markdown(record: Mapping[str, Any]) -> str:
    """Return a table in Markdown, the models side by side, with what was measured where below it."""
    rows = record["rows"]
    models = list(dict.fromkeys(row["model"] for row in rows))
    by_key = {(row["model"], row["part"]): row for row in rows}
    asking = {row["part"] for row in rows if row.get("asks")}
    named = dict.fromkeys((row["part"], row["kind"]) for row in rows)
    lines = [["part", "kind", *models], ["---", "---"] + ["---:"] * len(models)]
    for text, kind in sorted(named, key=lambda one: one[0] in asking):
        figures = [_figure(by_key.get((model, text))) for model in models]
        lines.append([_cell(text), _TITLES[kind] + (", asks D" if text in asking else ""), *figures])
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    reasons = [f"`{row['part']}` ({row['model']}) {row['status']}." for row in rows if row["status"] != "measured"]
    stopped = [] if record["finished"] else ["The run was interrupted: what it measured until then."]
    return "\n\n".join([table, " ".join([*_dearest(rows), _note(record), *reasons, *stopped])])


def _dearest(rows: list[Mapping[str, Any]]) -> list[str]:
    measured = [row for row in rows if row["status"] == "measured" and not row["asks"]]
    if not measured:
        return []
    most = max(measured, key=lambda row: row["percent"]["median"])
    return [f"The dearest that does not ask D: `{most['part']}`, {_median(most)} % of a step ({most['model']})."]


def _note(record: Mapping[str, Any]) -> str:
    sizes = {row["model"]: (row["batch"], row.get("standard_ms")) for row in record["rows"]}
    setups = [
        f"{model} with batches of {batch}" + (f" ({step:.0f} ms)" if step else "")
        for model, (batch, step) in sizes.items()
    ]
    cpu = record["machine"]["threads"] == 1 and not record["asked"]["device"].startswith("cuda")
    clock = "Processor time. " if cpu else ""
    return (
        "Per cent of a whole standard step, discriminator and generator: median (least-greatest) of "
        f"{record['asked']['pairs']} rounds, steps with the part and without in turn. A part is timed where a guidance "
        "calls it, with what is done for it alone: keeping D's output for those that look at its scores, watching D's "
        f"turn, harvesting. Those that ask D cost passes of D. {clock}"
        f"{', '.join(setups)}. `{record['command']}`: {machine(record)}."
    )


def _cell(text: str) -> str:
    # A bar would end the cell, between backticks too.
    return f"`{text}`".replace("|", "\\|")


def _figure(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return ""
    if row["status"] != "measured":
        return str(row["status"].partition(":")[0])
    shown = f"{_median(row)} ({_range(row)})"
    return f"**{shown}**" if dear(row) else shown


def _median(row: Mapping[str, Any]) -> str:
    return percent(row["percent"]["median"])


def _range(row: Mapping[str, Any]) -> str:
    return f"{percent(row['percent']['least'])}-{percent(row['percent']['greatest'])}"
