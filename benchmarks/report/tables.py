"""The paper's two tables, with what they leave out: convergence, quality, seconds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from xaigrad.benchmarks.report.gather import Arm, Section
from xaigrad.benchmarks.report.table import Group, Row, Table
from xaigrad.benchmarks.report.trial import Model, Trial
from xaigrad.benchmarks.report.words import NONE, spread
from xaigrad.benchmarks.statistics import Moment

TOLERANCE, WINDOW, HOLD = 1.0, 10, 3
METRICS = {"fid": ".1f", "kid": ".1f", "precision": ".2f", "recall": ".2f"}


@dataclass(frozen=True)
class Times:
    """When a trial got where; ``None`` if it did not, or has not ended.

    Attributes:
        settled: By the paper's rule of convergence, of G.
        reached: The FID of G at which the standard arm of its seed ended.
    """

    settled: Moment | None
    reached: Moment | None


def times(section: Section, arm: Arm, seed: int) -> Times:
    """Return when a trial converged and when it came to the standard arm's last FID."""
    trial, standard = section.trials[arm.name, seed], section.trials[section.standard.name, seed]
    kid, fid, level = (one.history("G", name) for one, name in ((trial, "kid"), (trial, "fid"), (standard, "fid")))
    if not trial.ended or kid is None or fid is None:
        return Times(None, None)
    settled = kid.settled(TOLERANCE, WINDOW)
    return Times(settled, fid.reached(level.final(), HOLD) if standard.ended and level is not None else None)


def convergence(section: Section) -> Table:
    """Return Table 1 of the paper: the epochs to convergence; beside it, those and the seconds to the same FID."""
    columns = (
        "arm",
        "epochs to converge",
        "against standard",
        "seconds to converge",
        "epochs to standard's last FID",
        "seconds to standard's last FID",
    )
    rows = []
    for arm in section.arms:
        ended = [seed for seed in section.seeds if section.trials[arm.name, seed].ended]
        found = [times(section, arm, seed) for seed in ended]
        compared = [
            times(section, arm, seed)
            for seed in ended
            if (trial := section.trials[section.standard.name, seed]).ended and trial.state != "diverged"
        ]
        rows.append(
            (
                arm.name,
                _moments([one.settled for one in found], _epoch, ".0f", section.budget),
                _change(section, arm, ended),
                _moments([one.settled for one in found], _seconds, ".1f", section.budget),
                _moments([one.reached for one in compared], _epoch, ".0f", section.budget),
                _moments([one.reached for one in compared], _seconds, ".1f", section.budget),
            )
        )
    measured = section.facts["plan"]["evaluated"]
    notes = (
        "Median (least to greatest) over the seeds. Converged, by the paper's rule: KID x 1000 of G has not varied "
        f"by more than {TOLERANCE:g} over {WINDOW} epochs; the epoch is the last of the first such {WINDOW}. The "
        f"paper names no unit; with {measured:,} images the rule can fire by luck or, above the noise, never.",
        "Against standard: the change of the epochs, seed by seed, where both converged. Standard's last FID: the "
        f"first of {HOLD} measurements in a row at or below the FID of G at which the standard arm of the same seed "
        "ended. Seconds are of training with the explainer, without the evaluation. Never: not within the "
        f"{section.budget} epochs.",
        "The paper: 20 epochs standard, 11 guided (-45 %) for one digit; 55 and 48 (-12.73 %) for all.",
    )
    return Table(
        f"convergence-{section.number}", "Epochs to converge (Table 1 of the paper)", columns, _one(rows), notes
    )


def across(sections: Sequence[Section]) -> Table:
    """Return the standard and the guided arms of all settings of an experiment, as the paper compares them."""
    columns = ("arm", "seeds", "epochs to converge", "seconds to converge", "final FID, G", "seconds of training")
    groups = []
    for section in sections:
        rows = []
        for arm in (section.standard, *section.guided):
            ended = [trial for trial in section.of(arm) if trial.ended]
            settled = [times(section, arm, trial.seed).settled for trial in ended]
            rows.append(
                (
                    arm.name,
                    _count(ended),
                    _moments(settled, _epoch, ".0f", section.budget),
                    _moments(settled, _seconds, ".1f", section.budget),
                    spread([trial.final("G", "fid") for trial in ended], ".1f"),
                    spread([trial.seconds("training") for trial in ended if trial.whole], ".1f"),
                )
            )
        groups.append(Group(str(section.setting["name"]), tuple(rows)))
    notes = (
        "Median (least to greatest) over the seeds. The paper compares its guided GAN at the high learning rate "
        "with the standard GAN at the low one, each the best of its kind. Such a comparison tells nothing of the "
        "guidance alone: a setting was changed with it, and chosen by its result. The answers above compare within "
        "a setting.",
    )
    return Table(f"across-{sections[0].experiment}", "The settings side by side", columns, tuple(groups), notes)


