"""`xaigrad cost`: what a guided step takes beside a standard one."""

from typing import Annotated

import typer

from xaigrad.benchmarks.cli._options import Device, Out


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
