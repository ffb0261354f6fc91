"""Every part's cost on every pair of networks, into one folder that is whole after each of them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from torch import Tensor

from xaigrad.benchmarks import part_table, parts, results
from xaigrad.benchmarks.cost_display import PARTS, CostDisplay
from xaigrad.benchmarks.measuring import failure, head, images, models_of, settings, threads_set, write
from xaigrad.benchmarks.part_cost import measure
from xaigrad.benchmarks.parts import Part
from xaigrad.benchmarks.setting import Setting

_LIBRARIES = ("xaigrad", "torch")


def run(
    texts: Sequence[str],
    every: bool,
    model: str,
    batch: int | None,
    rounds: int,
    device: str,
    threads: int | None,
    out: Path,
    console: Console,
) -> dict[str, Any]:
    """Measure, show and save; return the record.

    A part that fails is a row with the reason.

    Args:
        texts: What the parts are read from; ``real`` in them is a thousand real images.
        every: Whether to measure all of the library's, before those.
        model: ``mlp``, ``dcgan`` or ``both``.
        batch: Images per step; if not given, 100 for the MLP and 64 for the DCGAN.
        rounds: How many times each part is timed, in turn with the standard GAN; ``pairs`` on the command line.
        device: Where to train.
        threads: Of PyTorch on the CPU; if not given, what it takes by itself.
        out: A new folder for the results.
        console: Where to write.

    Raises:
        UsageError: If anything asked for cannot be.
    """
    models, real = models_of(model, pairs=rounds, threads=threads), images()
    names = {"real": real}
    chosen = {part.text: part for part in [*(parts.library(names) if every else ()), *_read(texts, names)]}
    todo = [(setting, part) for setting in settings(models, batch, device, real) for part in chosen.values()]
    folder = results.new_folder(out)
    with threads_set(threads):
        asked = {"model": model, "batch": batch, "pairs": rounds, "device": device, "images": len(real)}
        record = head(asked, _LIBRARIES)
        try:
            with CostDisplay(console, len(todo), PARTS) as display:
                for setting, part in todo:
                    record["rows"].append(_measured(setting, part, real, rounds, display))
                    _save(folder, record)
                    display.row(record["rows"][-1])
            record["finished"] = True
        finally:
            if record["rows"]:
                _save(folder, record)
            console.print(f"Saved in {folder}: parts.json and parts.csv.", soft_wrap=True, highlight=False)
    return record


def _read(texts: Sequence[str], names: Mapping[str, Any]) -> list[Part]:
    return [parts.read(text, names) for text in texts]


def _measured(setting: Setting, part: Part, real: Tensor, rounds: int, display: CostDisplay) -> dict[str, Any]:
    facts = {
        "model": setting.model,
        "batch": setting.batch,
        "part": part.text,
        "kind": part.kind,
        "value": repr(part.value),
    }
    try:
        cost = measure(
            setting, real, part, rounds, lambda doing: display.doing(f"{setting.model} {part.text}: {doing}")
        )
    except Exception as error:  # A part that does not fit the networks, or a function of the user's.
        return facts | {"status": failure(error)}
    return facts | {"status": "measured"} | cost.record()


def _save(folder: Path, record: Mapping[str, Any]) -> None:
    write(folder, {"parts.json": json.dumps(record, indent=1) + "\n", "parts.csv": part_table.as_csv(record)})
