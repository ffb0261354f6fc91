"""The choice of what images are compared by, as a text."""

from collections.abc import Callable
from difflib import get_close_matches
from functools import partial
from typing import Any

import torch
from torch import Tensor

from xaigrad._checks import structure
from xaigrad.benchmarks.data import NAMES, Digits, from_pixels, to_pixels
from xaigrad.benchmarks.errors import UsageError
from xaigrad.benchmarks.features import Features, Inception, LeNet, Own, Pixels
from xaigrad.benchmarks.yours._imported import imported, users_code

_PARAMETER = "features"
_LENET = "lenet"
_MADE: dict[str, Callable[[], Features]] = {
    "pixels": Pixels,
    "inception": Inception,
    **{name: partial(LeNet, name) for name in NAMES},
}


def features(text: str | None, digits: Digits) -> Features:
    """Return what images are compared by.

    - ``None``: the LeNet of the data set that the images are of; of a user's own, MNIST's if they are 28 x 28 and grey,
      and else there is no default.
    - ``lenet``, or a data set's name (``mnist``, ``fashion-mnist``): its LeNet, for grey squares, resized to 28 x 28.
    - ``pixels``: the images averaged to 8 x 8. Always there, and crude.
    - ``inception``: what FID is published by; its weights are fetched, and a CPU is slow.
    - ``module:function`` or ``file.py:function``: a callable, or a network, that maps images of shape (N, C, H, W) in
      [-1, 1] to features of shape (N, F); the same images to the same features.

    Args:
        text: One of these.
        digits: The real images.

    Raises:
        UsageError: If it is none of these, or is not made for such images.

    Example:
        >>> images = torch.rand(4, 3, 32, 32) * 2 - 1
        >>> features("pixels", Digits(images, torch.zeros(4), "mine:images")).name
        'pixels-8x8'
    """
    known = digits.name if digits.name in NAMES else "mnist"
    if text is None and digits.name not in NAMES and digits.images.shape[1:] != (1, 28, 28):
        raise UsageError(
            f"Parameter `{_PARAMETER}` should be chosen for images of shape {tuple(digits.images.shape[1:])}. Found "
            "nothing. Give --features inception (slow on a CPU), --features pixels (crude) or MODULE:FUNCTION."
        )
    chosen = known if text in (None, _LENET) else str(text)
    if ":" in chosen:
        made: Features = _own(chosen)
    elif chosen in _MADE:
        made = _MADE[chosen]()
    else:
        close = get_close_matches(chosen.lower(), [_LENET, *_MADE], n=1)
        cure = f"Did you mean {close[0]}?" if close else "Choose one of these."
        raise UsageError(
            f"Parameter `{_PARAMETER}` should be one of {', '.join([_LENET, *_MADE])} or MODULE:FUNCTION. Found "
            f"{text!r}. {cure}"
        )
    _try(made, digits.images[:4])
    return made


def _own(text: str) -> Features:
    function: Any = imported(_PARAMETER, text)
    if not callable(function) or isinstance(function, type):
        raise UsageError(
            f"Parameter `{_PARAMETER}` should name a function of images, or a network. Found {structure(function)}. "
            "Construct it: features = Network()."
        )
    return Own(function, text)


@torch.no_grad()
def _try(made: Features, images: Tensor) -> None:
    """Raise ``UsageError`` unless features can be had of images, and a user's own are the same twice."""
    pixels = to_pixels(images)
    if isinstance(made, Own):
        with users_code(_PARAMETER, f"{made.name} was called with {len(images)} images"):
            made.function(from_pixels(pixels))
    try:
        found = made(pixels)
        again = made(pixels) if isinstance(made, Own) else found
    except ValueError as error:
        raise UsageError(str(error)) from None
    if not found.isfinite().all() or not torch.equal(found, again):
        wrong = "others for the same images" if found.isfinite().all() else "values that are not finite"
        raise UsageError(
            f"Parameter `{_PARAMETER}` should give finite numbers, the same for the same images. Found {wrong} from "
            f"{made.name}. Leave out what is random, dropout for example."
        )
