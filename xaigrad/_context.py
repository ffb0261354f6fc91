"""What the parts of a guidance may know of the update that they have a part in."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from xaigrad._checks import structure

Score: TypeAlias = Callable[[Tensor], Tensor]
"""``samples -> score``: D's verdict on each sample, shape ``(N,)``, differentiable, asked of D in isolation."""


def _nothing() -> Tensor:
    return torch.empty(0, device="cpu")


def _nobody() -> AbstractContextManager[Score]:
    raise RuntimeError("A context that was made by hand should have `asking`, which yields the score. Found none.")


@dataclass(frozen=True)
class Context:
    """What an explainer, a mask transform or a rule may know besides its own arguments.

    Explainers always get it. A mask transform or a rule gets it if it has one parameter more than it would have alone,
    as in ``lambda attribution, context: attribution * (context.samples > 0)``.

    Attributes:
        gradient: The gradient that arrived at the samples, of their shape, in float32 or float64.
        update: The number of generator updates before this one.
        explanation: The number of explanations before this one.
        rng: The guidance's own random generator, on the CPU; the user's random state is never drawn from.
        args: The positional arguments of the discriminator's call, with the samples in their place.
        kwargs: The keyword arguments of the discriminator's call.
        discriminator: The module that is asked, in isolation while an explainer runs, for explainers that look into
            its layers; ``None`` where the user gave a function instead (``intercept``). Ask it with ``score``.
        memory: What explainers of this discriminator want to remember from one explanation to the next. It is not
            saved: what is remembered must not change a result.
        real: The last real samples that D was trained on, shape ``(M, ...)`` with the samples' feature shape, where a
            part has an attribute ``harvests``, the number to keep; else ``None``. To be read only, and only now:
            the next real batch is written over it.
        samples: What the generator made, detached.
        attribution: What the explainer said, before any mask transform; empty while it is being asked.
        asking: Returns a context manager that yields the score, D being isolated inside it.
        verdict: Returns D's score of each sample in the user's own call, ``None`` where that cannot be read.
        changes: How the user's loss changes with each score, shape ``(N,)``, if the rule has an attribute ``slopes``;
            ``None`` where that is not known.
        state: What this part of the recipe carries from one guided update to the next: numbers and tensors by name. It
            is saved and loaded with the guidance, and of one discriminator.
        reports: Figures of this update, by name, that a part wants to be found in ``last.reports``.
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
    samples: Tensor = field(default_factory=_nothing)
    attribution: Tensor = field(default_factory=_nothing)
    asking: Callable[[], AbstractContextManager[Score]] = _nobody
    verdict: Callable[[], Tensor | None] = lambda: None
    changes: Tensor | None = None
    state: dict[str, Any] = field(default_factory=dict)
    reports: dict[str, Tensor] = field(default_factory=dict)
    _answers: dict[Any, Any] = field(default_factory=dict, repr=False)

    @property
    def scores(self) -> Tensor:
        """D's score of each sample, high for real ones, shape ``(N,)``: of the user's own call, or else asked again.

        Raises:
            ValueError: If D does not give one per sample.
        """
        if "scores" not in self._answers:
            with torch.no_grad():
                scores = self.verdict()
                if scores is None:
                    with self.asking() as score:
                        scores = score(self.samples)
            if scores.shape != (len(self.samples),):
                raise ValueError(
                    f"The discriminator should give one score per sample, {len(self.samples)} of them, where a mask or "
                    f"a rule looks at the scores. Found {structure(scores)}. Say which in "
                    "target=lambda output, samples: ..."
                )
            self._answers["scores"] = scores.to(self.gradient.dtype)
        found: Tensor = self._answers["scores"]
        return found

    def explain(self, explainer: Callable[[Score, Tensor, "Context"], Tensor]) -> Tensor:
        """Return what an explainer says of the samples, in their shape; it, or one that equals it, is asked once.

        Raises:
            TypeError: If it gives no tensor.
            ValueError: If the tensor's shape is not the samples' and does not broadcast to it.
        """
        key = _key(explainer)
        if key not in self._answers:
            if getattr(explainer, "fused", False):
                found = explainer(_unasked, self.samples, self)
            else:
                with self.asking() as score, torch.enable_grad():
                    found = explainer(score, self.samples, self)
            found = expanded("explainer", explainer, found, self.gradient).detach().to(self.gradient.dtype)
            self._answers[key] = found, explainer  # Which an identity alone would not keep.
        attribution: Tensor = self._answers[key][0]
        return attribution

    def within(self, name: str) -> "Context":
        """Return the context of a part of a part, which has a state of its own."""
        return replace(self, state=self.state.setdefault(name, {}))


def _key(explainer: Any) -> Any:
    try:
        hash(explainer)
    except TypeError:
        return id(explainer)
    return explainer


def expanded(name: str, part: Any, found: Any, gradient: Tensor) -> Tensor:
    """Return what a part of the recipe gave, in the gradient's shape.

    Args:
        name: What the part is.
        part: Itself.
        found: What it gave.
        gradient: Whose shape is wanted.

    Raises:
        TypeError: If it gave no tensor.
        ValueError: If the shapes do not fit.
    """
    if not isinstance(found, Tensor):
        raise TypeError(
            f"Parameter `{name}` should give a tensor of the samples' shape {tuple(gradient.shape)}. Found "
            f"{structure(found)} from {part!r}. Return the tensor."
        )
    try:
        return found.expand_as(gradient)
    except RuntimeError:
        raise ValueError(
            f"Parameter `{name}` should give a tensor of the samples' shape {tuple(gradient.shape)}, or one that "
            f"broadcasts to it. Found the shape {tuple(found.shape)} from {part!r}."
        ) from None


def _unasked(samples: Tensor) -> Tensor:
    raise RuntimeError(
        "An explainer whose attribute `fused` is true should not ask the discriminator. Found that it did. Remove the "
        "attribute."
    )
