"""Quantifiers: for all, there is, mostly; over the features of a sample, a region, the batch, or a class."""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from xaigrad.logic._coercion import as_formula
from xaigrad.logic._domains import Batch, Domain
from xaigrad.logic._formula import Compound, Formula
from xaigrad.logic._world import World
from xaigrad.masks._rows import divided


@dataclass(frozen=True, repr=False)
class Quantifier(Compound):
    """A formula about all of a domain: one truth value for all of its members, given to each of them."""

    formula: Formula
    domain: Formula | Domain | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "formula", as_formula(self.formula))
        if self.domain is not None and not isinstance(self.domain, Domain):
            object.__setattr__(self, "domain", as_formula(self.domain))
        super().__post_init__()

    def value(self, world: World, *operands: Tensor) -> Tensor:
        """Return the truth values, of a size that broadcasts over the domain."""
        truth, *domain = operands
        if isinstance(self.domain, Batch):
            return self.over_batch(truth) if len(truth) else truth
        if isinstance(self.domain, Domain):
            return truth if len(truth) < len(world.attribution) else self.over_classes(truth, domain[0])
        return self.over_features(world, truth, *domain)

    def over_features(self, world: World, truth: Tensor, region: Tensor | None = None) -> Tensor:
        """Return one truth value per sample."""
        raise NotImplementedError

    def over_batch(self, truth: Tensor) -> Tensor:
        """Return one truth value per feature."""
        raise NotImplementedError

    def over_classes(self, truth: Tensor, classes: Tensor) -> Tensor:
        """Return one truth value per class and feature, for each sample."""
        raise NotImplementedError


@dataclass(frozen=True, repr=False)
class ForAll(Quantifier):
    r"""``forall(f)``, ``forall(f, region)``, ``forall(f, batch)``, ``forall(f, label)``: it holds of every one.

    With f a truth value :math:`f(n, p)` of sample n and feature p (inf and sup as in Hájek 1998, *Metamathematics of
    Fuzzy Logic*, chapter 5):

    ==================== ==================================================== ============
    text                 truth value at (n, p)                                given to
    ==================== ==================================================== ============
    ``forall(f)``        :math:`\inf_q f(n, q)`                               the sample
    ``forall(f, r)``     :math:`\inf_q \big(r(n, q) \to f(n, q)\big)`         the sample
    ``forall(f, batch)`` :math:`\inf_m f(m, p)`                               the feature
    ``forall(f, label)`` :math:`\inf \{f(m, p) : y_m = y_n\}`                 class, feature
    ==================== ==================================================== ============

    To range over all features of all samples write ``forall(forall(f), batch)``.

    Args:
        formula: f.
        domain: What it ranges over: ``None`` for the features of each sample; a region, or any other formula, for the
            features inside; ``batch``; or ``label``.

    Example:
        >>> from xaigrad.logic import border, explanation, label
        >>> forall(explanation < 0.1, border(2)), forall(explanation, label)
        (forall(explanation < 0.1, border(2)), forall(explanation, label))
    """

    word: ClassVar[str] = "forall"

    def over_features(self, world: World, truth: Tensor, region: Tensor | None = None) -> Tensor:
        """Return the smallest, of a region's features."""
        truth = truth if region is None else world.logic.implication(region, truth)
        return truth.amin(world.features, keepdim=True) if world.features else truth

    def over_batch(self, truth: Tensor) -> Tensor:
        """Return the smallest."""
        return truth.amin(0, keepdim=True)

    def over_classes(self, truth: Tensor, classes: Tensor) -> Tensor:
        """Return the smallest of each class."""
        return _extreme(truth, classes, "amin")


@dataclass(frozen=True, repr=False)
class Exists(Quantifier):
    r"""``exists(f)`` and so on: it holds of at least one; see :class:`ForAll`, with the supremum.

    Over a region r it is :math:`\sup_q \big(r(n, q) \wedge f(n, q)\big)`. In each logic ``exists`` and ``forall`` are
    dual: ``exists(f, r)`` is ``~forall(~f, r)``.

    Args:
        formula: f.
        domain: As for ``forall``.
    """

    word: ClassVar[str] = "exists"

    def over_features(self, world: World, truth: Tensor, region: Tensor | None = None) -> Tensor:
        """Return the largest, of a region's features."""
        truth = truth if region is None else world.logic.conjunction(region, truth)
        return truth.amax(world.features, keepdim=True) if world.features else truth

    def over_batch(self, truth: Tensor) -> Tensor:
        """Return the largest."""
        return truth.amax(0, keepdim=True)

    def over_classes(self, truth: Tensor, classes: Tensor) -> Tensor:
        """Return the largest of each class."""
        return _extreme(truth, classes, "amax")


@dataclass(frozen=True, repr=False)
class Mostly(Quantifier):
    r"""``mostly(f)`` and so on: the mean truth value; see :class:`ForAll`.

    Over a region it is weighted, :math:`\sum_q r(n, q) f(n, q) / \sum_q r(n, q)`, and 1 where the region is empty, in
    each logic: so ``mostly(~f, r)`` is ``~mostly(f, r)``.

    Args:
        formula: f.
        domain: As for ``forall``.
    """

    word: ClassVar[str] = "mostly"

    def over_features(self, world: World, truth: Tensor, region: Tensor | None = None) -> Tensor:
        """Return the mean, of a region's features."""
        if not world.features:
            return truth if region is None else divided(truth * region, region)
        if region is None:
            return _mean(truth, world.features)
        # Sizes may differ where one of them is the same everywhere; means do not.
        share = divided(_mean(truth * region, world.features), _mean(region, world.features))
        return share.clamp_(max=1)

    def over_batch(self, truth: Tensor) -> Tensor:
        """Return the mean."""
        return _mean(truth, (0,))

    def over_classes(self, truth: Tensor, classes: Tensor) -> Tensor:
        """Return the mean of each class."""
        sums = torch.zeros_like(truth).index_add_(0, classes, truth)
        ones = truth.new_ones(len(truth), *[1] * (truth.dim() - 1))
        counts = torch.zeros_like(ones).index_add_(0, classes, ones)
        return sums.div_(counts.clamp_(min=1)).index_select(0, classes)


def _mean(truth: Tensor, dims: tuple[int, ...]) -> Tensor:
    """Return the mean, which of ones is 1 on every device."""
    count = 1
    for dim in dims:
        count *= truth.shape[dim]
    return truth.sum(dims, keepdim=True) / count


def _extreme(truth: Tensor, classes: Tensor, reduction: Any) -> Tensor:
    """Return the smallest or largest of each class, for each sample, without a question to the device."""
    index = classes.view(-1, *[1] * (truth.dim() - 1)).expand_as(truth)
    found = torch.empty_like(truth).scatter_reduce_(0, index, truth, reduction, include_self=False)
    return found.index_select(0, classes)


forall, exists, mostly = ForAll, Exists, Mostly
