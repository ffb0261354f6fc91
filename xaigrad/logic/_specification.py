"""Specifications: a formula under a logic, as a mask transform."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from xaigrad._images import as_images, checked_shape
from xaigrad._types import Context
from xaigrad.logic._coercion import as_formula
from xaigrad.logic._formula import Formula
from xaigrad.logic._logics import GOEDEL, Logic, as_logic, name_of
from xaigrad.logic._parser import read
from xaigrad.logic._program import Program
from xaigrad.logic._world import World


@dataclass(frozen=True, repr=False, init=False)
class Specification:
    r"""The mask M that is, at each feature, how true a formula :math:`\varphi` is there.

    .. math:: M(n, p) = \varphi(n, p) \in [0, 1]

    LogicGAN proposes it in section 1.1: "augment such explanation matrices with specifications that spell out
    relationships (using logical formulas)". It is a mask transform like any other, ``mask=Specification(...)``, alone
    or in a sequence.

    The degree to which the batch satisfies it, the mean of M, is reported as ``last.reports["satisfaction"]``.

    Args:
        formula: A formula, its text, or what stands for one: a tensor, a function, a number.
        logic: What the connectives mean: :data:`GOEDEL`, :data:`PRODUCT`, :data:`LUKASIEWICZ`, or one of their names.
        shape: The shape in which formulas see a sample, where that is not its own: ``(1, 28, 28)`` for flat samples
            that are images.

    Raises:
        TypeError: If a parameter is none of these.
        ValueError: If a text is no formula; (when called) if the formula does not fit the samples.

    Example:
        >>> import torch
        >>> from xaigrad.explainers import Context
        >>> specification = Specification("explanation & ~border(1)")
        >>> specification
        Specification('explanation & ~border(1)', logic='goedel')
        >>> A = torch.tensor([[[[1.0, 2.0, 1.0], [1.0, -1.0, 1.0], [1.0, 1.0, 1.0]]]])
        >>> context = Context(gradient=A, update=0, explanation=0, rng=torch.Generator(), samples=A)
        >>> specification(A, context)[0, 0]
        tensor([[0.0000, 0.0000, 0.0000],
                [0.0000, 0.5000, 0.0000],
                [0.0000, 0.0000, 0.0000]])
    """

    formula: Formula
    logic: Logic = GOEDEL
    shape: tuple[int, ...] | None = None
    _program: Program = field(init=False, compare=False)

    def __init__(self, formula: Any, logic: Logic | str = GOEDEL, shape: Sequence[int] | None = None) -> None:
        found = read(formula, "formula", {}) if isinstance(formula, str) else as_formula(formula)
        object.__setattr__(self, "formula", found)
        object.__setattr__(self, "logic", as_logic(logic))
        object.__setattr__(self, "shape", checked_shape(shape))
        object.__setattr__(self, "_program", Program.of(found))

    def __str__(self) -> str:
        return str(self.formula)

    def __repr__(self) -> str:
        text = repr(str(self.formula)) if self.formula.written else str(self.formula)
        logic = repr(name_of(self.logic) or self.logic)
        shape = "" if self.shape is None else f", shape={self.shape}"
        return f"Specification({text}, logic={logic}{shape})"

    def recipe_arguments(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return what the constructor takes to make an equal one: formula and logic as texts, where they have one."""
        formula = str(self.formula) if self.formula.written else self.formula
        shape = {} if self.shape is None else {"shape": self.shape}
        return (formula,), {"logic": name_of(self.logic) or self.logic} | shape

    @property
    def asks(self) -> bool:
        """Whether any part of the formula asks D, or looks at its scores."""
        return any(node.asks for node in self._program.nodes)

    @property
    def harvests(self) -> int:
        """How many real samples the parts of the formula want to be kept."""
        return max(node.harvests for node in self._program.nodes)

    def check_call(self, discriminator: nn.Module | None, samples: Tensor) -> None:
        """Raise, in the user's own call of D, if a part of the formula does not fit the samples."""
        self._seen(samples)
        for node in self._program.nodes:
            node.check_call(discriminator, samples, self.shape)

    def __call__(self, attribution: Tensor, context: Context) -> Tensor:
        """Return the mask, of the attribution's shape and dtype."""
        truth = self._judge(attribution, context)
        context.reports["satisfaction"] = truth.mean()
        if truth.shape == attribution.shape:
            return truth
        return truth.expand(self._seen(attribution).shape).reshape(attribution.shape)

    def degree(self, attribution: Tensor, context: Context) -> Tensor:
        """Return the degree to which each sample satisfies the specification, its mean truth, shape ``(N,)``."""
        truth = self._judge(attribution, context)
        return truth.unsqueeze(-1).flatten(1).mean(1).expand(len(attribution))

    def _seen(self, attribution: Tensor) -> Tensor:
        return attribution if self.shape is None else as_images(attribution, self.shape)

    def _judge(self, attribution: Tensor, context: Context) -> Tensor:
        """Return the formula's truth value, which broadcasts to the samples."""
        return self._program.run(World(self.logic, self._seen(attribution), context, self.shape))
