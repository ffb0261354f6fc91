"""The ratios to the standard arm with their intervals, as a forest plot."""

from functools import partial

from matplotlib.axes import Axes

from xaigrad.benchmarks.report.curves import plain_log
from xaigrad.benchmarks.report.effects import Effects, named
from xaigrad.benchmarks.report.figure import Panel, Picture, styles
from xaigrad.benchmarks.report.trial import Model
from xaigrad.benchmarks.report.words import ONE_SEED, capital
from xaigrad.benchmarks.statistics import Comparison, effect_in_words


def forest(effects: Effects) -> Picture:
    """Return the effects on the area under log FID, of G and of its moving average."""
    section = effects.section
    panels = [
        Panel(
            capital(named(model)),
            _alt(effects, model),
            partial(_draw, effects=effects, model=model),
        )
        for model in section.models
    ]
    if len(effects.seeds) > 1:
        how = "points: the geometric mean over the seeds; lines: its 95 % interval; one that crosses 1 shows nothing."
    else:
        how = f"points without intervals. {ONE_SEED.capitalize()}."
    return Picture(
        f"forest-{section.number}",
        f"FID over the whole training (area under log FID), as a ratio to the standard arm: {how} Left of 1 is better.",
        tuple(panels),
        size=(5.2, 0.9 + 0.27 * max(1, len(section.arms) - 1)),
    )


def _draw(axes: Axes, effects: Effects, model: Model) -> None:
    found = effects.against_standard[model, "area"]
    shown, kinds = styles(effects.section), {arm.name: arm.kind for arm in effects.section.arms}
    ends = [1.0]
    for at, (name, one) in enumerate(found.items()):
        strong = kinds[name] == "guided"
        colour = shown[name]["color"] if strong else "#777777"
        label = "none" if one.effect is None else effect_in_words(one).removesuffix(" (no interval)")
        axes.text(1.02, at, label, transform=axes.get_yaxis_transform(), va="center", fontsize=9, color=_ink(strong))
        if one.effect is None:
            continue
        axes.plot(one.effect, at, "D" if strong else "o", color=colour, markersize=7 if strong else 5, zorder=4)
        ends.append(one.effect)
        if one.low is not None and one.high is not None:
            axes.plot([one.low, one.high], [at, at], color=colour, linewidth=2.4 if strong else 1.6, zorder=3)
            ends += [one.low, one.high]
    low, high = max(min(ends), 0.1), min(max(ends), 10)
    margin = max((high / low) ** 0.06, 1.03)
    axes.set_xscale("log")
    axes.set_xlim(low / margin, high * margin)
    plain_log(axes, "x", 0.13)
    axes.axvline(1, color="#111111", linewidth=1, zorder=2)
    axes.set_yticks(range(len(found)), list(found), fontsize=9)
    for tick, name in zip(axes.get_yticklabels(), found, strict=True):
        tick.set_color(_ink(kinds[name] == "guided"))
        tick.set_fontweight("bold" if kinds[name] == "guided" else "normal")
    axes.set_ylim(len(found) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("better    <    ratio to standard    >    worse", fontsize=9)


def _ink(strong: bool) -> str:
    return "#111111" if strong else "#666666"


def _alt(effects: Effects, model: Model) -> str:
    pairs: dict[str, Comparison] = dict(effects.against_standard[model, "area"])
    told = "; ".join(f"{name} {effect_in_words(one)}" for name, one in pairs.items())
    return f"Ratios to the standard arm of the area under log FID of {named(model)}: {told}."
