"""Connectives: not, and, or, implies, if and only if."""

from dataclasses import dataclass
from functools import reduce
from typing import Any, ClassVar

from torch import Tensor

from xaigrad.logic._coercion import as_formula
from xaigrad.logic._formula import Binding, Compound, Formula
from xaigrad.logic._world import World


@dataclass(frozen=True, repr=False)
class Negation(Compound):
    """``~a``: it does not hold."""

    formula: Formula
    binding: ClassVar[Binding] = Binding.NOT

    def __str__(self) -> str:
        return f"~{self.enclosed(self.formula, Binding.NOT)}"

    def value(self, world: World, *operands: Tensor) -> Tensor:
        """Return the negation."""
        return world.logic.negation(operands[0])


@dataclass(frozen=True, repr=False)
class _Chain(Compound):
    """Several formulas, joined by one associative connective."""

    formulas: tuple[Formula, ...]
    sign: ClassVar[str] = ""

    def __post_init__(self) -> None:
        formulas = map(as_formula, self.formulas)
        flat = (part for one in formulas for part in (one.formulas if isinstance(one, type(self)) else (one,)))
        object.__setattr__(self, "formulas", tuple(flat))
        super().__post_init__()

    def __str__(self) -> str:
        return f" {self.sign} ".join(self.enclosed(part, self.binding + 1) for part in self.formulas)


@dataclass(frozen=True, repr=False)
class Conjunction(_Chain):
    """``a & b & ...``: all of them hold."""

    binding: ClassVar[Binding] = Binding.AND
    sign: ClassVar[str] = "&"

    def value(self, world: World, *operands: Tensor) -> Tensor:
        """Return the conjunction, from left to right."""
        return reduce(world.logic.conjunction, operands)


@dataclass(frozen=True, repr=False)
class Disjunction(_Chain):
    """``a | b | ...``: at least one of them holds."""

    binding: ClassVar[Binding] = Binding.OR
    sign: ClassVar[str] = "|"

    def value(self, world: World, *operands: Tensor) -> Tensor:
        """Return the disjunction, from left to right."""
        return reduce(world.logic.disjunction, operands)


@dataclass(frozen=True, repr=False)
class Implication(Compound):
    """``a -> b``: where the first holds, so does the second."""

    premise: Formula
    conclusion: Formula
    binding: ClassVar[Binding] = Binding.IMPLIES

    def __post_init__(self) -> None:
        object.__setattr__(self, "conclusion", as_formula(self.conclusion))
        super().__post_init__()

    def __str__(self) -> str:
        premise, conclusion = self.enclosed(self.premise, Binding.OR), self.enclosed(self.conclusion, Binding.IMPLIES)
        return f"{premise} -> {conclusion}"

    def value(self, world: World, *operands: Tensor) -> Tensor:
        """Return the implication."""
        return world.logic.implication(*operands)


@dataclass(frozen=True, repr=False)
class Equivalence(Compound):
    """``a <-> b``: each implies the other."""

    left: Formula
    right: Formula
    binding: ClassVar[Binding] = Binding.IFF

    def __post_init__(self) -> None:
        object.__setattr__(self, "right", as_formula(self.right))
        super().__post_init__()

    def __str__(self) -> str:
        return f"{self.enclosed(self.left, Binding.IFF)} <-> {self.enclosed(self.right, Binding.IMPLIES)}"

    def value(self, world: World, *operands: Tensor) -> Tensor:
        """Return the conjunction of both implications."""
        left, right = operands
        return world.logic.conjunction(world.logic.implication(left, right), world.logic.implication(right, left))


def agree(*formulas: Any) -> Formula:
    """Return that all of the formulas hold; of two or more explanations, that they agree.

    Raises:
        ValueError: If there are fewer than two.

    Example:
        >>> from xaigrad.logic import deepshap, saliency
        >>> agree(saliency, deepshap)
        saliency & deepshap
    """
    if len(formulas) < 2:
        raise ValueError(f"Parameter `formulas` should be two or more, to agree. Found {len(formulas)}.")
    return Conjunction(formulas)
