"""Recipes as data: the parts of a guidance as the text that prints them, in a file or on a command line.

A recipe is a file with up to four keys, TOML, YAML or JSON by its suffix; a key that is left out has the default of
:class:`~xaigrad.Guidance`::

    explainer = "DeepShap(samples=4)"
    mask = ["AbsNormalize()", "Offset(base=0.5, scale=0.5)"]
    schedule = "Alternate(guided=1, standard=2)"
    rule = "Residual(alpha=0.3)"

``Guidance.load(path)`` reads it, ``guidance.save(path)`` writes it, ``Guidance.named("logicgan")`` reads one of those
in :data:`NAMES`. Each expression is read by :func:`read` and written by :func:`write`: nothing is executed but the
constructors of xaigrad's public classes, and of those that the caller names.
"""

from xaigrad.recipes._named import NAMES
from xaigrad.recipes._reader import read
from xaigrad.recipes._writer import write

__all__ = ["NAMES", "read", "write"]
