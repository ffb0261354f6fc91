"""What stands for a formula: a number, a tensor, a function, a network or an explainer."""

from typing import Any

from torch import Tensor, nn

from xaigrad._checks import takes_context
from xaigrad.logic._atoms import Constant
from xaigrad.logic._domains import Domain
from xaigrad.logic._explained import Explained
from xaigrad.logic._formula import Formula
from xaigrad.logic._region import Region


def as_formula(value: Any, name: str = "") -> Formula:
    """Return a formula, itself or as what stands for it.

    Args:
        value: A formula; a specification, for its formula; a number in [0, 1]; a tensor, a network or a function of the
            samples, as in :class:`Region`; an explainer, ``(score, samples, context) -> attribution``.
        name: What to print.

    Raises:
        TypeError: If it is none of these.
        ValueError: If a number or a tensor is not in [0, 1].
    """
    if isinstance(value, Formula):
        return value
    if isinstance(inner := getattr(value, "formula", None), Formula):  # A specification's.
        return inner
    parameter = name or "formula"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Constant(value)
    if isinstance(value, type):
        raise TypeError(
            f"Parameter `{parameter}` should be an instance. Found the class `{value.__name__}`. Instantiate it before "
            f"passing it: {value.__name__}()."
        )
    if isinstance(value, Domain):
        raise TypeError(
            f"Parameter `{parameter}` should be a formula. Found `{value}`, which says what forall, exists and "
            f"mostly range over. Write for example forall(explanation, {value})."
        )
    if isinstance(value, Tensor) or callable(value):
        explains = not isinstance(value, Tensor | nn.Module) and takes_context(value, 2)
        return Explained(value, name) if explains else Region(value, name)
    raise TypeError(
        f"Parameter `{parameter}` should be a formula, a number in [0, 1], a tensor, a function or an explainer. Found "
        f"{value!r}. A text is read by parse()."
    )
