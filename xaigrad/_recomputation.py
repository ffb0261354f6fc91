"""Samples that a reentrant checkpoint of the discriminator will bring again."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef


class Recomputation:
    """Recognises generated samples where a checkpointed discriminator is run once more.

    ``torch.utils.checkpoint(discriminator, samples, use_reentrant=True)`` calls D without gradients, and again in the
    backward pass, with leaves that share the samples' memory. Nothing but that memory tells where they came from.
    """

    def __init__(self) -> None:
        self._expected: set[StorageWeakRef] = set()

    def expect(self, samples: Iterable[Tensor]) -> None:
        """Remember generated samples of a call without gradients, for as long as their memory lives."""
        found = {StorageWeakRef(value.untyped_storage()) for value in samples}  # type: ignore[no-untyped-call]
        if found:
            living = {storage for storage in self._expected if not storage.expired()}  # type: ignore[no-untyped-call]
            self._expected = living | found

    def expects(self, value: Any) -> bool:
        """Return whether a value is one of them, in a backward pass."""
        if not self._expected or torch._C._current_graph_task_id() == -1:
            return False
        if not isinstance(value, Tensor) or not value.is_leaf or not value.requires_grad:
            return False
        return StorageWeakRef(value.untyped_storage()) in self._expected  # type: ignore[no-untyped-call]
