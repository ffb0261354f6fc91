"""Families of strategies for hypothesis: instances of every public class, with settings that its annotations allow."""

import collections.abc
import dataclasses
import types
import typing
from typing import Any, Literal

import pytest
import torch
from hypothesis import strategies as st

from xaigrad import Guidance
from xaigrad.recipes import read
from xaigrad.recipes._source import KINDS
from xaigrad.recipes._vocabulary import public

CLASSES = {name: value for name, (value, _) in public().items() if isinstance(value, type)}
BANK = torch.randn(12, 8, generator=torch.Generator().manual_seed(3), device="cpu")

# Made of more than fields, or of what no annotation says.
GIVEN: dict[str, list[Any]] = {
    "ClassReferences": [(BANK, [0, 1, 2] * 4, 1)],
    "FixedReferences": [(BANK,)],
    "RandomReferences": [(BANK,)],
    "GradCam": [("features.1",), ("\x7f\U0001f600'\"\\\n\ud800", False)],
    "Specification": [("explanation & ~border(2)",)],
}
OF_A_LIBRARY: dict[str, list[tuple[tuple[Any, ...], dict[str, Any]]]] = {
    "CaptumExplainer": [
        (("Saliency",), {}),
        (("IntegratedGradients",), {"n_steps": 8, "method": "gausslegendre"}),
        (("Occlusion",), {"sliding_window_shapes": (3,)}),
        (("NoiseTunnel",), {"around": "InputXGradient", "nt_samples": 3, "stdevs": 0.1}),
        (("LayerGradCam",), {"layer": "features.3"}),
    ],
    "ShapExplainer": [(("KernelExplainer",), {"nsamples": 8}), (("GradientExplainer",), {"samples": 3})],
}

_BY_NAME: dict[str, st.SearchStrategy[Any]] = {
    "check": st.sampled_from(["raise", "warn", "off"]),
    "references": st.deferred(lambda: _of("ZeroReferences", "HarvestedReferences", "BlurredReferences")),
    "regions": st.deferred(lambda: _of("Grid", "Superpixels")),
    "loss": st.deferred(lambda: _of("Minimax", "NonSaturating")),
    "rule": st.deferred(lambda: parts("rule")),
    "schedule": st.deferred(lambda: parts("schedule")),
    "schedules": st.deferred(lambda: st.lists(parts("schedule") | st.floats(0, 1), min_size=1, max_size=3)),
    "parts": st.deferred(lambda: st.dictionaries(st.integers(0, 99), parts("schedule"), min_size=1, max_size=3)),
}
_PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    bool: st.booleans(),
    int: st.integers(1, 64),
    float: st.floats(0.01, 1) | st.sampled_from([0.0, 1.0, -0.5, 1e-300, 1 / 3, 1e22]),
    str: st.text(max_size=5),
    types.NoneType: st.none(),
}


def parts(kind: str) -> st.SearchStrategy[Any]:
    """Parts of a guidance, of every public class: ``"explainer"``, ``"mask"``, ``"schedule"`` or ``"rule"``."""
    names = [name for name in KINDS[kind].choices if name not in OF_A_LIBRARY]
    return _of(*names)


@st.composite
def instances(draw: st.DrawFn, name: str) -> Any:
    """Instances of a class: settings that it refuses are left at their defaults."""
    if name in GIVEN:
        return CLASSES[name](*draw(st.sampled_from(GIVEN[name])))
    made, settings = CLASSES[name], dict[str, Any]()
    fields = [field for field in dataclasses.fields(made) if field.init]
    hints = typing.get_type_hints(made)
    for field in sorted(fields, key=lambda field: _is_optional(field)):
        value = draw(_BY_NAME[field.name] if field.name in _BY_NAME else _values(hints[field.name]))
        if not _is_optional(field):
            settings[field.name] = value if field.type is not float else abs(value) % 1 or 0.5
        elif _is_accepted(made, settings | {field.name: value}):
            settings[field.name] = value
    return made(**settings)


@st.composite
def guidances(draw: st.DrawFn) -> Guidance:
    """Guidances without tensors."""
    masks = draw(st.lists(parts("mask"), max_size=3))
    return Guidance(draw(parts("explainer")), masks, draw(parts("schedule")), draw(parts("rule")))


def _of(*names: str) -> st.SearchStrategy[Any]:
    return st.sampled_from(names).flatmap(instances)


def _values(hint: Any) -> st.SearchStrategy[Any]:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint in _PLAIN:
        return _PLAIN[hint]
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in (typing.Union, types.UnionType):
        return st.one_of(*(_values(argument) for argument in arguments))
    if origin is tuple and arguments[-1] is not Ellipsis:
        return st.tuples(*(_values(argument) for argument in arguments))
    if origin in (tuple, collections.abc.Sequence):
        return st.lists(_values(arguments[0]), min_size=1, max_size=3).map(tuple)
    raise NotImplementedError(f"say in tests/constructing.py what a setting of the kind {hint} can be")


def _is_optional(field: Any) -> bool:
    return field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING


def _is_accepted(made: type, settings: dict[str, Any]) -> bool:
    try:
        made(**settings)
    except (TypeError, ValueError):
        return False
    return True


def refusal(text: Any, **settings: Any) -> str:
    """What is said when an expression is refused: one line."""
    with pytest.raises(ValueError, match=r"[.?]$") as caught:
        read(text, **settings)
    assert "\n" not in str(caught.value)
    return str(caught.value)
