"""What the command line was asked for, made into a guidance."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xaigrad import Guidance, recipes
from xaigrad.benchmarks.choices import EXPLAINERS, MASKS, REFERENCES, RULES, SCHEDULES, choose
from xaigrad.benchmarks.data import Digits
from xaigrad.benchmarks.errors import UsageError
from xaigrad.benchmarks.setting import networks_of
from xaigrad.logic import Specification
from xaigrad.masks import Offset
from xaigrad.references import ClassReferences


@dataclass(frozen=True)
class Asked:
    """The parts of a recipe as texts, each a name with values or a call as in Python; ``None`` for what was not asked.

    Attributes:
        explainer: Who explains the discriminator.
        references: What it compares samples with.
        mask: How an attribution becomes a mask, in order.
        offset: ``BASE[:SCALE]``, what is added to that.
        logic: A specification that the mask is made by, after these.
        tnorm: The logic that it is read in.
        schedule: When and how strongly to guide.
        rule: How the mask changes the gradient.
        recipe: A file with all of it, or the name of a recipe; then nothing else.
    """

    explainer: str | None = None
    references: str | None = None
    mask: Sequence[str] = ()
    offset: str | None = None
    logic: str | None = None
    tnorm: str | None = None
    schedule: str | None = None
    rule: str | None = None
    recipe: str | None = None

    def __post_init__(self) -> None:
        given = [name for name, text in vars(self).items() if text and name != "recipe"]
        if self.recipe and given:
            raise UsageError(
                f"Parameter `recipe` should stand alone. Found --{given[0]} beside it. Leave one out, or change the "
                "file."
            )
        if self.tnorm and not self.logic:
            raise UsageError("Parameter `tnorm` should stand beside --logic. Found it alone. Give a specification.")

    @property
    def name(self) -> str:
        """A short name for the arm."""
        if self.recipe:
            return Path(self.recipe).stem
        return re.split(r"[:(]", self.explainer or "saliency")[0]

    def guidance(self, digits: Digits, model: str) -> Guidance | None:
        """Return the recipe; ``None`` for the standard GAN.

        Args:
            digits: The real images; a call may name them ``real``, and their classes ``labels``.
            model: What is guided.

        Raises:
            UsageError: If a text names nothing, or parts do not fit each other.
        """
        names = {"real": digits.images, "labels": digits.labels}
        if self.recipe:
            return _recipe(self.recipe, names)
        schedule = choose("schedule", SCHEDULES, self.schedule or "constant", names=names)
        rule = choose("rule", RULES, self.rule or "multiply", names=names)
        compared: Any = digits.images
        if self.references is not None:
            compared = choose("references", REFERENCES, self.references, digits=digits)
        explainer = self.explainer or "saliency"
        chosen = choose("explainer", EXPLAINERS, explainer, references=compared, names=names)
        if self.references is not None and ("(" in explainer or not hasattr(chosen, "references")):
            raise UsageError(f"Parameter `references` is of no use to --explainer {explainer}. Leave it out.")
        if isinstance(compared, ClassReferences) and compared.classes is None and not networks_of(model).labelled:
            raise UsageError(
                f"Parameter `references` should not be {self.references} for --model {model}, whose discriminator is "
                "told no class. Choose --model cgan, or other references."
            )
        try:
            return None if chosen is None else Guidance(chosen, self._masks(names), schedule, rule)
        except TypeError as error:
            raise UsageError(str(error)) from None

    def _masks(self, names: Mapping[str, Any]) -> list[Any]:
        masks: list[Any] = []
        for text in self.mask or ["sample-max"]:
            made = choose("mask", MASKS, text, names=names)
            masks += made if isinstance(made, tuple | list) else [made]
        masks += [offset(self.offset)] if self.offset else []
        return masks + ([_specification(self.logic, self.tnorm)] if self.logic else [])


def offset(text: str) -> Offset:
    """Return the offset that ``BASE[:SCALE]`` names; the scale is 1 - BASE where none is given.

    Example:
        >>> offset("0.25")
        Offset(base=0.25, scale=0.75)
    """
    try:
        base, *scale = map(float, text.split(":"))
        return Offset(base, *scale) if scale else Offset(base, 1 - base)
    except (TypeError, ValueError):
        raise UsageError(f"Parameter `offset` should read BASE[:SCALE], for example 1:0.2. Found {text!r}.") from None


def _specification(text: str, tnorm: str | None) -> Specification:
    try:
        return Specification(text, logic=tnorm or "goedel")
    except ValueError as error:
        raise UsageError(f"{error} It stands in --logic.") from None


def _recipe(text: str, names: Mapping[str, Any]) -> Guidance:
    try:
        if text in recipes.NAMES:
            return Guidance.named(text, names)
        return Guidance.load(text, names)
    except (TypeError, ValueError, OSError) as error:
        raise UsageError(f"Parameter `recipe` should be a file or one of {', '.join(recipes.NAMES)}. {error}") from None
