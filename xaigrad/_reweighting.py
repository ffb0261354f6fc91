"""The step that the paper adds to backpropagation: explain, mask, re-weight (LogicGAN, Algorithm 1, lines 6 and 7)."""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from xaigrad._call import DiscriminatorCall, structure
from xaigrad._guidance import Guidance
from xaigrad._types import Context


@dataclass(frozen=True)
class GuidedUpdate:
    """What one guided update did, in the samples' shape, for plots.

    Attributes:
        update: The number of generator updates before it.
        strength: The schedule's strength.
        samples: What the generator made.
        gradient: The gradient that arrived.
        attribution: What the explainer said.
        mask: What the mask transforms made of it.
        guided: The gradient that the generator got.
    """

    update: int
    strength: float
    samples: Tensor
    gradient: Tensor
    attribution: Tensor
    mask: Tensor
    guided: Tensor


class Reweighting:
    """A guidance at work: it turns gradients into guided ones, with its own random state and its own count.

    Args:
        guidance: The recipe.
        rng: The random generator that explainers draw from.

    Attributes:
        explanations: How many gradients have been guided.
        last: What the last one was.
    """

    def __init__(self, guidance: Guidance, rng: torch.Generator) -> None:
        self.guidance = guidance
        self.rng = rng
        self.explanations = 0
        self.last: GuidedUpdate | None = None
        self._fallbacks: Tensor | None = None
        self._memories: WeakKeyDictionary[nn.Module, dict[str, Any]] = WeakKeyDictionary()

    @property
    def fused(self) -> bool:
        """Whether the explainer leaves the discriminator unasked."""
        return bool(getattr(self.guidance.explainer, "fused", False))

    @property
    def fallbacks(self) -> int:
        """How many samples had a mask that was not finite and got the neutral mask 1."""
        return 0 if self._fallbacks is None else int(self._fallbacks)

    def __call__(
        self,
        gradient: Tensor,
        call: DiscriminatorCall,
        discriminators: Iterable[nn.Module],
        strength: float,
        update: int,
        real: Tensor | None = None,
    ) -> Tensor:
        """Return the guided gradient, of the arriving one's shape and dtype; masks are made in float32 or float64."""
        full = gradient if gradient.dtype == torch.float64 else gradient.float()
        attribution = self._explain(full, call, discriminators, update, real)
        mask = self._finite(self._expanded("mask", self.guidance.transform(attribution), full), full)
        guided = self._expanded("rule", self.guidance.rule(full, mask, strength), full).to(gradient.dtype)
        self.explanations += 1
        self.last = GuidedUpdate(update, strength, call.samples, gradient, attribution, mask, guided)
        return guided

    def _explain(
        self,
        gradient: Tensor,
        call: DiscriminatorCall,
        discriminators: Iterable[nn.Module],
        update: int,
        real: Tensor | None,
    ) -> Tensor:
        explainer = self.guidance.explainer
        args, kwargs = call.arguments(call.samples)
        asked = call.discriminator
        memory = {} if asked is None else self._memories.setdefault(asked, {})
        context = Context(gradient, update, self.explanations, self.rng, args, kwargs, asked, memory, real)
        if self.fused:
            attribution = explainer(_unasked, call.samples, context)
        else:
            with call.isolated(discriminators) as score, torch.enable_grad():
                attribution = explainer(score, call.samples, context)
        return self._expanded("explainer", attribution, gradient).detach().to(gradient.dtype)

    def _expanded(self, part: str, found: Any, gradient: Tensor) -> Tensor:
        """Return what a part of the recipe gave, in the gradient's shape."""
        if not isinstance(found, Tensor):
            raise TypeError(
                f"Parameter `{part}` should give a tensor of the samples' shape {tuple(gradient.shape)}. Found "
                f"{structure(found)} from {getattr(self.guidance, part)!r}. Return the tensor."
            )
        try:
            return found.expand_as(gradient)
        except RuntimeError:
            raise ValueError(
                f"Parameter `{part}` should give a tensor of the samples' shape {tuple(gradient.shape)}, or one that "
                f"broadcasts to it. Found the shape {tuple(found.shape)} from {getattr(self.guidance, part)!r}."
            ) from None

    def _finite(self, mask: Tensor, gradient: Tensor) -> Tensor:
        """Return the mask, with 1 for the samples where it is not finite.

        Those are counted and warned of, unless the gradient itself is not finite: a loss scaler looks for its step.
        """
        features = tuple(range(1, mask.dim()))
        # A sum is finite if all its terms are, and twenty times faster on a CPU than to ask each of them.
        finite = mask.sum(features, keepdim=True).isfinite()
        if finite.device.type != "cpu" or not finite.all():  # Elsewhere the question would wait.
            fallbacks = (~finite & gradient.sum(features, keepdim=True).isfinite()).sum()
            self._fallbacks = fallbacks if self._fallbacks is None else self._fallbacks + fallbacks
            mask = torch.where(finite, mask, 1.0)
        # At the 1st, 2nd, 4th, 8th ... explanation: reading a count waits for the device; no graph can be captured so.
        capturing = mask.is_cuda and torch.cuda.is_current_stream_capturing()
        if (self.explanations + 1).bit_count() == 1 and not capturing and self.fallbacks > 0:
            warnings.warn(
                "Some masks were not finite; their samples got the standard gradient. The counter `fallbacks` says how "
                "many. Look at the explainer's attribution in `last`.",
                stacklevel=2,
            )
        return mask


def _unasked(samples: Tensor) -> Tensor:
    raise RuntimeError(
        "An explainer whose attribute `fused` is true should not ask the discriminator. Found that it did. Remove the "
        "attribute."
    )
