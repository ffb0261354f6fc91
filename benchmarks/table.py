"""The table of a comparison, from its results file."""

from collections.abc import Mapping
from statistics import median
from typing import Any

from xaigrad.benchmarks.metrics import KID_UNIT

COLUMNS = ("arm", "FID", f"KID {KID_UNIT}", "precision", "recall", "seconds", "explainer", "time ratio")


def rows(record: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Return the cells of one row per arm, in the order of :data:`COLUMNS`.

    Args:
        record: What :func:`~xaigrad.benchmarks.results.save` wrote.
    """
    first = record["arms"][0]
    return [
        (
            arm["arm"],
            f"{arm['scores']['fid']:.2f}",
            f"{arm['scores']['kid']:.1f}",
            f"{arm['scores']['precision']:.3f}",
            f"{arm['scores']['recall']:.3f}",
            f"{arm['seconds']:.1f}",
            f"{arm['explainer_seconds']:.1f}",
            _ratio(arm, first),
        )
        for arm in record["arms"]
    ]


def _ratio(arm: Mapping[str, Any], first: Mapping[str, Any]) -> str:
    """Return the median of an arm's seconds per epoch over those of the first arm's same epoch."""
    pairs = zip(arm["history"], first["history"], strict=True)
    ratios = [one["seconds"] / other["seconds"] for one, other in pairs]
    return f"{median(ratios):.2f}"


def markdown(record: Mapping[str, Any]) -> str:
    """Return the table in Markdown, with a line that says what was measured where."""
    asked, on = record["asked"], record["machine"]
    lines = [COLUMNS, ("---",) + ("---:",) * (len(COLUMNS) - 1), *rows(record)]
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    note = (
        "Seconds of training, and of the explainer in them; time ratio to the first arm: median over epochs, in turn. "
        f"`{record['command']}`: {asked['dataset']}, {asked['model']}, {asked['epochs']} epochs, seed {asked['seed']}; "
        f"{asked['evaluated']:,} generated against {asked['evaluated']:,} real images, features {asked['extractor']}; "
        f"{on['processor']}, {on['threads']} threads, torch {record['versions']['torch']}."
    )
    return f"{table}\n\n{note}"
