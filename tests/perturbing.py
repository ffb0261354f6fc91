"""What the tests of explainers by perturbations share: smooth judges, regions, and hiding them feature by feature."""

import torch
from torch import Tensor, nn

from xaigrad.explainers import Context, Score

from .networks import FEATURES, smooth


def context(seed: int = 0) -> Context:
    return Context(torch.zeros(1), 0, 0, torch.Generator().manual_seed(seed))


def rows(count: int = 6) -> Tensor:
    return torch.randn(count, FEATURES)


def frozen(net: nn.Module | None = None) -> nn.Module:
    judge = (net or smooth()).requires_grad_(False)
    for parameter in judge.parameters():
        parameter.mul_(2)
    return judge


def score_of(judge: nn.Module) -> Score:
    return lambda samples: judge(samples.clone()).flatten(1).sum(1)


def image_judge(channels: int = 2, side: int = 6) -> nn.Module:
    return frozen(nn.Sequential(nn.Flatten(), nn.Linear(channels * side * side, 16), nn.Tanh(), nn.Linear(16, 1)))


def uneven(samples: Tensor) -> Tensor:
    """Regions of each sample's own: the first has three, the second two (and lacks the middle one), the third one."""
    maps = torch.tensor([[0, 0, 1, 1, 1, 2, 2, 2], [0, 2, 0, 2, 2, 2, 2, 0], [1] * 8])
    return maps[torch.arange(len(samples)) % 3]


def hidden(sample: Tensor, reference: Tensor, index: Tensor, shown: Tensor) -> Tensor:
    """One sample with the regions that are not shown replaced, feature by feature."""
    found = reference.clone()
    for region, visible in enumerate(shown.tolist()):
        if visible:
            found = torch.where(index == region, sample, found)
    return found
