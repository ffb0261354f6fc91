"""DeepLIFT as its paper writes it: one sample, one reference, one neuron at a time."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

Part = nn.Linear | int | Callable[[Tensor], Tensor]
"""A linear layer, the largest of so many neighbours, or an elementwise function."""


def forward(parts: Sequence[Part], values: Tensor) -> list[Tensor]:
    """Return what goes into each part, and what comes out of the last, for one sample."""
    seen = [values]
    for part in parts:
        seen.append(
            torch.stack([max(group) for group in seen[-1].split(part)]) if isinstance(part, int) else part(seen[-1])
        )
    return seen


def multipliers(part: Part, later: Tensor, x: Tensor, r: Tensor, out_x: Tensor, out_r: Tensor) -> Tensor:
    """Return the multipliers of a part's inputs from those of its outputs."""
    if isinstance(part, nn.Linear):
        return torch.stack([(part.weight[:, i] * later).sum() for i in range(len(x))])
    found = torch.zeros_like(x)
    if isinstance(part, int):
        # All of a rise belongs to the sample's largest, all of a fall to the reference's.
        for o in range(len(out_x)):
            group = (x if out_x[o] > out_r[o] else r)[o * part : (o + 1) * part]
            winner = o * part + int(group.argmax())
            found[winner] = later[o] * (out_x[o] - out_r[o]) / (x[winner] - r[winner])
        return found
    for i in range(len(x)):
        found[i] = later[i] * (out_x[i] - out_r[i]) / (x[i] - r[i])
    return found


def plain_deep_lift(parts: Sequence[Part], samples: Tensor, references: Tensor) -> Tensor:
    """Return the mean attribution over all references, (M, F), of samples of shape (N, F)."""
    attributions = []
    for sample in samples:
        total = torch.zeros_like(sample)
        for reference in references:
            at_sample, at_reference = forward(parts, sample), forward(parts, reference)
            later = torch.ones(1, dtype=sample.dtype)
            for index in reversed(range(len(parts))):
                ends = at_sample[index], at_reference[index], at_sample[index + 1], at_reference[index + 1]
                later = multipliers(parts[index], later, *ends)
            total += later * (sample - reference)
        attributions.append(total / len(references))
    return torch.stack(attributions)
