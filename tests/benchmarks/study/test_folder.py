"""A run folder is only ever added to: torn lines, full disks, second writers and other runs lose nothing."""

import json
import os
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from xaigrad.benchmarks.errors import UsageError
from xaigrad.benchmarks.study import folder
from xaigrad.benchmarks.study.folder import RunFolder, read

DETERMINED: dict[str, Any] = {
    "data": {"digit": 7},
    "plan": {"seeds": [0, 1], "arms": [{"name": "standard"}, {"name": "saliency"}]},
    "extractor": "lenet",
    "code": {"pair": "0123"},
    "torch": "2.13.0",
    "threads": 1,
}
FACTS: dict[str, Any] = {"determined_by": DETERMINED}


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    folder.create(tmp_path / "run", FACTS)
    return tmp_path / "run"


def epoch(number: int, trial: str = "one", **figures: Any) -> dict[str, Any]:
    return {"kind": "epoch", "trial": trial, "epoch": number, **figures}


def test_what_was_added_is_read(path: Path) -> None:
    with closing(RunFolder(path)) as run:
        run.add({"kind": "start", "trial": "one"})
        run.add(epoch(1, fid=float("nan"), scores={"kid": float("inf"), "fid": 1.5}))
        assert not run.is_done("one")
        run.add({"kind": "done", "trial": "one"})
        assert run.is_done("one")
    found = read(path)
    assert found.facts == {"format": 1, **FACTS}
    assert found.starts == [{"kind": "start", "trial": "one"}]
    assert found.epochs == [epoch(1, fid=None, scores={"kid": None, "fid": 1.5})]
    assert found.done == [{"kind": "done", "trial": "one"}]


def test_of_two_records_of_an_epoch_the_later_counts_and_the_same_is_not_repeated(path: Path) -> None:
    with closing(RunFolder(path)) as run:
        for record in (epoch(1), epoch(2), epoch(1, seconds=9), epoch(1, fid=3.0)):
            run.add(record)
    assert len((path / "results.jsonl").read_text().splitlines()) == 3
    assert read(path).epochs == [epoch(1, fid=3.0), epoch(2)]
    with closing(RunFolder(path)) as run:
        run.add(epoch(1, fid=3.0))
    assert len((path / "results.jsonl").read_text().splitlines()) == 3


@pytest.mark.parametrize("torn", [b"{", b'{"kind": "epoch", "trial": "one", "epoch": 2, "fid": 1.0}'])
def test_a_torn_line_is_not_read_and_is_cut_off(path: Path, torn: bytes) -> None:
    with closing(RunFolder(path)) as run:
        run.add(epoch(1))
    with (path / "results.jsonl").open("ab") as file:
        file.write(torn)
    assert read(path).epochs == [epoch(1)]
    with closing(RunFolder(path)) as run:
        run.add(epoch(2))
    assert read(path).epochs == [epoch(1), epoch(2)]


def test_every_process_adds_to_a_file_of_its_own_and_knows_the_others(path: Path) -> None:
    with closing(RunFolder(path)) as first, closing(RunFolder(path, 1)) as second:
        first.add({"kind": "done", "trial": "one"})
        second.add({"kind": "done", "trial": "two"})
    assert sorted(found.name for found in path.glob("results*")) == ["results-0001.jsonl", "results.jsonl"]
    assert [done["trial"] for done in read(path).done] == ["two", "one"]
    with closing(RunFolder(path, 2)) as third:
        assert third.is_done("one")
        assert third.is_done("two")


def test_a_second_writer_is_refused(path: Path) -> None:
    with closing(RunFolder(path)), pytest.raises(UsageError, match="is being written by another process"):
        RunFolder(path)
    RunFolder(path).close()


@pytest.mark.parametrize("written", [0, 7])
def test_a_full_disk_leaves_whole_lines(path: Path, written: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether nothing of a line could be written, or a part of it."""
    write = os.write

    def full(file: int, content: bytes) -> int:
        return write(file, content[:written])

    with closing(RunFolder(path)) as run:
        run.add(epoch(1))
        before = (path / "results.jsonl").read_bytes()
        with monkeypatch.context() as patched:
            patched.setattr(os, "write", full)
            with pytest.raises(UsageError, match=r"No space left on device.*make room and go on with --resume"):
                run.add(epoch(2))
        assert (path / "results.jsonl").read_bytes() == before
        run.add(epoch(2))
    assert read(path).epochs == [epoch(1), epoch(2)]


def test_a_folder_that_exists_is_not_overwritten(path: Path) -> None:
    with pytest.raises(UsageError, match=r"should be a new folder. Found .*--resume"):
        folder.create(path, FACTS)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"data": {"digit": 3}}, "data.digit is 7, not 3"),
        ({"plan": {**DETERMINED["plan"], "seeds": [0, 1, 2]}}, "plan.seeds is [0, 1], not [0, 1, 2]"),
        (
            {"plan": {**DETERMINED["plan"], "arms": [{"name": "standard"}, {"name": "lime"}]}},
            "plan.arms.1.name is 'saliency', not 'lime'",
        ),
        ({"torch": "2.14.0"}, "torch is '2.13.0', not '2.14.0'"),
        ({"threads": 2}, "threads is 1, not 2"),
        ({"code": {"pair": "4567"}}, "code.pair is '0123', not '4567'"),
        ({"code": {}}, "code.pair is '0123', not None"),
        ({"extractor": "other"}, "extractor is 'lenet', not 'other'"),
    ],
)
def test_a_run_of_another_configuration_is_refused(path: Path, change: dict[str, Any], words: str) -> None:
    folder.check_same(path, FACTS)
    with pytest.raises(UsageError, match=re.escape(words)):
        folder.check_same(path, {"determined_by": {**DETERMINED, **change}})


def test_a_trial_that_starts_from_other_weights_is_refused(path: Path) -> None:
    start = {"kind": "start", "trial": "one", "paired": "0123"}
    with closing(RunFolder(path)) as run:
        run.check_start(start)
        run.add(start)
    with closing(RunFolder(path)) as run:
        run.check_start(start)
        with pytest.raises(UsageError, match="its networks were changed since"):
            run.check_start({**start, "paired": "4567"})


def test_other_folders_are_refused(path: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There should be a folder of a run"):
        read(tmp_path)
    (path / "run.json").write_text(json.dumps({"format": 2}))
    with pytest.raises(UsageError, match=r"should be of format 1. Found 2"):
        read(path)


def test_a_damaged_line_is_told(path: Path) -> None:
    (path / "results.jsonl").write_text('{"kind": "epo\n')
    with pytest.raises(UsageError, match="should hold a JSON object in each line"):
        read(path)
