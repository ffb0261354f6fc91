"""Listening to what comes back to the discriminator's output: how a loss changes with each score."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_flatten, tree_unflatten


def changes_of(gradient: Tensor, slope: Tensor | None) -> Tensor:
    """Return how the loss changes with each row's score.

    Args:
        gradient: What arrived at a tensor that the score is made of.
        slope: The score's slope in that tensor; ``None`` for 1.
    """
    gradient = gradient if slope is None else gradient * slope
    return gradient.reshape(1) if gradient.dim() == 0 else gradient.reshape(len(gradient), -1).sum(1)


def explained(
    output: Any, target: Callable[[Any, Tensor], Tensor] | None, rows: Tensor
) -> list[tuple[Tensor, Tensor | None]]:
    """Return the tensors of D's output that the score is made of, each with the score's slope in it, ``None`` for 1."""
    if target is None:
        return [(output, None)] if isinstance(output, Tensor) and output.requires_grad else []
    try:
        with torch.no_grad():
            picked, again = target(output, rows), target(output, rows)
        if picked is again:  # So it is no new tensor but one of the output's.
            return [(picked, None)] if picked.requires_grad else []
        leaves, spec = tree_flatten(output)
        places = [place for place, leaf in enumerate(leaves) if isinstance(leaf, Tensor) and leaf.requires_grad]
        points = {place: leaves[place].detach().requires_grad_() for place in places}
        with torch.enable_grad():
            score = target(tree_unflatten([points.get(place, leaf) for place, leaf in enumerate(leaves)], spec), rows)
            slopes = torch.autograd.grad(score.sum(), list(points.values()), allow_unused=True)
    except Exception:  # A call that nobody asked to be explained may have an output that the target does not know.
        return []
    return [(leaves[place], slope) for place, slope in zip(places, slopes, strict=True) if slope is not None]
