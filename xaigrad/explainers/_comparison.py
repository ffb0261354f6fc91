"""What a sample is compared with by explainers that take ``references``."""

from typing import Any

from torch import Tensor, nn

from xaigrad._types import Context
from xaigrad.references import RandomReferences
from xaigrad.references._rows import fitting


def as_references(references: Any, default: Any) -> Any:
    """Return references as a callable: ``None`` stands for the default, a tensor is a bank to draw from."""
    if references is None:
        return default
    return references if callable(references) else RandomReferences(references)


class Comparing:
    """An explainer that compares samples with references."""

    references: Any

    @property
    def harvests(self) -> int:
        """How many real samples of D's own calls the references want to be kept."""
        return int(getattr(self.references, "harvests", 0))

    def check_call(self, discriminator: nn.Module | None, samples: Tensor) -> None:
        """Raise, in the user's own call of D, if references that can tell do not fit the samples."""
        check = getattr(self.references, "check_samples", None)
        if check is not None:
            check(samples)

    def references_of(self, rows: Tensor, context: Context) -> Tensor:
        """Return one reference per row, detached.

        Raises:
            ValueError: If their shape is not the rows'.
        """
        return fitting(self.references(rows, context), rows.shape).detach()
