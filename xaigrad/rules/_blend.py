"""A convex combination of the standard gradient and a rule's."""

from dataclasses import dataclass

import torch
from torch import Tensor

from xaigrad._checks import check_strength
from xaigrad._context import Context
from xaigrad._types import Rule
from xaigrad.rules._around import Around
from xaigrad.rules._multiply import Multiply


@dataclass(frozen=True)
class Blend(Around):
    r"""The standard gradient and a rule's, mixed in fixed shares; the strength s is a factor of the share λ.

    .. math:: g' = (1 - s\,\lambda)\, g + s\,\lambda\; \mathrm{rule}(g, M, 1)

    λ = 0 gives g itself, and s λ = 1 the rule's gradient, bit for bit; so does a mask that the rule is neutral under.
    Where s λ = 0 the rule is not asked.

    Args:
        share: λ in [0, 1], the rule's share.
        rule: What to mix in.

    Raises:
        ValueError: If ``share`` lies outside [0, 1].
        TypeError: If ``rule`` cannot be called.

    Example:
        >>> from xaigrad.explainers import Context
        >>> g, mask = torch.tensor([2.0, 2.0]), torch.tensor([0.0, 1.0])
        >>> context = Context(gradient=g, update=0, explanation=0, rng=torch.Generator())
        >>> Blend(0.25)(g, mask, 1.0, context)
        tensor([1.5000, 2.0000])
    """

    share: float = 0.5
    rule: Rule = Multiply()

    def __post_init__(self) -> None:
        check_strength("share", self.share)
        super().__post_init__()

    def __call__(self, gradient: Tensor, mask: Tensor, strength: float, context: Context) -> Tensor:
        """Return the mixed gradient."""
        share = strength * self.share
        if share == 0:
            return gradient
        found = self.inside(gradient, mask, 1.0, context)
        # Where both are the same this is g to the bit, which the sum of two shares is not.
        return found if share == 1 else torch.sub(gradient, gradient - found, alpha=share)
