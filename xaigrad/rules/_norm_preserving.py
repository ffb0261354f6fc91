"""A rule's direction with the standard gradient's length."""

from dataclasses import dataclass

import torch
from torch import Tensor

from xaigrad._checks import check_choice
from xaigrad._context import Context
from xaigrad._types import Rule
from xaigrad.rules._around import Around
from xaigrad.rules._multiply import Multiply
from xaigrad.rules._norms import Per, scaled


@dataclass(frozen=True)
class NormPreserving(Around):
    r"""A rule's gradient, scaled to the norm of the standard one: the explanation turns it and leaves its length.

    .. math:: g' = \frac{\|g\|}{\|r\|}\, r, \qquad r = \mathrm{rule}(g, M, s)

    Where r = 0 it stays zero; however small it is otherwise, it is scaled up. Under a mask that the rule is neutral
    under, g' is g bit for bit.

    Args:
        rule: What turns the gradient.
        per: Take the norms of each ``"sample"`` (independent of the batch, so of accumulation and of the number of
            devices) or of the whole ``"batch"``, which lets the rule shift learning between samples.

    Raises:
        TypeError: If ``rule`` cannot be called.
        ValueError: If ``per`` is something else.

    Example:
        >>> from xaigrad.explainers import Context
        >>> g, mask = torch.tensor([[3.0, 4.0]]), torch.tensor([[0.0, 1.0]])
        >>> context = Context(gradient=g, update=0, explanation=0, rng=torch.Generator())
        >>> NormPreserving()(g, mask, 1.0, context)
        tensor([[0., 5.]])
    """

    rule: Rule = Multiply()
    per: Per = "sample"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("per", self.per, ("sample", "batch"))

    def __call__(self, gradient: Tensor, mask: Tensor, strength: float, context: Context) -> Tensor:
        """Return the scaled gradient."""
        if strength == 0:
            return gradient
        found = self.inside(gradient, mask, strength, context)
        old, new = scaled(gradient, self.per), scaled(found, self.per)
        factor = old.power / new.power * (old.norm / new.norm)
        # Not 0 but 0 times the norm, which is not finite if the gradient is not.
        return found * torch.where(new.norm == 0, 0 * old.norm, factor)
