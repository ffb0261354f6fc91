"""Schedules: ``update -> strength`` in [0, 1], where 0 means that nothing is computed.

Updates are counted from 0. A plain function is as good as any class here: ``schedule=lambda update: 0.5``.
"""

from xaigrad.schedules._alternate import Alternate
from xaigrad.schedules._constant import Constant
from xaigrad.schedules._start_after import StartAfter

__all__ = ["Alternate", "Constant", "StartAfter"]
