"""Whether the arms of a seed were really paired: the same first weights, the same data in order, the same draws."""

from xaigrad.benchmarks.report.gather import Section


def unpaired(section: Section) -> tuple[str, ...]:
    """Return a line for each seed whose trials do not match.

    ``paired`` is to be the same in all arms; ``draws`` after each epoch in all but the standard arm's twin, which
    draws other numbers on purpose.
    """
    lines = []
    for seed in section.seeds:
        trials = [section.trials[arm.name, seed] for arm in section.arms]
        starts = {trial.arm: trial.start["paired"] for trial in trials if trial.start is not None}
        if odd := _odd(starts):
            lines.append(f"seed {seed}: other first weights or another order of the data in {', '.join(odd)}")
        twins = {arm.name for arm in section.arms if arm.kind == "twin"}
        draws: dict[int, dict[str, str]] = {}
        for trial in trials:
            for row in trial.epochs if trial.arm not in twins else ():
                if row.get("draws") and not row["diverged"]:
                    draws.setdefault(row["epoch"], {})[trial.arm] = row["draws"]
        for epoch in sorted(draws):
            if odd := _odd(draws[epoch]):
                lines.append(f"seed {seed}: other random numbers from epoch {epoch} on in {', '.join(odd)}")
                break
    return tuple(lines)


def _odd(hashes: dict[str, str]) -> list[str]:
    """Return the arms that differ from the first."""
    first = next(iter(hashes.values()), None)
    return [name for name, found in hashes.items() if found != first]
