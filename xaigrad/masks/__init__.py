"""Mask transforms: ``attribution -> mask``, or ``(attribution, context) -> mask``.

A plain function is as good as any class here. Several are composed by passing them as a sequence; the first is applied
first: ``mask=(AbsNormalize(), Blur(1.0), Offset(base=0.5, scale=0.5))``.

- signs: :class:`Abs`, :class:`PositivePart` (what speaks for a real sample), :class:`NegativePart`;
- scale: :class:`AbsNormalize` (the paper's, and the default), :class:`Normalize` (by the maximum, the range, a quantile
  or the sum), :class:`MeanOne` (the learning rate keeps its meaning);
- values: :class:`Offset`, :class:`Clamp`, :class:`Power`, :class:`Invert`, :class:`TopK`;
- places: :class:`Blur`, :class:`Patchwise`, :class:`ChannelMean`;
- updates and verdicts: :class:`EMA` (a running mean), :class:`RejectedOnly` (the released code's gate),
  :class:`AcceptedOnly`.

Most expect a mask without signs: ``Abs()`` or ``AbsNormalize()`` before them. The neutral mask of ones stays so, but
under ``Offset``, ``Clamp`` and ``Normalize(by="sum")``, which move it where their settings say, ``Invert`` and
``NegativePart``, which make it 0, and ``EMA``, which draws it towards earlier masks.
"""

from xaigrad.masks._abs_normalize import AbsNormalize
from xaigrad.masks._blur import Blur
from xaigrad.masks._channel_mean import ChannelMean
from xaigrad.masks._clamp import Clamp
from xaigrad.masks._ema import EMA
from xaigrad.masks._invert import Invert
from xaigrad.masks._mean_one import MeanOne
from xaigrad.masks._normalize import Normalize
from xaigrad.masks._offset import Offset
from xaigrad.masks._parts import Abs, NegativePart, PositivePart
from xaigrad.masks._patchwise import Patchwise
from xaigrad.masks._power import Power
from xaigrad.masks._top_k import TopK
from xaigrad.masks._verdict import AcceptedOnly, RejectedOnly

__all__ = [
    "EMA",
    "Abs",
    "AbsNormalize",
    "AcceptedOnly",
    "Blur",
    "ChannelMean",
    "Clamp",
    "Invert",
    "MeanOne",
    "NegativePart",
    "Normalize",
    "Offset",
    "Patchwise",
    "PositivePart",
    "Power",
    "RejectedOnly",
    "TopK",
]
