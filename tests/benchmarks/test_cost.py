"""The cost of a guidance: whole steps in turn, figures that are those of the timings, files whole after each row.

Nothing here asserts a speed.
"""

import csv
import functools
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from xaigrad import Guidance, XAIGuidedGenerator
from xaigrad.benchmarks import choices, cli, cost, cost_run, cost_table, peers, readme
from xaigrad.benchmarks.cost import Cost, Metered, Spread, Steps, measure
from xaigrad.benchmarks.errors import UsageError
from xaigrad.benchmarks.memory import peak_bytes
from xaigrad.benchmarks.setting import Setting
from xaigrad.benchmarks.training import Training
from xaigrad.explainers import (
    Context,
    DeepShap,
    ExpectedGradients,
    GradCam,
    IntegratedGradients,
    KernelShap,
    Lime,
    Occlusion,
    Saliency,
    Score,
    SmoothGrad,
)
from xaigrad.integrations import dcgan, mlp
from xaigrad.schedules import Constant

IMAGES = torch.rand(40, 1, 28, 28, generator=torch.Generator().manual_seed(3)) * 2 - 1
CPU = torch.device("cpu")
PEERS = ["captum-saliency", "captum-deep-shap", "per-sample-loop", "shap-deep"]
pytestmark = pytest.mark.usefixtures("single")


real_images = functools.cache(cost_run._images)


