"""A mask as rows of values: what normalisers look at."""

import math
import sys
from typing import Literal, TypeAlias

import torch
from torch import Tensor

Per: TypeAlias = Literal["sample", "batch"]


def rows_of(mask: Tensor, per: Per = "sample") -> Tensor:
    """Return a mask as one row per sample, or as the only row of the batch."""
    return mask.reshape(1, -1) if per == "batch" else mask.unsqueeze(-1).flatten(1)


def divided(rows: Tensor, scale: Tensor) -> Tensor:
    """Return non-negative rows, each divided by its scale, and as ones where that is 0."""
    empty = scale == 0
    if rows.device.type == "cpu" and not empty.any():  # Elsewhere the question would wait.
        return rows / scale
    # Where the scale is 0, so are the values; to fill them in takes longer than to add.
    return (rows + empty) / (scale + empty)


def of_rank(rows: Tensor, rank: int) -> Tensor:
    """Return the value of a rank in each row, 1 for the smallest, of shape ``(R, 1)``.

    What it is of a row that holds a NaN is not said.
    """
    rows = rows.detach()
    numpy = sys.modules.get("numpy")
    if numpy is not None and rows.device.type == "cpu":  # Which selects about seven times faster than torch.
        return torch.from_numpy(numpy.partition(rows.numpy(), rank - 1, axis=1)[:, rank - 1 : rank].copy())
    above = rows.shape[1] - rank + 1
    if rank < above:
        return rows.topk(rank, 1, largest=False, sorted=False).values.amax(1, keepdim=True)
    return rows.topk(above, 1, sorted=False).values.amin(1, keepdim=True)


def count_of(share: float, features: int) -> int:
    """Return the least number of features, from one on, that is at least a share of them."""
    return max(1, math.ceil(round(share * features, 9)))  # 0.07 * 100 is a little more than 7.
