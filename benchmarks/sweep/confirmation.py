"""The command that compares a recipe that a sweep has found, as it was trained there, on other seeds."""

import shlex
from collections.abc import Mapping
from typing import Any


def confirmation(point: Mapping[str, str], options: Mapping[str, Any], first_seed: int) -> str:
    """Return the command.

    Args:
        point: The recipe; saliency explains where it names no explainer.
        options: What else was given to the sweep, by the option's name; a list for one that was given several times,
            ``None`` for one that was not.
        first_seed: The first of the new seeds.

    Example:
        >>> confirmation({"offset": "-0.5"}, {"preset": "mnist-multi", "lr": [2e-5, 0.1], "loss": None}, 1000)
        'xaigrad compare --preset mnist-multi --lr 2e-05 --lr 0.1 --explainer saliency --offset -0.5 --first-seed 1000'
    """
    words = ["xaigrad", "compare"]
    for option, given in {**options, "explainer": "saliency", **point, "first-seed": first_seed}.items():
        for value in given if isinstance(given, list) else [given]:
            words += [] if value is None else [f"--{option}", str(value)]
    return shlex.join(words)
