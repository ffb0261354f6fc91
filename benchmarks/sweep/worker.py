"""One worker of a sweep: it takes a trial that nobody has, trains it, and tells what it came to."""

import fcntl
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from optuna import Study, TrialPruned
from optuna.trial import FrozenTrial, Trial, TrialState

from xaigrad.benchmarks.errors import UsageError
from xaigrad.benchmarks.sweep.space import Space

Point = Mapping[str, str]
Train = Callable[[Point, Callable[[int, float], None]], float]
Check = Callable[[Point], Any]

_POINT, _WORKER, _SAME, _ERROR = "point", "worker", "same as", "error"
_PATIENCE = 30.0


class Worker:
    """A worker.

    Each trial is one point of the space, and no point is trained twice, whoever asks for it: of several trials of the
    same point the first counts, and the others take over its value or are given up. A trial whose worker has died is
    taken up again by the next one that works in the same folder.

    Args:
        study: Optuna's, from :func:`~xaigrad.benchmarks.sweep.storage.opened`.
        space: What is varied.
        folder: Where the worker leaves a sign of life.
        train: ``(point, report) -> value``, lower is better; ``report(step, value)`` tells how far it has come, and
            raises ``TrialPruned`` if the trial is to be given up. An error puts the point back into the queue and ends
            the worker.
        check: Called with a point before it is trained; its ``UsageError`` says that the point makes no sense, and
            the next one is taken.

    Attributes:
        trained: The numbers of the trials that it has trained.
    """

    def __init__(
        self, study: Study, space: Space, folder: Path, train: Train, check: Check = lambda point: None
    ) -> None:
        self.trained: list[int] = []
        self._study = study
        self._space = space
        self._train = train
        self._check = check
        self._folder = folder / "workers"
        self._name = uuid.uuid4().hex
        self._lost: set[int] = set()

    def work(self, trials: int | None) -> None:
        """Train until the queue is empty, or until the study has so many finished trials.

        Args:
            trials: How many; ``None`` for those that are queued.
        """
        with self._alive():
            self._take_up_the_dead()
            while self._is_there_more(trials):
                self._one(self._study.ask())

    def _is_there_more(self, trials: int | None) -> bool:
        found = self._study.get_trials(deepcopy=False)
        if any(trial.state == TrialState.WAITING for trial in found):
            return True
        taken = [trial for trial in found if trial.state != TrialState.FAIL or _ERROR in trial.user_attrs]
        return trials is not None and len(taken) < trials

    def _one(self, trial: Trial) -> None:
        point = self._space.suggested(trial)
        trial.set_user_attr(_WORKER, self._name)
        trial.set_user_attr(_POINT, point)
        earlier = self._earlier(trial.number, point)
        if earlier is not None:
            trial.set_user_attr(_SAME, earlier.number)
            if earlier.state == TrialState.COMPLETE:
                self._study.tell(trial, earlier.value)
            else:
                self._study.tell(trial, state=TrialState.PRUNED)
            return
        try:
            self._check(point)
        except UsageError as error:
            trial.set_user_attr(_ERROR, str(error))
            self._study.tell(trial, state=TrialState.FAIL)
            return
        self.trained.append(trial.number)

        def report(step: int, value: float) -> None:
            trial.report(value, step)
            if trial.should_prune():
                raise TrialPruned

        try:
            self._study.tell(trial, self._train(point, report))
        except TrialPruned:
            self._study.tell(trial, state=TrialState.PRUNED)
        except BaseException:
            self._study.tell(trial, state=TrialState.FAIL)
            self._study.enqueue_trial(trial.params)
            raise

    def _earlier(self, number: int, point: Point) -> FrozenTrial | None:
        """Return the first trial of the same point that is or has been trained.

        A trial of a lower number may not have said yet which point it takes; it is waited for.
        """
        end = time.monotonic() + _PATIENCE
        while True:
            before = [trial for trial in self._study.get_trials(deepcopy=False) if trial.number < number]
            for trial in before:
                counts = trial.state in (TrialState.RUNNING, TrialState.COMPLETE) and _SAME not in trial.user_attrs
                if counts and trial.user_attrs.get(_POINT) == point:
                    return trial
            running = [one for one in before if one.state == TrialState.RUNNING and one.number not in self._lost]
            silent = {one.number for one in running if _POINT not in one.user_attrs}
            if not silent:
                return None
            if time.monotonic() > end:
                self._lost |= silent
            time.sleep(0.05)

    @contextmanager
    def _alive(self) -> Iterator[None]:
        """Hold a lock that the system lets go when this process dies."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / self._name
        with path.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                path.unlink(missing_ok=True)

    def _take_up_the_dead(self) -> None:
        """Queue the trials of workers that have died once more: of this folder, or before they said who they are."""
        for trial in self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            worker = trial.user_attrs.get(_WORKER)
            if self._is_old(trial) if worker is None else self._has_died(self._folder / worker):
                self._study.tell(trial.number, state=TrialState.FAIL)
                self._study.enqueue_trial(trial.system_attrs.get("fixed_params", {}) | trial.params)

    @staticmethod
    def _is_old(trial: FrozenTrial) -> bool:
        start = trial.datetime_start
        return start is not None and (datetime.now() - start).total_seconds() > _PATIENCE

    @staticmethod
    def _has_died(path: Path) -> bool:
        """Return whether a worker's lock is free, to the one who asks first."""
        try:
            with path.open() as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                first = path.exists()
                path.unlink(missing_ok=True)
                return first
        except (FileNotFoundError, BlockingIOError):
            return False
