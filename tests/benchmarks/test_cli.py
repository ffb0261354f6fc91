"""The command line: what works leaves a whole folder, what does not ends with one line and exit code 2."""

from functools import cache
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from xaigrad import Guidance, masks, rules, schedules
from xaigrad.benchmarks import choices, cli, data
from xaigrad.benchmarks.asked import Asked, offset
from xaigrad.benchmarks.data import Digits
from xaigrad.benchmarks.errors import UsageError
from xaigrad.benchmarks.study.folder import read
from xaigrad.explainers import DeepShap, Saliency
from xaigrad.logic import PRODUCT, Specification, parse
from xaigrad.masks import EMA, AbsNormalize, Blur, MeanOne, Offset, TopK
from xaigrad.references import (
    BlurredReferences,
    ClassReferences,
    HarvestedReferences,
    RandomReferences,
    ZeroReferences,
)
from xaigrad.rules import Minimax, NormPreserving, Residual, SecantFeedback
from xaigrad.schedules import Alternate, Constant, CosineDecay, StartAfter, WarmUp

all_digits = cache(data.load)
pytestmark = pytest.mark.usefixtures("single")
SMALL = ["--digit", "7", "--epochs", "1"]


@pytest.fixture
def few_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty digits, of every class, are all the data."""
    whole = all_digits()
    few = Digits(whole.images[::125], whole.labels[::125], whole.name)
    monkeypatch.setattr(data, "load", lambda *args, **kwargs: few)


def test_demo_trains_three_arms_and_saves_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "demo"
    assert not cli.main(["demo", *SMALL, "--out", str(out)])
    shown = capsys.readouterr().out
    run = read(out)
    assert [done["arm"] for done in run.done] == ["standard", "saliency", "deep-shap"]
    for done in run.done:
        assert done["arm"] in shown
        assert f"{done['scores']['fid']:.2f}" in shown
        epochs = [epoch for epoch in run.epochs if epoch["trial"] == done["trial"]]
        assert [epoch["explanations"] for epoch in epochs] == [0 if done["arm"] == "standard" else 5]
        assert set(load_file(out / "weights" / f"{done['trial']}-generator.safetensors"))
    assert "FID" in shown
    assert (out / "samples.png").read_bytes()[1:4] == b"PNG"
    assert run.facts["extractor"].startswith("lenet-mnist-")
    assert run.facts["data"]["images"] == 500


def test_run_reaches_every_part(tmp_path: Path) -> None:
    out = tmp_path / "run"
    given = (
        "--explainer deep-shap:2 --mask batch-minmax --offset 1:0.2 --schedule alternate:1:1 --rule residual:0.3 "
        "--model mlp --loss minimax --lr 2e-5 --beta1 0.9 --batch 250 --seed 3 --device cpu"
    )
    assert not cli.main(["run", *SMALL, *given.split(), "--out", str(out)])
    run = read(out)
    [arm], [setting] = run.facts["plan"]["arms"], run.facts["plan"]["settings"]
    guidance = arm["guidance"]
    for part in (
        "samples=2",
        "per='batch'",
        "Offset(base=1.0, scale=0.2)",
        "Alternate(guided=1",
        "Residual(alpha=0.3)",
    ):
        assert part in guidance
    assert run.epochs[0]["explanations"] == 1
    assert setting["options"] == {"loss": "minimax", "lr": 2e-5, "beta1": 0.9}
    assert run.facts["plan"]["seeds"] == [3]


@pytest.mark.parametrize(
    ("model", "explanations", "used"),
    [
        ("mlp", 5, {"lr": 2e-4, "beta1": 0.5, "loss": "non-saturating"}),
        ("dcgan", 5, {"lr": 2e-4, "beta1": 0.5, "loss": "non-saturating"}),
        ("wgan", 1, {"lr": 5e-5, "clip": 0.01, "n_critic": 5}),
        ("wgan-gp", 1, {"lr": 1e-4, "beta1": 0.0, "penalty": 10.0, "n_critic": 5}),
        ("cgan --references same-class --explainer deep-shap", 5, {"lr": 2e-4, "beta1": 0.5, "loss": "non-saturating"}),
        ("xaigan", 5, {"lr": 2e-4, "beta1": 0.5, "beta2": 0.99, "smoothing": 0.1, "clip": 10.0}),
    ],
)
@pytest.mark.usefixtures("few_digits")
def test_run_trains_every_model(model: str, explanations: int, used: dict[str, object], tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert not cli.main(["run", "--model", *model.split(), "--epochs", "1", "--batch", "8", "--out", str(out)])
    run = read(out)
    assert run.epochs[0]["explanations"] == explanations
    assert run.facts["plan"]["settings"][0]["options"] == used
    assert (out / "samples.png").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "--explainer", "salience"], "Did you mean saliency?"),
        (["run", "--explainer", "saliency:3"], "should read saliency. Found 'saliency:3'."),
        (["run", "--mask", "none"], "Parameter `mask` should be one of sample-max, batch-minmax, "),
        (["run", "--mask", "top-k"], "Parameter `mask` should read top-k:FRACTION[:SOFT[:TEMPERATURE]]. Found 'top-k'"),
        (["run", "--mask", "top-k:2"], "Parameter `fraction` should be a number in (0, 1]. Found 2"),
        (["run", "--mask", "blur:1", "--mask", "TopK(0.3"], "It stands in --mask."),
        (["run", "--rule", "NormPreserving(Residal(0.3))"], "Did you mean `Residual`?"),
        (["run", "--rule", "AbsNormalize()"], "It stands in --rule."),
        (["run", "--schedule", "Alternate() * 2"], "It stands in --schedule."),
        (["run", "--explainer", "__import__('os').system('true')"], "It stands in --explainer."),
        (["run", "--logic", "explanation & (border(2)"], "It stands in --logic."),
        (["run", "--logic", "explanation & boder(2)"], "did you mean border?"),
        (["run", "--logic", "explanation", "--tnorm", "boole"], '"goedel" or "product" or "lukasiewicz"'),
        (["run", "--tnorm", "product"], "Parameter `tnorm` should stand beside --logic."),
        (["run", "--recipe", "logicgan", "--rule", "multiply"], "Parameter `recipe` should stand alone. Found --rule"),
        (["run", "--recipe", "logigan"], "Parameter `recipe` should be a file or one of "),
        (["run", "--recipe", "nowhere.toml"], "nowhere.toml"),
        (["run", "--schedule", "constant:2"], "Parameter `strength` should be a number in [0, 1]. Found 2."),
        (["run", "--schedule", "start-after"], "should read start-after:UPDATES."),
        (["run", "--rule", "residual:x"], "--rule residual:x"),
        (["run", "--offset", "1:2:3"], "Parameter `offset` should read BASE[:SCALE]"),
        (["run", "--epochs", "0"], "Parameter `epochs` should be at least 1. Found 0."),
        (["run", "--epochs", "many"], "Invalid value for '--epochs'"),
        (["run", "--model", "biggan"], "Parameter `model` should be one of mlp, dcgan, wgan, wgan-gp, cgan, xaigan."),
        (["run", "--model", "mlp:3"], "Parameter `model` should read mlp. Found 'mlp:3'."),
        (["run", "--model", "wgan", "--loss", "minimax"], "`loss` is of no use to --model wgan. Leave"),
        (["demo", "--model", "wgan", "--beta1", "0.9"], "`beta1` is of no use to --model wgan. Leave it out."),
        (
            ["run", "--explainer", "deep-shap", "--references", "same-class"],
            "Choose --model cgan, or other references.",
        ),
        (
            ["run", "--references", "same-class", "--model", "cgan"],
            "`references` is of no use to --explainer saliency.",
        ),
        (["run", "--references", "same-class:3", "--model", "cgan"], "`references` should read same-class."),
        (["run", "--loss", "hinge"], "Parameter `loss` should be one of"),
        (["run", "--dataset", "cifar"], "Parameter `dataset` should be one of"),
        (["run", "--digit", "12"], "Parameter `digit`"),
        (["run", "--device", "quantum"], "which cannot be used here."),
        (["run", "--seed", "-1"], "Parameter `seed` should be at least 0."),
        (["run", "--bogus"], "No such option: --bogus"),
        (["demo", "--batch", "6000"], "Parameter `batch` should be at most the number of images"),
        (["dance"], "No such command 'dance'"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(arguments) == 2
    shown = capsys.readouterr()
    assert shown.err.startswith("xaigrad: ")
    assert message in shown.err
    assert shown.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_missing_and_corrupt_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    missing = ["run", "--dataset", "mnist", "--data-root", str(tmp_path / "nowhere")]
    assert cli.main(missing) == 2
    assert "nowhere" in capsys.readouterr().err
    raw = tmp_path / "data" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for part in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        (raw / f"{part}-ubyte").write_bytes(b"\0\0\x08\x03damaged")
    assert cli.main(["run", "--dataset", "mnist", "--out", "new"]) == 2
    shown = capsys.readouterr().err
    assert "-ubyte" in shown
    assert shown.count("\n") == 1
    assert not (tmp_path / "new").exists()


def test_an_existing_folder_is_left_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = tmp_path / "results.json"
    kept.write_text("precious")
    assert cli.main(["run", *SMALL, "--out", str(tmp_path)]) == 2
    assert "which exists" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["results.json"]
    assert kept.read_text() == "precious"
    assert cli.main(["run", *SMALL, "--out", str(kept / "below")]) == 2
    assert "Parameter `out`" in capsys.readouterr().err


def test_list_names_every_choice(capsys: pytest.CaptureFixture[str]) -> None:
    assert not cli.main(["list"])
    shown = capsys.readouterr().out
    for option, named in choices.BY_OPTION.items():
        assert f"--{option}" in shown
        assert all(choice.usage in shown for choice in named.values())


def test_no_arguments_show_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert not cli.main([])
    assert "demo" in capsys.readouterr().out


def test_texts_name_strategies() -> None:
    references = torch.zeros(3, 1, 28, 28)
    assert choices.choose("explainer", choices.EXPLAINERS, "saliency-exact", references=references) == Saliency(True)
    explainer = choices.choose("explainer", choices.EXPLAINERS, "deep-shap:4", references=references)
    assert isinstance(explainer, DeepShap)
    assert explainer.samples == 4
    assert choices.choose("schedule", choices.SCHEDULES, "constant:0.5") == Constant(0.5)
    assert choices.choose("schedule", choices.SCHEDULES, "alternate:2:3") == Alternate(2, 3)
    assert choices.choose("schedule", choices.SCHEDULES, "start-after:9") == StartAfter(9)
    assert choices.choose("rule", choices.RULES, "residual:0.4") == Residual(0.4)
    assert offset("0.25") == Offset(0.25, 0.75)
    digits = Digits(references, torch.zeros(3, dtype=torch.long), "noise")
    assert Asked("none").guidance(digits, "mlp") is None
    assert Asked().guidance(digits, "mlp") == Guidance()
    with pytest.raises(UsageError):
        choices.choose("rule", choices.RULES, "")


def test_texts_name_references() -> None:
    digits = Digits(torch.zeros(3, 1, 28, 28), torch.tensor([0, 1, 1]), "noise")

    def named(explainer: str, references: str | None) -> object:
        guidance = Asked(explainer, references).guidance(digits, "cgan")
        assert guidance is not None
        return guidance.explainer.references  # type: ignore[attr-defined]

    assert isinstance(named("deep-shap:2", None), RandomReferences)
    assert isinstance(named("integrated-gradients", "random"), RandomReferences)
    for explainer in ("deep-lift", "integrated-gradients", "occlusion", "lime", "kernel-shap"):
        assert named(explainer, None) == ZeroReferences()
        assert named(explainer, "blurred:1.5") == BlurredReferences(1.5)
    assert named("deep-shap", "harvested:64") == HarvestedReferences(64)
    same_class = named("lime", "same-class")
    assert isinstance(same_class, ClassReferences)
    assert (same_class.images is digits.images, same_class.classes) == (True, None)
    with pytest.raises(UsageError, match=r"Parameter `references` is of no use to --explainer saliency\. Leave it out"):
        named("saliency", "zeros")


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (Asked(mask=["top-k:0.3", "blur:1"]), Guidance(mask=[TopK(0.3), Blur(1)])),
        (Asked(mask=["top-k:0.3:true"]), Guidance(mask=[TopK(0.3, soft=True)])),
        (Asked(mask=["(AbsNormalize(), EMA(0.5))", "mean-one"]), Guidance(mask=[AbsNormalize(), EMA(0.5), MeanOne()])),
        (Asked(offset="1:0.2"), Guidance(mask=[AbsNormalize(), Offset(1.0, 0.2)])),
        (Asked(logic="explanation & ~border(2)"), Guidance(mask=[AbsNormalize(), parse("explanation & ~border(2)")])),
        (
            Asked(logic="explanation | 0.5", tnorm="product"),
            Guidance(mask=[AbsNormalize(), Specification("explanation | 0.5", PRODUCT)]),
        ),
        (Asked(schedule="WarmUp(500) * Alternate()"), Guidance(schedule=WarmUp(500) * Alternate())),
        (Asked(schedule="cosine-decay:100:0.1"), Guidance(schedule=CosineDecay(100, 0.1))),
        (Asked(rule="NormPreserving(Residual(0.3))"), Guidance(rule=NormPreserving(Residual(0.3)))),
        (Asked(explainer="Saliency(exact=True)"), Guidance(Saliency(exact=True))),
        (Asked(recipe="xaigan"), Guidance.xaigan()),
    ],
)
def test_parts_by_name_and_as_in_python(asked: Asked, expected: Guidance) -> None:
    digits = Digits(torch.zeros(3, 1, 28, 28), torch.tensor([0, 1, 1]), "noise")
    assert asked.guidance(digits, "mlp") == expected


def test_a_call_may_name_the_real_images() -> None:
    digits = Digits(torch.zeros(3, 1, 28, 28), torch.tensor([0, 1, 1]), "noise")
    guidance = Asked(rule="SecantFeedback(Minimax(True), real, samples=2)").guidance(digits, "mlp")
    assert guidance is not None
    assert guidance.rule == SecantFeedback(Minimax(True), RandomReferences(digits.images), samples=2)


def test_every_strategy_is_reached_by_name_or_by_a_call() -> None:
    """By name, those that are made of numbers and words; all others need another part, and are written as a call."""
    for package, table in ((masks, choices.MASKS), (schedules, choices.SCHEDULES), (rules, choices.RULES)):
        reached = {choice.make.__name__ for choice in table.values() if isinstance(choice.make, type)}
        needing = set(package.__all__) - reached
        assert needing <= {
            *("Product", "Maximum", "Piecewise", "Verdicts"),
            *("Feedback", "PathFeedback", "SecantFeedback", "Project", "Minimax", "NonSaturating"),
        }


def test_run_from_a_recipe_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    guidance = Guidance(mask=parse("explanation & ~border(2)"), schedule=0.5 * Alternate(), rule=NormPreserving())
    guidance.save(tmp_path / "mine.toml")
    assert not cli.main(["run", *SMALL, "--recipe", str(tmp_path / "mine.toml"), "--out", str(tmp_path / "run")])
    (arm,) = read(tmp_path / "run").facts["plan"]["arms"]
    assert arm["name"] == "mine"
    assert arm["guidance"] == repr(guidance)


def test_names_agree_with_the_data() -> None:
    assert tuple(choices.DATASETS) == data.NAMES
