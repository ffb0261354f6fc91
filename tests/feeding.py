"""What one update of a small pair does with a rule."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from xaigrad import XAIGuidedGenerator

from .loops import last_of, noise, seed_everything
from .networks import FEATURES, generator

BANK = torch.randn(40, FEATURES, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def guided_gradient(rule: Any, judge: nn.Module, loss: Callable[[Tensor], Tensor]) -> Any:
    """What one update does, from the same samples and references each time."""
    seed_everything(0)
    guided = XAIGuidedGenerator(generator(), judge, rule=rule)
    loss(judge(guided(noise()))).backward()
    return last_of(guided)
