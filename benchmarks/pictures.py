"""The picture of a run: samples of each arm, and what its masks let through."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from xaigrad.benchmarks.study.folder import Run
from xaigrad.benchmarks.study.pictures import PICTURED

_SHOWN = 10


def draw(run: Run, path: Path) -> None:
    """Draw ten samples per trial, from the same noise, and for each explainer ten samples above their masks.

    Args:
        run: Whose trials have ended.
        path: The PNG file to write.
    """
    rows = []
    for trial in run.done:
        samples, masks = run.samples(trial["trial"], trial["epochs"]), run.samples(trial["trial"])
        rows += [(trial["arm"], _few(samples), "gray")]
        if masks.exists():
            above, below = np.split(_few(masks), 2)
            rows += [(f"{trial['arm']}:\nlast update", above, "gray"), ("its masks", below, "magma")]
    figure = Figure(figsize=(_SHOWN + 1.6, len(rows) * 1.08), layout="constrained")
    axes = figure.subplots(len(rows), 1, squeeze=False)[:, 0]
    for ax, (title, pixels, colours) in zip(axes, rows, strict=True):
        ax.imshow(pixels, cmap=colours, vmin=0, vmax=255, interpolation="nearest")
        ax.set_yticks([pixels.shape[0] / 2], [title])
        ax.set_xticks([])
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
    figure.savefig(path, dpi=80, bbox_inches="tight")


def _few(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        pixels = np.asarray(picture)
    return pixels[:, : pixels.shape[1] * _SHOWN // PICTURED]
