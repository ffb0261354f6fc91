"""The callables that a guidance is made of."""

from collections.abc import Callable
from typing import Any, TypeAlias

from torch import Tensor

from xaigrad._context import Context, Score
from xaigrad._verdicts import Verdicts

__all__ = ["Context", "Explainer", "MaskTransform", "Rule", "Schedule", "Score", "Target", "Verdicts"]

Target: TypeAlias = Callable[[Any, Tensor], Tensor]
"""``(D's output, samples) -> what to explain``: one row of any shape per sample."""

Explainer: TypeAlias = Callable[[Score, Tensor, Context], Tensor]
"""``(score, samples, context) -> attribution``, of the samples' shape or broadcasting to it."""

MaskTransform: TypeAlias = Callable[[Tensor], Tensor] | Callable[[Tensor, Context], Tensor]
"""``attribution -> mask``, or ``(attribution, context) -> mask``."""

Schedule: TypeAlias = Callable[[int], float] | Callable[[int, Verdicts], float]
"""``update -> strength`` in [0, 1], or ``(update, verdicts) -> strength``; at 0 nothing is computed."""

Rule: TypeAlias = Callable[[Tensor, Tensor, float], Tensor] | Callable[[Tensor, Tensor, float, Context], Tensor]
"""``(gradient, mask, strength) -> gradient``, or ``(gradient, mask, strength, context) -> gradient``."""
