"""Several workers on one storage: no point is trained twice, none is left out, the dead one's is taken up again."""

import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

from xaigrad.benchmarks.errors import UsageError
from xaigrad.benchmarks.sweep import Space, Worker, opened

from .sweeping import CHOICES

SCRIPT = Path(__file__).with_name("sweeping.py")
SPACE = Space(CHOICES)


@pytest.fixture(params=["journal", "sqlite"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "a.journal") if request.param == "journal" else f"sqlite:///{tmp_path / 'a.db'}"


def workers(storage: str, folder: Path, sampler: str, trials: int, sleep: float = 0.02, count: int = 2) -> list[Any]:
    """Return what each of so many workers has trained."""
    words = [sys.executable, str(SCRIPT), storage, str(folder), sampler, str(trials), str(sleep), str(count)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads((folder / f"worker-{number}.json").read_text()) for number in range(count)]


def key(point: dict[str, str]) -> str:
    return json.dumps(point, sort_keys=True)


def test_two_workers_share_a_grid(storage: str, tmp_path: Path) -> None:
    one, two = workers(storage, tmp_path, "grid", 0, 0.1)
    points = [key(point) for point in one["points"] + two["points"]]
    assert sorted(points) == sorted(key(point) for point in SPACE.grid())
    assert not set(one["trained"]) & set(two["trained"])
    assert one["points"]
    assert two["points"]


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_two_workers_search_without_training_a_point_twice(sampler: str, tmp_path: Path) -> None:
    """More trials than there are points, so that they have to meet."""
    storage = str(tmp_path / "a.journal")
    one, two = workers(storage, tmp_path, sampler, 25)
    points = Counter(key(point) for point in one["points"] + two["points"])
    assert set(points.values()) == {1}
    assert 4 <= len(points) <= 9
    study = opened(storage, "sweep", "the same", sampler, SPACE, 25)
    assert len(study.trials) >= 25
    for trial in study.trials:
        assert trial.state in (TrialState.COMPLETE, TrialState.PRUNED)
        if trial.state == TrialState.COMPLETE:
            assert trial.value == len(trial.user_attrs["point"]["explainer"])


def test_a_killed_worker_s_point_is_taken_up_again(tmp_path: Path) -> None:
    storage = str(tmp_path / "a.journal")
    words = [sys.executable, str(SCRIPT), storage, str(tmp_path), "grid", "0", "60", "1"]
    with subprocess.Popen(words, start_new_session=True) as worker:
        while not (tmp_path / "began-worker-0").exists():
            time.sleep(0.05)
        os.killpg(worker.pid, signal.SIGKILL)
    [lock] = (tmp_path / "workers").iterdir()
    with lock.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # Which the killed one holds until it is gone.
    cut_off = json.loads((tmp_path / "began-worker-0").read_text())
    study, seen = study_of(tmp_path), []

    def train(point: Any, report: Any) -> float:
        seen.append(point)
        return 1.0

    Worker(study, SPACE, tmp_path, train).work(None)
    assert sorted(map(key, seen)) == sorted(map(key, SPACE.grid()))
    assert seen[-1] == cut_off


def study_of(path: Path, **how: Any) -> optuna.Study:
    return opened(str(path / "a.journal"), "sweep", "the same", "grid", how.pop("space", SPACE), **how)


def test_a_living_worker_s_point_is_left_to_it(tmp_path: Path) -> None:
    study = study_of(tmp_path)
    seen = []

    def train(point: Any, report: Any) -> float:
        seen.append(point)
        if len(seen) == 1:
            Worker(study, SPACE, tmp_path, train).work(None)
        return 1.0

    Worker(study, SPACE, tmp_path, train).work(None)
    assert sorted(map(key, seen)) == sorted(map(key, SPACE.grid()))


def test_a_stop_by_the_user_leaves_the_point_to_the_next(tmp_path: Path) -> None:
    study, seen = study_of(tmp_path), []

    def train(point: Any, report: Any) -> float:
        seen.append(key(point))
        if len(seen) == 3:
            raise KeyboardInterrupt
        return 1.0

    with pytest.raises(KeyboardInterrupt):
        Worker(study, SPACE, tmp_path, train).work(None)
    Worker(study, SPACE, tmp_path, train).work(None)
    assert Counter(seen) == Counter([*map(key, SPACE.grid()), seen[2]])


def test_a_point_that_makes_no_sense_is_told_and_the_others_are_trained(tmp_path: Path) -> None:
    study, seen = study_of(tmp_path), []

    def check(point: Any) -> None:
        if point == SPACE.grid()[0]:
            raise UsageError("No.")

    def train(point: Any, report: Any) -> float:
        seen.append(point)
        return 1.0

    worker = Worker(study, SPACE, tmp_path, train, check)
    worker.work(None)
    assert seen == SPACE.grid()[1:]
    assert len(worker.trained) == len(seen)
    assert [trial.user_attrs.get("error") for trial in study.trials if trial.state == TrialState.FAIL] == ["No."]


def test_an_error_of_the_training_ends_the_worker_and_leaves_the_point_to_the_next(tmp_path: Path) -> None:
    study, seen = study_of(tmp_path), []

    def train(point: Any, report: Any) -> float:
        seen.append(key(point))
        if len(seen) == 2:
            raise UsageError("The disk is full.")
        return 1.0

    with pytest.raises(UsageError, match="The disk is full"):
        Worker(study, SPACE, tmp_path, train).work(None)
    assert len(seen) == 2
    assert not any("error" in trial.user_attrs for trial in study.trials)
    Worker(study, SPACE, tmp_path, train).work(None)
    assert Counter(seen) == Counter([*map(key, SPACE.grid()), seen[1]])


def test_a_stop_in_a_range_leaves_the_very_point_to_the_next(storage: str, tmp_path: Path) -> None:
    space, seen = Space({"explainer": ["saliency"], "offset": ["0..0.33339"]}), []
    study = opened(storage, "sweep", "the same", "tpe", space, 5)

    def train(point: Any, report: Any) -> float:
        seen.append(key(point))
        if len(seen) == 3:
            raise KeyboardInterrupt
        return 1.0

    with pytest.raises(KeyboardInterrupt):
        Worker(study, space, tmp_path, train).work(5)
    Worker(study, space, tmp_path, train).work(5)
    assert seen[3] == seen[2]
    assert len(set(seen)) == 5
    assert len(seen) == 6


def test_a_killed_worker_s_point_of_a_range_is_taken_up_again(storage: str, tmp_path: Path) -> None:
    space, seen = Space({"offset": ["0..1"]}), []
    study = opened(storage, "sweep", "the same", "tpe", space, 1)
    trial = study.ask()
    point = space.suggested(trial)
    trial.set_user_attr("point", point)
    trial.set_user_attr("worker", "dead")
    (tmp_path / "workers").mkdir()
    (tmp_path / "workers" / "dead").touch()

    def train(point: Any, report: Any) -> float:
        seen.append(point)
        return 1.0

    Worker(study, space, tmp_path, train).work(1)
    assert seen == [point]


def test_a_search_in_which_nothing_makes_sense_ends(tmp_path: Path) -> None:
    study = opened(str(tmp_path / "a.journal"), "sweep", "the same", "random", SPACE, 3)

    def check(point: Any) -> None:
        assert len(study.trials) <= 3
        raise UsageError("No.")

    Worker(study, SPACE, tmp_path, lambda point, report: 1.0, check).work(3)
    assert [trial.state for trial in study.trials] == [TrialState.FAIL] * 3


@pytest.mark.parametrize("prune", [False, True])
def test_nothing_is_given_up_unless_asked_for(prune: bool, tmp_path: Path) -> None:
    study = study_of(tmp_path, prune=prune)
    began: list[Any] = []

    def train(point: Any, report: Any) -> float:
        began.append(point)
        for step in range(1, 4):
            report(step, float(len(began)))
        return float(len(began))

    Worker(study, SPACE, tmp_path, train).work(None)
    states = Counter(trial.state for trial in study.trials)
    assert bool(states[TrialState.PRUNED]) == prune
    assert states[TrialState.COMPLETE] + states[TrialState.PRUNED] == len(SPACE.grid())


def test_a_sweep_of_another_configuration_is_refused(tmp_path: Path) -> None:
    study_of(tmp_path)
    with pytest.raises(UsageError, match="`name` should be a sweep of the same configuration"):
        opened(str(tmp_path / "a.journal"), "sweep", "another", "grid", SPACE)
    opened(str(tmp_path / "a.journal"), "another", "another", "grid", SPACE)


def test_another_configuration_is_refused_even_if_it_is_only_being_made(tmp_path: Path) -> None:
    backend = optuna.storages.journal.JournalFileBackend(str(tmp_path / "a.journal"))
    making = optuna.create_study(study_name="sweep", storage=optuna.storages.JournalStorage(backend))

    def rest() -> None:
        making.set_user_attr("configuration", "another")
        making.set_user_attr("queued", True)

    later = threading.Timer(0.5, rest)
    later.start()
    with pytest.raises(UsageError, match="`name` should be a sweep of the same configuration"):
        study_of(tmp_path)
    later.join()


@pytest.mark.parametrize("content", [b"my notes", b"1\n2\n", b"[1]\n", b'{"a": 1}\n', b"\xff\xd8\n"])
def test_a_file_of_the_user_s_own_is_left_alone(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.journal").write_bytes(content)
    with pytest.raises(UsageError, match="`storage` should be the journal of a sweep or a new file"):
        study_of(tmp_path)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [content]


def test_an_empty_file_becomes_a_journal(tmp_path: Path) -> None:
    (tmp_path / "a.journal").touch()
    assert len(study_of(tmp_path).trials) == len(SPACE.grid())


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"sampler": "bayes"}, "`sampler` should be grid, tpe or random. Found 'bayes'"),
        ({"sampler": "tpe"}, "`trials` should say how many for --sampler tpe"),
        ({"space": Space({"offset": ["0..1"]})}, "`sampler` should be tpe or random where there is a range"),
        ({"storage": "/proc/nowhere/a.journal"}, "`storage` should be a file that can be written or a database URL"),
        (
            {"storage": "mysql://me:secret@host/sweeps"},
            r'Found mysql://me:\*\*\*@host/sweeps: it needs MySQLdb. Install it with: pip install "mysqlclient"',
        ),
        ({"storage": "postgresql://me:sec@ret@host/sweeps"}, r"Found postgresql://me:\*\*\*@host/sweeps: it "),
        ({"storage": "postgresql://me:secret@host:port/sweeps"}, "it does not read DIALECT://USER:PASSWORD@HOST:PORT/"),
        ({"storage": "nothing://me:secret@host/sweeps"}, "Can't load plugin"),
    ],
)
def test_mistakes(how: dict[str, Any], message: str, tmp_path: Path) -> None:
    asked = {
        "storage": str(tmp_path / "a.journal"),
        "name": "sweep",
        "configuration": "",
        "sampler": "grid",
        "space": SPACE,
    }
    with pytest.raises(UsageError, match=message) as caught:
        opened(**(asked | how))
    assert not re.search("sec|ret@", str(caught.value))
