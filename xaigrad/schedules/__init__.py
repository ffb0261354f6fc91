"""Schedules: ``update -> strength`` in [0, 1], where 0 means that nothing is computed.

Updates are counted from 0. A plain function is as good as any class here: ``schedule=lambda update: 0.5``. One of two
parameters, ``(update, verdicts) -> strength``, is also told how right the discriminator is, by :class:`Verdicts`.

- always the same: :class:`Constant`;
- now and then: :class:`Alternate`, :class:`Every`, :class:`Random`;
- from or until an update: :class:`StartAfter`, :class:`StopAfter`, :class:`Piecewise`;
- rising or falling: :class:`WarmUp`, :class:`LinearDecay`, :class:`CosineDecay`;
- by the discriminator's accuracy: :class:`Adaptive`.

Schedules multiply, and have a maximum: ``0.5 * Alternate()``, ``WarmUp(100) * LinearDecay(1000)``, ``Every(4) | late``
are schedules, too (:class:`Product`, :class:`Maximum`). One of the factors may be a number in [0, 1] or a function.
"""

from xaigrad._verdicts import Verdicts
from xaigrad.schedules._adaptive import Adaptive
from xaigrad.schedules._alternate import Alternate
from xaigrad.schedules._constant import Constant
from xaigrad.schedules._cosine_decay import CosineDecay
from xaigrad.schedules._every import Every
from xaigrad.schedules._linear_decay import LinearDecay
from xaigrad.schedules._maximum import Maximum
from xaigrad.schedules._piecewise import Piecewise
from xaigrad.schedules._product import Product
from xaigrad.schedules._random import Random
from xaigrad.schedules._start_after import StartAfter
from xaigrad.schedules._stop_after import StopAfter
from xaigrad.schedules._warm_up import WarmUp

__all__ = [
    "Adaptive",
    "Alternate",
    "Constant",
    "CosineDecay",
    "Every",
    "LinearDecay",
    "Maximum",
    "Piecewise",
    "Product",
    "Random",
    "StartAfter",
    "StopAfter",
    "Verdicts",
    "WarmUp",
]
