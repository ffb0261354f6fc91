"""The recipe: which explanation, made into which mask, when, and how it changes the gradient."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from os import PathLike
from typing import Any, SupportsFloat

from torch import Tensor

from xaigrad._checks import check_callable, takes_context
from xaigrad._context import Context
from xaigrad._types import Explainer, MaskTransform, Rule, Schedule
from xaigrad._verdicts import Verdicts
from xaigrad.explainers import Saliency
from xaigrad.masks import AbsNormalize
from xaigrad.rules import Multiply
from xaigrad.schedules import Constant


@dataclass(frozen=True)
class Guidance:
    r"""How the gradient g at a generated sample is re-weighted by an explanation of the discriminator.

    .. math:: g' = \mathrm{rule}(g, M, s), \quad M = \mathrm{mask}(\mathrm{explainer}(D, x)), \quad
              s = \mathrm{schedule}(t)

    Each part is a callable, and a plain function is as good as any class of ours. A mask transform or a rule that has
    one parameter more than is written below gets the :class:`~xaigrad.explainers.Context` there, a schedule the
    :class:`~xaigrad.schedules.Verdicts` of the discriminator.

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
        plain = [(transform, 1) for transform in transforms] + [(self.schedule, 1), (self.rule, 3)]
        # Once, for a look at a signature takes as long as a small transform.
        object.__setattr__(self, "_contextual", tuple(takes_context(part, count) for part, count in plain))

    @property
    def parts(self) -> tuple[Any, ...]:
        """The explainer, the mask transforms, the schedule and the rule."""
        return self.explainer, *self.transforms, self.schedule, self.rule

    @property
    def transforms(self) -> tuple[MaskTransform, ...]:
        """The mask transforms, in order."""
        transforms: tuple[MaskTransform, ...] = self.mask  # type: ignore[assignment]
        return transforms

    @property
    def asks(self) -> bool:
        """Whether any part asks the discriminator, or looks at its scores: where its class says so."""
        fused = bool(getattr(self.explainer, "fused", False))
        return not fused or any(getattr(part, "asks", False) for part in self.parts[1:])

    @property
    def harvests(self) -> int:
        """How many real samples of D's own calls the parts want to be kept."""
        return max(int(getattr(part, "harvests", 0)) for part in self.parts)

    @property
    def slopes(self) -> bool:
        """Whether the rule has a slope of its own, also where no gradient arrives."""
        return bool(getattr(self.rule, "slopes", False))

    @property
    def watches(self) -> bool:
        """Whether the schedule wants to know how right D is."""
        return bool(getattr(self.schedule, "watches", self._contextual[-2]))  # type: ignore[attr-defined]

    def transform(self, attribution: Tensor, context: Context | None = None) -> Tensor:
        """Return the mask of an attribution; the context is needed by those transforms that take one."""
        for number, transform in enumerate(self.transforms):
            attribution = self._call(transform, number, context, f"mask.{number}", attribution)
        return attribution

    def reweight(self, gradient: Tensor, mask: Tensor, strength: float, context: Context | None = None) -> Tensor:
        """Return the rule's gradient; the context is needed by rules that take one."""
        return self._call(self.rule, -1, context, "rule", gradient, mask, strength)

    def _call(self, part: Any, place: int, context: Context | None, name: str, *plain: Any) -> Tensor:
        given = () if context is None or not self._contextual[place] else (context.within(name),)  # type: ignore[attr-defined]
        found: Tensor = part(*plain, *given)
        return found

    def strength(self, update: int, verdicts: Verdicts | None = None) -> float:
        """Return the schedule's strength at an update; the verdicts are needed by schedules that take them.

        Raises:
            ValueError: If it lies outside [0, 1].
        """
        schedule: Any = self.schedule
        found: Any = schedule(update, verdicts) if self.watches and verdicts is not None else schedule(update)
        strength = float(found) if isinstance(found, SupportsFloat) else found
        if not isinstance(strength, float) or not 0 <= strength <= 1:
            raise ValueError(
                f"Parameter `schedule` should give a strength in [0, 1]. Found {strength} at update {update}. "
                "Scale the rule instead, for example Residual(alpha=0.4)."
            )
        return strength

    def save(
        self, path: str | PathLike[str], names: Mapping[str, Any] | None = None, known: Iterable[Any] = ()
    ) -> None:
        """Write the recipe into a file that :meth:`load` reads: each part as the text that prints it.

        Every setting is written, also one that has its default. A file that is there already is replaced in one step.

        Args:
            path: The file; its suffix says the format: ``.toml``, ``.yaml``, ``.yml`` or ``.json``.
            names: What is to be named rather than written, tensors for example: ``{"real": images}``.
            known: Functions of your own, and classes that are frozen dataclasses, which are written by their names.

        Raises:
            ValueError: If the suffix is another, or a part is made of something that a text cannot hold.

        Example:
            >>> from pathlib import Path
            >>> from tempfile import TemporaryDirectory
            >>> from xaigrad.rules import Residual
            >>> with TemporaryDirectory() as folder:
            ...     Guidance(rule=Residual(0.3)).save(Path(folder, "mine.toml"))
            ...     Guidance.load(Path(folder, "mine.toml")).rule
            Residual(alpha=0.3)
        """
        from xaigrad.recipes._files import save_parts

        save_parts({field.name: getattr(self, field.name) for field in fields(self)}, path, names, known)

    @classmethod
    def load(
        cls, path: str | PathLike[str], names: Mapping[str, Any] | None = None, known: Iterable[Any] = ()
    ) -> "Guidance":
        """Return the recipe of a file, see :mod:`xaigrad.recipes`; parts that it leaves out have their defaults.

        Nothing is executed but the constructors of xaigrad's public classes and of those in ``known``, so that a file
        of somebody else can be read without fear.

        Args:
            path: The file, ``.toml``, ``.yaml``, ``.yml`` or ``.json``.
            names: What the file names, tensors for example: ``{"real": images}``.
            known: Functions and classes of your own that it names.

        Raises:
            ValueError: If the file holds anything else; in one line, with the key and the place.
            ImportError: If it is YAML and PyYAML is missing, or a part's library is.
        """
        from xaigrad.recipes._files import load_parts

        return cls(**load_parts(path, names, known))

    @classmethod
    def named(cls, name: str, names: Mapping[str, Any] | None = None, known: Iterable[Any] = ()) -> "Guidance":
        """Return one of the recipes that xaigrad brings along, those in :data:`xaigrad.recipes.NAMES`.

        Args:
            name: Which one.
            names: As in :meth:`load`.
            known: As in :meth:`load`.

        Raises:
            ValueError: If there is none of that name.

        Example:
            >>> Guidance.named("xaigan").rule
            Residual(alpha=0.2)
        """
        from xaigrad.recipes._named import named_parts

        return cls(**named_parts(name, names, known))

    @classmethod
    def logicgan(cls, references: Tensor | Callable[..., Tensor] | None = None, samples: int = 1) -> "Guidance":
        """Return the recipe of the LogicGAN paper (arXiv 2002.10438, first version), ``recipes/logicgan.toml``.

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
        paper = cls.named("logicgan")
        explainer: Any = paper.explainer
        return replace(paper, explainer=replace(explainer, references=references, samples=samples))

    @classmethod
    def xaigan(cls, start_after: int = 0) -> "Guidance":
        """Return the recipe of the authors' released code (XAIGAN), with its saliency explainer: ``xaigan.toml``.

        - explainer: the gradient of D's score, asked of D again;
        - mask: one min-max of the absolute value over the whole batch;
        - schedule: standard training for the first half of the updates, which the caller knows; then guided;
        - rule: g + 0.2 g M.

        The released code also gives the mask 1 to samples that D accepts (D(x) >= 0.5); this recipe does not,
        ``Guidance.named("rejected-only")`` does.

        Args:
            start_after: The number of standard updates at the beginning: half of all, as released.
        """
        released = cls.named("xaigan")
        schedule: Any = released.schedule
        return replace(released, schedule=replace(schedule, updates=start_after))
