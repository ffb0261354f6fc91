"""What a formula is judged in: one batch of samples, their attribution, and all that is known of the update."""

from dataclasses import dataclass

from torch import Tensor

from xaigrad._images import as_images
from xaigrad._types import Context
from xaigrad.logic._logics import Logic


@dataclass(frozen=True)
class World:
    """One batch, as formulas see it.

    Every truth value has as many dimensions as the attribution and broadcasts to it: one of a sample has the shape
    ``(N, 1, ...)``, one of a feature ``(1, C, H, W)``.

    Attributes:
        logic: What connectives mean.
        attribution: The attribution that the specification was given, in the shape that formulas see.
        context: What is known of the update.
        shape: The feature shape that formulas see, where it is not the samples' own.
    """

    logic: Logic
    attribution: Tensor
    context: Context
    shape: tuple[int, ...] | None = None

    @property
    def samples(self) -> Tensor:
        """What the generator made."""
        return self.seen(self.context.samples)

    @property
    def features(self) -> tuple[int, ...]:
        """The dimensions of the features, to be reduced over."""
        return tuple(range(1, self.attribution.dim()))

    def seen(self, values: Tensor) -> Tensor:
        """Return values of the samples' own shape in the one that formulas see."""
        return values if self.shape is None else as_images(values, self.shape)

    def per_sample(self, values: Tensor) -> Tensor:
        """Return one value per sample, shape ``(N,)``, as a truth value."""
        return values.to(self.attribution.dtype).view(-1, *[1] * (self.attribution.dim() - 1))

    def per_feature(self, values: Tensor) -> Tensor:
        """Return values of a feature shape, or what broadcasts to it, as a truth value."""
        return values.view(*[1] * (self.attribution.dim() - values.dim()), *values.shape)
