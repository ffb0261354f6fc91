"""`xaigrad sweep`: many recipes, by any number of workers."""

import os
from typing import Annotated

import typer

from xaigrad.benchmarks.cli._options import (
    AnyDataset,
    AnyModel,
    DataRoot,
    Device,
    Download,
    Evaluated,
    Every,
    LearningRates,
    Loss,
    Out,
    References,
)

_Several = list[str] | None
_EVALUATED, _DEVICE = 2_000, "cpu"


def sweep(
    explainer: Annotated[
        _Several,
        typer.Option(help="To choose from, like the next five; can be given several times; none: the standard GAN."),
    ] = None,
    rule: Annotated[_Several, typer.Option(help="How the mask changes the gradient.")] = None,
    offset: Annotated[_Several, typer.Option(help="BASE[:SCALE], or one range LOW..HIGH of bases.")] = None,
    schedule: Annotated[
        _Several, typer.Option(help="When and how strongly to guide, for example alternate:1:1.")
    ] = None,
    mask: Annotated[_Several, typer.Option(help="How an attribution becomes a mask.")] = None,
    logic: Annotated[_Several, typer.Option(help="Specifications that the mask is made by.")] = None,
    sampler: Annotated[str, typer.Option(help="grid: every combination; tpe: a search; random.")] = "grid",
    trials: Annotated[int | None, typer.Option(help="Of a search: how many in all, by all workers.")] = None,
    prune: Annotated[
        bool, typer.Option("--prune", help="Give up between two seeds what does worse than half of all.")
    ] = False,
    storage: Annotated[
        str | None,
        typer.Option(
            help="A journal file, or a database URL, that all workers share; if not given, OUT/sweep.journal. With a "
            "file and no --out, the runs lie beside it; with a URL, --out is needed to go on with what was cut off."
        ),
    ] = None,
    name: Annotated[str, typer.Option(help="Of the sweep in the storage.")] = "sweep",
    preset: Annotated[
        str, typer.Option(help="A published experiment to start from (see `xaigrad list`).")
    ] = "mnist-5k-single",
    dataset: AnyDataset = None,
    digit: Annotated[int | None, typer.Option(help="Train on this class only; -1 for all.")] = None,
    data_root: DataRoot = None,
    download: Download = False,
    model: AnyModel = None,
    references: References = None,
    loss: Loss = None,
    lr: LearningRates = None,
    beta1: Annotated[list[float] | None, typer.Option(help="Adam's beta1, a setting each.")] = None,
    batch: Annotated[int | None, typer.Option(help="Images per step.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the data.")] = None,
    seeds: Annotated[int, typer.Option(help="Of each trial, the same for all.")] = 3,
    first_seed: Annotated[int, typer.Option(help="The first of them.")] = 0,
    every: Every = None,
    evaluated: Evaluated = _EVALUATED,
    device: Device = _DEVICE,
    out: Out = None,
) -> None:
    """Try recipes on the same seeds: a grid, or a search with Optuna.

    The same command, started again with the same --out or the same file as --storage, goes on; started elsewhere on the
    same --storage, it is one worker more. No recipe is trained twice.
    """
    from rich.console import Console

    from xaigrad.benchmarks import results
    from xaigrad.benchmarks.errors import UsageError
    from xaigrad.benchmarks.study import sources
    from xaigrad.benchmarks.study.request import Request

    try:
        from xaigrad.benchmarks import sweep as sweeping
        from xaigrad.benchmarks.sweep.training import Swept
    except ModuleNotFoundError as error:
        raise UsageError(f'A sweep needs {error.name}. Install it with: pip install "xaigrad[sweep]"') from None

    workers = os.environ.get("WORLD_SIZE", "1")
    if int(workers) > 1:
        raise UsageError(
            "Parameter `storage` should be shared by workers that are started one by one. Found "
            f"WORLD_SIZE={workers}. Start the same command several times."
        )
    request = Request.of(
        preset,
        dataset=dataset,
        digit=digit,
        model=model,
        loss=loss,
        lr=lr,
        beta1=beta1,
        batch=batch,
        epochs=epochs,
        every=every,
        references=references,
    )
    varied = {
        "explainer": explainer,
        "rule": rule,
        "offset": offset,
        "schedule": schedule,
        "mask": mask,
        "logic": logic,
    }
    space = sweeping.Space({option: texts or () for option, texts in varied.items()})
    images = sources.images(request.preset.model, None, request.dataset, request.digit, data_root, download)
    beside = sweeping.folder_of(storage, name) if storage else None
    folder, console = out or beside or results.default_folder("sweep"), Console()
    swept = Swept(
        settings=request.settings(device),
        seeds=range(first_seed, first_seed + seeds),
        digits=images,
        every=request.preset.every,
        evaluated=evaluated,
        references=request.preset.references,
        out=folder,
        console=console,
        asked={"preset": preset, "digit": request.digit},
    )
    study = sweeping.opened(
        storage or str(folder / "sweep.journal"), name, swept.configuration(space), sampler, space, trials, prune
    )
    sweeping.Worker(study, space, folder, swept.train, swept.plan).work(trials)
    options = {
        "preset": preset,
        "dataset": dataset,
        "digit": digit,
        "data-root": data_root,
        "model": model,
        "references": references,
        "loss": loss,
        "lr": lr,
        "beta1": beta1,
        "batch": batch,
        "epochs": epochs,
        "every": every,
        "evaluated": None if evaluated == _EVALUATED else evaluated,
        "device": None if device == _DEVICE else device,
    }
    unused = max(1_000, first_seed + seeds)
    all_well = sweeping.show(console, study, lambda point: sweeping.confirmation(point, options, unused))
    console.print(f"The run folders are in {folder}.", highlight=False, soft_wrap=True, markup=False)
    if not all_well:
        raise typer.Exit(1)
