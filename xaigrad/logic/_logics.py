"""Fuzzy logics on [0, 1]: a t-norm for "and", and what follows from it for "not", "or" and "implies"."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class Logic:
    r"""A fuzzy logic: a t-norm :math:`\wedge` and the involutive negation, by which the rest is defined.

    .. math:: \neg a = 1 - a, \qquad a \vee b = \neg(\neg a \wedge \neg b), \qquad a \to b = \neg a \vee b

    (Klement, Mesiar and Pap 2000, *Triangular Norms*: the dual t-conorm, and the S-implication.) So De Morgan's laws
    and contraposition hold in each logic, and ``forall`` and ``exists`` are dual, over a region too.

    The other usual implication is the t-norm's residuum (Hájek 1998, *Metamathematics of Fuzzy Logic*). In the logic of
    Łukasiewicz the two are the same. In Gödel's and the product logic the residuum jumps, so that a mask would flip
    where two features change order, and it obeys neither contraposition nor that duality. The price of the
    S-implication is that there :math:`a \to a` is 1 only where a is 0 or 1.

    A logic of one's own is a subclass with another ``conjunction``.

    Example:
        >>> class Hamacher(Logic):
        ...     def conjunction(self, a, b):
        ...         return torch.where((a == 0) & (b == 0), 0.0, a * b / (a + b - a * b))
        >>> a, b = torch.tensor(0.5), torch.tensor(0.25)
        >>> [round(float(value), 4) for value in (Hamacher().conjunction(a, b), Hamacher().implication(a, b))]
        [0.2, 0.5714]
    """

    def conjunction(self, a: Tensor, b: Tensor) -> Tensor:
        """Return the degree to which both hold."""
        raise NotImplementedError

    def negation(self, a: Tensor) -> Tensor:
        """Return the degree to which it does not hold."""
        return 1 - a

    def disjunction(self, a: Tensor, b: Tensor) -> Tensor:
        """Return the degree to which either holds."""
        return self.negation(self.conjunction(self.negation(a), self.negation(b)))

    def implication(self, a: Tensor, b: Tensor) -> Tensor:
        """Return the degree to which the second holds where the first does."""
        return self.disjunction(self.negation(a), b)


@dataclass(frozen=True)
class Goedel(Logic):
    r"""Gödel's conjunction and disjunction: :math:`\min(a, b)` and :math:`\max(a, b)`.

    The largest t-norm, and the one that is idempotent: what is said twice counts once. Every truth value is one of the
    atoms' own or its complement. The implication is Kleene and Dienes's, :math:`\max(1 - a, b)`.
    """

    def __repr__(self) -> str:
        return "GOEDEL"

    def conjunction(self, a: Tensor, b: Tensor) -> Tensor:
        """Return the smaller."""
        return torch.minimum(a, b)

    def disjunction(self, a: Tensor, b: Tensor) -> Tensor:
        """Return the larger."""
        return torch.maximum(a, b)


@dataclass(frozen=True)
class Product(Logic):
    r"""Conjunction and disjunction of independent events: :math:`ab` and :math:`a + b - ab`.

    Every part has a say in every truth value. The implication is Reichenbach's, :math:`1 - a + ab`.
    """

    def __repr__(self) -> str:
        return "PRODUCT"

    def conjunction(self, a: Tensor, b: Tensor) -> Tensor:
        """Return the product."""
        return a * b

    def disjunction(self, a: Tensor, b: Tensor) -> Tensor:
        """Return the probabilistic sum."""
        return torch.addcmul(a, b, 1 - a)  # So it is exact where either is 0 or 1, and never exceeds 1.


@dataclass(frozen=True)
class Lukasiewicz(Logic):
    r"""Łukasiewicz's conjunction and disjunction: :math:`\max(0, a + b - 1)` and :math:`\min(1, a + b)`.

    What is missing to full truth adds up. The implication is his own, :math:`\min(1, 1 - a + b)`, 1 wherever
    :math:`a \le b`.
    """

    def __repr__(self) -> str:
        return "LUKASIEWICZ"

    def conjunction(self, a: Tensor, b: Tensor) -> Tensor:
        """Return what the two exceed 1 by together."""
        return (a - (1 - b)).clamp_(min=0)

    def disjunction(self, a: Tensor, b: Tensor) -> Tensor:
        """Return their sum, cut at 1."""
        return (a + b).clamp_(max=1)


GOEDEL = Goedel()
PRODUCT = Product()
LUKASIEWICZ = Lukasiewicz()

_LOGICS = {
    "goedel": GOEDEL,
    "gödel": GOEDEL,
    "product": PRODUCT,
    "lukasiewicz": LUKASIEWICZ,
    "łukasiewicz": LUKASIEWICZ,
}


def as_logic(logic: Any) -> Logic:
    """Return a logic, itself or by its name.

    Raises:
        TypeError: If it is neither.
        ValueError: If no logic has that name.
    """
    if isinstance(logic, Logic):
        return logic
    if not isinstance(logic, str):
        raise TypeError(
            f'Parameter `logic` should be a logic or its name. Found {logic!r}. For example GOEDEL or "goedel".'
        )
    if logic.lower() not in _LOGICS:
        raise ValueError(
            f'Parameter `logic` should be "goedel" or "product" or "lukasiewicz", or a Logic. Found {logic!r}.'
        )
    return _LOGICS[logic.lower()]


def name_of(logic: Logic) -> str | None:
    """Return the name by which :func:`as_logic` finds a logic, if it has one."""
    return next((name for name, known in _LOGICS.items() if known == logic), None)
