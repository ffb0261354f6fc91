"""Atoms that the attribution gives: what explains the score, what speaks for a real sample and what against it."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from xaigrad._checks import check_strength
from xaigrad.logic._formula import Formula
from xaigrad.logic._node import number
from xaigrad.logic._world import World
from xaigrad.masks import AbsNormalize
from xaigrad.masks._rows import divided, rows_of


@dataclass(frozen=True, repr=False)
class Constant(Formula):
    """A truth value that is the same everywhere: in the text a number, as in ``explanation | 0.1``.

    Args:
        degree: The truth value, in [0, 1].

    Raises:
        ValueError: If it is not in [0, 1].
    """

    degree: float

    def __post_init__(self) -> None:
        check_strength("degree", self.degree)
        object.__setattr__(self, "degree", float(self.degree) + 0.0)  # -0 prints as 0.

    @property
    def fixed(self) -> bool:
        """Whether its value is the same for all samples of a shape: it is."""
        return True

    def __str__(self) -> str:
        return number(self.degree)

    def value(self, world: World, *operands: Tensor) -> Tensor:
        """Return the constant."""
        return world.attribution.new_full((1,) * world.attribution.dim(), self.degree)


@dataclass(frozen=True, repr=False)
class Explanation(Formula):
    r"""``explanation``: how much a feature explains the score, :math:`|A| / \max |A|` over each sample.

    A is the attribution that the specification is given, the guidance's own explainer's. It is what
    :class:`~xaigrad.masks.AbsNormalize` makes of it, so a mask that it has been made into stays as it is.
    """

    word: ClassVar[str] = "explanation"

    def value(self, world: World, *operands: Tensor) -> Tensor:
        """Return the scaled absolute value."""
        return AbsNormalize()(world.attribution)


@dataclass(frozen=True, repr=False)
class Supports(Formula):
    r"""``supports``: how much a feature speaks for a real sample, :math:`\max(A, 0) / \max |A|` over each sample."""

    word: ClassVar[str] = "supports"

    def value(self, world: World, *operands: Tensor) -> Tensor:
        """Return the scaled positive part."""
        return _share(world.attribution, world.attribution.clamp(min=0))


@dataclass(frozen=True, repr=False)
class Opposes(Formula):
    r"""``opposes``: how much a feature speaks for a generated sample, :math:`\max(-A, 0) / \max |A|` over each sample.

    The larger of ``supports`` and ``opposes`` is ``explanation``.
    """

    word: ClassVar[str] = "opposes"

    def value(self, world: World, *operands: Tensor) -> Tensor:
        """Return the scaled negative part."""
        return _share(world.attribution, world.attribution.neg().clamp_(min=0))


def _share(attribution: Tensor, part: Tensor) -> Tensor:
    """Return a part of the attribution, scaled by each sample's largest absolute value."""
    largest = rows_of(attribution.abs()).amax(1, keepdim=True)
    return divided(rows_of(part), largest).view_as(attribution)


explanation, supports, opposes = Explanation(), Supports(), Opposes()