def quality(section: Section) -> Table:
    """Return what the generators came to: the last evaluation of G and of its moving average."""
    heads = {"fid": "FID", "kid": "KID x 1000", "precision": "precision", "recall": "recall"}
    names: dict[Model, str] = {"G": "G", "EMA": "EMA"}
    which = [(model, metric) for metric in METRICS for model in section.models]
    columns = ("arm", "seeds", *(f"{heads[metric]}, {names[model]}" for model, metric in which))
    rows = []
    for arm in section.arms:
        ended = [trial for trial in section.of(arm) if trial.ended]
        cells = [spread([trial.final(model, metric) for trial in ended], METRICS[metric]) for model, metric in which]
        rows.append((arm.name, _count(ended), *cells))
    facts = section.facts
    note = (
        "Median (least to greatest) over the seeds that did not diverge, after the last epoch, on up to "
        f"{facts['plan']['final']:,} generated images; features {facts['extractor']}, so figures of other extractors "
        "do not compare. EMA: the moving average of G's weights. FID and KID: lower is better; precision and "
        "recall, read together: higher."
    )
    return Table(f"quality-{section.number}", "The end of training", columns, _one(rows), (note,))


def seconds(section: Section) -> Table:
    """Return Table 2 of the paper: the seconds of the whole training, without and with the explainer's."""
    columns = ("arm", "without the explainer", "ratio", "with the explainer", "ratio", "evaluation")
    parts: tuple[Callable[[Trial], float], ...] = (
        lambda trial: trial.seconds("training") - trial.seconds("explainer"),
        lambda trial: trial.seconds("training"),
    )
    rows = []
    for arm in section.arms:
        whole = [trial for trial in section.of(arm) if trial.whole]
        cells = []
        for part in parts:
            cells += [spread([part(trial) for trial in whole], ".1f"), _ratios(section, whole, part)]
        rows.append((arm.name, *cells, spread([trial.seconds("evaluation") for trial in whole], ".1f")))
    notes = (
        f"Seconds of all {section.budget} epochs, median (least to greatest) over the seeds that came through them; "
        "ratios to the standard arm of the same seed. On top of both comes the evaluation, which no user needs.",
        "The paper, seconds to convergence on a K80: 243.2 standard, 352.1 guided without the explainer, 994.4 with it "
        "(ratios 1.45 and 4.09) for one digit; 27,735, 31,409 and 88,294 (1.13 and 3.18) for all.",
    )
    return Table(f"seconds-{section.number}", "Seconds of training (Table 2 of the paper)", columns, _one(rows), notes)


def _one(rows: Sequence[Row]) -> tuple[Group, ...]:
    return (Group(None, tuple(rows)),)


def _count(ended: Sequence[Trial]) -> str:
    lost = sum(trial.state == "diverged" for trial in ended)
    return f"{len(ended)}, {lost} diverged" if lost else f"{len(ended)}"


def _epoch(moment: Moment) -> float | None:
    return moment.epoch


def _seconds(moment: Moment) -> float | None:
    return moment.seconds


def _moments(moments: Sequence[Moment | None], read: Callable[[Moment], float | None], form: str, budget: int) -> str:
    if not moments:
        return NONE
    there = [read(moment) for moment in moments if moment is not None]
    if not there:
        return f"not within {budget} epochs"
    missing = len(moments) - len(there)
    return spread(there, form) + (f"; {missing} of {len(moments)} never" if missing else "")


def _change(section: Section, arm: Arm, seeds: Sequence[int]) -> str:
    if arm == section.standard:
        return NONE
    changes = []
    for seed in seeds:
        one, other = (times(section, each, seed).settled for each in (arm, section.standard))
        if one is not None and other is not None:
            changes.append(100 * (one.epoch / other.epoch - 1))
    if not changes:
        return NONE
    return spread(changes, "+.0f", " %") + (f", n = {len(changes)}" if len(changes) < len(seeds) else "")


def _ratios(section: Section, trials: Sequence[Trial], part: Callable[[Trial], float]) -> str:
    others = [(trial, section.trials[section.standard.name, trial.seed]) for trial in trials]
    if trials and trials[0].arm == section.standard.name:
        return "1"
    return spread([part(one) / part(other) for one, other in others if other.whole and part(other) > 0], ".2f")
