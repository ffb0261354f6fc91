"""A run that is killed at any moment and resumed ends in the bits of one that was not; nothing is lost or doubled."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console
from safetensors.torch import load_file

from xaigrad.benchmarks.errors import UsageError
from xaigrad.benchmarks.models import MODELS
from xaigrad.benchmarks.study import checkpoint, run
from xaigrad.benchmarks.study.folder import Run, read
from xaigrad.benchmarks.study.measures import measures_of
from xaigrad.benchmarks.study.plan import STANDARD, Arm
from xaigrad.benchmarks.study.trial import TrialUnderWay

from . import small

pytestmark = pytest.mark.usefixtures("single")
KILLS = 24


class StoppedError(Exception):
    pass


def bits(path: Path) -> dict[str, Any]:
    """Everything of a run but its times."""
    found = read(path)
    return {
        "records": {
            (record["kind"], record["trial"], record.get("epoch")): {
                key: value for key, value in record.items() if key != "seconds"
            }
            for record in [*found.starts, *found.epochs, *found.done]
        },
        "weights": {
            file.name: {name: value.numpy().tobytes() for name, value in load_file(file).items()}
            for file in sorted((path / "weights").iterdir())
        },
        "samples": {
            str(file.relative_to(path)): file.read_bytes() for file in sorted((path / "samples").rglob("*.png"))
        },
        "left": [file.name for file in (path / "checkpoints").iterdir()],
    }


@contextmanager
def cut_off(after: int, error: type[BaseException], monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Cut a run off instead of an epoch of a trial; yield the epochs that trials had before each of theirs."""
    advance, begun = TrialUnderWay.advance, []

    def stopping(trial: TrialUnderWay) -> dict[str, Any]:
        begun.append(trial.epoch)
        if len(begun) == after:
            raise error
        return advance(trial)

    with monkeypatch.context() as patched:
        patched.setattr(TrialUnderWay, "advance", stopping)
        yield begun


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    out = tmp_path_factory.mktemp("whole") / "run"
    small.train(out)
    found = bits(out)
    trials = 2 * len(small.arms())
    assert [sum(key[0] == kind for key in found["records"]) for kind in ("start", "epoch", "done")] == [
        trials,
        3 * trials,
        trials,
    ]
    assert found["left"] == []
    assert len(found["weights"]) == 2 * trials
    return found


def test_two_runs_are_the_same(whole: dict[str, Any], tmp_path: Path) -> None:
    small.train(tmp_path / "run", interval=0.0)
    assert bits(tmp_path / "run") == whole


def test_killed_at_random_moments(whole: dict[str, Any], tmp_path: Path) -> None:
    """By SIGKILL, which no process can catch; the last of the processes is left alone."""
    out = tmp_path / "run"
    script = Path(small.__file__).with_name("killed.py")
    done = subprocess.run(
        [sys.executable, str(script), str(out), str(KILLS)], capture_output=True, text=True, timeout=1200, check=False
    )
    assert done.returncode == 0, done.stderr
    killed = json.loads(done.stdout.splitlines()[-1])
    assert killed["in the middle"] >= 20
    assert bits(out) == whole


@pytest.mark.parametrize("model", MODELS)
def test_every_model_resumes(model: str, tmp_path: Path) -> None:
    """Its optimizers, its counts, dropout and BatchNorm included; the critic is then in the middle of its turns."""
    side = MODELS[model].side
    digits = small.DIGITS.resized(side)
    plan = small.plan(epochs=2, model=model, arms=[Arm(STANDARD, kind="standard"), small.arms()[2]], seeds=(0,))
    [standard, guided] = next(iter(plan.groups()))
    measures = measures_of(plan, digits, "cpu")
    for trial in (standard, guided):
        straight = TrialUnderWay(trial, plan, digits, measures)
        straight.advance()
        checkpoint.save(tmp_path / "a.safetensors", straight.state_dict())
        straight.advance()
        resumed = TrialUnderWay(trial, plan, digits, measures)
        torch.randn(3)
        resumed.load_state_dict(checkpoint.load(tmp_path / "a.safetensors"))
        resumed.advance()
        found, wanted = (one.finish() for one in (resumed, straight))
        assert found | {"seconds": 0} == wanted | {"seconds": 0}


