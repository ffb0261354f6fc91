"""How long a plan would take, from a few steps of each arm and one measurement."""

import time
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from xaigrad.benchmarks.data import Digits
from xaigrad.benchmarks.setting import Setting
from xaigrad.benchmarks.study.measures import Measures, measures_of
from xaigrad.benchmarks.study.plan import Arm, Plan
from xaigrad.benchmarks.training import Training

_STEPS = 5


@dataclass(frozen=True)
class Estimate:
    """The seconds of one trial.

    Attributes:
        training: Of all its steps.
        evaluation: Of all its measurements.
    """

    training: float
    evaluation: float

    @property
    def seconds(self) -> float:
        """All of it."""
        return self.training + self.evaluation


def estimates(plan: Plan, digits: Digits, features: str | None = None) -> dict[tuple[str, str], Estimate]:
    """Return them by setting and arm, from five steps of each after five to warm up.

    Raises:
        UsageError: If there are fewer images than one batch.
    """
    found = {}
    for name, setting in plan.settings.items():
        setting.check_fits(digits)
        measures = measures_of(plan, digits, setting.device, features)
        steps = setting.epochs * (len(digits) // setting.batch)
        looks = sum(plan.measured(setting, epoch) for epoch in range(1, setting.epochs + 1))
        evaluation = _measurement(Training(setting, digits.images, labels=digits.labels), measures, looks)
        for arm in plan.arms:
            found[name, arm.name] = Estimate(steps * _step(digits, setting, arm), evaluation)
    return found


def show(console: Console, plan: Plan, digits: Digits, features: str | None = None) -> None:
    """Print what would be trained, and how long each arm and all of it would take here."""
    shown = Table("setting", "arm", "epochs", "training", "evaluation", box=None, padding=(0, 2, 0, 0))
    total = 0.0
    for (setting, arm), estimate in estimates(plan, digits, features).items():
        epochs = str(plan.settings[setting].epochs)
        shown.add_row(setting, arm, epochs, duration(estimate.training), duration(estimate.evaluation))
        total += estimate.seconds * len(plan.seeds)
    console.print(shown)
    trials = len(list(plan.trials()))
    console.print(
        f"{trials} trainings ({len(plan.settings)} settings, {len(plan.arms)} arms, {len(plan.seeds)} seeds) on "
        f"{len(digits):,} images of {digits.name}: about {duration(total)} in one process, judged by a few steps.",
        highlight=False,
        soft_wrap=True,
    )


def duration(seconds: float) -> str:
    """Return a time as one reads it.

    Example:
        >>> duration(42.4), duration(600), duration(7_300)
        ('42 s', '10 min', '2.0 h')
    """
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5_970 else f"{seconds / 3600:.1f} h"


def _step(digits: Digits, setting: Setting, arm: Arm) -> float:
    few = min(_STEPS * setting.batch, len(digits))
    training = Training(setting, digits.images[:few], arm.guidance, digits.labels[:few])
    training.epoch()
    before = training.seconds
    training.epoch()
    return (training.seconds - before) / (few // setting.batch)


def _measurement(training: Training, measures: Measures, looks: int) -> float:
    """Return the seconds of all measurements of G and its average."""
    begin = time.perf_counter()
    measures.look(training.samples(measures.evaluated))
    middle = time.perf_counter()
    if measures.final is measures.look:
        return 2 * looks * (middle - begin)
    measures.final(training.samples(measures.ended))
    return 2 * looks * (middle - begin) + 2 * (time.perf_counter() - middle)
