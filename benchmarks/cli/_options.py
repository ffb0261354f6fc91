"""The options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

_dataset = typer.Option(help="mnist-5k (needs no files), mnist or fashion-mnist.")
_model = typer.Option(help="What to train: mlp, dcgan, wgan, wgan-gp, cgan or xaigan.")

Dataset = Annotated[str, _dataset]
AnyDataset = Annotated[str | None, _dataset]
Digit = Annotated[int | None, typer.Option(help="Train on this class only.")]
DataRoot = Annotated[
    Path | None, typer.Option(help="Folder of the data in torchvision's layout; if not given, $XAIGRAD_DATA or ./data.")
]
Download = Annotated[bool, typer.Option("--download", help="Fetch the data if it is missing.")]
Model = Annotated[str, _model]
AnyModel = Annotated[str | None, _model]
Loss = Annotated[
    str | None, typer.Option(help="The generator's loss, if the model has a choice: non-saturating or minimax.")
]
Lr = Annotated[float | None, typer.Option(help="Learning rate; if not given, the model's own (see `xaigrad list`).")]
LearningRates = Annotated[list[float] | None, typer.Option(help="Learning rates, a setting each.")]
Beta1 = Annotated[float | None, typer.Option(help="Adam's beta1; if not given, the model's own.")]
Batch = Annotated[int, typer.Option(help="Images per step.")]
Epochs = Annotated[int, typer.Option(help="Passes over the data.")]
Seed = Annotated[int, typer.Option(help="Of the initial weights, the data's order and the noise.")]
Device = Annotated[str, typer.Option(help="Where to train: cpu, cuda ...")]
Out = Annotated[Path | None, typer.Option(help="A new folder for the results; if not given, runs/COMMAND-TIME.")]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume", help="Go on with the run in --out where it was cut off; it has to be of the same options."
    ),
]
CheckpointSeconds = Annotated[
    float, typer.Option(help="Save each training at most this often, in seconds; 0: after every epoch.")
]
Every = Annotated[int | None, typer.Option(help="Measure every so many epochs, and the first and the last.")]
Evaluated = Annotated[int, typer.Option(help="Generated images of each measurement, at most; 10,000 at the end.")]
References = Annotated[
    str | None, typer.Option(help="What explainers compare samples with; if not given, their own default.")
]
Mask = Annotated[
    list[str] | None,
    typer.Option(help="How an attribution becomes a mask; several are applied in order. Default: sample-max."),
]
Offset = Annotated[
    str | None,
    typer.Option(help="BASE[:SCALE], the mask becomes BASE + SCALE mask; SCALE is 1 - BASE if not given."),
]
Logic = Annotated[
    str | None, typer.Option(help="A specification that the mask is made by, for example 'explanation & ~border(2)'.")
]
Tnorm = Annotated[str | None, typer.Option(help="Read it in this logic: goedel, product or lukasiewicz.")]
Schedule = Annotated[str | None, typer.Option(help="When and how strongly to guide. Default: constant.")]
Pair = Annotated[
    str | None,
    typer.Option(help="Your own networks instead of --model: MODULE:FUNCTION or FILE.py:FUNCTION that makes them."),
]
Data = Annotated[
    str | None, typer.Option(help="Your own images instead of --dataset: MODULE:FUNCTION or FILE.py:FUNCTION.")
]
Features = Annotated[
    str | None,
    typer.Option(help="What own images are compared by: lenet, pixels, inception or MODULE:FUNCTION."),
]
