"""LIME: a linear model of the score over regions shown or hidden, fitted around the sample."""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from xaigrad._checks import check_count, check_finite
from xaigrad._types import Context, Score
from xaigrad.explainers._comparison import Comparing, as_references
from xaigrad.explainers._grid import Grid
from xaigrad.explainers._regions import Regions, check_regions, partition
from xaigrad.explainers._regression import ridge_regression
from xaigrad.explainers._streaming import stream_scores
from xaigrad.references import ZeroReferences


@dataclass(frozen=True)
class Lime(Comparing):
    r"""LIME (Ribeiro et al. 2016, arXiv 1602.04938, equations 1 and 2 and section 3.4), all samples at once.

    Each perturbation :math:`z \in \{0, 1\}^M` hides about half of a sample's M regions behind its reference; the first
    hides none. A ridge regression with intercept, weighted by the distance to the whole sample, gives the regions'
    coefficients,

    .. math:: \min_{\beta, \beta_0} \sum_z \pi(z) \big(D(x_z) - \beta_0 - \beta^\top z\big)^2 + \lambda \|\beta\|^2,
              \qquad \pi(z) = e^{-d(z)^2 / 2 \sigma^2}, \quad d(z) = 1 - \sqrt{|z| / M}

    with d the cosine distance between z and the whole. Every feature of a region gets the region's coefficient. The
    coefficients do not sum to the score's difference; those of :class:`KernelShap` do.

    Args:
        perturbations: How many, the whole sample among them; each is one forward pass of D. At least about the number
            of regions.
        regions: What is hidden as a whole: a callable ``samples -> region of each feature``, :class:`Grid`,
            :class:`Superpixels` or one's own.
        references: What is seen in a hidden region, the reference's content: ``None`` for zeros, a tensor of real
            samples to draw from, or a callable, as in :class:`IntegratedGradients`.
        kernel_width: :math:`\sigma`.
        ridge: :math:`\lambda`.
        rows: As in :class:`IntegratedGradients`; the draws do not depend on it.

    Raises:
        ValueError: If a setting is out of range; when called, if D gives no score per sample.

    Example:
        >>> import torch
        >>> from xaigrad.explainers import Context
        >>> x = torch.tensor([[1.0, 2.0]])
        >>> context = Context(gradient=x, update=0, explanation=0, rng=torch.Generator().manual_seed(0))
        >>> Lime(ridge=1e-9)(lambda x: 3 * x[:, 0] - x[:, 1], x, context).round(decimals=4)
        tensor([[ 3., -2.]])
    """

    perturbations: int = 64
    regions: Regions = field(default_factory=Grid)
    references: Any = None
    kernel_width: float = 0.25
    ridge: float = 1.0
    rows: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "references", as_references(self.references, ZeroReferences()))
        check_count("perturbations", self.perturbations, 2)
        check_regions(self.regions)
        for name, value in (("kernel_width", self.kernel_width), ("ridge", self.ridge)):
            check_finite(name, value)
            if value <= 0:
                raise ValueError(f"Parameter `{name}` should be larger than 0. Found {value!r}. For example 0.25.")
        if self.rows is not None:
            check_count("rows", self.rows, 1)

    def __call__(self, score: Score, samples: Tensor, context: Context) -> Tensor:
        """Return the attribution, broadcasting to the samples."""
        parts = partition(self.regions, samples)
        references = self.references_of(samples, context)
        shape = self.perturbations, len(samples), parts.sizes.shape[1]
        shown = torch.rand(shape, generator=context.rng, dtype=torch.float32, device="cpu") < 0.5
        shown[0] = True
        members = (shown.to(samples.device) & parts.present).to(samples.dtype)

        def write(number: int, out: Tensor) -> None:
            torch.lerp(references, samples, parts.spread(members[number]), out=out)

        scores = stream_scores(score, samples, self.perturbations, write, self.rows)
        coefficients = self._fit(members.transpose(0, 1).double(), scores.T, parts.present.sum(1))
        full = torch.promote_types(samples.dtype, torch.float32)
        return parts.spread(coefficients.to(full))

    def _fit(self, shown: Tensor, scores: Tensor, regions: Tensor) -> Tensor:
        """Return the coefficients, shape (N, M), of perturbations (N, P, M) and scores (N, P)."""
        distance = 1 - (shown.sum(2) / regions[:, None]).sqrt()
        weight = torch.exp(-(distance**2) / (2 * self.kernel_width**2))
        share = (weight / weight.sum(1, keepdim=True))[..., None]
        # The intercept is not penalised: it drops out of centred variables.
        centred = shown - (share * shown).sum(1, keepdim=True)
        outcome = scores - (share[..., 0] * scores).sum(1, keepdim=True)
        return ridge_regression(centred, outcome, weight, torch.full_like(weight[:, 0], self.ridge))
