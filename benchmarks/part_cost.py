"""What a part of a recipe costs, of a whole standard step: timed where it is called, in a training of its own.

Ratios of whole steps are too noisy for the few percent that a part takes. So the part alone is timed, with all that is
done for it alone, at every update of a training that takes turns with a standard one.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from math import ceil
from statistics import median
from typing import Any

import torch
from torch import Tensor

from xaigrad.benchmarks import cost
from xaigrad.benchmarks.beside import timed_beside
from xaigrad.benchmarks.cost import Spread, Steps
from xaigrad.benchmarks.parts import Part
from xaigrad.benchmarks.probe import Found, Probe
from xaigrad.benchmarks.setting import Setting
from xaigrad.benchmarks.stopwatch import Stopwatch

LEAST_STEPS = 3


@dataclass(frozen=True)
class PartCost:
    """What one part costs on one pair of networks.

    Attributes:
        steps: Of each round, whose medians are below.
        standard_seconds: One standard step, per round.
        part_seconds: The part's calls in one step, per round.
        beside_seconds: What was done for it beside its calls, per round.
        found: What became known of it.
    """

    steps: int
    standard_seconds: list[float]
    part_seconds: list[float]
    beside_seconds: list[float]
    found: Found

    @property
    def percents(self) -> list[float]:
        """The time of the part and of what is done for it, in per cent of the standard step beside it, per round."""
        rounds = zip(self.part_seconds, self.beside_seconds, self.standard_seconds, strict=True)
        return [100 * (part + beside) / standard for part, beside, standard in rounds]

    def record(self) -> dict[str, Any]:
        """Return all of it, for a results file."""
        return {
            "steps": self.steps,
            "asks": self.found.asks,
            "reads_scores": self.found.reads,
            "standard_ms": 1000 * median(self.standard_seconds),
            "part_us": 1e6 * median(self.part_seconds),
            "beside_us": 1e6 * median(self.beside_seconds),
            "percent": asdict(Spread.of(self.percents)),
            "percents": self.percents,
            "standard_seconds": self.standard_seconds,
            "part_seconds": self.part_seconds,
            "beside_seconds": self.beside_seconds,
        }


def measure(
    setting: Setting, images: Tensor, part: Part, rounds: int, progress: Callable[[str], None] = lambda doing: None
) -> PartCost:
    """Measure one part; the random states of the caller are left alone.

    Each standard step is followed by a step in which the part is called, as a training calls it: with the gradient, the
    attribution and the scores that have just come to be, and caches full of other things. A round has at least three
    of both, and as many as last 50 ms. With one thread it is the processor's time that is counted: where others want
    the processor too, a long step has to wait for it, and a short part has not.

    Args:
        setting: The networks, the batch, the device.
        images: Real images.
        part: What to time.
        rounds: How many.
        progress: Told what is being done.

    Raises:
        RuntimeError: If the part was not called, so that nothing was measured.
    """
    device, clock = torch.device(setting.device), time.thread_time if alone() else time.perf_counter
    own, beside = Stopwatch(device, clock), Stopwatch(device, clock)
    probe = Probe.of(part, own)
    medians: tuple[list[float], list[float], list[float]] = ([], [], [])
    with timed_beside(beside):
        progress("warm-up")
        standard, probed = Steps(setting, images, clock=clock), Steps(setting, images, probe, clock)
        probed.run(cost.WARM_UP)
        standard.run(cost.WARM_UP)
        steps = max(LEAST_STEPS, ceil(cost.LEAST_SECONDS / standard.run(cost.WARM_UP)))
        before = probe.found.calls
        for number in range(rounds):
            progress(f"round {number + 1} of {rounds}")
            lasted = [(standard.run(1), *_laps(probed, own, beside)) for _ in range(steps)]
            for seconds, column in zip(medians, zip(*lasted, strict=True), strict=True):
                seconds.append(median(column))
    if probe.found.calls - before < rounds * steps:
        raise RuntimeError(f"it was called {probe.found.calls - before} times in {rounds * steps} updates")
    return PartCost(steps, *medians, probe.found)


def alone() -> bool:
    """Return whether PyTorch has one thread, so that the processor's time is that of the work."""
    return torch.get_num_threads() == 1


def _laps(training: Steps, *stopwatches: Stopwatch) -> list[float]:
    """Return the seconds that one step of a training adds to each stopwatch."""
    before = [stopwatch.seconds() for stopwatch in stopwatches]
    training.run(1)
    return [stopwatch.seconds() - start for stopwatch, start in zip(stopwatches, before, strict=True)]
