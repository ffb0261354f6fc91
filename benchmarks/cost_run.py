"""Every explainer's cost on every pair of networks, into one folder that is whole after each of them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from torch import Tensor

from xaigrad import Guidance
from xaigrad.benchmarks import cost_picture, cost_table, results
from xaigrad.benchmarks.choices import CONTROLS, EXPLAINERS, Choice, choose
from xaigrad.benchmarks.cost import Cost, measure
from xaigrad.benchmarks.cost_display import CostDisplay
from xaigrad.benchmarks.measuring import failure, head, models_of, settings, threads_set, write
from xaigrad.benchmarks.measuring import images as _images
from xaigrad.benchmarks.peers import PEERS, missing
from xaigrad.benchmarks.setting import Setting

CHOICES: dict[str, Choice] = CONTROLS | {name: made for name, made in EXPLAINERS.items() if name != "none"} | PEERS
DEFAULTS = (
    "idle",
    "saliency",
    "input-x-gradient",
    "saliency-exact",
    "deep-shap:1",
    "deep-shap:10",
    "integrated-gradients:8",
    "expected-gradients",
    "smooth-grad",
    "occlusion",
    "lime:64",
    "kernel-shap:64",
)
DEFAULT_PEERS = ("captum-saliency", "captum-deep-shap:10", "per-sample-loop:10", "shap-deep:10")
MORE_DEFAULTS = {"dcgan": ("grad-cam:layers.4",)}
_LIBRARIES = ("xaigrad", "torch", "captum", "shap")


@dataclass(frozen=True)
class Row:
    """One explainer on one pair of networks.

    Attributes:
        setting: The networks, the batch, the device.
        explainer: What it is called on the command line.
        guidance: The recipe; ``None`` for the standard GAN.
    """

    setting: Setting
    explainer: str
    guidance: Guidance | None

    @property
    def kind(self) -> str:
        """Whose it is: a control, xaigrad's or a peer."""
        name = self.explainer.partition(":")[0]
        return "control" if name in CONTROLS else "peer" if name in PEERS else "xaigrad"

    def record(self, cost: Cost | None, status: str) -> dict[str, Any]:
        """Return the row for a results file."""
        facts = {
            "model": self.setting.model,
            "batch": self.setting.batch,
            "explainer": self.explainer,
            "kind": self.kind,
            "guidance": repr(self.guidance),
            "status": status,
        }
        if cost is None:
            return facts
        milliseconds = {
            "standard_ms": 1000 * median(cost.standard_seconds),
            "guided_ms": 1000 * median(cost.guided_seconds),
        }
        return facts | milliseconds | cost.record()


def plan(models: Sequence[str], explainers: Sequence[str], batch: int | None, device: str, images: Tensor) -> list[Row]:
    """Return the rows to measure; the standard GAN against itself is always the first of its networks.

    Args:
        models: Names of pairs of networks.
        explainers: Names with numbers; if none, all of them.
        batch: Images per step; if not given, the usual number for the networks.
        device: Where to train.
        images: Real images, the references.

    Raises:
        UsageError: If a name is unknown, or a number does not fit.
    """
    rows = []
    for setting in settings(models, batch, device, images):
        named = explainers or (*DEFAULTS, *MORE_DEFAULTS.get(setting.model, ()), *DEFAULT_PEERS)
        for name in dict.fromkeys(["standard", *named]):
            made = choose("explainer", CHOICES, name, references=images)
            recipe = made if made is None or isinstance(made, Guidance) else Guidance(made)
            rows.append(Row(setting, name, recipe))
    return rows


def run(
    explainers: Sequence[str],
    model: str,
    batch: int | None,
    pairs: int,
    device: str,
    threads: int | None,
    out: Path,
    console: Console,
) -> dict[str, Any]:
    """Measure, show and save; return the record.

    An explainer whose library is missing, or that fails, is a row with the reason.

    Args:
        explainers: Names with numbers; if none, all of them.
        model: ``mlp``, ``dcgan`` or ``both``.
        batch: Images per step; if not given, 100 for the MLP and 64 for the DCGAN.
        pairs: How many times each explainer is timed beside the standard GAN.
        device: Where to train.
        threads: Of PyTorch on the CPU; if not given, what it takes by itself.
        out: A new folder for the results.
        console: Where to write.

    Raises:
        UsageError: If anything asked for cannot be.
    """
    models, images = models_of(model, pairs=pairs, threads=threads), _images()
    rows = plan(models, explainers, batch, device, images)
    folder = results.new_folder(out)
    with threads_set(threads):
        asked = {"model": model, "batch": batch, "pairs": pairs, "device": device, "images": len(images)}
        record = head(asked, _LIBRARIES)
        measured: list[dict[str, Any]] = record["rows"]
        try:
            with CostDisplay(console, len(rows)) as display:
                for row in rows:
                    measured.append(_measured(row, images, pairs, display))
                    _save(folder, record)
                    display.row(measured[-1])
            record["finished"] = True
        finally:
            if measured:
                _save(folder, record)
                cost_picture.draw(record, folder / "cost.png")
            console.print(f"Saved in {folder}: cost.json, cost.csv and cost.png.", soft_wrap=True, highlight=False)
    return record


def _measured(row: Row, images: Tensor, pairs: int, display: CostDisplay) -> dict[str, Any]:
    reason = None if row.guidance is None else missing(row.guidance.explainer)
    if reason:
        return row.record(None, f"skipped: {reason}")
    try:
        cost = measure(
            row.setting,
            images,
            row.guidance,
            pairs,
            lambda doing: display.doing(f"{row.setting.model} {row.explainer}: {doing}"),
        )
    except Exception as error:  # An explainer of another library, or on networks that it does not fit.
        return row.record(None, failure(error))
    return row.record(cost, "measured")


def _save(folder: Path, record: Mapping[str, Any]) -> None:
    write(folder, {"cost.json": json.dumps(record, indent=1) + "\n", "cost.csv": cost_table.as_csv(record)})
