"""What a sample is compared with by explainers that take ``references``."""

from typing import Any

from torch import Tensor

from xaigrad._types import Context
from xaigrad.references import RandomReferences


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

    def references_of(self, rows: Tensor, context: Context) -> Tensor:
        """Return one reference per row, detached.

        Raises:
            ValueError: If their shape is not the rows'.
        """
        return fitting(self.references(rows, context), rows.shape).detach()


def fitting(references: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Return references that have the shape they should have, or raise ``ValueError``."""
    if references.shape != shape:
        raise ValueError(
            f"Parameter `references` should give references of shape {tuple(shape)}. Found {tuple(references.shape)}. "
            "Reshape the real samples to the discriminator's input."
        )
    return references
