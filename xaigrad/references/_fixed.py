"""References that stay the same."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from xaigrad._types import Context
from xaigrad.references._rows import block_count, check_bank, check_features, placed, taken


@dataclass(frozen=True, eq=False)
class FixedReferences:
    """The same references at every update and for every sample: the first K of a batch.

    Args:
        batch: Shape ``(M, ...)`` with the feature shape of the generated samples and in their range; M >= K.

    Raises:
        TypeError: If the batch is no floating tensor.
        ValueError: If it holds no sample, or (when called) fewer than K.

    Example:
        >>> import torch
        >>> from xaigrad.explainers import Context
        >>> context = Context(torch.zeros(2, 1), update=0, explanation=0, rng=torch.Generator())
        >>> FixedReferences(torch.tensor([[5.0], [7.0], [9.0]]))(torch.zeros(4, 1), context).T
        tensor([[5., 5., 7., 7.]])
    """

    batch: Tensor = field(repr=False)

    def __post_init__(self) -> None:
        check_bank("batch", self.batch)

    def __eq__(self, other: object) -> bool:
        """Return whether the other draws from the very same tensor; its values are not compared."""
        return isinstance(other, type(self)) and other.batch is self.batch

    def __hash__(self) -> int:
        return hash((type(self), id(self.batch)))

    def __repr__(self) -> str:
        return f"FixedReferences({len(self.batch)} samples of shape {tuple(self.batch.shape[1:])})"

    def check_samples(self, samples: Tensor) -> None:
        """Raise ``ValueError`` if the samples have another feature shape."""
        check_features(self.batch, samples)

    def __call__(self, samples: Tensor, context: Context) -> Tensor:
        """Return the k-th row of the batch for each sample of the k-th block."""
        count = self._checked(block_count(samples, context))
        return taken(self.batch, torch.arange(count, device="cpu").repeat_interleave(len(samples) // count), samples)

    def share(self, samples: Tensor, count: int, context: Context) -> tuple[Tensor, Tensor]:
        """Return the first ``count`` rows of the batch, and the same order of them for each sample."""
        order = torch.arange(self._checked(count), device="cpu")
        index = order[:, None].expand(count, len(samples))
        return taken(self.batch, order, samples), placed(index, samples)

    def _checked(self, count: int) -> int:
        if count > len(self.batch):
            raise ValueError(
                f"Parameter `batch` should hold as many references as each sample is compared with, {count}. Found "
                f"{len(self.batch)}. Pass a larger batch, or ask for fewer references per sample."
            )
        return count
