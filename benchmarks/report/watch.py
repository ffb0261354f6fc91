"""What went on inside: gradients, masks, the discriminator and the losses, in small panels."""

from collections.abc import Mapping
from functools import partial
from statistics import median
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from xaigrad.benchmarks.report.figure import Panel, Picture, styles
from xaigrad.benchmarks.report.gather import Arm, Section

WATCHED = {
    "gradient_norm": "gradient norm of G's parameters",
    "sample_gradient_norm": "gradient norm per sample, before guidance",
    "norm_ratio": "gradient norm guided / before",
    "mask_mean": "mean of the mask",
    "mask_sd": "standard deviation of the mask",
    "d_accuracy": "accuracy of D",
    "d_loss": "loss of D",
    "g_loss": "loss of G",
}


def watch(section: Section) -> Picture | None:
    """Return a panel for each that was watched, or ``None`` if nothing was."""
    panels = tuple(
        Panel(title, _alt(section, key, title), partial(_draw, section=section, key=key))
        for key, title in WATCHED.items()
        if any(medians(section, arm, key) for arm in section.arms)
    )
    if not panels:
        return None
    caption = (
        "Inside the training, epoch by epoch: medians over the seeds. The mask and the gradient at the samples are of "
        "guided steps alone."
    )
    return Picture(
        f"watch-{section.number}", caption, panels, size=(3.4, 2.1), columns=4, legend=tuple(styles(section).items())
    )


def medians(section: Section, arm: Arm, key: str) -> Mapping[int, float]:
    """Return the median over an arm's seeds by epoch, of the epochs that have the figure."""
    found: dict[int, list[float]] = {}
    for trial in section.of(arm):
        for row in trial.epochs:
            value: Any = row.get(key)
            if value is not None:
                found.setdefault(row["epoch"], []).append(float(value))
    return {epoch: median(found[epoch]) for epoch in sorted(found)}


def _draw(axes: Axes, section: Section, key: str) -> None:
    shown = styles(section)
    for arm in section.arms:
        values = medians(section, arm, key)
        if values:
            marker = "o" if len(values) == 1 else ""
            axes.plot(list(values), list(values.values()), **shown[arm.name], marker=marker)
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.4g}"))


def _alt(section: Section, key: str, title: str) -> str:
    ends = []
    for arm in section.arms:
        values = list(medians(section, arm, key).values())
        if values:
            ends.append(f"{arm.name} {values[0]:.3g} to {values[-1]:.3g}")
    return f"{title}, first to last epoch: {'; '.join(ends)}."
