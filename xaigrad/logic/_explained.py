"""Atoms that other explainers give."""

from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from xaigrad._checks import check_callable
from xaigrad.explainers import (
    DeepLift,
    DeepShap,
    ExpectedGradients,
    Explainer,
    InputXGradient,
    IntegratedGradients,
    KernelShap,
    Lime,
    Occlusion,
    Saliency,
    SmoothGrad,
)
from xaigrad.logic._formula import Formula
from xaigrad.logic._identity import alike
from xaigrad.logic._world import World
from xaigrad.masks import AbsNormalize


@dataclass(frozen=True, repr=False, eq=False)
class Explained(Formula):
    r"""How much a feature explains the score to another explainer, :math:`|A| / \max |A|` over each sample.

    Each explainer is asked once in an update, however often it is named. What is said of ``asks``, ``harvests`` and
    ``fused`` in :mod:`xaigrad.explainers` holds here, too.

    Args:
        explainer: ``(score, samples, context) -> attribution``.
        name: What to print, besides the names of :mod:`xaigrad.logic`.

    Raises:
        TypeError: If the explainer cannot be called.

    Example:
        >>> from xaigrad.explainers import Saliency
        >>> Explained(Saliency())
        saliency
        >>> Explained(Saliency(exact=True))
        Explained(Saliency(exact=True))
    """

    explainer: Explainer
    name: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        check_callable("explainer", self.explainer, "Saliency()")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Explained) and alike(self.explainer, other.explainer)

    def __hash__(self) -> int:
        return hash((Explained, type(self.explainer)))

    def __str__(self) -> str:
        return self.name or self._default or f"Explained({self.explainer!r})"

    @property
    def _default(self) -> str:
        return next((name for name, default in EXPLAINERS.items() if alike(default, self.explainer)), "")

    @property
    def written(self) -> bool:
        """Whether its text, read again, is the same."""
        return str(self) == self._default

    @property
    def asks(self) -> bool:
        """Whether the explainer asks D."""
        return not getattr(self.explainer, "fused", False)

    @property
    def harvests(self) -> int:
        """How many real samples the explainer wants to be kept."""
        return int(getattr(self.explainer, "harvests", 0))

    def check_call(self, discriminator: nn.Module | None, samples: Tensor, shape: tuple[int, ...] | None) -> None:
        """Raise, in the user's own call of D, what the explainer raises of it."""
        check = getattr(self.explainer, "check_call", None)
        if check is not None:
            check(discriminator, samples)

    def value(self, world: World, *operands: Tensor) -> Tensor:
        """Return the scaled absolute value of its attribution."""
        return AbsNormalize()(world.seen(world.context.explain(self.explainer)))


EXPLAINERS: dict[str, Any] = {
    "saliency": Saliency(),
    "input_x_gradient": InputXGradient(),
    "smoothgrad": SmoothGrad(),
    "deeplift": DeepLift(),
    "deepshap": DeepShap(),
    "integrated_gradients": IntegratedGradients(),
    "expected_gradients": ExpectedGradients(),
    "occlusion": Occlusion(),
    "lime": Lime(),
    "kernelshap": KernelShap(),
}
"""The explainers that have a name, as they are by default."""

saliency = Explained(EXPLAINERS["saliency"])
input_x_gradient = Explained(EXPLAINERS["input_x_gradient"])
smoothgrad = Explained(EXPLAINERS["smoothgrad"])
deeplift = Explained(EXPLAINERS["deeplift"])
deepshap = Explained(EXPLAINERS["deepshap"])
integrated_gradients = Explained(EXPLAINERS["integrated_gradients"])
expected_gradients = Explained(EXPLAINERS["expected_gradients"])
occlusion = Explained(EXPLAINERS["occlusion"])
lime = Explained(EXPLAINERS["lime"])
kernelshap = Explained(EXPLAINERS["kernelshap"])
