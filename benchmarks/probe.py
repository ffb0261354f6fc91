"""A guidance that times one of its parts, in a training that goes on as if there were none."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from xaigrad import Guidance
from xaigrad._context import expanded
from xaigrad.benchmarks.parts import Part
from xaigrad.benchmarks.stopwatch import Stopwatch
from xaigrad.explainers import Context, Score
from xaigrad.schedules import Verdicts


@dataclass
class Found:
    """What became known of a part while it was timed.

    Attributes:
        calls: How often it was called.
        asks: Whether it asked D.
        reads: Whether it looked at the scores of the user's own call.
    """

    calls: int = 0
    asks: bool = False
    reads: bool = False


@dataclass(frozen=True)
class Probe(Guidance):
    """A guidance that times one of its parts and drops what that says, so that the training is the standard one.

    Args:
        place: Which: ``"mask"``, ``"rule"`` or ``"schedule"``.
        before: What the mask is made by before the part's turn.
        stopwatch: Runs while the part does.
        found: What is learned of it.
    """

    place: str = "mask"
    before: Callable[[Tensor], Tensor] | None = None
    stopwatch: Stopwatch = field(default_factory=lambda: Stopwatch(torch.device("cpu")))
    found: Found = field(default_factory=Found)

    @classmethod
    def of(cls, part: Part, stopwatch: Stopwatch) -> "Probe":
        """Return the probe of a part, in a recipe of defaults."""
        recipe: dict[str, Any] = {part.place: part.value}
        return cls(**recipe, place=part.place, before=part.before, stopwatch=stopwatch)

    def transform(self, attribution: Tensor, context: Context | None = None) -> Tensor:
        """Return a mask of ones, if the part is the mask."""
        if self.place != "mask" or context is None:
            return super().transform(attribution, context)
        given = attribution if self.before is None else self.before(attribution)
        with self._noting(context) as context, self.stopwatch.running():
            expanded("mask", self.mask, super().transform(given, context), attribution)
        return torch.ones_like(attribution)

    def reweight(self, gradient: Tensor, mask: Tensor, strength: float, context: Context | None = None) -> Tensor:
        """Return the gradient itself, if the part is the rule."""
        if self.place != "rule" or context is None:
            return super().reweight(gradient, mask, strength, context)
        with self._noting(context) as context, self.stopwatch.running():
            super().reweight(gradient, mask, strength, context)
        return gradient

    def strength(self, update: int, verdicts: Verdicts | None = None) -> float:
        """Return 0, if the part is the schedule."""
        if self.place != "schedule":
            return super().strength(update, verdicts)
        self.found.calls += 1
        with self.stopwatch.running():
            super().strength(update, verdicts)
        return 0.0

    @contextmanager
    def _noting(self, context: Context) -> Iterator[Context]:
        """Yield a context that takes note of what it is asked."""

        def asking() -> AbstractContextManager[Score]:
            self.found.asks = True
            return context.asking()

        watched = replace(context, asking=asking)
        yield watched
        self.found.calls += 1
        self.found.reads |= "scores" in watched._answers
