"""The recipe: which explanation, made into which mask, when, and how it changes the gradient."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import SupportsFloat

from torch import Tensor

from xaigrad._checks import check_callable
from xaigrad._types import Explainer, MaskTransform, Rule, Schedule
from xaigrad.explainers import DeepShap, Saliency
from xaigrad.masks import AbsNormalize
from xaigrad.rules import Multiply, Residual
from xaigrad.schedules import Constant, StartAfter


@dataclass(frozen=True)
class Guidance:
    r"""How the gradient g at a generated sample is re-weighted by an explanation of the discriminator.

    .. math:: g' = \mathrm{rule}(g, M, s), \quad M = \mathrm{mask}(\mathrm{explainer}(D, x)), \quad
              s = \mathrm{schedule}(t)

    Each part is a callable, and a plain function is as good as any class of ours.

    Args:
        explainer: ``(score, samples, context) -> attribution``, see :mod:`xaigrad.explainers`.
        mask: ``attribution -> mask``, or a sequence of such transforms, applied in order; see :mod:`xaigrad.masks`.
        schedule: ``update -> strength`` in [0, 1], see :mod:`xaigrad.schedules`.
        rule: ``(gradient, mask, strength) -> gradient``, see :mod:`xaigrad.rules`.

    Raises:
        TypeError: If a part cannot be called, or is a class that was not instantiated.

    Example:
        >>> Guidance().rule
        Multiply()
        >>> Guidance() == Guidance(explainer=Saliency())
        True
    """

    explainer: Explainer = Saliency()
    mask: MaskTransform | Sequence[MaskTransform] = AbsNormalize()
    schedule: Schedule = Constant()
    rule: Rule = Multiply()

    def __post_init__(self) -> None:
        transforms = tuple(self.mask) if isinstance(self.mask, list | tuple) else (self.mask,)
        object.__setattr__(self, "mask", transforms)
        check_callable("explainer", self.explainer, "Saliency()")
        for transform in transforms:
            check_callable("mask", transform, "AbsNormalize()")
        check_callable("schedule", self.schedule, "Constant()")
        check_callable("rule", self.rule, "Multiply()")

    def transform(self, attribution: Tensor) -> Tensor:
        """Return the mask of an attribution."""
        for transform in self.mask:  # type: ignore[union-attr]
            attribution = transform(attribution)
        return attribution

    def strength(self, update: int) -> float:
        """Return the schedule's strength at an update.

        Raises:
            ValueError: If it lies outside [0, 1].
        """
        strength = self.schedule(update)
        if not isinstance(strength, SupportsFloat) or not 0 <= (strength := float(strength)) <= 1:
            raise ValueError(
                f"Parameter `schedule` should give a strength in [0, 1]. Found {strength} at update {update}. "
                "Scale the rule instead, for example Residual(alpha=0.4)."
            )
        return strength

    @classmethod
    def logicgan(cls, references: Tensor | Callable[..., Tensor] | None = None, samples: int = 1) -> "Guidance":
        """Return the recipe of the LogicGAN paper (arXiv 2002.10438, first version).

        - explainer: DeepSHAP against a sample of real data (sections 3 and 4.3); the paper does not say how many
          references per sample, one is an unbiased estimate;
        - mask: the absolute value, normalised to [0, 1] (section 3), over each sample by its maximum;
        - schedule: every update (Algorithm 1 with ``use_xAI`` true);
        - rule: the Hadamard product (Algorithm 1, line 7).

        Args:
            references: Real samples, a callable, or ``None`` for those that D has just been trained on, as in
                :class:`~xaigrad.explainers.DeepShap`.
            samples: References per sample and update.
        """
        return cls(DeepShap(references, samples), AbsNormalize(per="sample", by="max"), Constant(), Multiply())

    @classmethod
    def xaigan(cls, start_after: int = 0) -> "Guidance":
        """Return the recipe of the authors' released code (XAIGAN), with its saliency explainer.

        - explainer: the gradient of D's score, asked of D again;
        - mask: one min-max of the absolute value over the whole batch;
        - schedule: standard training for the first half of the updates, which the caller knows; then guided;
        - rule: g + 0.2 g M.

        The released code also gives the mask 1 to samples that D accepts (D(x) >= 0.5); this recipe does not.

        Args:
            start_after: The number of standard updates at the beginning: half of all, as released.
        """
        mask = AbsNormalize(per="batch", by="minmax")
        return cls(Saliency(exact=True), mask, StartAfter(start_after), Residual(alpha=0.2))
