"""Several processes share a run: each trial is trained once, and all is as in one process, to the bit."""

import itertools
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import accelerate
import pytest

from xaigrad.benchmarks.study import processes
from xaigrad.benchmarks.study.folder import read
from xaigrad.benchmarks.study.processes import Process, mine, share

from . import small

pytestmark = pytest.mark.usefixtures("single")
ASKED = "compare --lr 2e-4 --explainer saliency --controls none --epochs 1 --seeds 4 --evaluated 100"


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A run of one process, and one of two by torchrun."""
    folder = tmp_path_factory.mktemp("processes")
    threads = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    launchers = {
        "one": ["-m", "xaigrad"],
        "two": ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "-m", "xaigrad"],
    }
    for name, words in launchers.items():
        done = subprocess.run(
            [sys.executable, *words, *ASKED.split(), "--out", str(folder / name)],
            env=threads,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("report.html") == 1
    return folder / "one", folder / "two"


def measured(folder: Path) -> dict[Any, Any]:
    found = read(folder)
    records = [*found.starts, *found.epochs, *found.done]
    return {
        (one["kind"], one["trial"], one.get("epoch")): {name: value for name, value in one.items() if name != "seconds"}
        for one in records
    }


def test_two_processes_give_the_same_metrics_and_weights(both: tuple[Path, Path]) -> None:
    one, two = map(measured, both)
    assert len(one) == 3 * 4 * 2
    assert one == two


def test_each_process_trains_seeds_of_its_own(both: tuple[Path, Path]) -> None:
    _, two = both
    first, second = ((two / name).read_text().splitlines() for name in ("results.jsonl", "results-0001.jsonl"))
    assert len(first) == len(second) == 3 * 2 * 2
    assert {line.count('"seed": 0') for line in second} == {0}


class State:
    num_processes = 3


def test_work_is_shared_out_whole() -> None:
    parts = [share(list(range(10)), Process(number, State())) for number in range(3)]
    assert sorted(itertools.chain(*parts)) == list(range(10))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_a_process_takes_the_gpu_that_it_was_given() -> None:
    class OnGpu(State):
        device = "cuda:1"

    assert Process(1, OnGpu()).device("cuda") == "cuda:1"
    assert Process(1, OnGpu()).device("cpu") == "cpu"
    assert Process().device("cuda") == "cuda"


def test_processes_wait_for_each_other_for_as_long_as_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    class Waiting(State):
        process_index = 1

        def __init__(self, timeout: timedelta, **how: Any) -> None:
            assert timeout > timedelta(days=30)

    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setattr(accelerate, "PartialState", Waiting)
    assert mine("cpu").number == 1


def test_all_write_into_the_folder_that_the_first_process_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Agreeing(Process):
        def agreed(self, value: Any) -> Any:
            return tmp_path / "first"

    monkeypatch.setattr(processes, "mine", lambda device: Agreeing())
    small.train(tmp_path / "second", small.plan(epochs=1, seeds=(0,), arms=small.arms()[:1]))
    assert len(read(tmp_path / "first").done) == 1
    assert not (tmp_path / "second").exists()
