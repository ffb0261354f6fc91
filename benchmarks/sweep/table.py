"""The table of a sweep, the best recipe first."""

from collections.abc import Callable, Mapping

from optuna import Study
from optuna.trial import FrozenTrial, TrialState
from rich.console import Console
from rich.table import Table

from xaigrad.benchmarks.sweep.space import STANDARD


def show(console: Console, study: Study, confirm: Callable[[Mapping[str, str]], str]) -> bool:
    """Print what has been trained, and how a finding is confirmed.

    Args:
        console: Where to write.
        study: With its trials.
        confirm: Returns the command that compares a recipe on other seeds.

    Returns:
        Whether something has been trained and every point made sense.
    """
    trials = [trial for trial in study.get_trials(deepcopy=False) if "same as" not in trial.user_attrs]
    done = sorted((trial for trial in trials if trial.state == TrialState.COMPLETE), key=_value)
    shown = Table("recipe", "FID over the training", box=None, padding=(0, 2, 0, 0))
    for trial in done:
        shown.add_row(_recipe(trial), f"{_value(trial):.2f}")
    console.print(shown)
    failed = {_recipe(trial): trial.user_attrs["error"] for trial in trials if "error" in trial.user_attrs}
    for recipe, error in failed.items():
        _print(console, f"{recipe}: {error}")
    counts = {name: sum(trial.state.name == name for trial in trials) for name in ("COMPLETE", "PRUNED", "RUNNING")}
    _print(
        console,
        f"{counts['COMPLETE']} recipes trained, {counts['PRUNED']} given up, {counts['RUNNING']} under way elsewhere, "
        f"{len(failed)} failed. FID over the training: the geometric mean over epochs, settings and seeds of the FID "
        "of G's average.",
    )
    if len(done) > 1:
        best = done[0].user_attrs["point"]
        if best == STANDARD:
            _print(console, f"The best of {len(done)} is the standard GAN: no guidance has helped.")
        else:
            _print(
                console,
                f"The best of {len(done)} looks better than it is. On seeds that it was not chosen by: {confirm(best)}",
            )
    return not failed and bool(counts["COMPLETE"] + counts["PRUNED"])


def _print(console: Console, text: str) -> None:
    console.print(text, highlight=False, soft_wrap=True, markup=False)


def _value(trial: FrozenTrial) -> float:
    value = trial.value
    return float("inf") if value is None else value


def _recipe(trial: FrozenTrial) -> str:
    return ", ".join(trial.user_attrs.get("point", {}).values())
