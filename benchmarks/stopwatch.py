"""Seconds spent in one part of a training."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from xaigrad.explainers import Context, Explainer, Score


class Stopwatch:
    """Adds up seconds; on a GPU by device events, which are read at the end, so that no step waits for the device.

    Args:
        device: Where the time goes by.
        clock: What is read elsewhere than on a GPU.
    """

    def __init__(self, device: torch.device, clock: Callable[[], float] = time.perf_counter) -> None:
        self._cuda = device.type == "cuda"
        self._clock = clock
        self._seconds = 0.0
        self._events: list[tuple[Any, Any]] = []

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count the time of the context."""
        if self._cuda:
            start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
            start.record()
            yield
            end.record()
            self._events.append((start, end))
        else:
            begin = self._clock()
            yield
            self._seconds += self._clock() - begin

    def seconds(self) -> float:
        """Return the sum so far; on a GPU this waits for the device."""
        if self._events:
            torch.cuda.synchronize()
            self._seconds += sum(start.elapsed_time(end) for start, end in self._events) / 1000
            self._events.clear()
        return self._seconds


@dataclass(frozen=True)
class Timed:
    """An explainer under a stopwatch."""

    explainer: Explainer
    stopwatch: Stopwatch

    @property
    def fused(self) -> bool:
        """Whether D is left unasked."""
        return bool(getattr(self.explainer, "fused", False))

    @property
    def harvests(self) -> int:
        """How many real samples it wants to be kept."""
        return int(getattr(self.explainer, "harvests", 0))

    def __call__(self, score: Score, samples: Tensor, context: Context) -> Tensor:
        """Return the explainer's attribution."""
        with self.stopwatch.running():
            return self.explainer(score, samples, context)
