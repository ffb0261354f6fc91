"""FID over the epochs and over the seconds, each arm with an interval over its seeds (Figures 7 and 9 of the paper)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from statistics import median

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator
from scipy import stats

from xaigrad.benchmarks.report.effects import named
from xaigrad.benchmarks.report.figure import Panel, Picture, strong, styles
from xaigrad.benchmarks.report.gather import Arm, Section
from xaigrad.benchmarks.report.trial import Model
from xaigrad.benchmarks.report.words import ONE_SEED
from xaigrad.benchmarks.statistics import History

# The first come first where all do not fit.
_ROUND = ((1.0,), (2.0, 5.0), (1.5, 3.0, 7.0), (8.0, 9.0, 1.2, 4.0, 6.0), (9.5, 8.5, 1.1, 1.05, 1.02, 9.8))


@dataclass(frozen=True)
class Curve:
    """An arm's FID, epoch by epoch.

    Attributes:
        epochs: At which it was measured.
        seconds: Of training up to them, the median over the seeds.
        middle: The geometric mean over the seeds that have a number there.
        low: Of a 95 % interval by Student's t of the logarithms; the middle, where fewer than two seeds have a number.
        high: The upper bound.
    """

    epochs: tuple[int, ...]
    seconds: tuple[float, ...]
    middle: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


def curve(section: Section, arm: Arm, model: Model) -> Curve:
    """Return an arm's curve over all of its seeds, those that have not ended as far as they came."""
    found: dict[int, list[tuple[float, float]]] = {}
    for trial in section.of(arm):
        history = trial.history(model, "fid")
        for epoch, seconds, value in _points(history) if history is not None else ():
            if value > 0:
                found.setdefault(epoch, []).append((seconds, value))
    rows = []
    for epoch in sorted(found):
        logs = np.log([value for _, value in found[epoch]])
        half = 0.0
        if len(logs) > 1:
            half = float(stats.t.ppf(0.975, len(logs) - 1) * logs.std(ddof=1) / np.sqrt(len(logs)))
        middle = float(logs.mean())
        bounds = (float(np.exp(at)) for at in (middle, middle - half, middle + half))
        rows.append((epoch, median(seconds for seconds, _ in found[epoch]), *bounds))
    columns = zip(*rows, strict=True) if rows else ((),) * 5
    return Curve(*(tuple(column) for column in columns))


def curves(section: Section) -> Picture:
    """Return the curves of G and of its moving average, over the epochs and over the seconds."""
    found = {model: {arm.name: curve(section, arm, model) for arm in section.arms} for model in section.models}
    panels = [
        Panel(
            f"{named(model)}, over {along}",
            _alt(found[model], model, along),
            partial(_draw, section=section, found=found[model], along=along),
        )
        for along in ("epochs", "seconds")
        for model in section.models
    ]
    caption = (
        "FID over the training (Figures 7 and 9 of the paper), logarithmic: the geometric mean over the seeds that "
        "have a number at the epoch; bands, of the standard and the guided arms alone: a 95 % interval for it. "
        "Crosses: a seed diverged there and is left out from then on. Seconds are of training with the explainer, "
        "the median over the seeds."
    )
    if len(section.seeds) < 2:
        caption = f"FID over the training (Figures 7 and 9 of the paper), logarithmic. {ONE_SEED.capitalize()}."
    legend = tuple(styles(section).items())
    return Picture(f"curves-{section.number}", caption, tuple(panels), columns=len(section.models), legend=legend)


def _points(history: History) -> list[tuple[int, float, float]]:
    seconds = accumulate(history.seconds or [0.0] * len(history.values))
    return list(zip(history.epochs, seconds, history.values, strict=True))


def _draw(axes: Axes, section: Section, found: Mapping[str, Curve], along: str) -> None:
    lows, highs = [], []
    for arm in section.arms:
        style, line = styles(section)[arm.name], found[arm.name]
        if not line.epochs:
            continue
        x = line.epochs if along == "epochs" else line.seconds
        axes.plot(x, line.middle, **style, marker="o" if len(x) == 1 else "")
        if strong(section, arm):
            axes.fill_between(x, line.low, line.high, color=style["color"], alpha=0.14, linewidth=0, zorder=2)
        for trial in section.of(arm):
            places = [at for at, epoch in enumerate(line.epochs) if trial.lost_at and epoch >= trial.lost_at]
            if places:
                at = places[0]
                axes.plot(x[at], line.middle[at], "x", color=style["color"], markersize=7, zorder=6)
        lows.append(min(line.middle))
        highs.append(max(line.middle))
    axes.set_yscale("log")
    if lows:
        axes.set_ylim(0.85 * min(lows), 1.2 * max(highs))
    plain_log(axes, "y", 0.08)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=along == "epochs", steps=[1, 2, 5, 10]))
    axes.set_xlabel("epoch" if along == "epochs" else "seconds of training", fontsize=10)
    axes.set_ylabel("FID", fontsize=10)


def plain_log(axes: Axes, which: str, gap: float) -> None:
    """Number a logarithmic axis in plain round numbers.

    Args:
        axes: Whose limits are set.
        which: "x" or "y".
        gap: The least distance of two numbers, as a part of the axis.
    """
    axis = axes.yaxis if which == "y" else axes.xaxis
    low, high = (float(end) for end in (axes.get_ylim() if which == "y" else axes.get_xlim()))
    ticks: list[float] = []
    for digits in _ROUND:
        decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)))
        for tick in (digit * 10.0**decade for decade in decades for digit in digits):
            apart = all(abs(math.log(tick / other)) >= gap * math.log(high / low) for other in ticks)
            if low <= tick <= high and apart:
                ticks.append(tick)
    axis.set_major_locator(FixedLocator(sorted(ticks)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())


def _alt(found: Mapping[str, Curve], model: Model, along: str) -> str:
    ends = [f"{name} {line.middle[0]:.1f} to {line.middle[-1]:.1f}" for name, line in found.items() if line.epochs]
    return f"FID of {named(model)} over {along}, first to last: {'; '.join(ends)}."