def test_the_last_masks_are_kept_where_the_guidance_has_ended(tmp_path: Path) -> None:
    [arm] = [arm for arm in small.arms() if arm.name == "ending"]
    plan = small.plan(arms=[arm], seeds=(0,))
    [trial], measures = plan.groups()[0], measures_of(plan, small.DIGITS, "cpu")
    straight, resumed = (TrialUnderWay(trial, plan, small.DIGITS, measures) for _ in range(2))
    straight.advance()
    checkpoint.save(tmp_path / "a.safetensors", straight.state_dict())
    resumed.load_state_dict(checkpoint.load(tmp_path / "a.safetensors"))
    for one in (straight, resumed):
        one.advance()
    found, expected = (one.last_masks(5) for one in (resumed, straight))
    assert found is not None
    assert expected is not None
    assert torch.equal(found["masks"], expected["masks"])
    assert torch.equal(found["samples"], expected["samples"])
    assert len(found["masks"]) == 5


def test_a_run_stopped_between_checkpoint_and_results_goes_on(
    whole: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, save, saved = tmp_path / "run", checkpoint.save, []

    def stopping(path: Path, state: Any) -> None:
        save(path, state)
        saved.append(path)
        if len(saved) == 5:
            raise StoppedError

    with monkeypatch.context() as patched:
        patched.setattr(checkpoint, "save", stopping)
        with pytest.raises(StoppedError):
            small.train(out, interval=0.0)
    small.train(out, interval=0.0, resume=True)
    assert bits(out) == whole


def test_a_run_stopped_between_a_trial_s_end_and_the_removal_of_its_checkpoint_leaves_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = small.plan(epochs=1, seeds=(0,), arms=small.arms()[:2])

    def stopping(path: Path) -> None:
        raise StoppedError

    with monkeypatch.context() as patched:
        patched.setattr(checkpoint, "remove", stopping)
        with pytest.raises(StoppedError):
            small.train(tmp_path / "run", plan, interval=0.0)
    assert len(read(tmp_path / "run").done) == 1
    assert len(list((tmp_path / "run" / "checkpoints").iterdir())) == 2
    small.train(tmp_path / "run", plan, interval=0.0, resume=True)
    assert list((tmp_path / "run" / "checkpoints").iterdir()) == []


@pytest.mark.parametrize("name", ["SayingTraining", "PoolTraining"])
def test_a_training_of_ones_own_goes_on_or_starts_anew(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = f"{Path(small.__file__).resolve()}:{name}"
    plan = small.plan(model=model, arms=[small.arms()[0], small.arms()[2]], seeds=(0,))
    for folder in ("whole", "cut"):
        (tmp_path / folder).mkdir()
    small.train(tmp_path / "whole" / "run", plan)
    out = tmp_path / "cut" / "run"
    with cut_off(5, StoppedError, monkeypatch), pytest.raises(StoppedError):
        small.train(out, plan, interval=0.0)
    with cut_off(1, StoppedError, monkeypatch) as begun, pytest.raises(StoppedError):
        small.train(out, plan, interval=0.0, resume=True)
    assert begun == [2 if name == "SayingTraining" else 0]
    small.train(out, plan, interval=0.0, resume=True)
    assert bits(out) == bits(tmp_path / "whole" / "run")
    said = (
        (tmp_path / "cut" / "shown.txt")
        .read_text()
        .count("No checkpoints: the training has no methods state_dict and load_")
    )
    assert said == (0 if name == "SayingTraining" else 3)


def test_a_damaged_checkpoint_is_told_and_nothing_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "run"
    with monkeypatch.context() as patched, suppress(StoppedError):
        patched.setattr(TrialUnderWay, "finish", lambda _: (_ for _ in ()).throw(StoppedError))
        small.train(out, small.plan(epochs=1, seeds=(0,)), interval=0.0)
    damaged = out / "checkpoints" / "small--standard--seed0.safetensors"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    before = (out / "results.jsonl").read_bytes()
    with pytest.raises(UsageError, match=r"is damaged or of another version. Delete that file"):
        small.train(out, small.plan(epochs=1, seeds=(0,)), resume=True)
    assert (out / "results.jsonl").read_bytes() == before
    damaged.unlink()
    small.train(out, small.plan(epochs=1, seeds=(0,)), resume=True)
    assert len(read(out).done) == len(small.arms())


def test_another_plan_is_refused(tmp_path: Path) -> None:
    small.train(tmp_path / "run", small.plan(epochs=1, seeds=(0,)))
    before = {path: path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()}
    with pytest.raises(UsageError, match=r"plan.seeds is \[0\], not \[0, 1\]"):
        small.train(tmp_path / "run", small.plan(epochs=1), resume=True)
    with pytest.raises(UsageError, match="should be a new folder"):
        small.train(tmp_path / "run", small.plan(epochs=1, seeds=(0,)))
    assert before == {path: path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()}
    small.train(tmp_path / "run", small.plan(epochs=1, seeds=(0,)), resume=True)
    assert len(read(tmp_path / "run").done) == len(small.arms())


def test_the_arms_of_a_seed_are_paired(tmp_path: Path) -> None:
    small.train(tmp_path / "run", small.plan(epochs=2))
    found: Run = read(tmp_path / "run")
    for seed in (0, 1):
        starts = {start["arm"]: start["paired"] for start in found.starts if start["seed"] == seed}
        assert len(set(starts.values())) == 1
        for epoch in (1, 2):
            draws = {one["arm"]: one["draws"] for one in found.epochs if (one["seed"], one["epoch"]) == (seed, epoch)}
            twin = draws.pop("standard-again")
            assert len(set(draws.values())) == 1
            assert twin not in draws.values()
    assert len({start["paired"] for start in found.starts}) == 2
    weights = {done["weights"] for done in found.done}
    assert len(weights) == len(found.done)


def test_a_stop_by_the_user_leaves_a_run_that_goes_on(
    whole: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C, and with no checkpoint yet: all is trained again, and no line is doubled."""
    out = tmp_path / "run"
    with cut_off(20, KeyboardInterrupt, monkeypatch), pytest.raises(KeyboardInterrupt):
        small.train(out)
    assert len(read(out).epochs) == 19
    small.train(out, resume=True)
    assert bits(out) == whole


def test_a_picture_that_cannot_be_written_ends_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a full disk; room made, the run goes on."""
    out, write = tmp_path / "run", checkpoint.write

    def full(path: Path, content: bytes) -> None:
        if path.suffix == ".png":
            monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        write(path, content)

    planned = small.plan(epochs=1, seeds=(0,))
    with monkeypatch.context() as patched:
        patched.setattr(checkpoint, "write", full)
        with pytest.raises(UsageError, match="cannot be written: No space left on device"):
            small.train(out, planned)
    monkeypatch.undo()
    small.train(out, planned, resume=True)
    assert (out / "samples" / "real.png").exists()
    assert len(read(out).done) == len(small.arms())


def test_networks_that_were_changed_since_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = Path(small.__file__).read_text()
    mine = tmp_path / "mine.py"
    mine.write_text(code)
    planned = small.plan(epochs=1, seeds=(0,), model=f"{mine}:make_pair")
    brought = {"preset": None, "digit": None, "own": {"pair": f"{mine}:make_pair"}}

    def train(resume: bool) -> None:
        with (tmp_path / "shown.txt").open("a") as shown:
            run.run(planned, small.DIGITS, tmp_path / "run", Console(file=shown), brought, resume=resume)

    train(resume=False)
    train(resume=True)
    mine.write_text(code.replace("nn.ReLU()", "nn.Tanh()"))
    with pytest.raises(UsageError, match=r"code\.pair is"):
        train(resume=True)
