"""Short hashes of tensors and texts, by which runs can be compared without keeping what they had in common."""

import hashlib

import torch
from torch import Tensor

_DIGITS = 16


def hashed(*parts: Tensor | str | bytes) -> str:
    """Return the first 16 hexadecimal digits of the SHA-256 of some parts, with their types and shapes.

    Example:
        >>> hashed(torch.zeros(2)) == hashed(torch.zeros(2)) != hashed(torch.zeros(2, 1))
        True
    """
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, Tensor):
            digest.update(f"{part.dtype} {tuple(part.shape)}".encode())
            digest.update(part.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
        else:
            digest.update(part.encode() if isinstance(part, str) else part)
    return digest.hexdigest()[:_DIGITS]
