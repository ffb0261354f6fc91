"""Where the trials of a sweep are kept, for all workers: a journal file or a database."""

import json
import logging
import time
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import DuplicatedStudyError
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from sqlalchemy.exc import SQLAlchemyError

from xaigrad.benchmarks.errors import UsageError
from xaigrad.benchmarks.results import without_password
from xaigrad.benchmarks.study.arms import name_of
from xaigrad.benchmarks.sweep.space import Space

_CONFIGURATION, _QUEUED = "configuration", "queued"
_PATIENCE = 30.0
_TRIES = 5
_LONGEST = 65_536
_DRIVERS = {"psycopg": "psycopg[binary]", "psycopg2": "psycopg2-binary", "MySQLdb": "mysqlclient"}


def opened(
    storage: str,
    name: str,
    configuration: str,
    sampler: str,
    space: Space,
    trials: int | None = None,
    prune: bool = False,
    seed: int | None = None,
) -> optuna.Study:
    """Return the study of a sweep, made if it is not there yet; the first worker queues the grid.

    Args:
        storage: A database URL of Optuna's, or a file, which is then a journal.
        name: Of the study.
        configuration: What all its workers have in common.
        sampler: "grid", "tpe" or "random".
        space: Of whose grid the trials are.
        trials: Of a search, how many.
        prune: Whether recipes that do worse than half of the others are given up between two seeds.
        seed: Of the sampler; two workers of the same would propose the same.

    Raises:
        UsageError: If the storage cannot be opened or is of another configuration, or a search has no number of trials.
    """
    optuna.logging.set_verbosity(logging.WARNING)
    samplers: dict[str, Any] = {
        "grid": lambda: optuna.samplers.RandomSampler(seed=seed),
        "tpe": lambda: optuna.samplers.TPESampler(seed=seed, constant_liar=True),
        "random": lambda: optuna.samplers.RandomSampler(seed=seed),
    }
    if sampler not in samplers:
        raise UsageError(f"Parameter `sampler` should be grid, tpe or random. Found {sampler!r}.")
    if sampler != "grid" and trials is None:
        raise UsageError(f"Parameter `trials` should say how many for --sampler {sampler}. Found none.")
    grid = space.grid() if sampler == "grid" else []
    how: dict[str, Any] = {
        "study_name": name,
        "storage": _storage(storage),
        "sampler": samplers[sampler](),
        "pruner": optuna.pruners.MedianPruner(n_startup_trials=3) if prune else optuna.pruners.NopPruner(),
    }
    try:
        study = optuna.create_study(**how)
        _queue(study, grid, configuration)
    except DuplicatedStudyError:
        study = optuna.load_study(**how)
    queued = _is_queued(study)
    if study.user_attrs.get(_CONFIGURATION, configuration) != configuration:
        raise UsageError(
            "Parameter `name` should be a sweep of the same configuration. Found "
            f"{name!r} in {without_password(storage)}, of another. "
            "Repeat its options, or choose another name."
        )
    if not queued:
        _queue(study, grid, configuration)
    return study


def folder_of(storage: str, name: str) -> Path | None:
    """Return the folder of a sweep's runs that lies beside its file; ``None`` for a database.

    Example:
        >>> folder_of("here/offsets.journal", "sweep").as_posix(), folder_of("sqlite:///offsets.db", "sweep")
        ('here/offsets-sweep', None)
    """
    return None if _is_url(storage) else Path(storage).parent / f"{Path(storage).stem}-{name_of(name)}"


def _is_queued(study: optuna.Study) -> bool:
    """Return whether the worker that made the study has queued the grid, which it may be about to."""
    end = time.monotonic() + _PATIENCE
    while not study.user_attrs.get(_QUEUED) and time.monotonic() < end:
        time.sleep(0.05)
    return bool(study.user_attrs.get(_QUEUED))


def _queue(study: optuna.Study, grid: list[dict[str, str]], configuration: str) -> None:
    study.set_user_attr(_CONFIGURATION, configuration)
    for point in grid:
        study.enqueue_trial(point, skip_if_exists=True)
    study.set_user_attr(_QUEUED, True)


def _is_url(text: str) -> bool:
    return "://" in text


def _storage(text: str) -> Any:
    if _is_url(text):
        return _database(text)
    path = Path(text)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _check_is_journal(path)
        return JournalStorage(JournalFileBackend(str(path)))
    except OSError as error:
        raise UsageError(
            "Parameter `storage` should be a file that can be written or a database URL. Found "
            f"{text}: {error.strerror}."
        ) from None


def _check_is_journal(path: Path) -> None:
    """Refuse a file of the user's own, to which Optuna would append."""
    if not path.exists():
        return
    with path.open("rb") as file:
        line = file.readline(_LONGEST)
    try:
        is_record = not line or "op_code" in dict(json.loads(line))
    except (TypeError, ValueError):
        is_record = False
    if not is_record:
        raise UsageError(
            f"Parameter `storage` should be the journal of a sweep or a new file. Found {path}, which is another file. "
            "Name another."
        )


def _database(url: str) -> Any:
    """Open a database; two workers that start at once may both try to make its tables, so the loser tries again."""
    for tries_left in reversed(range(_TRIES)):
        try:
            return optuna.storages.get_storage(url)
        except (SQLAlchemyError, ImportError, ValueError) as error:
            if not tries_left or not isinstance(error, SQLAlchemyError):
                raise UsageError(
                    "Parameter `storage` should be a file or the URL of a database that can be opened. Found "
                    f"{without_password(url)}: {_reason(error)}"
                ) from None
            time.sleep(0.2)
    raise AssertionError


def _reason(error: Exception) -> str:
    if isinstance(error, ValueError):
        return "it does not read DIALECT://USER:PASSWORD@HOST:PORT/NAME, with %40 for an @ in the password."
    missing = error.__cause__
    if not isinstance(missing, ModuleNotFoundError) or missing.name is None:
        return without_password(str(error).splitlines()[0])
    package = _DRIVERS.get(missing.name, missing.name)
    return f'it needs {missing.name}. Install it with: pip install "{package}"'
