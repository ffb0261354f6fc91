"""The moving average of a generator's weights, whose samples vary less from epoch to epoch than the generator's own."""

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from xaigrad.benchmarks.errors import UsageError

DECAY = 0.999


class Averaged:
    r"""An exponential moving average of a network's weights, by its optimizer's steps.

    .. math:: \bar w_t = d_t \bar w_{t-1} + (1 - d_t) w_t, \quad d_t = \min(d, (1 + t) / (10 + t))

    so that the first updates, far from where it will end, are soon forgotten. Buffers are the network's own.

    Args:
        network: What is averaged; the average is of its own, and not guided.
        optimizer: Whose steps are followed.
        decay: The weight of the past in the long run.

    Attributes:
        network: The average.

    Example:
        >>> network = nn.Linear(1, 1, bias=False)
        >>> optimizer = torch.optim.SGD(network.parameters(), 1.0)
        >>> averaged = Averaged(network, optimizer)
        >>> before = network.weight.item()
        >>> network(torch.ones(1, 1)).sum().backward()
        >>> optimizer.step()  # -1, of which the average takes 9 / 11 in the first step
        >>> round(averaged.network.weight.item() - before, 4)
        -0.8182
    """

    def __init__(self, network: nn.Module, optimizer: torch.optim.Optimizer, decay: float = DECAY) -> None:
        try:
            self.network = copy.deepcopy(getattr(network, "bare", network)).requires_grad_(False)
        except RuntimeError as error:
            raise UsageError(
                "Parameter `pair` should make a generator that can be copied, for its moving average. Found "
                f"{type(network).__name__}: {str(error).splitlines()[0]} Use torch.nn.utils.parametrizations."
            ) from None
        self._decay = decay
        self._steps = 0
        self._followed: nn.Module = getattr(network, "bare", network)
        own, averages = dict(network.named_parameters()), dict(self.network.named_parameters())
        self._own: list[Tensor] = [own[name] for name in averages]
        self._averages: list[Tensor] = list(averages.values())
        optimizer.register_step_post_hook(self._follow)

    @torch.no_grad()
    def _follow(self, *_: Any) -> None:
        self._steps += 1
        decay = min(self._decay, (1 + self._steps) / (10 + self._steps))
        torch._foreach_lerp_(self._averages, self._own, 1 - decay)
        buffers = dict(self._followed.named_buffers())  # Some code puts another tensor in a buffer's place.
        for name, copied in self.network.named_buffers():
            copied.copy_(buffers[name])

    def state_dict(self) -> dict[str, Any]:
        """Return the average and the steps that it is of."""
        return {"network": self.network.state_dict(), "steps": self._steps}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a saved average."""
        self.network.load_state_dict(state["network"])
        self._steps = state["steps"]
