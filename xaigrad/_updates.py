"""Counting the generator's updates."""

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
        named: Whether one optimizer was named whose steps alone count.

    Attributes:
        known: The number when it was last asked for.
    """

    def __init__(self, parameters: Callable[[], list[nn.Parameter]], named: bool) -> None:
        self._parameters = parameters
        self._named = named
        self.known = 0
        self._changed = False
        self._counted = False
        self._versions: list[int] | None = None

    @property
    def count(self) -> int:
        """How many there have been; to be asked at every call of D, so that none is missed."""
        versions = [] if self._named else [parameter._version for parameter in self._parameters()]
        changed = self._changed or (self._versions is not None and self._versions != versions)
        self._changed, self._versions = False, versions
        if changed:
            self.known += not self._counted
            self._counted = False
        return self.known

    @count.setter
    def count(self, count: int) -> None:
        self._changed, self._counted, self._versions = False, False, None
        self.known = count

    def stepped(self, optimizer: torch.optim.Optimizer) -> bool:
        """Note that an optimizer has stepped, and return whether it is the generator's."""
        mine = {id(parameter) for parameter in self._parameters()}
        moved = (
            id(parameter)
            for group in optimizer.param_groups
            for parameter in group["params"]
            if parameter.grad is not None
        )
        updated = self._named or not mine.isdisjoint(moved)
        self._changed = self._changed or updated
        return updated

    @contextmanager
    def exactly_one(self) -> Iterator[None]:
        """Count what happens in the context as one update."""
        before = self.count
        yield
        self._counted = self.count == before  # A step that follows the context is this update's.
        self.known = before + 1
