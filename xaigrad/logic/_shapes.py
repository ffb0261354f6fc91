"""Regions of an image by their shape: a border, a box, the centre, a disc."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from xaigrad._checks import check_count, check_finite, check_strength
from xaigrad._images import as_images
from xaigrad.logic._formula import Formula
from xaigrad.logic._world import World


@dataclass(frozen=True, repr=False)
class Shape(Formula):
    """A crisp region of an image, the same for all samples and channels: 1 inside, 0 outside.

    Samples have the shape ``(N, C, H, W)``; or ``(N, C, T)`` or ``(N, C, D, H, W)``, where the shape has a meaning
    there. Flat samples that are images need a specification's ``shape``.
    """

    @property
    def fixed(self) -> bool:
        """Whether its value is the same for all samples of a shape: it is."""
        return True

    def check_call(self, discriminator: nn.Module | None, samples: Tensor, shape: tuple[int, ...] | None) -> None:
        """Raise ``ValueError``, in the user's own call of D, if the samples are no such images."""
        self._sides(samples, shape)

    def value(self, world: World, *operands: Tensor) -> Tensor:
        """Return the region."""
        sides = self._sides(world.attribution, None)
        return self.drawn(world.attribution.new_zeros(1, 1, *sides), sides)

    def drawn(self, canvas: Tensor, sides: Sequence[int]) -> Tensor:
        """Return the region, drawn on zeros."""
        raise NotImplementedError

    def check_sides(self, sides: Sequence[int]) -> None:
        """Raise ``ValueError`` if the shape does not fit an image of such sides."""

    def _sides(self, samples: Tensor, shape: tuple[int, ...] | None) -> Sequence[int]:
        sides = as_images(samples, shape).shape[2:]
        self.check_sides(sides)
        return sides


@dataclass(frozen=True, repr=False)
class Border(Shape):
    """``border(width)``: what is less than ``width`` pixels from an edge.

    Args:
        width: In pixels.

    Raises:
        ValueError: If it is no whole number of at least 1; (when called) if the samples are flat.

    Example:
        >>> import torch
        >>> Border(1).drawn(torch.zeros(1, 1, 3, 4), (3, 4))[0, 0]
        tensor([[1., 1., 1., 1.],
                [1., 0., 0., 1.],
                [1., 1., 1., 1.]])
    """

    width: int
    word: ClassVar[str] = "border"

    def __post_init__(self) -> None:
        check_count("width", self.width, 1)

    def drawn(self, canvas: Tensor, sides: Sequence[int]) -> Tensor:
        """Return the border."""
        inside: tuple[Any, ...] = (..., *(slice(min(self.width, side), max(side - self.width, 0)) for side in sides))
        canvas.fill_(1)[inside] = 0
        return canvas


@dataclass(frozen=True, repr=False)
class Box(Shape):
    """``box(top, left, height, width)``: a rectangle.

    Args:
        top: The first row, counted from 0.
        left: The first column, counted from 0.
        height: The number of rows; what exceeds the image is cut.
        width: The number of columns, likewise.

    Raises:
        ValueError: If a number is out of range; (when called) if the samples are no images, or the box lies outside.

    Example:
        >>> import torch
        >>> Box(0, 1, 2, 2).drawn(torch.zeros(1, 1, 3, 4), (3, 4))[0, 0]
        tensor([[0., 1., 1., 0.],
                [0., 1., 1., 0.],
                [0., 0., 0., 0.]])
    """

    top: int
    left: int
    height: int
    width: int
    word: ClassVar[str] = "box"

    def __post_init__(self) -> None:
        for name, least in (("top", 0), ("left", 0), ("height", 1), ("width", 1)):
            check_count(name, getattr(self, name), least)

    def check_sides(self, sides: Sequence[int]) -> None:
        """Raise ``ValueError`` if there is nothing of the box in the image."""
        if len(sides) != 2 or self.top >= sides[0] or self.left >= sides[1]:
            raise ValueError(
                f"The region {self} should begin inside the samples, of two dimensions. Found samples of "
                f"{' x '.join(map(str, sides))} features. Its arguments are box(top, left, height, width)."
            )

    def drawn(self, canvas: Tensor, sides: Sequence[int]) -> Tensor:
        """Return the rectangle."""
        bottom, right = min(self.top + self.height, sides[0]), min(self.left + self.width, sides[1])
        canvas[..., self.top : bottom, self.left : right] = 1
        return canvas


@dataclass(frozen=True, repr=False)
class Centre(Shape):
    """``centre(fraction)``: the middle part of each side, at least its middle one or two pixels.

    Args:
        fraction: Of each side, larger than 0 and at most 1.

    Raises:
        ValueError: If it is not; (when called) if the samples are flat.

    Example:
        >>> import torch
        >>> Centre(0.5).drawn(torch.zeros(1, 1, 3, 4), (3, 4))[0, 0]
        tensor([[0., 0., 0., 0.],
                [0., 1., 1., 0.],
                [0., 0., 0., 0.]])
    """

    fraction: float
    word: ClassVar[str] = "centre"

    def __post_init__(self) -> None:
        check_strength("fraction", self.fraction)
        if self.fraction == 0:
            raise ValueError("Parameter `fraction` should be larger than 0. Found 0. For example 0.5.")

    def drawn(self, canvas: Tensor, sides: Sequence[int]) -> Tensor:
        """Return the middle."""
        # The pixels whose middle is at most fraction / 2 of the side from the image's; as many on either side.
        starts = [min(math.ceil(side * (1 - self.fraction) / 2 - 0.5), (side - 1) // 2) for side in sides]
        inside: tuple[Any, ...] = tuple(slice(start, side - start) for start, side in zip(starts, sides, strict=True))
        canvas[(..., *inside)] = 1
        return canvas


@dataclass(frozen=True, repr=False)
class Disc(Shape):
    """``disc(radius)``: the pixels whose middle is at most ``radius`` from the image's middle.

    Args:
        radius: In pixels.

    Raises:
        ValueError: If it is no finite number larger than 0; (when called) if the samples are flat.

    Example:
        >>> import torch
        >>> Disc(1).drawn(torch.zeros(1, 1, 3, 3), (3, 3))[0, 0]
        tensor([[0., 1., 0.],
                [1., 1., 1.],
                [0., 1., 0.]])
    """

    radius: float
    word: ClassVar[str] = "disc"

    def __post_init__(self) -> None:
        check_finite("radius", self.radius)
        if self.radius <= 0:
            raise ValueError(f"Parameter `radius` should be larger than 0. Found {self.radius!r}. For example 10.")

    def drawn(self, canvas: Tensor, sides: Sequence[int]) -> Tensor:
        """Return the disc."""
        squares = canvas  # Of the distance, summed over the dimensions.
        for number, side in enumerate(sides):
            places = torch.arange(side, dtype=canvas.dtype, device=canvas.device) - (side - 1) / 2
            squares = squares + places.square().view(-1, *[1] * (len(sides) - 1 - number))
        return (squares <= min(self.radius, sum(sides)) ** 2).to(canvas.dtype)


border, box, centre, disc = Border, Box, Centre, Disc
