"""`xaigrad compare` and `xaigrad resume`: arms and controls over paired seeds."""

from pathlib import Path
from typing import Annotated, Any

import typer

from xaigrad.benchmarks.cli._options import (
    AnyDataset,
    AnyModel,
    CheckpointSeconds,
    Data,
    DataRoot,
    Device,
    Download,
    Evaluated,
    Every,
    Features,
    LearningRates,
    Logic,
    Loss,
    Mask,
    Offset,
    Out,
    Pair,
    References,
    Resume,
    Schedule,
    Tnorm,
)


def compare(
    preset: Annotated[
        str, typer.Option(help="A published experiment to start from (see `xaigrad list`); the rest changes it.")
    ] = "mnist-5k-single",
    dataset: AnyDataset = None,
    digit: Annotated[int | None, typer.Option(help="Train on this class only; -1 for all.")] = None,
    data_root: DataRoot = None,
    download: Download = False,
    model: AnyModel = None,
    pair: Pair = None,
    data: Data = None,
    features: Features = None,
    explainer: Annotated[
        list[str] | None, typer.Option(help="Who explains the discriminator; an arm each. Can be given several times.")
    ] = None,
    rule: Annotated[
        list[str] | None, typer.Option(help="How the mask changes the gradient; an arm each with each explainer.")
    ] = None,
    recipe: Annotated[list[str] | None, typer.Option(help="A named recipe or a file of one; an arm each.")] = None,
    controls: Annotated[str, typer.Option(help="Controls of the first arm, of each one, or none.")] = "first",
    references: References = None,
    mask: Mask = None,
    offset: Offset = None,
    logic: Logic = None,
    tnorm: Tnorm = None,
    schedule: Schedule = None,
    loss: Loss = None,
    lr: LearningRates = None,
    beta1: Annotated[
        list[float] | None, typer.Option(help="Adam's beta1, a setting each: .9 is PyTorch's, .5 DCGAN's.")
    ] = None,
    batch: Annotated[int | None, typer.Option(help="Images per step.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the data.")] = None,
    seeds: Annotated[int, typer.Option(help="How many; each is one of weights, order and noise for all arms.")] = 10,
    first_seed: Annotated[int, typer.Option(help="The first of them.")] = 0,
    every: Every = None,
    evaluated: Evaluated = 2_000,
    device: Device = "cpu",
    out: Out = None,
    resume: Resume = False,
    checkpoint_seconds: CheckpointSeconds = 60.0,
    weights: Annotated[bool, typer.Option(help="Keep the final weights of every training.")] = True,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be trained and how long it would take.")
    ] = False,
) -> None:
    """Compare guidances with the standard GAN and with controls over paired seeds, and write a report.

    It can be stopped at any time and gone on with: `xaigrad resume FOLDER`. Several processes started by `torchrun` or
    `accelerate launch` share the work.
    """
    from rich.console import Console

    from xaigrad.benchmarks import results
    from xaigrad.benchmarks.cli._finished import report_on
    from xaigrad.benchmarks.study import estimate, sources
    from xaigrad.benchmarks.study import run as study
    from xaigrad.benchmarks.study.request import Request

    results.resumable(out, resume)
    sources.check_alone(pair=(pair, model), data=(data, dataset))
    console = Console()
    request = Request.of(
        preset,
        dataset=dataset,
        digit=digit,
        own_images=data is not None,
        model=pair or model,
        loss=loss,
        lr=lr,
        beta1=beta1,
        batch=batch,
        epochs=epochs,
        every=every,
        explainers=explainer,
        recipes=recipe,
        references=references,
    )
    images = sources.images(request.preset.model, data, request.dataset, request.digit, data_root, download)
    parts = {"mask": mask or (), "offset": offset, "logic": logic, "tnorm": tnorm, "schedule": schedule}
    plan = request.plan(images, range(first_seed, first_seed + seeds), rule or (), controls, evaluated, device, parts)
    if dry_run:
        estimate.show(console, plan, images, features)
        return
    folder = out or results.default_folder("compare")
    asked = {
        "preset": preset if data is None else None,
        "digit": request.digit,
        "own": {"pair": pair, "data": data, "features": features},
    }
    if study.run(
        plan,
        images,
        folder,
        console,
        asked,
        features=features,
        resume=resume,
        interval=checkpoint_seconds,
        weights=weights,
    ):
        report_on(folder, console)


def resume(
    folder: Annotated[Path, typer.Argument(help="The folder of a run that was cut off.")],
    data_root: DataRoot = None,
) -> Any:
    """Go on with a run by its own command."""
    from xaigrad.benchmarks.cli._app import app
    from xaigrad.benchmarks.errors import UsageError
    from xaigrad.benchmarks.study.folder import read

    facts = read(folder).facts
    if facts["arguments"][:1] == ["sweep"]:
        raise UsageError(
            f"Parameter `folder` should be that of a training or a comparison. Found {folder}, of a sweep. A sweep "
            f"goes on by its own command, with the same --out or --storage: {facts['command']}"
        )
    words = [*facts["arguments"], "--out", str(folder), "--resume"]
    return app(words + (["--data-root", str(data_root)] if data_root else []), standalone_mode=False)
