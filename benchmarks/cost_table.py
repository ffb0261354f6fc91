"""The tables of `xaigrad cost`, from its results file."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from xaigrad.benchmarks.results import on_cpu

COLUMNS = ("model", "explainer", "time", "range", "memory", "ms", "MiB", "own")
CSV_COLUMNS = (
    "model",
    "batch",
    "explainer",
    "kind",
    "pairs",
    "steps",
    "time_median",
    "time_low_quartile",
    "time_high_quartile",
    "time_least",
    "time_greatest",
    "standard_ms",
    "guided_ms",
    "standard_peak_mib",
    "guided_peak_mib",
    "explainer_peak_mib",
    "memory",
    "status",
)


def cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the cells of one row on screen, in the order of :data:`COLUMNS`.

    Args:
        row: One of the rows that :class:`~xaigrad.benchmarks.cost_run.CostRun` keeps.
    """
    if row["status"] != "measured":
        return row["model"], row["explainer"], row["status"].partition(":")[0], *[""] * 5
    return (
        row["model"],
        row["explainer"],
        number(row["time"]["median"]),
        _range(row),
        number(row["memory"]),
        f"{row['guided_ms']:.1f}",
        f"{row['guided_peak_mib']:.1f}",
        "" if row["kind"] == "control" else f"{row['explainer_peak_mib']:.1f}",
    )


def number(ratio: float) -> str:
    """Return a ratio with two decimals, or one from 10 on.

    Example:
        >>> number(1.204), number(12.04)
        ('1.20', '12.0')
    """
    return f"{ratio:.2f}" if ratio < 9.995 else f"{ratio:.1f}"


def as_csv(record: Mapping[str, Any]) -> str:
    """Return one line per row in full precision, below the names of :data:`CSV_COLUMNS`."""
    text = io.StringIO()
    writer = csv.DictWriter(text, CSV_COLUMNS, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in record["rows"]:
        spread = {f"time_{name}": value for name, value in row.get("time", {}).items()}
        writer.writerow({**row, **spread, "pairs": len(row.get("ratios", ()))})
    return text.getvalue()


def markdown(record: Mapping[str, Any]) -> str:
    """Return a table in Markdown, the models side by side, with what was measured where below it."""
    rows = record["rows"]
    models = list(dict.fromkeys(row["model"] for row in rows))
    names = list(dict.fromkeys((row["explainer"], row["kind"]) for row in rows))
    by_key = {(row["model"], row["explainer"]): row for row in rows}
    lines = [
        ["explainer", *(f"{model}: {what}" for model in models for what in ("time", "memory"))],
        ["---"] + ["---:"] * (2 * len(models)),
        *(
            [_named(name, kind), *(cell for model in models for cell in _figures(by_key.get((model, name))))]
            for name, kind in names
        ),
    ]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    unmeasured = [row for row in rows if row["status"] != "measured"]
    reasons = [f"{row['explainer']} ({row['model']}) {row['status']}." for row in unmeasured]
    stopped = [] if record["finished"] else ["The run was interrupted: what it measured until then."]
    return "\n\n".join([table, " ".join([_note(record), *reasons, *stopped])])


def machine(record: Mapping[str, Any]) -> str:
    """Return in one line where the figures come from."""
    asked, on = record["asked"], record["machine"]
    versions = ", ".join(f"{name} {number}" for name, number in record["versions"].items() if name != "xaigrad")
    where = on["gpu"] if asked["device"].startswith("cuda") else on_cpu(on)
    return f"{where}, {versions}"


def _note(record: Mapping[str, Any]) -> str:
    asked = record["asked"]
    batches = dict.fromkeys(f"{row['model']} with batches of {row['batch']}" for row in record["rows"])
    return (
        "Whole training steps, discriminator and generator, guided over standard, measured in turn: median "
        f"(least-greatest) of {asked['pairs']} pairs; `standard` against itself shows the noise. Memory: the most that "
        "tensors hold in a guided step over that in a standard one, data, networks, gradients and optimizers included; "
        "behind it the MiB of the explainer alone. "
        f"{', '.join(batches)}. `{record['command']}`: {machine(record)}."
    )


def _named(name: str, kind: str) -> str:
    return f"`{name}` (peer)" if kind == "peer" else f"`{name}`"


def _figures(row: Mapping[str, Any] | None) -> Sequence[str]:
    if row is None:
        return "", ""
    if row["status"] != "measured":
        return row["status"].partition(":")[0], ""
    alone = "" if row["kind"] == "control" else f" ({row['explainer_peak_mib']:.1f})"
    return f"{number(row['time']['median'])} ({_range(row)})", number(row["memory"]) + alone


def _range(row: Mapping[str, Any]) -> str:
    return f"{number(row['time']['least'])}-{number(row['time']['greatest'])}"
