"""The callables that a guidance is made of, and what an explainer is told besides the score."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

Score: TypeAlias = Callable[[Tensor], Tensor]
"""``samples -> score``: D's verdict on each sample, shape ``(N,)``, differentiable, asked of D in isolation."""

Target: TypeAlias = Callable[[Any, Tensor], Tensor]
"""``(D's output, samples) -> what to explain``: one row of any shape per sample."""

MaskTransform: TypeAlias = Callable[[Tensor], Tensor]
"""``attribution -> mask``."""

Schedule: TypeAlias = Callable[[int], float]
"""``update -> strength`` in [0, 1]; at 0 nothing is computed."""

Rule: TypeAlias = Callable[[Tensor, Tensor, float], Tensor]
"""``(gradient, mask, strength) -> gradient``."""


@dataclass(frozen=True)
class Context:
    """What an explainer may know besides the score and the samples.

    Attributes:
        gradient: The gradient that arrived at the samples, of their shape, in float32 or float64.
        update: The number of generator updates before this one.
        explanation: The number of explanations before this one.
        rng: The guidance's own random generator, on the CPU; the user's random state is never drawn from.
        args: The positional arguments of the discriminator's call, with the samples in their place.
        kwargs: The keyword arguments of the discriminator's call.
        discriminator: The module that is asked, in isolation while the explainer runs, for explainers that look into
            its layers; ``None`` where the user gave a function instead (``intercept``). Ask it with ``score``.
        memory: What explainers of this discriminator want to remember from one explanation to the next. It is not
            saved: what is remembered must not change a result.
        real: The last real samples that D was trained on, shape ``(M, ...)`` with the samples' feature shape, where the
            explainer has an attribute ``harvests``, the number to keep; else ``None``. To be read only, and only now:
            the next real batch is written over it.
    """

    gradient: Tensor
    update: int
    explanation: int
    rng: torch.Generator
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] | None = None
    discriminator: nn.Module | None = None
    memory: dict[str, Any] = field(default_factory=dict)
    real: Tensor | None = None


Explainer: TypeAlias = Callable[[Score, Tensor, Context], Tensor]
"""``(score, samples, context) -> attribution``, of the samples' shape or broadcasting to it."""
