"""What a guidance costs: whole training steps, guided and standard in turn within one run, and their memory.

A step is one update of the discriminator and one of the generator, as in :mod:`~xaigrad.benchmarks.training`.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from math import ceil
from statistics import median, quantiles
from typing import Any

import torch
from torch import Tensor

from xaigrad import Guidance, XAIGuidedGenerator
from xaigrad.benchmarks.memory import peak_bytes
from xaigrad.benchmarks.setting import Setting
from xaigrad.benchmarks.stopwatch import Stopwatch
from xaigrad.benchmarks.training import Training
from xaigrad.explainers import Context, Explainer, Score

WARM_UP = 3
LEAST_SECONDS = 0.05
MIB = 2**20
_SETTLED = 2
"""Steps after which every step allocates the same: the optimizers' states are there, and gradients to release."""


class Steps(Training):
    """A training that is run and timed by the step.

    Args:
        setting: All but the guidance.
        images: Real images, at least one batch.
        guidance: The recipe; ``None`` for the standard GAN. The explainer is called as it is, without a stopwatch.
        clock: What the seconds are read from.
    """

    def __init__(
        self,
        setting: Setting,
        images: Tensor,
        guidance: Guidance | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        super().__init__(setting, images)
        self._clock = clock
        self._guided: XAIGuidedGenerator | None = None
        if guidance is not None:
            state = self._rng.get_state()  # So that both kinds of step see the same data and noise.
            with self._seeded():
                self._guided = XAIGuidedGenerator(self.generator, self.discriminator, guidance)
            self._rng.set_state(state)
            self.gan.generator = self._guided

    @property
    def explanations(self) -> int:
        """How many generator updates have been guided."""
        return self._guided.explanations if self._guided else 0

    def run(self, steps: int) -> float:
        """Train for some steps, on batches drawn at random; return the seconds of one."""
        size = self._setting.batch
        chosen = [torch.randperm(len(self._images), generator=self._rng, device="cpu")[:size] for _ in range(steps)]
        batches = [self._images[batch.to(self._device)] for batch in chosen]
        stopwatch = Stopwatch(self._device, self._clock)
        with self._seeded(), stopwatch.running():
            for batch in batches:
                self.gan.step(batch)
        return stopwatch.seconds() / steps


class Metered:
    """An explainer whose memory is measured at every call.

    Attributes:
        peak: The most bytes that the last call held beside what was there before it; 0 before the first.
    """

    def __init__(self, explainer: Explainer, device: torch.device) -> None:
        self._explainer = explainer
        self._device = device
        self.peak = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._explainer, name)

    def __call__(self, score: Score, samples: Tensor, context: Context) -> Tensor:
        """Return the explainer's attribution."""
        found: list[Tensor] = []
        self.peak = peak_bytes(self._device, lambda: lambda: found.append(self._explainer(score, samples, context)))
        return found[0]


@dataclass(frozen=True)
class Spread:
    """What is told of many ratios."""

    median: float
    low_quartile: float
    high_quartile: float
    least: float
    greatest: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Return the spread of at least one value; quartiles are linear between the values.

        Example:
            >>> Spread.of([1.0, 3.0, 2.0])
            Spread(median=2.0, low_quartile=1.5, high_quartile=2.5, least=1.0, greatest=3.0)
        """
        low, _, high = quantiles(values, n=4, method="inclusive") if len(values) > 1 else (*values, *values, *values)
        return cls(median(values), low, high, min(values), max(values))


@dataclass(frozen=True)
class Cost:
    """What one guidance costs on one pair of networks.

    Attributes:
        steps: Of each timing.
        standard_seconds: One standard step, per pair.
        guided_seconds: One guided step, per pair.
        standard_peak: Bytes that tensors hold at the worst moment of a standard step: data, networks, gradients,
            optimizers and all.
        guided_peak: The same of a guided step.
        explainer_peak: The most bytes that the explainer holds beside what was there before it.
    """

    steps: int
    standard_seconds: list[float]
    guided_seconds: list[float]
    standard_peak: int
    guided_peak: int
    explainer_peak: int

    @property
    def ratios(self) -> list[float]:
        """The time of a guided step over that of the standard step beside it, per pair."""
        pairs = zip(self.guided_seconds, self.standard_seconds, strict=True)
        return [guided / standard for guided, standard in pairs]

    def record(self) -> dict[str, Any]:
        """Return all of it, for a results file."""
        return {
            "steps": self.steps,
            "standard_seconds": self.standard_seconds,
            "guided_seconds": self.guided_seconds,
            "ratios": self.ratios,
            "time": asdict(Spread.of(self.ratios)),
            "standard_peak_mib": self.standard_peak / MIB,
            "guided_peak_mib": self.guided_peak / MIB,
            "explainer_peak_mib": self.explainer_peak / MIB,
            "memory": self.guided_peak / self.standard_peak,
        }


def measure(
    setting: Setting,
    images: Tensor,
    guidance: Guidance | None,
    pairs: int,
    progress: Callable[[str], None] = lambda doing: None,
) -> Cost:
    """Measure one guidance; the random states of the caller are left alone.

    Standard and guided steps take turns, so that a machine that slows down slows both, and the order alternates. A
    timing has as many steps as the standard GAN needs for 50 ms.

    Args:
        setting: The networks, the batch, the device.
        images: Real images.
        guidance: The recipe; ``None`` compares the standard GAN with itself.
        pairs: How many timings of each.
        progress: Told what is being done.

    Raises:
        RuntimeError: If a guided step did not explain, so that nothing was measured.
    """
    progress("warm-up")
    standard, guided = Steps(setting, images), Steps(setting, images, guidance)
    standard.run(WARM_UP)
    guided.run(WARM_UP)
    steps = max(1, ceil(LEAST_SECONDS / standard.run(WARM_UP)))
    seconds: dict[Steps, list[float]] = {standard: [], guided: []}
    for pair in range(pairs):
        progress(f"pair {pair + 1} of {pairs}")
        for training in (standard, guided) if pair % 2 == 0 else (guided, standard):
            seconds[training].append(training.run(steps))
    expected = 0 if guidance is None or guidance.strength(0) == 0 else WARM_UP + pairs * steps
    if guided.explanations != expected:
        raise RuntimeError(f"{guided.explanations} of {expected} updates were explained")
    timed = seconds[standard], seconds[guided]
    del standard, guided, training, seconds

    progress("memory")
    peaks = _peak(setting, images, None), _peak(setting, images, guidance), _explainer_peak(setting, images, guidance)
    return Cost(steps, *timed, *peaks)


def _peak(setting: Setting, images: Tensor, guidance: Guidance | None) -> int:
    def prepare() -> Callable[[], object]:
        training = Steps(setting, images.clone(), guidance)
        training.run(_SETTLED)
        return lambda: training.run(1)

    return peak_bytes(torch.device(setting.device), prepare)


def _explainer_peak(setting: Setting, images: Tensor, guidance: Guidance | None) -> int:
    if guidance is None:
        return 0
    metered = Metered(guidance.explainer, torch.device(setting.device))
    Steps(setting, images, replace(guidance, explainer=metered)).run(_SETTLED)
    return metered.peak
