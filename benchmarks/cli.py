"""The command line `xaigrad`."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(
    name="xaigrad",
    help="Train GANs whose generator learns from an explanation of the discriminator, and compare.",
    add_completion=False,
    pretty_exceptions_enable=False,
)

Dataset = Annotated[str, typer.Option(help="mnist-5k (needs no files), mnist or fashion-mnist.")]
Digit = Annotated[int | None, typer.Option(help="Train on this class only.")]
DataRoot = Annotated[
    Path | None, typer.Option(help="Folder of the data in torchvision's layout; if not given, $XAIGRAD_DATA or ./data.")
]
Download = Annotated[bool, typer.Option("--download", help="Fetch the data if it is missing.")]
Model = Annotated[str, typer.Option(help="What to train: mlp, dcgan, wgan, wgan-gp or cgan.")]
Loss = Annotated[
    str | None, typer.Option(help="The generator's loss, if the model has a choice: non-saturating or minimax.")
]
Lr = Annotated[float | None, typer.Option(help="Learning rate; if not given, the model's own (see `xaigrad list`).")]
Beta1 = Annotated[float | None, typer.Option(help="Adam's beta1; if not given, the model's own.")]
Batch = Annotated[int, typer.Option(help="Images per step.")]
Epochs = Annotated[int, typer.Option(help="Passes over the data.")]
Seed = Annotated[int, typer.Option(help="Of the initial weights, the data's order and the noise.")]
Device = Annotated[str, typer.Option(help="Where to train: cpu, cuda ...")]
Out = Annotated[Path | None, typer.Option(help="A new folder for the results; if not given, runs/COMMAND-TIME.")]


@app.command()
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
    device: Device = "cpu",
    out: Out = None,
) -> None:
    """Train a standard, a saliency-guided and a DeepSHAP-guided GAN from the same seed, and compare them."""
    from rich.console import Console

    from xaigrad import Guidance
    from xaigrad.benchmarks import data, results
    from xaigrad.benchmarks.arms import Arm
    from xaigrad.benchmarks.compare import compare
    from xaigrad.benchmarks.training import Setting

    setting = Setting(model, loss, lr, beta1, batch, epochs, seed, device)
    digits = data.load(dataset, digit=digit, root=data_root, download=download)
    arms = [Arm("standard"), Arm("saliency", Guidance()), Arm("deep-shap", Guidance.logicgan(digits.images))]
    compare(arms, setting, digits, out or results.default_folder("demo"), Console(), {"digit": digit})


@app.command()
def run(
    explainer: Annotated[
        str | None, typer.Option(help="Who explains the discriminator; none for the standard GAN. Default: saliency.")
    ] = None,
    references: Annotated[
        str | None, typer.Option(help="What it compares samples with; if not given, its own default.")
    ] = None,
    mask: Annotated[
        list[str] | None,
        typer.Option(help="How an attribution becomes a mask; several are applied in order. Default: sample-max."),
    ] = None,
    offset: Annotated[
        str | None,
        typer.Option(help="BASE[:SCALE], the mask becomes BASE + SCALE mask; SCALE is 1 - BASE if not given."),
    ] = None,
    logic: Annotated[
        str | None,
        typer.Option(help="A specification that the mask is made by, for example 'explanation & ~border(2)'."),
    ] = None,
    tnorm: Annotated[str | None, typer.Option(help="Read it in this logic: goedel, product or lukasiewicz.")] = None,
    schedule: Annotated[str | None, typer.Option(help="When and how strongly to guide. Default: constant.")] = None,
    rule: Annotated[str | None, typer.Option(help="How the mask changes the gradient. Default: multiply.")] = None,
    recipe: Annotated[
        str | None, typer.Option(help="All of these from a TOML, YAML or JSON file, or a named recipe.")
    ] = None,
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
    device: Device = "cpu",
    out: Out = None,
) -> None:
    """Train one arm, every part of its guidance chosen by name or written as in Python (see `xaigrad list`)."""
    from rich.console import Console

    from xaigrad.benchmarks import data, results
    from xaigrad.benchmarks.arms import Arm
    from xaigrad.benchmarks.asked import Asked
    from xaigrad.benchmarks.compare import compare
    from xaigrad.benchmarks.training import Setting

    setting = Setting(model, loss, lr, beta1, batch, epochs, seed, device)
    digits = data.load(dataset, digit=digit, root=data_root, download=download)
    asked = Asked(explainer, references, mask or (), offset, logic, tnorm, schedule, rule, recipe)
    guidance = asked.guidance(digits, model)
    arm = Arm("standard" if guidance is None else asked.name, guidance)
    compare([arm], setting, digits, out or results.default_folder("run"), Console(), {"digit": digit})


@app.command()
def cost(
    explainer: Annotated[
        list[str] | None,
        typer.Option(
            help="What to measure, with its numbers, for example deep-shap:10; can be given several times. "
            "If not given, every explainer, and those of captum and shap."
        ),
    ] = None,
    part: Annotated[
        list[str] | None,
        typer.Option(
            help="A mask transform, specification, rule or schedule to measure instead, as in Python, for example "
            "'TopK(0.3)'; can be given several times."
        ),
    ] = None,
    parts: Annotated[bool, typer.Option("--parts", help="Measure all of these that there are.")] = False,
    model: Annotated[str, typer.Option(help="The pair of networks: mlp, dcgan or both.")] = "both",
    batch: Annotated[int | None, typer.Option(help="Images per step; if not given, mlp 100, dcgan 64.")] = None,
    pairs: Annotated[int, typer.Option(help="How often each is timed, in turn with standard steps.")] = 15,
    threads: Annotated[int | None, typer.Option(help="Of PyTorch on the CPU; if not given, its default.")] = None,
    device: Device = "cpu",
    out: Out = None,
) -> None:
    """Time training steps with every explainer, xaigrad's and others', against standard steps, and their memory.

    Or, with --part or --parts, the other parts of a recipe, in per cent of a standard step.
    """
    from rich.console import Console

    from xaigrad.benchmarks import cost_run, parts_run, results
    from xaigrad.benchmarks.errors import UsageError

    folder, console = out or results.default_folder("cost"), Console()
    if (part or parts) and explainer:
        raise UsageError("Parameter `explainer` should not stand beside parts. Found both. Take two runs.")
    if part or parts:
        record = parts_run.run(part or [], parts, model, batch, pairs, device, threads, folder, console)
    else:
        record = cost_run.run(explainer or [], model, batch, pairs, device, threads, folder, console)
    if any(row["status"].startswith("failed") for row in record["rows"]):
        raise typer.Exit(1)


@app.command("list")
def list_choices() -> None:
    """Say what can be chosen."""
    from rich.console import Console
    from rich.table import Table

    from xaigrad import recipes
    from xaigrad.benchmarks import choices, peers

    shown = Table("option", "choice", "what it is", box=None, padding=(0, 2, 0, 0))
    shown.columns[1].no_wrap = True
    named_by = {f"--{option}": named for option, named in choices.BY_OPTION.items()}
    for option, named in (named_by | {"cost --explainer": choices.CONTROLS | peers.PEERS}).items():
        for number, choice in enumerate(named.values()):
            shown.add_row(option if number == 0 else "", choice.usage.replace("[", r"\["), choice.summary)
    for number, (name, summary) in enumerate(recipes.NAMES.items()):
        shown.add_row("--recipe" if number == 0 else "", name, summary)
    Console().print(shown)
    Console().print('Parts can also be written as in Python: --rule "NormPreserving(Residual(0.3))".', highlight=False)


def main(arguments: list[str] | None = None) -> Any:
    """Run the command line; a mistake of the user ends with one line and exit code 2."""
    from xaigrad.benchmarks.errors import UsageError

    mistakes: tuple[type[Exception], ...] = (UsageError, *typer.BadParameter.__bases__)
    given = sys.argv[1:] if arguments is None else arguments
    try:
        code = app(given or ["--help"], standalone_mode=False)
    except mistakes as error:
        message = error.format_message() if hasattr(error, "format_message") else str(error)
        print(f"xaigrad: {' '.join(message.split())}", file=sys.stderr)  # noqa: T201
        return 2
    except (KeyboardInterrupt, typer.Abort):
        code = 130
    if code == 130:  # Which typer also makes of an interruption.
        print("xaigrad: stopped", file=sys.stderr)  # noqa: T201
    return code
