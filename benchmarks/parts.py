"""The parts whose cost is measured: mask transforms, specifications, rules and schedules, each by a text that makes it.

All of the library's are found in its packages, so that a new one is measured, too.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from inspect import signature
from types import FunctionType
from typing import Any

from xaigrad import recipes
from xaigrad._checks import takes_context
from xaigrad.benchmarks.errors import UsageError
from xaigrad.masks import AbsNormalize

KINDS = {"masks": "mask", "logic": "logic", "rules": "rule", "schedules": "schedule"}
"""What the packages have, in the order of the table."""
_PLAIN = {"rules": 3}
"""The arguments that a part takes beside a context, where it is not one."""
SPECIFICATIONS = (
    "explanation",
    "supports & ~opposes",
    "explanation & ~border(2)",
    "explanation & centre(0.5)",
    "explanation & (disc(0.4) | box(0, 0, 14, 14))",
    "explanation & intensity",
    "explanation & brightness",
    "explanation & realness",
    "rejected(0.5) -> explanation",
    "accepted(0.5) <-> explanation > 0.3",
    "at_least(explanation, 0.3)",
    "at_most(explanation, 0.7)",
    "very(explanation) | somewhat(explanation)",
    "explanation & exists(explanation > 0.3, centre(0.5))",
    "mostly(explanation, centre(0.5))",
    "forall(explanation, batch)",
    "agree(saliency, input_x_gradient)",
    "explanation & ~border(2) | agree(saliency, input_x_gradient) & realness -> mostly(explanation, intensity > 0)",
    "explanation & ~border(2) | agree(saliency, deepshap)",
)
_LOSS = "NonSaturating(probabilities=True)"
TEXTS: dict[str, tuple[str, ...]] = {
    "AbsNormalize": ("AbsNormalize()", "AbsNormalize(per='batch', by='minmax')"),
    "AcceptedOnly": ("AcceptedOnly(threshold=0.5)",),
    "Adaptive": ("Adaptive(threshold=0.5)",),
    "Blur": ("Blur(sigma=1.5)", "Blur(sigma=4.0)"),
    "CosineDecay": ("CosineDecay(updates=1000)",),
    "Every": ("Every(k=5)",),
    "Feedback": (),  # What its subclasses have in common.
    "LinearDecay": ("LinearDecay(updates=1000)",),
    "Maximum": ("0.25 * Constant() | Random(probability=0.1)",),
    "Normalize": ("Normalize()", "Normalize(by='minmax')", "Normalize(by='quantile')", "Normalize(by='sum')"),
    "NormPreserving": ("NormPreserving()", "NormPreserving(per='batch')"),
    "Patchwise": ("Patchwise(size=4)", "Patchwise(size=4, by='max')"),
    "PathFeedback": (f"PathFeedback({_LOSS})",),
    "Piecewise": ("Piecewise({0: WarmUp(500), 1000: Constant(0.5)})",),
    "Power": ("Power(exponent=0.5)", "Power(exponent=0.3)"),
    "Product": ("WarmUp(500) * CosineDecay(20000)",),
    "Project": ("Project(Additive())", "Project(Additive(alpha=-2.0))"),  # Without conflicts, and with.
    "Random": ("Random(probability=0.5)",),
    "RejectedOnly": ("RejectedOnly(threshold=0.5)",),
    "SecantFeedback": (f"SecantFeedback({_LOSS})",),
    "Specification": (
        *(f"Specification({text!r})" for text in SPECIFICATIONS),
        "Specification('explanation & ~border(2)', logic='product')",
        "Specification('explanation & ~border(2)', logic='lukasiewicz')",
    ),
    "StartAfter": ("StartAfter(updates=1000)",),
    "StopAfter": ("StopAfter(updates=1000)",),
    "TopK": ("TopK(fraction=0.1)", "TopK(fraction=0.1, soft=True)"),
    "WarmUp": ("WarmUp(updates=1000)",),
}
"""The texts of a class that cannot be made without arguments, or whose settings cost differently."""


@dataclass(frozen=True)
class Part:
    """A part of a recipe.

    Attributes:
        text: What it is read from.
        kind: ``"mask"``, ``"logic"``, ``"rule"`` or ``"schedule"``.
        value: Itself.
    """

    text: str
    kind: str
    value: Any

    @property
    def place(self) -> str:
        """The parameter of a guidance that it is given to."""
        return "mask" if self.kind == "logic" else self.kind

    @property
    def before(self) -> AbsNormalize | None:
        """What goes before it: a transform whose parameter is named ``mask`` wants no attribution."""
        first = self.value[0] if isinstance(self.value, list | tuple) else self.value
        return AbsNormalize() if self.kind == "mask" and "mask" in signature(first).parameters else None


def read(text: str, names: Mapping[str, Any] | None = None) -> Part:
    """Return the part that a text says.

    Args:
        text: As in :func:`xaigrad.recipes.read`.
        names: Likewise.

    Raises:
        UsageError: If the text is no part of a recipe, or an explainer.

    Example:
        >>> read("NormPreserving(Residual(0.3))").kind
        'rule'
    """
    try:
        value = recipes.read(text, names)
    except (ValueError, TypeError, ImportError) as error:
        raise UsageError(f"{error} It stands in --part.") from None
    package = _package(value)
    if package not in KINDS:
        raise UsageError(
            "Parameter `part` should be a mask transform, a specification, a rule or a schedule. Found "
            f"{' '.join(text.split())}. Explainers are measured with --explainer."
        )
    return Part(text, KINDS[package], value)


def library(names: Mapping[str, Any] | None = None) -> list[Part]:
    """Return all that the packages have, with default settings where there are any.

    Args:
        names: As in :func:`read`.
    """
    return [read(text, names) for package in KINDS for text in texts(package)]


def texts(package: str) -> Iterator[str]:
    """Yield what the parts of a package are read from.

    Example:
        >>> list(texts("rules"))[:2]
        ['Additive()', 'Blend()']
    """
    module = import_module(f"xaigrad.{package}")
    for name in module.__all__:
        kind = getattr(module, name)
        call = getattr(kind, "__call__", None) if _has_call(kind) else None  # noqa: B004
        if call is not None and takes_context(call, _PLAIN.get(package, 1)):  # One more, which is the object itself.
            yield from TEXTS.get(name, (f"{name}()",))


def _package(value: Any) -> str:
    """Return the package of a part; nothing if it is none."""
    if isinstance(value, list | tuple):
        inside = {"" if isinstance(one, list | tuple) else _package(one) for one in value}
        return "masks" if inside and inside <= {"masks", "logic"} else ""
    made_by = value if isinstance(value, FunctionType) else type(value)
    home = f"{made_by.__module__}..".split(".")[1]
    return home if callable(value) and takes_context(value, _PLAIN.get(home, 1) - 1) else ""


def _has_call(kind: Any) -> bool:
    """Return whether the objects of a class can be called, which a class itself always can."""
    return isinstance(kind, type) and any("__call__" in base.__dict__ for base in kind.__mro__)
