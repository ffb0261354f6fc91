"""Specifications from text."""

from collections.abc import Sequence
from typing import Any

from xaigrad.logic._coercion import as_formula
from xaigrad.logic._logics import GOEDEL, Logic
from xaigrad.logic._parser import read
from xaigrad.logic._specification import Specification


def parse(text: str, /, logic: Logic | str = GOEDEL, shape: Sequence[int] | None = None, **names: Any) -> Specification:
    """Return the specification that a text says.

    The text is read by a parser that knows nothing but formulas; it is never run as code.

    Args:
        text: The formula. The signs from tightest to loosest: ``~``; ``< <= > >=``; ``&``; ``|``; ``->``; ``<->``. The
            names are those of :mod:`xaigrad.logic` and one's own.
        logic: As in :class:`Specification`.
        shape: Likewise.
        **names: Atoms of one's own, by name: a formula, a number, a tensor, a network, a function of the samples or an
            explainer; see :class:`Region` and :class:`Explained`. They come before the names that there are.

    Raises:
        TypeError: If the text is none, or a name stands for nothing that could be an atom.
        ValueError: If the text is no formula. The message, of one line, says where and what should stand there.

    Example:
        >>> import torch
        >>> parse("explanation & ~border(2) | agree(saliency, deepshap)")
        Specification('explanation & ~border(2) | saliency & deepshap', logic='goedel')
        >>> parse("explanation & (ink | 0.2)", ink=lambda samples: samples > 0, logic="product")
        Specification(explanation & (ink | 0.2), logic='product')
        >>> parse("explanation & ~boder(2)")
        Traceback (most recent call last):
        ...
        ValueError: Parameter `text` should be a formula. Found 'boder' at character 16 ... did you mean border? ...
    """
    if not isinstance(text, str):
        raise TypeError(
            f"Parameter `text` should be a text. Found {text!r}. A formula goes into Specification(formula)."
        )
    own = {name: as_formula(value, name) for name, value in names.items()}
    return Specification(read(text, "text", own), logic, shape)
