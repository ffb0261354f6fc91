"""The step that the paper adds to backpropagation: explain, mask, re-weight (LogicGAN, Algorithm 1, lines 6 and 7)."""

import copy
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from xaigrad._call import DiscriminatorCall
from xaigrad._context import Context, expanded
from xaigrad._guidance import Guidance
from xaigrad._isolation import unwrapped


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
        reports: Figures that parts of the recipe gave, by name.
    """

    update: int
    strength: float
    samples: Tensor
    gradient: Tensor
    attribution: Tensor
    mask: Tensor
    guided: Tensor
    reports: Mapping[str, Tensor] = field(default_factory=dict)


class Reweighting:
    """A guidance at work: it turns gradients into guided ones, with its own random state and its own count.

    Args:
        guidance: The recipe.
        rng: The random generator that explainers draw from.
        discriminators: Those of whose samples the parts of the recipe carry a state.

    Attributes:
        explanations: How many gradients have been guided.
        last: What the last one was.
    """

    def __init__(self, guidance: Guidance, rng: torch.Generator, discriminators: Iterable[nn.Module]) -> None:
        self.guidance = guidance
        self.rng = rng
        self._states = WeakKeyDictionary[nn.Module, dict[str, Any]]({unwrapped(one): {} for one in discriminators})
        self._state: dict[str, Any] = {}  # Where the discriminator is a function, or a replica.
        self.explanations = 0
        self.last: GuidedUpdate | None = None
        self._fallbacks: Tensor | None = None
        self._memories: WeakKeyDictionary[nn.Module, dict[str, Any]] = WeakKeyDictionary()

    @property
    def fallbacks(self) -> int:
        """How many samples had a mask that was not finite and got the neutral mask 1."""
        return 0 if self._fallbacks is None else int(self._fallbacks)

    def state_dict(self, discriminators: Iterable[nn.Module | None]) -> dict[str, Any]:
        """Return the count, the random state, and what the parts carry from one update to the next, if anything."""
        state = {"explanations": self.explanations, "rng": self.rng.get_state()}
        parts = self._carried(discriminators)
        return state | ({"parts": copy.deepcopy(parts)} if any(parts) else {})

    def load_state_dict(self, discriminators: Iterable[nn.Module | None], state: Mapping[str, Any]) -> None:
        """Go on where a saved guidance stopped."""
        self.explanations = int(state["explanations"])
        self.rng.set_state(state["rng"].cpu())
        parts = self._carried(discriminators)
        for part, saved in zip(parts, state.get("parts", [{}] * len(parts)), strict=False):
            part.clear()
            part.update(copy.deepcopy(saved))

    def _carried(self, discriminators: Iterable[nn.Module | None]) -> list[dict[str, Any]]:
        """Return what the parts carry from one update to the next: of functions, then of each discriminator."""
        return [self._state, *({} if one is None else self._states[unwrapped(one)] for one in discriminators)]

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
        context = self._context(full, call, discriminators, update, real)
        attribution = context.explain(self.guidance.explainer)
        context = replace(context, attribution=attribution)
        mask = expanded("mask", self.guidance.mask, self.guidance.transform(attribution, context), full)
        mask = self._finite(mask, full)
        guided = self.guidance.reweight(full, mask, strength, context)
        guided = expanded("rule", self.guidance.rule, guided, full).to(gradient.dtype)
        self.explanations += 1
        self.last = GuidedUpdate(update, strength, call.samples, gradient, attribution, mask, guided, context.reports)
        return guided

    def _context(
        self, gradient: Tensor, call: DiscriminatorCall, discriminators: Iterable[nn.Module], update: int, real: Any
    ) -> Context:
        args, kwargs = call.arguments(call.samples)
        asked = call.discriminator
        state = self._state if asked is None else self._states.get(asked, self._state)
        return Context(
            gradient=gradient,
            update=update,
            explanation=self.explanations,
            rng=self.rng,
            args=args,
            kwargs=kwargs,
            discriminator=asked,
            memory={} if asked is None else self._memories.setdefault(asked, {}),
            real=real,
            samples=call.samples,
            asking=partial(call.isolated, discriminators),
            verdict=call.verdict,
            changes=call.changes,
            state=state.setdefault(str(call.slot), {}),
        )

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
                "Some masks were not finite; their samples got the neutral mask 1. The counter `fallbacks` says how "
                "many. Look at the explainer's attribution in `last`.",
                stacklevel=2,
            )
        return mask
