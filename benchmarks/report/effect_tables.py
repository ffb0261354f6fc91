"""The effects with their intervals and p-values, the guided arms against their controls, and the noise."""

from xaigrad.benchmarks.report.effects import Effects, named
from xaigrad.benchmarks.report.table import Group, Row, Table
from xaigrad.benchmarks.report.words import NONE, ONE_SEED, capital, p_value, with_n
from xaigrad.benchmarks.statistics import Comparison, verdict

HEADS = ("ratio", "95 % interval", "p", "adjusted p", "in words")


def against_standard(effects: Effects) -> Table | None:
    """Return every arm against the standard one, a group per readout; ``None`` if no seed can be compared."""
    groups = [
        Group(
            capital(effects.readout(*which).name),
            tuple((name, *_cells(effects, found)) for name, found in effects.against_standard[which].items()),
        )
        for which in effects.against_standard
    ]
    notes = (
        "Ratio: the geometric mean over the seeds of the arm's number over the standard arm's of the same seed; "
        "below 1 is better. The area under log FID is the geometric mean of FID over the whole training. Interval: "
        "Student's of the log-ratios, widened to the BCa bootstrap's where that reaches further (from 6 seeds on). "
        "p: sign-flip permutation test over the seeds. Seeds that an arm has not ended are left out.",
        "Adjusted by Holm over all arms of a readout but the standard arm's twin. The answers at the top go by the "
        "area under log FID, which is fixed; the others tell whether it depends on the choice.",
    )
    return _table(effects, "effects", "Every arm against the standard one", ("arm", *HEADS), groups, notes)


def against_controls(effects: Effects) -> Table | None:
    """Return the guided arms against all that they have to beat, by the area under log FID; ``None`` without any."""
    groups = []
    for arm in effects.section.guided:
        for model, claims in effects.claims.items():
            if arm.name not in claims:
                continue
            claim, rows = claims[arm.name], []
            for name, found in claim.against.items():
                ratio, interval, p, _, words = _cells(effects, found)
                rows.append((name, ratio, interval, p, words))
            if len(effects.seeds) > 1:
                rows.append(("all of them", NONE, NONE, p_value(claim.adjusted), claim.sentence))
            groups.append(Group(f"{arm.name}: area under log FID, {named(model)}", tuple(rows)))
    notes = (
        "Ratio: the guided arm's number over the other's; below 1, the guided arm is better. The explanation helps "
        "if the arm beats all of them; as all have to be shown, the greatest p is that of the claim, and no other "
        "correction is due (Berger 1982). It is adjusted by Holm over the guided arms.",
    )
    columns = ("against", *HEADS[:3], HEADS[4])
    return _table(effects, "controls", "Every guided arm against its controls", columns, groups, notes)


def noise(effects: Effects) -> Table | None:
    """Return how far two standard arms lie apart and the seeds that an effect then needs; ``None`` without a twin."""
    if not effects.noise:
        return None
    wanted = (f"seeds for {100 * effect:g} %" for effect in effects.noise[0].effects)
    rows: list[Row] = []
    for one in effects.noise:
        sd = NONE if one.sd is None else f"{100 * one.sd:.1f} %"
        bounds = NONE if one.low is None or one.high is None else f"{100 * one.low:.1f} to {100 * one.high:.1f} %"
        needed = (NONE if seeds is None else f"{seeds:,}" for seeds in one.needed)
        rows.append((capital(one.readout.name), str(one.n), sd, bounds, *needed))
    notes = (
        "The standard arm and its twin start from the same weights and see the same data, with other noise: what "
        "lies between them is luck. Its spread: the standard deviation of the pairs' log-ratios. Seeds: the pairs "
        "that show a difference of so many percent with a chance of 80 % at p = 0.05, for one arm.",
    )
    columns = ("readout", "pairs", "spread", "95 % interval", *wanted)
    caption = "The noise, and the seeds that an effect needs"
    return Table(f"noise-{effects.section.number}", caption, columns, (Group(None, tuple(rows)),), notes)


def _table(
    effects: Effects, name: str, caption: str, columns: Row, groups: list[Group], notes: tuple[str, ...]
) -> Table | None:
    if not groups:
        return None
    words = frozenset({0, len(columns) - 1})
    return Table(f"{name}-{effects.section.number}", caption, columns, tuple(groups), notes, words)


def _cells(effects: Effects, found: Comparison) -> Row:
    ratio = NONE if found.effect is None else f"{found.effect:.3f}"
    if len(effects.seeds) < 2:
        return ratio, NONE, NONE, NONE, ONE_SEED
    if found.low is None or found.high is None:
        return ratio, NONE, NONE, NONE, verdict(found)
    return ratio, f"{found.low:.3f} to {found.high:.3f}", p_value(found.p), p_value(found.adjusted), with_n(found)
