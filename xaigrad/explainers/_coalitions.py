"""Coalitions of regions, and how KernelSHAP weighs them."""

import torch
from torch import Tensor


def all_coalitions(present: Tensor) -> Tensor:
    """Return all coalitions but the empty and the full one, shape ``(2^M - 2, N, M)``.

    Args:
        present: Which of the M regions each sample has, shape ``(N, M)``.
    """
    regions = present.shape[1]
    number = torch.arange(1, 2**regions - 1, device=present.device)
    bits = (number[:, None] >> torch.arange(regions, device=present.device)) & 1
    return bits.bool()[:, None] & present


def paired_coalitions(present: Tensor, pairs: int, rng: torch.Generator) -> Tensor:
    r"""Return coalitions drawn from the Shapley kernel, each followed by its complement, shape ``(2 pairs, N, M)``.

    A coalition of s of M regions has the probability :math:`\propto 1 / (s (M - s))` for its size, and all regions the
    same chance.

    Args:
        present: Which of the M regions each sample has, shape ``(N, M)``.
        pairs: How many.
        rng: A random generator on the CPU.
    """
    device, present = present.device, present.cpu()
    rows, regions = present.shape
    there = present.sum(1, keepdim=True)
    size = torch.arange(1, max(regions, 2), device="cpu")
    probability = torch.where(size < there, 1 / (size * (there - size)).clamp(min=1), 0.0)
    # A lone region has no proper coalition; any will do.
    probability[:, 0].masked_fill_(there[:, 0] == 1, 1.0)
    sizes = 1 + torch.multinomial(probability, pairs, replacement=True, generator=rng).T
    order = torch.rand(pairs, rows, regions, generator=rng, dtype=torch.float32, device="cpu")
    order.masked_fill_(~present, 2.0)
    last = order.sort(2).values.gather(2, (sizes - 1)[..., None])
    chosen = (order <= last) & present
    return torch.stack([chosen, ~chosen & present], 1).flatten(0, 1).to(device)


def shapley_kernel(size: Tensor, regions: Tensor) -> Tensor:
    r"""Return :math:`\pi = (M - 1) / \big(\binom Ms s (M - s)\big)`, and 0 for no and for all regions.

    Args:
        size: s, the members of each coalition, shape ``(N, P)``, float64.
        regions: M, shape ``(N,)``.
    """
    total = regions[:, None].to(size)
    inner = size.clamp(min=1).minimum((total - 1).clamp(min=1))
    log_binomial = torch.lgamma(total + 1) - torch.lgamma(inner + 1) - torch.lgamma(total - inner + 1)
    kernel = (total - 1) / (log_binomial.exp() * inner * (total - inner).clamp(min=1))
    return torch.where((size > 0) & (size < total), kernel, 0.0)