@pytest.fixture(autouse=True)
def read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost_run, "_images", real_images)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time single steps, after one to warm up."""
    monkeypatch.setattr(cost, "LEAST_SECONDS", 0.0)
    monkeypatch.setattr(cost, "WARM_UP", 1)


def asked(out: Path, *arguments: str) -> list[str]:
    return ["cost", "--model", "mlp", "--batch", "4", "--pairs", "2", *arguments, "--out", str(out)]


def read(out: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((out / "cost.json").read_text())
    return record


@pytest.mark.usefixtures("quick")
def test_command_measures_shows_and_saves(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "cost"
    assert not cli.main(asked(out, "--explainer", "saliency", "--explainer", "deep-shap:2"))
    shown = capsys.readouterr().out
    record = read(out)
    assert record["finished"]
    assert record["asked"] == {"model": "mlp", "batch": 4, "pairs": 2, "device": "cpu", "images": 1000}
    assert record["machine"]["threads"] == torch.get_num_threads()
    assert record["versions"]["torch"] == torch.__version__
    assert [row["explainer"] for row in record["rows"]] == ["standard", "saliency", "deep-shap:2"]
    assert [row["kind"] for row in record["rows"]] == ["control", "xaigrad", "xaigrad"]
    lines = shown.splitlines()
    for row in record["rows"]:
        assert row["status"] == "measured"
        assert len(row["standard_seconds"]) == len(row["guided_seconds"]) == len(row["ratios"]) == 2
        assert row["memory"] == row["guided_peak_mib"] / row["standard_peak_mib"]
        (line,) = [line for line in lines if line.startswith(f"mlp   {row['explainer']} ")]
        assert line.split() == [cell for cell in cost_table.cells(row) if cell]
    assert record["rows"][0]["memory"] == 1
    negative = 4 * 4 * 28 * 28 / 2**20  # Saliency's, of the gradient.
    assert record["rows"][2]["explainer_peak_mib"] > record["rows"][1]["explainer_peak_mib"] == negative
    assert (out / "cost.png").read_bytes()[1:4] == b"PNG"
    assert sorted(path.name for path in out.iterdir()) == ["cost.csv", "cost.json", "cost.png"]


@pytest.mark.usefixtures("quick")
def test_csv_is_the_json(tmp_path: Path) -> None:
    out = tmp_path / "cost"
    assert cli.main(asked(out, "--explainer", "saliency", "--explainer", "grad-cam:layers.4")) == 1
    rows = list(csv.DictReader((out / "cost.csv").read_text().splitlines()))
    assert tuple(rows[0]) == cost_table.CSV_COLUMNS
    for one, other in zip(rows, read(out)["rows"], strict=True):
        assert (one["model"], one["explainer"], one["status"]) == (other["model"], other["explainer"], other["status"])
        if other["status"] == "measured":
            assert int(one["pairs"]) == len(other["ratios"])
            for name, value in other["time"].items():
                assert float(one[f"time_{name}"]) == value
            for name in ("standard_ms", "guided_ms", "guided_peak_mib", "explainer_peak_mib", "memory", "steps"):
                assert float(one[name]) == other[name]
        else:
            assert one["time_median"] == one["memory"] == ""


def test_ratios_are_those_of_the_pairs() -> None:
    timed = Cost(4, [1.0, 2.0, 4.0], [2.0, 3.0, 10.0], 100 * 2**20, 150 * 2**20, 25 * 2**20)
    record = timed.record()
    assert record["ratios"] == [2.0, 1.5, 2.5]
    assert record["time"] == {
        "median": 2.0,
        "low_quartile": 1.75,
        "high_quartile": 2.25,
        "least": 1.5,
        "greatest": 2.5,
    }
    assert (record["memory"], record["explainer_peak_mib"]) == (1.5, 25)
    assert Spread.of([3.0]) == Spread(3.0, 3.0, 3.0, 3.0, 3.0)


def test_standard_and_guided_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []

    class Scripted:
        def __init__(self, setting: Setting, images: Tensor, guidance: Guidance | None = None) -> None:
            self.name = "standard" if guidance is None else "guided"
            self.explanations = 0

        def run(self, steps: int) -> float:
            order.append(f"{self.name} {steps}")
            self.explanations += steps if self.name == "guided" else 0
            return 0.02 if self.name == "standard" else 0.03

    monkeypatch.setattr(cost, "Steps", Scripted)
    monkeypatch.setattr(cost, "peak_bytes", lambda device, prepare: 1)
    measured = measure(Setting(batch=4), IMAGES, Guidance(), pairs=3)
    assert measured.steps == 3  # The fewest of 20 ms that last 50 ms.
    timed = ["standard 3", "guided 3", "guided 3", "standard 3", "standard 3", "guided 3"]
    assert order[3 : 3 + len(timed)] == timed
    assert measured.ratios == pytest.approx([1.5] * 3)


@pytest.mark.parametrize("model", ["mlp", "dcgan"])
def test_steps_are_those_of_the_training(model: str) -> None:
    setting = Setting(model=model, batch=40)  # All of the images, so that both draw the same batch.
    training, steps = Training(setting, IMAGES), Steps(setting, IMAGES)
    idle = Steps(setting, IMAGES, Guidance(schedule=Constant(0.0)))
    training.epoch()
    steps.run(1)
    idle.run(1)
    assert idle.explanations == 0
    for one in (steps, idle):
        for name in ("generator", "discriminator"):
            expected = getattr(training, name).state_dict()
            assert all(torch.equal(value, expected[key]) for key, value in getattr(one, name).state_dict().items())


@pytest.mark.usefixtures("quick")
def test_measuring_leaves_the_random_state_alone_and_explains_every_step() -> None:
    calls = []

    def explain(score: Score, samples: Tensor, context: Context) -> Tensor:
        calls.append(context.update)
        return torch.rand_like(samples)

    before = torch.get_rng_state()
    measure(Setting(batch=4), IMAGES, Guidance(explain), pairs=2)
    assert torch.equal(before, torch.get_rng_state())
    assert calls[:3] == [0, 1, 2]


@pytest.mark.usefixtures("quick")
def test_a_guidance_that_does_not_explain_is_no_measurement() -> None:
    rested = Guidance(schedule=lambda update: float(update < 2))
    with pytest.raises(RuntimeError, match="2 of 4 updates were explained"):
        measure(Setting(batch=4), IMAGES, rested, pairs=3)


def test_peak_counts_what_the_task_needs() -> None:
    size = 256
    stray = torch.ones(size, size)

    def prepare() -> Any:
        held = torch.ones(size, size)

        def task() -> None:
            product = held @ held
            (product + 1).add_(1)
            del product
            held.exp().log_()

        return task

    assert peak_bytes(CPU, prepare) == pytest.approx(3 * 4 * size**2, rel=0.01)
    assert peak_bytes(CPU, lambda: lambda: stray @ stray) == pytest.approx(4 * size**2, rel=0.01)


def test_peak_forgets_the_preparation_s_own_peak_and_earlier_profiles() -> None:
    size = 2**16
    kept: list[Tensor] = []
    peak_bytes(CPU, lambda: lambda: kept.append(torch.ones(size)))

    def prepare() -> Any:
        held = torch.ones(8 * size)[:4].clone()
        kept.clear()
        return lambda: held + torch.ones(size)[:4]

    assert peak_bytes(CPU, prepare) == pytest.approx(4 * size, rel=0.01)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_peak_on_a_gpu() -> None:
    device = torch.device("cuda")
    held = torch.ones(1024, 1024, device=device)
    assert peak_bytes(device, lambda: lambda: (held + 1).add_(1)) == 4 * 2**20
    setting = Setting(batch=4, device="cuda")
    measured = measure(setting, IMAGES, Guidance(DeepShap(IMAGES)), pairs=1)
    assert measured.guided_peak > measured.standard_peak > 0


def test_metered_explainer_is_the_explainer() -> None:
    @dataclass(frozen=True)
    class Wasteful:
        harvests: int = 3
        seen: list[int] = field(default_factory=list)

        def __call__(self, score: Score, samples: Tensor, context: Context) -> Tensor:
            self.seen.append(len(samples))
            return torch.ones(100, *samples.shape).mean(0)

    metered = Metered(Wasteful(), CPU)
    context = Context(torch.zeros(2, 50), 0, 0, torch.Generator())
    assert torch.equal(metered(lambda rows: rows.sum(1), torch.zeros(2, 50), context), torch.ones(2, 50))
    assert metered.peak == pytest.approx(101 * 2 * 50 * 4, rel=0.01)
    assert metered.harvests == 3
    assert Metered(Saliency(), CPU).fused


@pytest.mark.parametrize("library", ["captum", "shap"])
@pytest.mark.usefixtures("quick")
def test_a_missing_library_is_a_row_with_its_reason(
    library: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    peer = {"captum": "captum-saliency", "shap": "shap-deep:3"}[library]
    out = tmp_path / "cost"
    assert not cli.main(asked(out, "--explainer", peer))
    row = read(out)["rows"][-1]
    assert row["status"] == f'skipped: {library} is not installed (pip install "xaigrad[{library}]")'
    assert row["kind"] == "peer"
    assert row["status"] in capsys.readouterr().out
    assert f"{peer} (mlp) skipped: {library} is not installed" in cost_table.markdown(read(out))


@pytest.mark.usefixtures("quick")
def test_a_failing_explainer_does_not_stop_the_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "cost"
    assert cli.main(asked(out, "--explainer", "grad-cam:layers.99", "--explainer", "saliency")) == 1
    statuses = [row["status"] for row in read(out)["rows"]]
    assert [status.partition(":")[0] for status in statuses] == ["measured", "failed", "measured"]
    assert "layers.99" in statuses[1]
    assert statuses[1] in capsys.readouterr().out


def test_nothing_measured_leaves_whole_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*arguments: Any) -> Cost:
        raise MemoryError

    monkeypatch.setattr(cost_run, "measure", failing)
    out = tmp_path / "cost"
    assert cli.main(asked(out, "--explainer", "saliency")) == 1
    assert [row["status"] for row in read(out)["rows"]] == ["failed: MemoryError: "] * 2
    assert sorted(path.name for path in out.iterdir()) == ["cost.csv", "cost.json", "cost.png"]


@pytest.mark.usefixtures("quick")
def test_interrupted_keeps_what_was_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[Guidance | None] = []

    def interrupted(setting: Setting, images: Tensor, guidance: Guidance | None, *rest: Any) -> Cost:
        done.append(guidance)
        if len(done) > 2:
            raise KeyboardInterrupt
        return measure(setting, images, guidance, *rest)

    monkeypatch.setattr(cost_run, "measure", interrupted)
    out = tmp_path / "cost"
    assert cli.main(asked(out, "--explainer", "idle", "--explainer", "saliency")) == 130
    assert "stopped" in capsys.readouterr().err
    record = read(out)
    assert [row["explainer"] for row in record["rows"]] == ["standard", "idle"]
    assert not record["finished"]
    assert "interrupted" in cost_table.markdown(record)
    assert len((out / "cost.csv").read_text().splitlines()) == 3
    assert (out / "cost.png").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--explainer", "salience"], "Did you mean saliency?"),
        (["--explainer", "captum-deepshap"], "Did you mean captum-deep-shap?"),
        (["--explainer", "saliency:3"], "should read saliency. Found 'saliency:3'."),
        (["--explainer", "deep-shap:none"], "It stands in --explainer deep-shap:none."),
        (["--explainer", "shap-deep:1001"], "from 1 to the number of references, 1000. Found 1001."),
        (["--explainer", "grad-cam"], "should read grad-cam:LAYER."),
        (["--explainer", "none"], "Parameter `explainer` should be one of standard, idle, saliency"),
        (["--pairs", "0"], "Parameter `pairs` should be at least 1. Found 0."),
        (["--threads", "0"], "Parameter `threads` should be at least 1. Found 0."),
        (["--model", "biggan"], "Parameter `model` should be one of mlp, dcgan, both. Found 'biggan'."),
        (["--batch", "1"], "Parameter `batch` should be at least 2. Found 1."),
        (["--batch", "1001"], "Parameter `batch` should be at most the number of images, 1000."),
        (["--device", "quantum"], "which cannot be used here."),
        (["--pairs", "many"], "Invalid value for '--pairs'"),
    ],
)
def test_mistakes_are_one_line_and_write_nothing(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["cost", *arguments]) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("xaigrad: ")
    assert message in shown
    assert shown.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_an_existing_folder_is_left_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cost.json").write_text("precious")
    assert cli.main(asked(tmp_path)) == 2
    assert "which exists" in capsys.readouterr().err
    assert (tmp_path / "cost.json").read_text() == "precious"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.usefixtures("quick")
def test_threads_are_set_for_the_run_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    during: list[int] = []

    def counted(*arguments: Any) -> Cost:
        during.append(torch.get_num_threads())
        return Cost(1, [1.0], [1.0], 1, 1, 0)

    monkeypatch.setattr(cost_run, "measure", counted)
    before = torch.get_num_threads()
    assert not cli.main(asked(tmp_path / "cost", "--threads", str(before + 1), "--explainer", "standard"))
    assert during == [before + 1]
    assert torch.get_num_threads() == before
    assert read(tmp_path / "cost")["machine"]["threads"] == before + 1


def test_everything_is_measured_where_nothing_is_named() -> None:
    rows = cost_run.plan(["mlp", "dcgan"], [], None, "cpu", IMAGES.repeat(5, 1, 1, 1))
    for model, batch in (("mlp", 100), ("dcgan", 64)):
        mine = [row for row in rows if row.setting.model == model]
        assert {row.setting.batch for row in mine} == {batch}
        names = [row.explainer for row in mine]
        assert names[:2] == ["standard", "idle"]
        assert mine[0].guidance is None
        assert {"deep-shap:1", "deep-shap:10", "integrated-gradients:8", "lime:64", "kernel-shap:64"} <= set(names)
        assert [row.explainer.partition(":")[0] for row in mine if row.kind == "peer"] == list(peers.PEERS) == PEERS
        assert ("grad-cam:layers.4" in names) == (model == "dcgan")


@pytest.mark.parametrize(
    ("text", "kind", "settings"),
    [
        ("integrated-gradients:4", IntegratedGradients, {"steps": 4}),
        ("integrated-gradients", IntegratedGradients, {"steps": 8}),
        ("expected-gradients:3", ExpectedGradients, {"samples": 3}),
        ("smooth-grad:5", SmoothGrad, {"samples": 5}),
        ("occlusion:7", Occlusion, {"window": 7}),
        ("lime:32", Lime, {"perturbations": 32}),
        ("kernel-shap:32", KernelShap, {"perturbations": 32}),
        ("grad-cam:layers.4", GradCam, {"layer": "layers.4"}),
        ("grad-cam:0", GradCam, {"layer": "0"}),
    ],
)
def test_texts_name_explainers(text: str, kind: type, settings: dict[str, object]) -> None:
    explainer = choices.choose("explainer", choices.EXPLAINERS, text, references=IMAGES)
    assert type(explainer) is kind
    assert {name: getattr(explainer, name) for name in settings} == settings


@pytest.mark.parametrize(
    "text", ["integrated-gradients:x", "lime:0", "kernel-shap:-1", "smooth-grad:0.5", "occlusion:x", "deep-shap:1:2:3"]
)
def test_wrong_values_are_told(text: str) -> None:
    with pytest.raises(UsageError, match=text):
        choices.choose("explainer", choices.EXPLAINERS, text, references=IMAGES)


def explained(networks: Any, explainer: Any, *, train: bool = True) -> tuple[Tensor, Tensor, Any]:
    """Return what one guided update's explainer said, its samples, and D."""
    torch.manual_seed(0)
    generator, discriminator = networks.make_pair()
    discriminator.train(train)
    guided = XAIGuidedGenerator(generator, discriminator, explainer=explainer)
    discriminator(guided(torch.randn(4, 100))).log().mean().backward()
    assert guided.explanations == 1
    return guided.last.attribution, guided.last.samples, discriminator


