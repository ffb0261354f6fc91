"""Trials are saved when it is time; where that cannot be it is said once, and what lies there is not used."""

from collections.abc import Callable, Iterator
from contextlib import closing
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from xaigrad.benchmarks.study import checkpoint
from xaigrad.benchmarks.study.folder import RunFolder, create
from xaigrad.benchmarks.study.saving import Saving


class UnderWay:
    """A trial whose state is what it was given."""

    def __init__(self, name: str, state: Any = None) -> None:
        self.trial = SimpleNamespace(name=name)
        self.state = state

    def state_dict(self) -> Any:
        return self.state

    def load_state_dict(self, state: Any) -> None:
        self.state = state


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[RunFolder]:
    create(tmp_path / "run", {})
    with closing(RunFolder(tmp_path / "run")) as found:
        yield found


def saving(folder: RunFolder, obstacle: Callable[[], str | None] = lambda: None, interval: float = 0.0) -> Any:
    shown = StringIO()
    return Saving(folder, interval, obstacle, Console(file=shown, width=40)), shown


def loaded(folder: RunFolder, name: str) -> Any:
    under_way: Any = UnderWay(name, "new")
    saving(folder)[0].load(under_way)
    return under_way.state


def test_a_trial_is_saved_and_gone_on_with(folder: RunFolder) -> None:
    saves, shown = saving(folder)
    one: Any = UnderWay("one", 1)
    saves.load(one)
    assert one.state == 1
    one.state = 2
    saves.save(one)
    assert (loaded(folder, "one"), loaded(folder, "two")) == (2, "new")
    assert not shown.getvalue()


def test_not_before_it_is_time(folder: RunFolder) -> None:
    saves, _ = saving(folder, interval=1e6)
    one: Any = UnderWay("one", 1)
    saves.load(one)
    saves.save(one)
    assert loaded(folder, "one") == "new"


def test_an_obstacle_is_asked_for_once_and_said_once(folder: RunFolder) -> None:
    checkpoint.save(folder.checkpoint("one"), "old")
    asked: list[int] = []

    def obstacle() -> str:
        asked.append(1)
        return "[nobody] knows"

    saves, shown = saving(folder, obstacle)
    assert not asked
    one, two = UnderWay("one", "new"), UnderWay("two")
    for trial in (one, two):
        saves.load(trial)
        saves.save(trial)
    assert asked == [1]
    assert one.state == "new"
    assert loaded(folder, "two") == "new"
    assert shown.getvalue().count("No checkpoints: [nobody] knows.") == 1


def test_what_cannot_be_saved_any_more_is_said_and_leaves_what_was_saved(folder: RunFolder) -> None:
    saves, shown = saving(folder)
    one, two = UnderWay("one", 1), UnderWay("two", 1)
    for trial in (one, two):
        saves.load(trial)
        saves.save(trial)
        trial.state = {"a": object()}
        saves.save(trial)
    assert (loaded(folder, "one"), loaded(folder, "two")) == (1, "new")
    assert shown.getvalue().count("No checkpoints: the state holds an object of type object.") == 1
