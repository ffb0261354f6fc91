"""The images of a run: a data set by its name, or those of a user's own function."""

import re
from pathlib import Path

from xaigrad.benchmarks import data, yours
from xaigrad.benchmarks.data import Digits
from xaigrad.benchmarks.errors import UsageError
from xaigrad.benchmarks.setting import networks_of


def images(model: str, own: str | None, dataset: str, digit: int | None, root: Path | None, download: bool) -> Digits:
    """Return the images, of the size that the model is made for.

    Args:
        model: Who learns from them.
        own: ``MODULE:FUNCTION``, who makes them; ``None`` for the data set.
        dataset: Its name.
        digit: Keep this class only; below 0 all.
        root: The folder of the data sets.
        download: Fetch missing files.

    Raises:
        UsageError: If they cannot be had.
    """
    if digit is not None and digit < 0:
        digit = None
    if own is None:
        digits = data.load(dataset, digit=digit, root=root, download=download)
        side = networks_of(model).side
        return digits if side is None else digits.resized(side)
    if digit is not None:
        raise UsageError("Parameter `digit` should not stand beside --data. Found both. Choose within your function.")
    return yours.images(own)


def check_alone(**given: tuple[str | None, str | None]) -> None:
    """Check that a user's own code does not stand beside what it takes the place of.

    Args:
        **given: By the option, what it names, and what stands beside it.

    Raises:
        UsageError: If both are there.
    """
    for option, (own, other) in given.items():
        if own and other:
            raise UsageError(
                f"Parameter `{option}` should not stand beside {other}. Found {own}. Leave one of them out."
            )


def name(model: str) -> str:
    """Return the name of a model for files.

    Example:
        >>> name("wgan-gp"), name("my/gan.py:make_pair")
        ('wgan-gp', 'make-pair')
    """
    return re.sub(r"[^a-z0-9.]+", "-", model.rpartition(":")[2].lower()).strip("-.")
