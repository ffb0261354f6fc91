"""References drawn at random from real samples."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from xaigrad._types import Context
from xaigrad.references._draws import draw_shared
from xaigrad.references._rows import check_bank, check_features, placed, taken


@dataclass(frozen=True, eq=False)
class RandomReferences:
    """One reference per sample, drawn afresh at every update, with replacement, from a bank of real samples.

    Shared by several samples, the references are a random pool of 8 rows of the bank, or of as many as a sample is
    compared with. Either way each reference of a sample is uniform over the bank, so that an attribution against one is
    an unbiased estimate of that against all. The draw comes from the guidance's own random generator, so the user's
    random state is left alone.

    Args:
        bank: Real samples, shape ``(M, ...)`` with the feature shape of the generated ones and in their range; on any
            device.

    Raises:
        TypeError: If the bank is no floating tensor.
        ValueError: If it holds no sample.

    Example:
        >>> import torch
        >>> RandomReferences(torch.zeros(6265, 1, 28, 28))
        RandomReferences(6265 samples of shape (1, 28, 28))
    """

    bank: Tensor = field(repr=False)

    def __post_init__(self) -> None:
        check_bank("references", self.bank, " or a callable (samples, context) -> references")

    def __eq__(self, other: object) -> bool:
        """Return whether the other draws from the very same tensor; its values are not compared."""
        return isinstance(other, type(self)) and other.bank is self.bank

    def __hash__(self) -> int:
        return hash((type(self), id(self.bank)))

    def __repr__(self) -> str:
        return f"RandomReferences({len(self.bank)} samples of shape {tuple(self.bank.shape[1:])})"

    def check_samples(self, samples: Tensor) -> None:
        """Raise ``ValueError`` if the samples have another feature shape."""
        check_features(self.bank, samples)

    def __call__(self, samples: Tensor, context: Context) -> Tensor:
        """Return one row of the bank per sample, in the samples' dtype and on their device."""
        index = torch.randint(len(self.bank), (len(samples),), generator=context.rng, device="cpu")
        return taken(self.bank, index, samples)

    def share(self, samples: Tensor, count: int, context: Context) -> tuple[Tensor, Tensor]:
        """Return a pool of rows of the bank, and which ``count`` of them each sample is compared with."""
        members, index = draw_shared(len(self.bank), count, len(samples), context.rng)
        return taken(self.bank, members, samples), placed(index, samples)
