"""Asking D of many variations of the same N samples: one call per variation, or a bounded number of rows per call.

A *block* is one variation of all N samples, of their shape. With one block per call a D whose batch matters (minibatch
statistics, packed samples) sees each sample among the same neighbours as in the user's call, and the memory is that of
one pass.
"""

from collections.abc import Callable, Iterator
from typing import TypeAlias

import torch
from torch import Tensor

from xaigrad._types import Score

Write: TypeAlias = Callable[[int, Tensor], object]
"""``(j, out)``: write block j into ``out``, of the samples' shape. Called once per block, in order."""


def stream_scores(score: Score, samples: Tensor, count: int, write: Write, rows: int | None) -> Tensor:
    """Return the scores of each block, shape ``(count, N)``, in float64 and without a gradient.

    Raises:
        ValueError: If D does not give one score per row.
    """
    scores = torch.empty(count, len(samples), dtype=torch.float64, device=samples.device)
    with torch.no_grad():
        for first, blocks in _calls(samples, count, write, rows):
            rows_asked = blocks.flatten(0, 1)
            found = score(rows_asked)
            if found.shape != rows_asked.shape[:1]:
                raise ValueError(
                    "The discriminator should give one score per sample to an explainer that compares perturbed "
                    f"samples, of shape {tuple(rows_asked.shape[:1])}. Found the shape {tuple(found.shape)}: scores "
                    "that depend on several samples. Use an explainer by gradients for them, Saliency(exact=True) or "
                    "IntegratedGradients(), or pick one row per sample with `target`."
                )
            scores[first : first + len(blocks)] = found.reshape(blocks.shape[:2])
    return scores


def stream_gradients(score: Score, samples: Tensor, count: int, write: Write, rows: int | None) -> Iterator[Tensor]:
    """Yield, block by block, the gradient of the summed scores at the block, in the samples' shape."""
    for _, blocks in _calls(samples, count, write, rows):
        with torch.enable_grad():
            points = blocks.flatten(0, 1).requires_grad_()
            (gradient,) = torch.autograd.grad(score(points).sum(), points)
        yield from gradient.reshape(blocks.shape).unbind()


def _calls(samples: Tensor, count: int, write: Write, rows: int | None) -> Iterator[tuple[int, Tensor]]:
    """Yield for each call its first block's number and its blocks; the memory is reused from one call to the next."""
    batch = max(len(samples), 1)
    blocks = min(count, max(1, (rows or batch) // batch))
    memory = samples.new_empty(blocks, *samples.shape)
    for first in range(0, count, blocks):
        some = memory[: count - first].detach()
        with torch.no_grad():
            for offset, out in enumerate(some.unbind()):
                write(first + offset, out)
        yield first, some


def accumulator(samples: Tensor) -> Tensor:
    """Return zeros of the samples' shape to sum into, in float32 at least."""
    return torch.zeros_like(samples, dtype=torch.promote_types(samples.dtype, torch.float32))
