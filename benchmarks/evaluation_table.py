"""The table of what the measurements of a comparison took, beside its training."""

from collections.abc import Mapping
from statistics import median
from typing import Any

from xaigrad.benchmarks.results import on_cpu

COLUMNS = ("arm", "epochs", "measured", "training", "evaluation", "share")


def markdown(record: Mapping[str, Any]) -> str:
    """Return it in Markdown, in seconds, medians over settings and seeds, with a line that says of what.

    Args:
        record: What :meth:`~xaigrad.benchmarks.study.folder.Run.record` returns.
    """
    facts = record["facts"]
    rows = [COLUMNS, ("---",) + ("---:",) * (len(COLUMNS) - 1)]
    for arm in (arm["name"] for arm in facts["plan"]["arms"]):
        ended = [done for done in record["done"] if done["arm"] == arm]
        trials = {done["trial"] for done in ended}
        measured = sum(epoch["trial"] in trials and epoch["scores"] is not None for epoch in record["epochs"])
        training, evaluation = (median(done["seconds"][of] for done in ended) for of in ("training", "evaluation"))
        share = f"{100 * evaluation / training:.0f} %"
        epochs = str(ended[0]["epochs"])
        rows += [(arm, epochs, str(measured // len(ended)), f"{training:.0f}", f"{evaluation:.0f}", share)]
    plan, data, on = facts["plan"], facts["data"], facts["machine"]
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in rows)
    evaluated, final = (min(plan[name], data["images"]) for name in ("evaluated", "final"))
    note = (
        f"Seconds; G and its average on {evaluated:,} images at each measurement, on {final:,} at the end. "
        f"`{facts['command']}`: {data['images']:,} images; {on_cpu(on)}, torch "
        f"{facts['versions']['torch']}."
    )
    return f"{table}\n\n{note}"