@pytest.mark.parametrize("networks", [mlp, dcgan])
def test_peers_agree_with_xaigrad(networks: Any) -> None:
    pytest.importorskip("captum")
    pytest.importorskip("shap")

    def shared(samples: Tensor, context: Context) -> Tensor:
        rows = IMAGES[torch.randperm(len(IMAGES), generator=context.rng)[:3]]
        return rows.repeat_interleave(len(samples) // 3, 0)

    expected, *_ = explained(networks, DeepShap(shared, samples=3))
    scale = expected.abs().max()
    for name in ("captum-deep-shap:3", "per-sample-loop:3", "shap-deep:3"):
        found, *_ = explained(networks, choices.choose("explainer", peers.PEERS, name, references=IMAGES))
        assert (found - expected).abs().max() < 1e-4 * scale, name
    found, *_ = explained(networks, peers.CaptumSaliency())
    expected, *_ = explained(networks, Saliency(exact=True))
    torch.testing.assert_close(found, expected.abs())


@pytest.mark.parametrize("networks", [mlp, dcgan])
@pytest.mark.parametrize("name", PEERS)
def test_peers_leave_nothing_behind(networks: Any, name: str) -> None:
    peer = choices.choose("explainer", peers.PEERS, name, references=IMAGES)
    if reason := peers.missing(peer):
        pytest.skip(reason)
    *_, asked_of = explained(networks, peer)
    *_, untouched = explained(networks, Saliency())
    for one, other in zip(asked_of.modules(), untouched.modules(), strict=True):
        assert one.__dict__.keys() == other.__dict__.keys()
        assert len(one._forward_hooks) == len(other._forward_hooks)
        assert not one._backward_hooks
        assert one.training
        assert getattr(one, "inplace", None) == getattr(other, "inplace", None)
    state = untouched.state_dict()
    assert all(torch.equal(value, state[key]) for key, value in asked_of.state_dict().items())
    grads = [(parameter.grad is None) for parameter in asked_of.parameters()]
    assert grads == [(parameter.grad is None) for parameter in untouched.parameters()]


def test_peers_need_a_module() -> None:
    context = Context(torch.zeros(2, 3), 0, 0, torch.Generator())
    with pytest.raises(ValueError, match="Parameter `discriminator` should be a module"):
        peers.CaptumSaliency()(lambda rows: rows.sum(1), torch.zeros(2, 3), context)


def test_list_names_controls_and_peers(capsys: pytest.CaptureFixture[str]) -> None:
    assert not cli.main(["list"])
    shown = capsys.readouterr().out
    assert all(choice.usage in shown for choice in (choices.CONTROLS | peers.PEERS).values())


def test_a_run_is_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = {
        "model": "mlp",
        "batch": 100,
        "explainer": "shap-deep:10",
        "kind": "peer",
        "status": "measured",
        "time": {"median": 12.04, "least": 1.5, "greatest": 30.0},
        "memory": 2.0,
        "explainer_peak_mib": 7.25,
    }
    other = row | {"model": "dcgan", "batch": 64, "kind": "control", "explainer": "standard"}
    record = {
        "command": "xaigrad cost",
        "asked": {"device": "cpu", "pairs": 15},
        "machine": {"processor": "A processor", "threads": 2, "gpu": None},
        "versions": {"xaigrad": "0", "torch": "2", "shap": "1"},
        "finished": True,
        "rows": [row, other],
    }
    run = tmp_path / "run"
    run.mkdir()
    (run / "cost.json").write_text(json.dumps(record))
    (run / "cost.csv").write_text("csv")
    (run / "cost.png").write_text("png")
    text = tmp_path / "README.md"
    text.write_text("before\n<!-- cost -->\n<!-- /cost -->\nafter\n<!-- demo -->kept<!-- /demo -->")
    monkeypatch.setattr(readme, "README", text)
    monkeypatch.setattr(readme, "RESULTS", tmp_path / "results")
    readme.publish(run)
    assert {path.name for path in (tmp_path / "results").iterdir()} == {"cost.json", "cost.csv", "cost.png"}
    written = text.read_text()
    assert "| explainer | mlp: time | mlp: memory | dcgan: time | dcgan: memory |" in written
    assert "| `shap-deep:10` (peer) | 12.0 (1.50-30.0) | 2.00 (7.2) |  |  |" in written
    assert "| `standard` |  |  | 12.0 (1.50-30.0) | 2.00 |" in written
    assert "`xaigrad cost`: A processor, 2 threads, torch 2, shap 1." in written
    assert "kept" in written
    assert written.startswith("before\n")
