"""Pictures of samples and masks."""

from collections.abc import Sequence
from pathlib import Path

import torch
from matplotlib.figure import Figure
from torch import Tensor

from xaigrad.benchmarks.arms import PICTURED, Result


def draw(results: Sequence[Result], path: Path) -> None:
    """Draw ten samples per arm, from the same noise, and for each explainer ten samples above their masks.

    Args:
        results: The arms.
        path: The PNG file to write.
    """
    rows: list[tuple[str, Tensor, str]] = [(result.name, result.samples, "gray") for result in results]
    for result in results:
        if result.masks is not None:
            rows.append((f"{result.name}:\nlast update", result.masks["samples"], "gray"))
            rows.append(("its masks", result.masks["masks"], "magma"))
    figure = Figure(figsize=(PICTURED + 1.6, len(rows) * 1.08), layout="constrained")
    axes = figure.subplots(len(rows), 1, squeeze=False)[:, 0]
    for ax, (title, images, colours) in zip(axes, rows, strict=True):
        low = 0 if colours == "magma" else -1
        ax.imshow(strip(images, low).numpy(), cmap=colours, vmin=low, vmax=1, interpolation="nearest")
        ax.set_yticks([14], [title])
        ax.set_xticks([])
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
    figure.savefig(path, dpi=80, bbox_inches="tight")


def strip(images: Tensor, background: float) -> Tensor:
    """Return images of shape ``(N, 1, H, W)`` side by side, a pixel of background between, as ``(H, N (W + 1))``."""
    padded = torch.nn.functional.pad(images.float(), (0, 1), value=background)
    return padded[:, 0].permute(1, 0, 2).flatten(1)
