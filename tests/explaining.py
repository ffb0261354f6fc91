"""How far an explanation is from complete, and explanations with given references."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from xaigrad.explainers import Context, DeepShap, Score

TOLERANCE = {torch.float64: 1e-10, torch.float32: 1e-4}


def context(
    explanation: int = 0, seed: int = 0, args: tuple[Any, ...] = (), memory: dict[str, Any] | None = None
) -> Context:
    chance = torch.Generator().manual_seed(seed)
    judge = nn.Identity()  # That there is a module lets references be shared.
    return Context(torch.zeros(1), 0, explanation, chance, args, None, judge, {} if memory is None else memory)


def explain(score: Score, samples: Tensor, references: Tensor, check: str = "raise", **settings: Any) -> Tensor:
    """DeepShap's attribution with the references of all rows given: those of row j * N + n are sample n's j-th."""
    count = len(references) // len(samples)
    explainer = DeepShap(lambda rows, context: references, samples=count, check=check, **settings)
    return explainer(score, samples, context())


def error_per_sample(score: Score, samples: Tensor, references: Tensor, attribution: Tensor) -> float:
    r"""Return :math:`\max_n |\sum_i A_{ni} - \Delta_n|`, relative to the larger of |Δ| and the sum of |A|."""
    difference = score(samples) - score(references).reshape(-1, len(samples)).mean(0)
    return relative(attribution.flatten(1).sum(1), difference, attribution.abs().flatten(1).sum(1))


def error_over_batch(score: Score, samples: Tensor, references: Tensor, attribution: Tensor) -> float:
    """Return the same of the sums over the batch, each block of references asked as a batch of its own.

    Where a score depends on the other samples of its batch, this is all that can be asked for.
    """
    blocks = [score(block).sum() for block in references.split(len(samples))]
    difference = score(samples).sum() - sum(blocks) / len(blocks)
    return relative(attribution.sum()[None], difference[None], attribution.abs().sum()[None])


def relative(total: Tensor, difference: Tensor, size: Tensor) -> float:
    scale = torch.maximum(difference.abs(), size).clamp(min=torch.finfo(total.dtype).tiny)
    return float(((total - difference).abs() / scale).max())


@contextmanager
def quiet() -> Iterator[None]:
    """Other libraries warn at every call."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
