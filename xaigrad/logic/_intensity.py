"""Atoms that the samples give: how bright they are, feature by feature and on average."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from xaigrad._checks import check_finite
from xaigrad.logic._formula import Formula
from xaigrad.logic._world import World


def check_interval(low: float, high: float) -> None:
    check_finite("low", low)
    check_finite("high", high)
    if not 1e-30 <= high - low <= 1e30:  # In float32 their distance must be a number, and not 0.
        raise ValueError(
            f"Parameter `low` should be less than `high`, by 1e-30 to 1e30. Found low={low}, high={high}. For example "
            "low=-1, high=1."
        )


def placed_between(values: Tensor, low: float, high: float) -> Tensor:
    """Return where values are on the way from low to high, cut at both."""
    return (values - low).div_(high - low).clamp_(0, 1)


@dataclass(frozen=True, repr=False)
class Intensity(Formula):
    r"""``intensity``: each feature's own value x, :math:`(x - l) / (h - l)`, cut to [0, 1].

    Args:
        low: l, what counts as 0.
        high: h, what counts as 1. The defaults fit the tanh images of most generators.

    Raises:
        ValueError: If they are not finite, or ``low`` is not less than ``high``.
    """

    low: float = -1.0
    high: float = 1.0
    word: ClassVar[str] = "intensity"

    def __post_init__(self) -> None:
        check_interval(self.low, self.high)

    def __call__(self, low: float = -1.0, high: float = 1.0) -> "Intensity":
        """Return the same with other ends."""
        return Intensity(low, high)

    def value(self, world: World, *operands: Tensor) -> Tensor:
        """Return the intensities."""
        return placed_between(world.samples.to(world.attribution.dtype), self.low, self.high)


@dataclass(frozen=True, repr=False)
class Brightness(Intensity):
    """``brightness``: the mean intensity of a sample, one truth value for all of its features.

    Args:
        low: As for ``intensity``.
        high: Likewise.
    """

    word: ClassVar[str] = "brightness"

    def __call__(self, low: float = -1.0, high: float = 1.0) -> "Brightness":
        """Return the same with other ends."""
        return Brightness(low, high)

    def value(self, world: World, *operands: Tensor) -> Tensor:
        """Return the means."""
        intensity = super().value(world)
        return intensity.mean(world.features, keepdim=True) if world.features else intensity


intensity, brightness = Intensity(), Brightness()
