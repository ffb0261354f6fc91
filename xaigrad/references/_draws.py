"""Draws from a bank, on the CPU and from the guidance's own random generator."""

import torch
from torch import Tensor

POOL = 8
"""The references that share one pass through D, where as many are not asked for."""


def draw_distinct(total: int, count: int, rng: torch.Generator) -> Tensor:
    """Return ``count`` different numbers below ``total``, uniformly at random and in random order."""
    if count**2 > total:
        return torch.randperm(total, generator=rng, device="cpu")[:count]
    while True:  # Of so many numbers so few are nearly always different, and a permutation of all would take longer.
        drawn = torch.randint(total, (count,), generator=rng, device="cpu")
        if len(torch.unique(drawn)) == count:
            return drawn


def draw_shared(total: int, count: int, samples: int, rng: torch.Generator, pool: int = POOL) -> tuple[Tensor, Tensor]:
    """Return P rows of a bank, and which ``count`` of them each sample is compared with.

    The P = max(count, pool) rows are different ones, all of a smaller bank. Each sample has its own random choice of
    them, different ones where there are enough, else each as often as the others, give or take one. So every single
    choice is uniform over the bank, whatever the others.

    Args:
        total: The size of the bank.
        count: The references per sample.
        samples: N.
        rng: What to draw from.
        pool: The least P.

    Returns:
        Indices into the bank of shape ``(P,)``, and into those of shape ``(count, N)``.
    """
    size = min(total, max(count, pool))
    members = draw_distinct(total, size, rng)
    if count == 1:
        return members, torch.randint(size, (1, samples), generator=rng, device="cpu")
    rounds = -(-count // size)
    keys = torch.rand(rounds, size, samples, generator=rng, device="cpu", dtype=torch.float32)
    return members, keys.argsort(1).reshape(rounds * size, samples)[:count]
