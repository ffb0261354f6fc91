"""A rule's gradient without what opposes the standard one."""

from dataclasses import dataclass

import torch
from torch import Tensor

from xaigrad._context import Context
from xaigrad._types import Rule
from xaigrad.rules._around import Around
from xaigrad.rules._norms import scaled, total


@dataclass(frozen=True)
class Project(Around):
    r"""A rule's gradient r, projected onto the plane normal to g where the two conflict, for each sample.

    .. math:: g' = r - \frac{\min(\langle r, g \rangle, 0)}{\|g\|^2}\, g, \qquad r = \mathrm{rule}(g, M, s)

    It is the surgery of PCGrad (Yu et al. 2020, arXiv 2001.06782, Algorithm 1) with the standard gradient as the other
    task: no sample goes against its own verdict. A rule that multiplies by a mask in [0, 1] never does, and is left as
    it is, bit for bit; this is for rules with a direction of their own, or with negative factors.

    Args:
        rule: Whose gradient to project.

    Raises:
        TypeError: If ``rule`` cannot be called.

    Example:
        >>> from xaigrad.explainers import Context
        >>> g = torch.tensor([[1.0, 0.0]])
        >>> context = Context(gradient=g, update=0, explanation=0, rng=torch.Generator())
        >>> Project(lambda g, mask, strength: g - mask)(g, torch.tensor([[3.0, 1.0]]), 1.0, context)
        tensor([[ 0., -1.]])
    """

    rule: Rule

    def __call__(self, gradient: Tensor, mask: Tensor, strength: float, context: Context) -> Tensor:
        """Return the projected gradient."""
        if strength == 0:
            return gradient
        found = self.inside(gradient, mask, strength, context)
        old, new = scaled(gradient), scaled(found)
        product = total(new.unit * old.unit)
        agrees = product >= 0  # And not where anything is not finite: no rule shall hide it.
        if agrees.device.type == "cpu" and agrees.all():
            return found
        along = new.power * (product / old.norm.square())
        return torch.where(agrees, found, torch.addcmul(found, old.unit, along, value=-1))
