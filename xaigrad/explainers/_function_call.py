"""One call of a nonlinear function by a discriminator, as it was at the samples or at references."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from xaigrad.explainers._arguments import Structure, unflatten


@dataclass
class Call:
    """What a nonlinear function was given, and what it answered.

    Attributes:
        name: The function's, the same for all of its spellings.
        func: The function.
        leaves: Its flattened arguments, detached, as they were before the call.
        structure: How they were passed.
        slots: Which of them depend on the samples.
        inplace: The place of the tensor that the function writes into; ``None``: it makes a new one.
        value: Its answer, detached.
    """

    name: str
    func: Callable[..., Any]
    leaves: list[Any]
    structure: Structure
    slots: Sequence[int]
    inplace: int | None = None
    value: Tensor = field(init=False)
    _references: "Call | None" = field(init=False, default=None)
    _index: Tensor | None = field(init=False, default=None)

    def compare(self, references: "Call | None", index: Tensor | None) -> None:
        """Name the same call at references, and which row of it belongs to each sample; ``None``: row by row."""
        self._references, self._index = references, index

    def reference(self, leaf: int) -> Tensor:
        """Return an argument of the call at each sample's reference."""
        assert self._references is not None
        return self._rows(self._references.leaves[leaf])

    @property
    def reference_value(self) -> Tensor:
        """The function's answer at each sample's reference."""
        assert self._references is not None
        return self._rows(self._references.value)

    def change(self, leaf: int) -> Tensor:
        """Return an argument of the call less that at each sample's reference."""
        return self._less(self.leaves[leaf], self.reference(leaf))

    def value_change(self) -> Tensor:
        """Return the function's answer less that at each sample's reference."""
        return self._less(self.value, self.reference_value)

    def _less(self, here: Tensor, there: Tensor) -> Tensor:
        """Return a difference, written over rows that were picked out: new memory would cost as much again."""
        own = self._index is not None and here.shape == there.shape and here.dtype == there.dtype
        return torch.sub(here, there, out=there) if own else here - there

    def _rows(self, references: Tensor) -> Tensor:
        return references if self._index is None else references.index_select(0, self._index)

    def at(self, replaced: dict[int, Tensor], into: Tensor | None = None) -> Tensor:
        """Return the function's answer with other arguments in some places.

        Args:
            replaced: The other arguments.
            into: The tensor to write into, for a function that works in place; ``None``: a copy of what it was given.
        """
        leaves = [replaced.get(place, leaf) for place, leaf in enumerate(self.leaves)]
        if self.inplace is not None:
            leaves[self.inplace] = leaves[self.inplace].clone() if into is None else into
        args, kwargs = unflatten(leaves, self.structure)
        answer: Tensor = self.func(*args, **kwargs)
        return answer

    def gradient(self, place: int, gradient: Tensor, replaced: dict[int, Tensor]) -> Tensor:
        """Return the vector-Jacobian product with respect to one argument, with others replaced, by autograd."""
        with torch.enable_grad():
            point = replaced.get(place, self.leaves[place]).detach().requires_grad_()
            result: Tensor = torch.autograd.grad(self.at({**replaced, place: point}), point, gradient)[0]
        return result
