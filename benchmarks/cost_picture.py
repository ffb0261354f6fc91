"""The picture of `xaigrad cost`: what each explainer adds to a training step."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, NullLocator

from xaigrad.benchmarks import cost_table

COLOURS = {"control": "#777777", "xaigrad": "#0b6e99", "peer": "#d1495b"}
LABELS = {"control": "no explainer", "xaigrad": "xaigrad", "peer": "captum, shap"}
_NARROW, _WIDE = (1, 1.25, 1.5, 2, 3, 4, 6), (1, 2, 5, 10, 20, 50, 100)


def draw(record: Mapping[str, Any], path: Path) -> None:
    """Draw the time ratios of every explainer on a logarithmic axis, one panel per pair of networks.

    A dot is the median, the thick line reaches from quartile to quartile, the thin one over the whole range.

    Args:
        record: What :func:`~xaigrad.benchmarks.cost_run.run` kept.
        path: The PNG file to write.
    """
    rows = [row for row in record["rows"] if row["status"] == "measured"]
    models = list(dict.fromkeys(row["model"] for row in rows))
    names = list(dict.fromkeys(row["explainer"] for row in sorted(rows, key=lambda row: row["kind"] == "peer")))
    kinds = {row["explainer"]: row["kind"] for row in rows}
    width, height = 3.0 + 3.6 * max(1, len(models)), 1.5 + 0.29 * len(names)
    figure = Figure(figsize=(width, height), layout="constrained")
    panels = figure.subplots(1, max(1, len(models)), squeeze=False, sharex=True, sharey=True)[0]
    for panel, model in zip(panels, models, strict=False):
        _panel(panel, [row for row in rows if row["model"] == model], names)
    low = min((row["time"]["least"] for row in rows), default=1)
    high = max((row["time"]["greatest"] for row in rows), default=1)
    ends = min(0.9 * low, 0.9), max(1.5 * high, 2.2)
    panels[0].set_xscale("log")
    panels[0].set_xlim(*ends)
    panels[0].set_xticks([tick for tick in (_NARROW if ends[1] < 6 else _WIDE) if tick <= ends[1]])
    panels[0].xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}x"))
    panels[0].xaxis.set_minor_locator(NullLocator())
    for label, name in zip(panels[0].get_yticklabels(), names, strict=False):
        label.set_color(COLOURS[kinds[name]])
    figure.supxlabel("time of a training step, guided / standard", fontsize=10)
    shown = [kind for kind in COLOURS if kind in kinds.values()]
    handles = [Line2D([], [], color=COLOURS[kind], marker="o", linewidth=3, label=LABELS[kind]) for kind in shown]
    figure.legend(handles=handles, loc="outside upper center", ncols=3, frameon=False, fontsize=10)
    figure.savefig(path, dpi=110, facecolor="white")


def _panel(panel: Axes, rows: list[dict[str, Any]], names: list[str]) -> None:
    for row in rows:
        at, spread, colour = names.index(row["explainer"]), row["time"], COLOURS[row["kind"]]
        panel.plot([spread["least"], spread["greatest"]], [at, at], color=colour, linewidth=1)
        panel.plot([spread["low_quartile"], spread["high_quartile"]], [at, at], color=colour, linewidth=4, alpha=0.45)
        panel.plot(spread["median"], at, "o", color=colour, markersize=6)
        panel.annotate(
            cost_table.number(spread["median"]),
            (max(spread["greatest"], spread["median"]), at),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
            color=colour,
        )
    panel.axvline(1, color="#bbbbbb", linewidth=1, zorder=0)
    panel.set_yticks(range(len(names)), names, fontsize=10)
    panel.set_ylim(len(names) - 0.4, -0.6)
    panel.tick_params(length=0)
    panel.grid(axis="x", color="#e6e6e6", linewidth=0.8)
    panel.set_axisbelow(True)
    panel.spines[:].set_visible(False)
    if rows:
        panel.set_title(f"{rows[0]['model'].upper()}, batch {rows[0]['batch']}", fontsize=11)
