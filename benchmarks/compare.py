"""Several arms on the same data from the same seed, into one folder."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from xaigrad.benchmarks import results
from xaigrad.benchmarks.arms import Arm, ArmInTraining
from xaigrad.benchmarks.data import Digits
from xaigrad.benchmarks.display import LiveProgress, show
from xaigrad.benchmarks.metrics import Evaluator
from xaigrad.benchmarks.training import Setting

EVALUATED = 10_000


def compare(
    arms: Sequence[Arm],
    setting: Setting,
    digits: Digits,
    out: Path,
    console: Console,
    asked: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Train the arms, show the table, save the results, and return the record.

    The arms take turns, an epoch each, so that a machine that slows down slows all of them.

    Args:
        arms: Their names and recipes; times are given relative to the first.
        setting: What they have in common.
        digits: The real images. Of more than 10,000 the same random 10,000 serve each evaluation.
        out: A new folder for the results.
        console: Where to write.
        asked: What else was asked for, to be recorded.
    """
    setting.check_fits(len(digits))
    folder = results.new_folder(out)
    count = min(EVALUATED, len(digits))
    chosen = torch.randperm(len(digits), generator=torch.Generator().manual_seed(0))[:count]
    evaluator = Evaluator(digits.images[chosen], digits.name, device=setting.device)
    training = [ArmInTraining(arm, setting, digits, evaluator, count) for arm in arms]
    with LiveProgress(console, setting.epochs, [arm.name for arm in arms]) as progress:
        for _ in range(setting.epochs):
            for one in training:
                progress.epoch(one.arm.name, one.epoch())
    done = [one.result() for one in training]
    facts = {"dataset": digits.name, "evaluated": count, "extractor": evaluator.extractor}
    record = results.save(folder, asdict(setting) | setting.options | facts | (asked or {}), done)
    show(console, record)
    console.print(f"Saved in {folder}: results.json, samples.png and the generators' weights.", soft_wrap=True)
    return record
