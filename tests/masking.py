"""Mask transforms by the laws that they keep, and how a guidance calls them."""

import math
from typing import Any

import torch
from torch import Tensor

from xaigrad import Guidance
from xaigrad.explainers import Context
from xaigrad.masks import (
    EMA,
    Abs,
    AbsNormalize,
    AcceptedOnly,
    Blur,
    ChannelMean,
    Clamp,
    Invert,
    MeanOne,
    NegativePart,
    Normalize,
    Offset,
    Patchwise,
    PositivePart,
    Power,
    RejectedOnly,
    TopK,
)

SIGNED = [Abs(), PositivePart(), NegativePart(), AbsNormalize(), AbsNormalize(by="minmax")]
"""Of attributions; the others are of masks in [0, 1]."""

OF_VALUES = [
    Normalize(),
    Normalize(by="minmax"),
    Normalize(by="quantile", quantile=0.7),
    Normalize(by="sum"),
    MeanOne(),
    Power(0.5),
    Power(1.7),
    TopK(0.3),
    TopK(0.3, soft=True),
    TopK(1.0, soft=True),
    Offset(0.5, 0.5),
    Clamp(0.1, 0.8),
]
OF_PLACES = [Blur(0.7), Blur(5.0), Patchwise(2), Patchwise(3), Patchwise(2, by="max")]
"""They need images."""

BY_VERDICT = [RejectedOnly(0.3), AcceptedOnly(0.3)]
PER_SAMPLE = [*SIGNED, *OF_VALUES, *OF_PLACES, ChannelMean(), Invert(), *BY_VERDICT, EMA(0.7)]
PER_BATCH = [
    AbsNormalize("batch"),
    AbsNormalize("batch", "minmax"),
    Normalize("batch"),
    Normalize("batch", "minmax"),
    Normalize("batch", "quantile", 0.7),
    Normalize("batch", "sum"),
    MeanOne("batch"),
]
TRANSFORMS = [*PER_SAMPLE, *PER_BATCH]

IN_UNIT_INTERVAL = [one for one in TRANSFORMS if not isinstance(one, MeanOne)]
"""Of a mask in [0, 1]."""

IN_ORDER = [*OF_VALUES, *PER_BATCH[2:]]
"""A larger value never gets a smaller one."""

NEUTRAL = [
    one
    for one in TRANSFORMS
    if not isinstance(one, NegativePart | Invert | EMA | Clamp) and getattr(one, "by", "") != "sum"
]
"""Ones stay ones; of EMA, where earlier masks were ones, too."""

IDEMPOTENT = [
    Abs(),
    PositivePart(),
    *(AbsNormalize(per, by) for per in ("sample", "batch") for by in ("max", "minmax")),
    *(Normalize(per, by) for per in ("sample", "batch") for by in ("max", "minmax")),
    MeanOne(),
    MeanOne("batch"),
    TopK(0.3),
    Clamp(0.1, 0.8),
    ChannelMean(),
    Patchwise(3),
    Patchwise(2, by="max"),
    *BY_VERDICT,
]


def input_of(transform: Any, attribution: Tensor) -> Tensor:
    """Return the attribution, or the mask that a transform expects of it."""
    return (
        attribution if isinstance(transform, Abs | PositivePart | NegativePart | AbsNormalize) else masked(attribution)
    )


def masked(attribution: Tensor) -> Tensor:
    """Return a mask in [0, 1] that is 0 for samples without attribution."""
    largest = attribution.abs().max()
    return attribution.abs() / (largest + (largest == 0))


def applied(transform: Any, mask: Tensor) -> Tensor:
    """Return what a transform gives, by the way that a guidance takes, under circumstances that the mask says."""
    return Guidance(mask=transform).transform(mask, context(mask))


def context(mask: Tensor, scores: Tensor | None = None) -> Context:
    """Return a context in which D scores each sample by its first feature, and which remembers three masks."""
    shape = tuple(mask.shape[1:])
    mean = torch.linspace(0, 1, math.prod(shape))
    remembered = {"step": 3, "mean": mean.to(mask).view(shape)}
    first = mask.unsqueeze(-1).flatten(1)[:, 0] if scores is None else scores
    return Context(
        gradient=mask,
        update=3,
        explanation=3,
        rng=torch.Generator(),
        samples=mask,
        attribution=mask,
        verdict=lambda: first,
        state={"mask.0": {str(shape): remembered}},
    )
