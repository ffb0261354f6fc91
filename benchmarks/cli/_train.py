"""`xaigrad demo` and `xaigrad run`: one seed, to see that it works."""

from typing import Annotated, Any

import typer

from xaigrad.benchmarks.cli._options import (
    AnyDataset,
    AnyModel,
    Batch,
    Beta1,
    CheckpointSeconds,
    Data,
    DataRoot,
    Dataset,
    Device,
    Digit,
    Download,
    Epochs,
    Evaluated,
    Every,
    Features,
    Logic,
    Loss,
    Lr,
    Mask,
    Model,
    Offset,
    Out,
    Pair,
    References,
    Resume,
    Schedule,
    Seed,
    Tnorm,
)


def demo(
    dataset: Dataset = "mnist-5k",
    digit: Digit = None,
    data_root: DataRoot = None,
    download: Download = False,
    model: Model = "mlp",
    loss: Loss = None,
    lr: Lr = None,
    beta1: Beta1 = None,
    batch: Batch = 100,
    epochs: Epochs = 10,
    seed: Seed = 0,
    every: Every = None,
    evaluated: Evaluated = 2_000,
    device: Device = "cpu",
    out: Out = None,
    resume: Resume = False,
    checkpoint_seconds: CheckpointSeconds = 60.0,
) -> None:
    """Train a standard, a saliency-guided and a DeepSHAP-guided GAN from the same seed, and compare them."""
    from xaigrad import Guidance
    from xaigrad.benchmarks.setting import Setting
    from xaigrad.benchmarks.study import sources
    from xaigrad.benchmarks.study.plan import Arm, Plan

    setting = Setting(model, loss, lr, beta1, batch, epochs, seed, device)
    digits = sources.images(model, None, dataset, digit, data_root, download)
    arms = [
        Arm("standard", kind="standard"),
        Arm("saliency", Guidance()),
        Arm("deep-shap", Guidance.logicgan(digits.to(device).images)),
    ]
    plan = Plan({model: setting}, arms, [seed], every or 2, evaluated)
    _shown("demo", plan, digits, out, {"digit": digit}, resume=resume, interval=checkpoint_seconds)


def run(
    explainer: Annotated[
        str | None, typer.Option(help="Who explains the discriminator; none for the standard GAN. Default: saliency.")
    ] = None,
    references: References = None,
    mask: Mask = None,
    offset: Offset = None,
    logic: Logic = None,
    tnorm: Tnorm = None,
    schedule: Schedule = None,
    rule: Annotated[str | None, typer.Option(help="How the mask changes the gradient. Default: multiply.")] = None,
    recipe: Annotated[
        str | None, typer.Option(help="All of these from a TOML, YAML or JSON file, or a named recipe.")
    ] = None,
    dataset: AnyDataset = None,
    digit: Digit = None,
    data_root: DataRoot = None,
    download: Download = False,
    model: AnyModel = None,
    pair: Pair = None,
    data: Data = None,
    features: Features = None,
    loss: Loss = None,
    lr: Lr = None,
    beta1: Beta1 = None,
    batch: Batch = 100,
    epochs: Epochs = 10,
    seed: Seed = 0,
    every: Every = None,
    evaluated: Evaluated = 2_000,
    device: Device = "cpu",
    out: Out = None,
    resume: Resume = False,
    checkpoint_seconds: CheckpointSeconds = 60.0,
) -> None:
    """Train one arm, every part of its guidance chosen by name or written as in Python (see `xaigrad list`).

    With --pair and --data it trains your own networks on your own images.
    """
    from xaigrad.benchmarks.asked import Asked
    from xaigrad.benchmarks.setting import Setting
    from xaigrad.benchmarks.study import sources
    from xaigrad.benchmarks.study.arms import name_of
    from xaigrad.benchmarks.study.plan import Arm, Plan

    sources.check_alone(pair=(pair, model), data=(data, dataset))
    model = pair or model or "mlp"
    setting = Setting(model, loss, lr, beta1, batch, epochs, seed, device)
    digits = sources.images(model, data, dataset or "mnist-5k", digit, data_root, download)
    asked = Asked(explainer, references, mask or (), offset, logic, tnorm, schedule, rule, recipe)
    guidance = asked.guidance(digits.to(device), model)
    arm = Arm("standard", kind="standard") if guidance is None else Arm(name_of(asked.name), guidance)
    plan = Plan({sources.name(model): setting}, [arm], [seed], every or 2, evaluated)
    brought = {"pair": pair, "data": data, "features": features}
    _shown(
        "run", plan, digits, out, {"digit": digit, "own": brought}, features, resume=resume, interval=checkpoint_seconds
    )


def _shown(
    command: str, plan: Any, digits: Any, out: Any, asked: dict[str, Any], features: str | None = None, **how: Any
) -> None:
    """Run a plan, and show its table and its pictures."""
    from rich.console import Console

    from xaigrad.benchmarks import display, pictures, results
    from xaigrad.benchmarks.study import run as study
    from xaigrad.benchmarks.study.folder import read

    results.resumable(out, how["resume"])
    folder, console = out or results.default_folder(command), Console()
    if study.run(plan, digits, folder, console, asked, features=features, **how):
        done = read(folder)
        pictures.draw(done, folder / "samples.png")
        display.show(console, done.record())
        console.print(f"Saved in {folder}: results, samples.png and the generators' weights.", soft_wrap=True)
