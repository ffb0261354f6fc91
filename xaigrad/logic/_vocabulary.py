"""What a name in a formula's text stands for."""

import inspect
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

from xaigrad.logic._atoms import explanation, opposes, supports
from xaigrad.logic._connectives import agree
from xaigrad.logic._domains import batch, label
from xaigrad.logic._explained import EXPLAINERS, Explained
from xaigrad.logic._intensity import brightness, intensity
from xaigrad.logic._quantifiers import exists, forall, mostly
from xaigrad.logic._realness import accepted, realness, rejected
from xaigrad.logic._shapes import border, box, centre, disc
from xaigrad.logic._thresholds import at_least, at_most, somewhat, very

ATOMS: dict[str, Any] = {
    "explanation": explanation, "supports": supports, "opposes": opposes,
    **{name: Explained(explainer) for name, explainer in EXPLAINERS.items()},
    "intensity": intensity, "brightness": brightness, "realness": realness,
    "batch": batch, "label": label,
}  # fmt: skip
"""Those that stand alone."""

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "forall": forall, "exists": exists, "mostly": mostly, "agree": agree,
    "border": border, "box": box, "centre": centre, "disc": disc,
    "accepted": accepted, "rejected": rejected,
    "at_least": at_least, "at_most": at_most, "very": very, "somewhat": somewhat,
    "intensity": intensity, "brightness": brightness, "realness": realness, "label": label,
}  # fmt: skip
"""Those that take arguments."""

_SPELLINGS = {"and": "&", "or": "|", "not": "~", "implies": "->", "iff": "<->", "all": "forall", "any": "exists"}


def usage(name: str) -> str:
    """Return how a function is written, with its arguments.

    Example:
        >>> usage("at_least")
        'at_least(formula, threshold, softness=0.1)'
    """
    parameters = inspect.signature(FUNCTIONS[name]).parameters.values()
    return f"{name}({', '.join(str(one.replace(annotation=inspect.Parameter.empty)) for one in parameters)})"


def operators(token: str) -> str:
    """Return what should stand in the place of a token where an operator should."""
    meant = f"did you mean {_SPELLINGS[token]}? " if token in _SPELLINGS else ""
    return f"where an operator should stand; {meant}there are & | -> <-> < <= > >="


def suggestion(name: str, own: Mapping[str, Any]) -> str:
    """Return what to write instead of a name that is not known, and what there is."""
    names = [*own, *ATOMS, *(function for function in FUNCTIONS if function not in ATOMS)]
    close = [_SPELLINGS[name]] if name in _SPELLINGS else get_close_matches(name[:40], names, n=1)
    meant = f"did you mean {close[0]}? " if close else ""
    return f"a name that is not known; {meant}there are {', '.join(names)}"
