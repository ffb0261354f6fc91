"""What quantifiers range over, besides the features of a sample: the batch, or the samples of the same class."""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from xaigrad.logic._formula import Formula
from xaigrad.logic._identity import alike
from xaigrad.logic._node import Node
from xaigrad.logic._region import Region
from xaigrad.logic._world import World
from xaigrad.references._labels import called_label, check_classifier, classes_of


@dataclass(frozen=True, repr=False)
class Domain(Node):
    """What a quantifier ranges over where that is not the features."""


@dataclass(frozen=True, repr=False)
class Batch(Domain):
    """``batch``: all samples of the batch, at each feature."""

    word: ClassVar[str] = "batch"

    @property
    def fixed(self) -> bool:
        """Whether its value is the same for all samples of a shape: it is."""
        return True

    def value(self, world: World, *operands: Tensor) -> Tensor:
        """Return the samples' numbers: none is needed."""
        return world.attribution.new_empty(0)


@dataclass(frozen=True, repr=False, eq=False)
class Labels(Node):
    """Each sample's class.

    Args:
        classifier: ``None`` for the label that D was called with; or a network ``samples -> logits or classes``, or a
            function ``(samples, context) -> logits or classes``.
    """

    classifier: Any = None

    def __post_init__(self) -> None:
        check_classifier("classifier", self.classifier)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Labels) and alike(self.classifier, other.classifier)

    def __hash__(self) -> int:
        return hash((Labels, type(self.classifier)))

    @property
    def contextual(self) -> bool:
        """Whether a function is given the context."""
        return self.classifier is not None and not isinstance(self.classifier, nn.Module)

    def value(self, world: World, *operands: Tensor) -> Tensor:
        """Return the classes, whole numbers, shape ``(N,)``, where the samples lie."""
        if self.classifier is None:
            cure = "Name a classifier: label(3, classifier), or label(classifier=classifier) to range over a class."
            classes = called_label(world.context.samples, world.context, "label", cure)
        else:
            classes = classes_of(self.classifier, world.samples, world.context, "classifier")
        return classes.to(world.attribution.device, non_blocking=True)


@dataclass(frozen=True, repr=False)
class SameLabel(Domain):
    """``label``: the samples of the batch that are of the same class, at each feature.

    Called with a number it is a formula, see :class:`HasLabel`.
    """

    labels: Labels = Labels()
    word: ClassVar[str] = "label"

    def __call__(self, k: int | None = None, classifier: Any = None) -> "SameLabel | HasLabel":
        """Return the formula that is true of samples of class k; without k, the classes that a classifier tells."""
        labels = Labels(classifier.source if isinstance(classifier, Region) else classifier)
        return SameLabel(labels) if k is None else HasLabel(k, labels)

    def __str__(self) -> str:
        classifier = self.labels.classifier
        return "label" if classifier is None else f"label(classifier={_name_of(classifier)})"

    @property
    def written(self) -> bool:
        """Whether its text, read again, is the same."""
        return self.labels.classifier is None

    def value(self, world: World, *operands: Tensor) -> Tensor:
        """Return a number for each sample, smaller than N, that it shares with those of its class."""
        (labels,) = operands
        order = labels.argsort()
        ordered = labels[order]
        numbers = torch.zeros_like(order)
        numbers[1:] = (ordered[1:] != ordered[:-1]).cumsum(0)
        return torch.empty_like(order).scatter_(0, order, numbers)


@dataclass(frozen=True, repr=False)
class HasLabel(Formula):
    """``label(k)``: 1 for samples of class k, 0 for others.

    Args:
        k: The class, a whole number.
        labels: Who tells the classes.

    Raises:
        TypeError: If the classifier is none.
        ValueError: If k is no whole number of at least 0; (when called) if the classes cannot be told.
    """

    k: int
    labels: Labels = Labels()

    def __post_init__(self) -> None:
        if not isinstance(self.k, int) or isinstance(self.k, bool) or not 0 <= self.k < 2**63:
            raise ValueError(
                f"Parameter `k` should be a class, a whole number of at least 0. Found {self.k!r}. For example "
                "label(3)."
            )

    def __str__(self) -> str:
        classifier = self.labels.classifier
        return f"label({self.k})" if classifier is None else f"label({self.k}, {_name_of(classifier)})"

    @property
    def written(self) -> bool:
        """Whether its text, read again, is the same."""
        return self.labels.classifier is None

    def value(self, world: World, *operands: Tensor) -> Tensor:
        """Return one truth value per sample."""
        return world.per_sample(operands[0] == self.k)


def _name_of(classifier: Any) -> str:
    return getattr(classifier, "__name__", "") or type(classifier).__name__


batch, label = Batch(), SameLabel()
