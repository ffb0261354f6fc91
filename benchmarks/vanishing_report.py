"""The tables and the picture of the vanishing gradient, from a results file."""

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

# Okabe and Ito's, which the colour-blind tell apart; lines and markers differ, too.
STYLES: dict[str, dict[str, Any]] = {
    "minimax": {"color": "#000000", "marker": "o"},
    "non-saturating": {"color": "#0072b2", "marker": "s", "linestyle": "--"},
    "minimax, SecantFeedback": {"color": "#d55e00", "marker": "^"},
    "minimax, PathFeedback (0, 0.3)": {"color": "#009e73", "marker": "D"},
    "minimax, PathFeedback (0, 1)": {"color": "#cc79a7", "marker": "v", "linestyle": ":"},
}


def draw(record: Mapping[str, Any], path: Path) -> None:
    """Draw medians over the seeds, with the range as a band: one panel of slopes, one per optimizer of FIDs.

    Args:
        record: What :func:`~xaigrad.benchmarks.vanishing.run` kept.
        path: The PNG file to write.
    """
    asked = record["asked"]
    figure = Figure(figsize=(3.8 * (1 + len(asked["epochs"])), 3.9), layout="constrained")
    alone, *both = figure.subplots(1, 1 + len(asked["epochs"]))
    places = {steps: place for place, steps in enumerate(asked["steps"])}
    _panel(alone, [row | {"place": places[row["steps"]]} for row in record["norms"]], "place", "norm")
    alone.set_yscale("log")
    alone.set_xticks(range(len(asked["steps"])), [str(step) for step in asked["steps"]])
    alone.set_title("D is trained alone", fontsize=11)
    alone.set_xlabel("steps of D alone")
    alone.set_ylabel("gradient norm at a sample")
    for panel, optimizer in zip(both, asked["epochs"], strict=True):
        _panel(panel, [row for row in record["training"] if row["optimizer"] == optimizer], "epoch", "fid")
        panel.set_title(f"then both are: G with {optimizer}", fontsize=11)
        panel.set_xlabel("epochs of both")
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
        panel.set_ylabel("FID")
        panel.sharey(both[0])
    handles, labels = alone.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False, fontsize=10)
    figure.savefig(path, dpi=88, facecolor="white", pil_kwargs={"optimize": True})


def markdown(record: Mapping[str, Any]) -> str:
    """Return tables of the slopes and of the training, in Markdown, with a line that says what was measured where."""
    asked, on = record["asked"], record["machine"]
    note = (
        f"Medians over {len(asked['seeds'])} seeds, and the range. Above: the mean norm of the gradient at a sample of "
        f"an untrained G, {asked['batch']} samples. Below: training from {asked['start']} steps of D alone. "
        f"`{record['command']}`: {asked['dataset']}, mlp, batch {asked['batch']}; {asked['evaluated']:,} generated "
        f"against {asked['images']:,} real images, features {asked['extractor']}; {on['processor']}, "
        f"torch {record['versions']['torch']}."
    )
    return "\n\n".join([slopes(record), trainings(record), note])


def slopes(record: Mapping[str, Any]) -> str:
    """Return the table of the gradient's norm at the samples while D is trained alone, in Markdown."""
    names = list(record["ways"])
    rows = [("steps of D alone", "D(G(z))", *names)]
    for steps in record["asked"]["steps"]:
        here = [row for row in record["norms"] if row["steps"] == steps]
        of = [[row["norm"] for row in here if row["way"] == name] for name in names]
        scores = [row["score"] for row in here if row["way"] == names[0]]
        rows.append((str(steps), *(spread(values, ".1e") for values in (scores, *of))))
    return _table(rows)


def trainings(record: Mapping[str, Any]) -> str:
    """Return the table of what the training of both came to, in Markdown."""
    rows = [("G's optimizer", "feedback", "epochs", "FID before", "FID after", "D(G(z))", "gradient norm")]
    for (optimizer, last), name in product(record["asked"]["epochs"].items(), record["ways"]):
        arm = [row for row in record["training"] if (row["optimizer"], row["way"]) == (optimizer, name)]
        before, after = ([row for row in arm if row["epoch"] == epoch] for epoch in (0, last))
        if arm:
            fids = [spread([row["fid"] for row in some], ".1f") for some in (before, after)]
            score, norm = (spread([row[key] for row in after], ".1e") for key in ("score", "norm"))
            rows.append((optimizer, name, str(last), *fids, score, norm))
    return _table(rows)


def spread(values: Sequence[float], form: str) -> str:
    """Return the median and the range.

    Example:
        >>> spread([1.0, 4.0, 2.0], ".1f")
        '2.0 (1.0 to 4.0)'
    """
    return f"{median(values):{form}} ({min(values):{form}} to {max(values):{form}})"


def _table(rows: Sequence[Sequence[str]]) -> str:
    lines = [rows[0], ["---"] * len(rows[0]), *rows[1:]]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _panel(panel: Axes, rows: Sequence[dict[str, Any]], along: str, shown: str) -> None:
    for name, style in STYLES.items():
        values: dict[float, list[float]] = {}
        for row in rows:
            if row["way"] == name:
                values.setdefault(row[along], []).append(row[shown])
        if values:
            middle, low, high = (_each(of, values) for of in (median, min, max))
            panel.plot(list(values), middle, label=name, markersize=5, linewidth=1.6, **style)
            panel.fill_between(list(values), low, high, color=style["color"], alpha=0.12, linewidth=0)
    panel.grid(color="#e6e6e6", linewidth=0.8)
    panel.set_axisbelow(True)
    panel.spines[["top", "right"]].set_visible(False)


def _each(of: Callable[[Sequence[float]], float], values: Mapping[float, Sequence[float]]) -> list[float]:
    return [of(several) for several in values.values()]
