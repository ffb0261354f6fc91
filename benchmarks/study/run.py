"""A run: every trial of a plan, into one folder, resumed where it was cut off."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from safetensors.torch import save as serialized

from xaigrad.benchmarks.data import Digits
from xaigrad.benchmarks.display import LiveProgress
from xaigrad.benchmarks.study import checkpoint, folder, pictures, processes, provenance, rehearsal
from xaigrad.benchmarks.study.folder import RunFolder
from xaigrad.benchmarks.study.measures import Measures, measures_of
from xaigrad.benchmarks.study.plan import Plan, Trial
from xaigrad.benchmarks.study.saving import Saving
from xaigrad.benchmarks.study.trial import TrialUnderWay


def run(
    plan: Plan,
    digits: Digits,
    out: Path,
    console: Console,
    asked: Mapping[str, Any],
    *,
    features: str | None = None,
    resume: bool = False,
    interval: float = 60.0,
    weights: bool = True,
    ended: Callable[[], None] | None = None,
) -> bool:
    """Train every trial, and keep what comes of it in a folder.

    All arms of a setting and a seed take turns, an epoch each, so that a machine that slows down slows all of them.
    Started by ``torchrun`` or ``accelerate launch``, each process takes settings and seeds of its own, on a device of
    its own, and the results are those of a single process, to the bit on a CPU.

    Args:
        plan: What is trained.
        digits: On what.
        out: A new folder, or that of the same plan if it is to be resumed.
        console: Where to write.
        asked: What else is to be recorded: preset, digit ...
        features: What images are compared by, if not LeNet's features.
        resume: Go on where an earlier run was cut off; what it has done is not done again.
        interval: Seconds from one checkpoint of a trial to the next, at least; 0 for one at every epoch.
        weights: Whether the final weights of G and its average are kept.
        ended: Called whenever all arms of a setting and a seed have ended.

    Returns:
        Whether this is the process that shows the results.

    Raises:
        UsageError: If there are fewer images than one batch, or the folder is of no use.
    """
    for setting in plan.settings.values():
        setting.check_fits(digits)
    groups = plan.groups()
    asked_for = next(iter(plan.settings.values()))
    process = processes.mine(asked_for.device)
    device = process.device(asked_for.device)
    out = process.agreed(out)
    measures = measures_of(plan, digits, device, features)
    facts = provenance.facts(plan, digits, measures.look.extractor, asked)
    if process.first:
        if resume and out.exists():
            folder.check_same(out, facts)
        else:
            folder.create(out, facts)
        pictures.draw(digits.images, out / "samples" / "real.png")
    process.wait()
    obstacle = partial(rehearsal.obstacle, replace(asked_for, device=device), digits)
    with closing(RunFolder(out, process.number)) as run_folder:
        saving = Saving(run_folder, interval, obstacle, console)
        for group in processes.share(groups, process):
            trials = [trial.on(process.device(trial.setting.device)) for trial in group]
            _Group(trials, plan, digits, measures, run_folder, saving, weights).train(console)
            if ended is not None:
                ended()
        process.wait()
    return process.first


class _Group:
    """The trials of a setting and a seed, under way together."""

    def __init__(
        self,
        trials: Sequence[Trial],
        plan: Plan,
        digits: Digits,
        measures: Measures,
        run_folder: RunFolder,
        saving: Saving,
        weights: bool,
    ) -> None:
        self._trials = []
        for trial in trials:
            if run_folder.is_done(trial.name):  # A kill may have come before its checkpoint was removed.
                checkpoint.remove(run_folder.checkpoint(trial.name))
            else:
                self._trials.append(trial)
        self._plan, self._digits, self._measures = plan, digits, measures
        self._folder = run_folder
        self._saving = saving
        self._weights = weights

    def train(self, console: Console) -> None:
        """Train them to the end."""
        if not self._trials:
            return
        first = self._trials[0]
        console.print(f"{first.setting_name}, seed {first.setting.seed}", highlight=False)
        under_way = [self._begun(trial) for trial in self._trials]
        epochs = first.setting.epochs
        with LiveProgress(console, epochs, [one.trial.arm.name for one in under_way]) as progress:
            for epoch in range(1, epochs + 1):
                for one in under_way:
                    if one.epoch >= epoch:
                        continue
                    record = one.advance()
                    if record["scores"] is not None:
                        pictures.draw(one.samples(pictures.PICTURED), self._folder.picture(one.trial.name, epoch))
                    if epoch == epochs:
                        pictures.masks(one.last_masks(pictures.PICTURED), self._folder.picture(one.trial.name))
                    progress.epoch(one.trial.arm.name, record)
                    self._saving.save(one)
                    self._folder.add(record)
        for one in under_way:
            self._end(one)

    def _begun(self, trial: Trial) -> TrialUnderWay:
        under_way = TrialUnderWay(trial, self._plan, self._digits, self._measures)
        self._saving.load(under_way)
        self._folder.check_start(under_way.records[0])
        for record in under_way.records:
            self._folder.add(record)
        return under_way

    def _end(self, under_way: TrialUnderWay) -> None:
        name = under_way.trial.name
        if self._weights:
            for kind, weights in under_way.weights().items():
                plain = {key: value.contiguous() for key, value in weights.items()}
                checkpoint.write(self._folder.weights(name, kind), serialized(plain))
        self._folder.add(under_way.finish())
        checkpoint.remove(self._folder.checkpoint(name))
