"""KernelSHAP: Shapley values of a sample's regions, by regression over coalitions of regions."""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from xaigrad._checks import check_count
from xaigrad._types import Context, Score
from xaigrad.explainers._coalitions import all_coalitions, paired_coalitions, shapley_kernel
from xaigrad.explainers._comparison import Comparing, as_references
from xaigrad.explainers._grid import Grid
from xaigrad.explainers._regions import Regions, check_regions, partition
from xaigrad.explainers._regression import ridge_regression
from xaigrad.explainers._streaming import stream_scores
from xaigrad.references import ZeroReferences


@dataclass(frozen=True)
class KernelShap(Comparing):
    r"""KernelSHAP (Lundberg & Lee 2017, arXiv 1705.07874, theorem 2), all samples at once.

    The Shapley values of the M regions in the game :math:`v(z) = D(x_z)`, with the regions outside of the coalition
    :math:`z \in \{0, 1\}^M` hidden behind the reference, solve

    .. math:: \min_\phi \sum_z \pi(z) \big(v(z) - v(0) - z^\top \phi\big)^2 \quad\text{with}\quad
              \sum_j \phi_j = v(1) - v(0), \qquad \pi(z) = \frac{M - 1}{\binom M{|z|}\, |z|\, (M - |z|)}

    The constraint is eliminated, :math:`\phi = (v(1) - v(0)) / M + u` with :math:`\sum_j u_j = 0`, so it holds exactly.
    Every feature of a region gets an equal share of the region's value: the attribution is *complete*, it sums to
    :math:`D(x) - D(r)`.

    All coalitions are asked where there are no more than the perturbations, and the values are exact. Otherwise
    coalitions are drawn from the kernel, each with its complement (Covert & Lee 2021, arXiv 2012.01536, section 4.2);
    of the values that fit them equally well, the most equal are taken.

    Args:
        perturbations: How many coalitions; each is one forward pass of D, and the whole sample and the reference are
            two more. An odd number is rounded down. Several times the number of regions for a small error.
        regions: What is hidden as a whole, as in :class:`Lime`.
        references: What is seen in a hidden region, as in :class:`Lime`.
        rows: As in :class:`IntegratedGradients`; the draws do not depend on it.

    Raises:
        ValueError: If a setting is out of range; when called, if D gives no score per sample.

    Example:
        >>> import torch
        >>> from xaigrad.explainers import Context
        >>> x = torch.tensor([[1.0, 2.0, 4.0]])
        >>> context = Context(gradient=x, update=0, explanation=0, rng=torch.Generator())
        >>> KernelShap()(lambda x: x[:, 0] * x[:, 1] + x[:, 2], x, context).round(decimals=4)
        tensor([[1., 1., 4.]])
    """

    perturbations: int = 64
    regions: Regions = field(default_factory=Grid)
    references: Any = None
    rows: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "references", as_references(self.references, ZeroReferences()))
        check_count("perturbations", self.perturbations, 2)
        check_regions(self.regions)
        if self.rows is not None:
            check_count("rows", self.rows, 1)

    def __call__(self, score: Score, samples: Tensor, context: Context) -> Tensor:
        """Return the attribution, broadcasting to the samples."""
        parts = partition(self.regions, samples)
        references = self.references_of(samples, context)
        present = parts.present.expand(len(samples), -1)
        exact = present.shape[1] < 63 and 2 ** present.shape[1] - 2 <= self.perturbations
        if exact:
            coalitions = all_coalitions(present)
        else:
            coalitions = paired_coalitions(present, self.perturbations // 2, context.rng)
        members = coalitions.to(samples.dtype)

        def write(number: int, out: Tensor) -> None:
            if number < 2:
                out.copy_(references if number == 0 else samples)
            else:
                torch.lerp(references, samples, parts.spread(members[number - 2]), out=out)

        scores = stream_scores(score, samples, len(members) + 2, write, self.rows)
        values = _values(members.transpose(0, 1).double(), scores.T, present.double(), exact)
        share = values / parts.sizes.clamp(min=1)
        return parts.spread(share.to(torch.promote_types(samples.dtype, torch.float32)))


def _values(members: Tensor, scores: Tensor, present: Tensor, exact: bool) -> Tensor:
    """Return the regions' values, shape (N, M).

    Args:
        members: The coalitions, shape (N, P, M).
        scores: Those of the reference, of the whole sample, and of the coalitions, shape (N, P + 2).
        present: Which regions there are, shape (N, M).
        exact: Whether the coalitions are all that there are, rather than drawn from the kernel.
    """
    nothing, everything, rest = scores[:, :1], scores[:, 1:2], scores[:, 2:]
    regions = present.sum(1)
    equal = (everything - nothing) / regions[:, None] * present
    centred = members - members.sum(2, keepdim=True) / regions[:, None, None] * present[:, None]
    outcome = rest - nothing - torch.bmm(members, equal[..., None])[..., 0]
    if exact:
        weight = shapley_kernel(members.sum(2), regions)
        weighted = centred * weight[..., None]
        # By symmetry the normal equations' matrix is a multiple of the identity on what sums to 0.
        variance = (weighted * centred).sum((1, 2)) / (regions - 1).clamp(min=1)
        deviation = torch.bmm(outcome[:, None], weighted)[:, 0] / torch.where(regions > 1, variance, 1.0)[:, None]
    else:
        weight = torch.ones_like(rest)  # Drawn coalitions come as often as the kernel says.
        # At the size of rounding: it only chooses among the fits where there are fewer coalitions than regions.
        penalty = 1e-8 * (centred**2).sum((1, 2)).clamp(min=1) / members.shape[2]
        deviation = ridge_regression(centred, outcome, weight, penalty)
    return equal + deviation - deviation.sum(1, keepdim=True) / regions[:, None] * present
