"""Counting the generator's updates."""

import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import nn


class Updates:
    """The number of times that a generator has been updated.

    An update is over when an optimizer of the generator's parameters has stepped, or they have been written to
    otherwise. Versions alone would miss the updates of fused optimizers, which do not count them.

    Args:
        parameters: Lists the generator's parameters.
        named: The optimizer whose steps alone count; ``None``: every optimizer of the parameters.

    Attributes:
        known: The number when it was last asked for.
    """

    def __init__(self, parameters: Callable[[], list[nn.Parameter]], named: torch.optim.Optimizer | None) -> None:
        self._parameters = parameters
        # Accelerate's optimizers step by another one inside.
        self._named = None if named is None else weakref.ref(getattr(named, "optimizer", named))
        self.known = 0
        self._changed = False
        self._counted = False
        self._moved: set[int] = set()
        self._versions: list[int] | None = None

    @property
    def count(self) -> int:
        """How many there have been; to be asked at every call of D, so that none is missed."""
        versions = [] if self._named is not None else [parameter._version for parameter in self._parameters()]
        changed = self._changed or (self._versions is not None and self._versions != versions)
        self._changed, self._versions = False, versions
        if changed:
            self._moved.clear()
            self.known += not self._counted
            self._counted = False
        return self.known

    @count.setter
    def count(self, count: int) -> None:
        self._changed, self._counted, self._versions = False, False, None
        self._moved.clear()
        self.known = count

    def stepped(self, optimizer: torch.optim.Optimizer, ends: bool) -> tuple[bool, bool]:
        """Note that an optimizer has stepped; return whether it began a round, and whether it moved anything else.

        Optimizers of different parameters that step one after the other make one round, until a parameter is moved once
        more. With ``ends``, a round is an update; else only :attr:`count` ends one.
        """
        moved = {
            id(parameter)
            for group in optimizer.param_groups
            for parameter in group["params"]
            if parameter.grad is not None
        }
        mine = moved & {id(parameter) for parameter in self._parameters()}
        others = mine != moved
        if not mine or (self._named is not None and self._named() is not optimizer):
            return False, others
        if ends and not self._moved.isdisjoint(mine):
            _ = self.count
        began = not self._moved or not self._moved.isdisjoint(mine)
        self._moved = mine if began else self._moved | mine
        self._changed = True
        return began, others

    @contextmanager
    def exactly_one(self) -> Iterator[None]:
        """Count what happens in the context as one update."""
        before = self.count
        yield
        self._counted = self.count == before  # A step that follows the context is this update's.
        self.known = before + 1
