"""What happens in the steps of an epoch: the generator's gradient, and what the guidance makes of the sample's."""

from collections import defaultdict
from typing import Any

import torch
from torch import Tensor

from xaigrad import XAIGuidedGenerator

FIGURES = ("gradient_norm", "sample_gradient_norm", "norm_ratio", "mask_mean", "mask_sd")


class Meter:
    """Means over the updates of a generator, kept on its device and read once an epoch.

    Args:
        optimizer: The generator's: its steps are the updates.
        guided: The wrapper, if there is a guidance.
    """

    def __init__(self, optimizer: torch.optim.Optimizer, guided: XAIGuidedGenerator | None) -> None:
        self._guided = guided
        self._seen = None if guided is None else guided.last
        self._sums: dict[str, list[Tensor]] = defaultdict(list)
        optimizer.register_step_pre_hook(self._measure)

    @torch.no_grad()
    def _measure(self, optimizer: torch.optim.Optimizer, *_: Any) -> None:
        gradients = [p.grad for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
        if gradients:
            self._sums["gradient_norm"].append(torch.stack(torch._foreach_norm(gradients)).norm())
        last = None if self._guided is None else self._guided.last
        if last is None or last is self._seen:
            return
        self._seen = last
        self._sums["sample_gradient_norm"].append(last.gradient.flatten(1).norm(dim=1).mean())
        before, after = last.gradient.norm(), last.guided.norm()
        self._sums["norm_ratio"].append(torch.where(before == 0, torch.ones_like(before), after / before))
        self._sums["mask_mean"].append(last.mask.mean())
        self._sums["mask_sd"].append(last.mask.std())

    def read(self) -> dict[str, float | None]:
        """Return the means since the last reading, by name.

        - ``gradient_norm``: of the norm of the gradient of all the generator's parameters together;
        - ``sample_gradient_norm``: of the norm of the gradient at a sample, before the guidance;
        - ``norm_ratio``: of the norm of the guided gradients of a batch over that of the gradients that arrived;
        - ``mask_mean`` and ``mask_sd``: of the elements of the masks of a batch.

        ``None`` where nothing was to be measured: all but the first without a guidance or in epochs in which it rests.
        """
        means = {name: torch.stack(self._sums[name]).mean().item() if self._sums[name] else None for name in FIGURES}
        self._sums.clear()
        return means
