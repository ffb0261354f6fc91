"""Which classes of captum attribute a score to inputs or to a layer, found when they are asked for."""

import difflib
import inspect
from typing import Any

from torch import nn

from xaigrad.explainers._adapted import importing


def captum_attr() -> Any:
    try:
        with importing():
            import captum.attr
    except ImportError as error:
        raise ImportError("CaptumExplainer needs captum. Install it: pip install xaigrad[captum]") from error
    return captum.attr


def parameter_names(function: Any) -> set[str]:
    return set(inspect.signature(function).parameters)


def attributes_to_inputs(candidate: Any) -> bool:
    library = captum_attr()
    if not isinstance(candidate, type) or not issubclass(candidate, library.Attribution):
        return False
    if issubclass(candidate, library.NeuronAttribution) or not hasattr(candidate, "attribute"):
        return False
    takes = parameter_names(candidate.attribute)
    return "inputs" in takes and ("additional_forward_args" in takes or candidate.__name__ == "NoiseTunnel")


def attribution_class(parameter: str, found: Any) -> Any:
    """Return an attribution class, given as such or by its name."""
    library = captum_attr()
    candidate = getattr(library, found, None) if isinstance(found, str) else found
    if attributes_to_inputs(candidate) and not (parameter == "around" and candidate is library.NoiseTunnel):
        return candidate
    names = sorted(name for name in library.__all__ if attributes_to_inputs(getattr(library, name)))
    close = difflib.get_close_matches(found, names, 1) if isinstance(found, str) else []
    if isinstance(found, library.Attribution):
        cure = f"Pass the class and its settings: CaptumExplainer({type(found).__name__}, ...)."
    elif close:
        cure = f"Did you mean {close[0]}?"
    else:
        cure = f"Pass one of {', '.join(names)}."
    raise TypeError(
        f"Parameter `{parameter}` should be a class of captum.attr that attributes a score to inputs or to a layer, or "
        f"its name. Found {found!r}. {cure}"
    )


def class_name(value: Any) -> Any:
    """Return the name of a class of ``captum.attr``, and anything else as it is."""
    name = getattr(value, "__name__", None)
    return name if isinstance(value, type) and getattr(captum_attr(), str(name), None) is value else value


def find_layer(discriminator: Any, name: str) -> nn.Module:
    layers = {layer: module for layer, module in discriminator.named_modules() if layer}
    if name not in layers:
        close = difflib.get_close_matches(name, layers, 1)
        cure = f"Did you mean {close[0]!r}?" if close else f"It has {', '.join(map(repr, layers))}."
        raise ValueError(
            f"Parameter `layer` should be the name of a submodule of the discriminator. Found {name!r}. {cure}"
        )
    found: nn.Module = layers[name]
    return found
