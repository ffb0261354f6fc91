"""Rules by the laws that they keep, and how a guidance calls them."""

import re
from collections.abc import Iterable

import torch
from hypothesis import strategies as st
from torch import Tensor

from xaigrad import Guidance
from xaigrad.explainers import Context
from xaigrad.masks import AbsNormalize
from xaigrad.rules import Additive, Blend, Multiply, NormPreserving, Project, Residual, SampleWeight

from .strategies import KINDS, _tensor, gradients_and_masks


def halved(gradient: Tensor, mask: Tensor, strength: float) -> Tensor:
    """A plain function as a rule."""
    return gradient * (1 - strength / 2 * mask)


def attributed(gradient: Tensor, mask: Tensor, strength: float, context: Context) -> Tensor:
    """A rule with a direction of its own, where the gradient is not even looked at."""
    return strength * context.attribution


FOR_EACH_FEATURE = [Multiply(), Residual(), Residual(0.0), Residual(-3.0), Blend(), Blend(0.3, halved)]
FOR_EACH_SAMPLE = [
    *FOR_EACH_FEATURE,
    NormPreserving(),
    NormPreserving(Residual(-3.0)),
    Project(Residual(-3.0)),
    Project(Blend(0.8, Residual(-7.0))),
    NormPreserving(Project(Blend(0.3, halved))),
]
FOR_THE_BATCH = [SampleWeight(), Blend(0.5, SampleWeight()), NormPreserving(Multiply(), "batch")]
HOMOGENEOUS = [*FOR_EACH_SAMPLE, *FOR_THE_BATCH]
"""g'(cg) = c g'(g) for every c."""

ALONG_THE_ATTRIBUTION = [
    Additive(),
    Additive(-3.0),
    Blend(0.3, Additive()),
    Project(Additive(3.0)),
    NormPreserving(Project(Blend(0.3, Additive(20.0)))),
]
"""The same for c > 0."""

RULES = [*HOMOGENEOUS, *ALONG_THE_ATTRIBUTION]
NEUTRAL = [
    Multiply(),
    Residual(0.0),
    SampleWeight(),
    Additive(0.0),
    Blend(0.3),
    Blend(0.7, SampleWeight()),
    NormPreserving(),
    NormPreserving(SampleWeight(), "batch"),
    Project(Multiply()),
    NormPreserving(Project(Blend(0.3, Multiply()))),
]
"""Under a mask of ones."""


def name_of(rule: object) -> str:
    """Return a rule's name for a test's: without addresses, which differ from run to run."""
    return re.sub(" at 0x[0-9a-f]+", "", str(rule))


def assert_close_to(found: Tensor, expected: Tensor, size: Iterable[Tensor]) -> None:
    """Assert that tensors are the same but for rounding, relative to the largest of the values that were summed."""
    largest = max(float(values.abs().max()) for values in size)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12 * largest)


def guided(rule: object, gradient: Tensor, mask: Tensor, strength: float, attribution: Tensor | None = None) -> Tensor:
    """Return a rule's gradient, by the way that a guidance takes."""
    attribution = torch.ones_like(gradient) if attribution is None else attribution
    context = Context(
        gradient=gradient, update=0, explanation=0, rng=torch.Generator(), samples=gradient, attribution=attribution
    )
    return Guidance(rule=rule).reweight(gradient, mask, strength, context)  # type: ignore[arg-type]


@st.composite
def updates(draw: st.DrawFn) -> tuple[Tensor, Tensor, Tensor]:
    """A gradient, a mask with zeros in it or without, and a signed attribution, which the mask is made of or not."""
    gradient, mask = draw(gradients_and_masks())
    attribution = _tensor(tuple(gradient.shape), draw(st.sampled_from(KINDS)), draw(st.integers(0, 2**32)))
    return gradient, AbsNormalize()(attribution) if draw(st.booleans()) else mask, attribution
