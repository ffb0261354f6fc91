"""Explanation-guided GAN training: the generator learns not only *that* the discriminator rejected a sample, but *why*.

:class:`XAIGuidedGenerator` wraps a generator in one line, :func:`guide` does the same around a loop that somebody else
owns, and :class:`Guidance` is the recipe. Its parts are callables of :mod:`xaigrad.explainers`, :mod:`xaigrad.masks`,
:mod:`xaigrad.schedules` and :mod:`xaigrad.rules`.
"""

from xaigrad._generator import XAIGuidedGenerator
from xaigrad._guidance import Guidance
from xaigrad._guide import guide

__all__ = ["Guidance", "XAIGuidedGenerator", "guide"]
__version__ = "0.1.0"
