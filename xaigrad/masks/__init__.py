"""Mask transforms: ``attribution -> mask``.

A plain function is as good as any class here. Several are composed by passing them as a sequence; the first is applied
first: ``mask=(AbsNormalize(), Offset(base=0.5, scale=0.5))``.
"""

from xaigrad.masks._abs_normalize import AbsNormalize
from xaigrad.masks._clamp import Clamp
from xaigrad.masks._offset import Offset

__all__ = ["AbsNormalize", "Clamp", "Offset"]
