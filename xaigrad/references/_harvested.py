"""References harvested from the discriminator's own calls."""

from dataclasses import dataclass

from torch import Tensor

from xaigrad._checks import check_count
from xaigrad._types import Context
from xaigrad.references._random import RandomReferences


@dataclass(frozen=True)
class HarvestedReferences:
    """The last real samples that D was trained on, so that nothing has to be passed.

    While a guidance is attached whose explainer has an attribute ``harvests``, it keeps that many of the samples that D
    was taught to score as G wants its own to be scored, in ``context.real``; D's loss tells them, not their content.
    Samples that share memory with what G returned are never among them. Until D has learned from a real batch,
    gradients are left standard and counted in ``skipped["no real samples yet"]``.

    Least-squares losses pull a score back that is too high or too low, so that some fakes look real. Where D sees those
    in new memory (augmented, concatenated or from a replay buffer) pass the references instead.

    Args:
        size: How many samples are kept.

    Raises:
        ValueError: If the size is no whole number above zero, or (when called) there is nothing to draw from.

    Example:
        >>> import torch
        >>> from xaigrad.explainers import Context
        >>> context = Context(torch.zeros(3, 1), 0, 0, torch.Generator(), real=torch.tensor([[7.0]]))
        >>> HarvestedReferences()(torch.zeros(3, 1), context).T
        tensor([[7., 7., 7.]])
    """

    size: int = 256

    def __post_init__(self) -> None:
        check_count("size", self.size, 1)

    @property
    def harvests(self) -> int:
        """How many real samples the guidance should keep; an explainer hands this on as its own attribute."""
        return self.size

    def __call__(self, samples: Tensor, context: Context) -> Tensor:
        """Return one real sample per sample."""
        return self._bank(samples, context)(samples, context)

    def share(self, samples: Tensor, count: int, context: Context) -> tuple[Tensor, Tensor]:
        """Return a pool of real samples, and which ``count`` of them each sample is compared with."""
        return self._bank(samples, context).share(samples, count, context)

    def _bank(self, samples: Tensor, context: Context) -> RandomReferences:
        if context.real is None:
            raise ValueError(
                "Harvested references should find real samples in `context.real`. Found none. Give the explainer an "
                "attribute `harvests`, the number to keep, or pass real samples: RandomReferences(real)."
            )
        if context.real.shape[1:] != samples.shape[1:]:
            raise ValueError(
                f"Harvested references should have the samples' shape {tuple(samples.shape[1:])}. Found real samples "
                f"of shape {tuple(context.real.shape[1:])}. Pass fitting ones: RandomReferences(real)."
            )
        return RandomReferences(context.real)
