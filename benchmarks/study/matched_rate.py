"""The standard GAN with a learning rate that shrinks and grows as a guidance would shrink and grow the gradient."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.utils.hooks import RemovableHandle

from xaigrad import XAIGuidedGenerator
from xaigrad._types import Rule
from xaigrad.explainers import Context
from xaigrad.rules import Multiply
from xaigrad.rules._around import Around
from xaigrad.rules._norms import scaled

RATIO = "norm ratio"


@dataclass(frozen=True)
class MatchedRate(Around):
    r"""The standard gradient, and a report of how long another rule would have made it.

    .. math:: g' = g, \qquad r = \frac{\|\mathrm{rule}(g, M, s)\|}{\|g\|}

    with the norms of the whole batch; r is the report "norm ratio", a tensor, and 1 where both are 0. By
    :func:`scale_rate` it becomes a factor of the learning rate: what is left of the guidance is how far it steps.

    Args:
        rule: The rule.

    Raises:
        TypeError: If ``rule`` cannot be called.

    Example:
        >>> g, mask = torch.tensor([[3.0, 4.0]]), torch.tensor([[1.0, 0.0]])
        >>> context = Context(g, update=0, explanation=0, rng=torch.Generator())
        >>> MatchedRate()(g, mask, 1.0, context), context.reports
        (tensor([[3., 4.]]), {'norm ratio': tensor(0.6000)})
    """

    rule: Rule = Multiply()

    def __call__(self, gradient: Tensor, mask: Tensor, strength: float, context: Context) -> Tensor:
        """Return the gradient itself."""
        new, old = scaled(self.inside(gradient, mask, strength, context), "batch"), scaled(gradient, "batch")
        ratio = new.power / old.power * (new.norm / old.norm)
        context.reports[RATIO] = torch.where((new.norm == 0) & (old.norm == 0), 1.0, ratio).reshape(())
        return gradient


def scale_rate(optimizer: Optimizer, guided: XAIGuidedGenerator) -> tuple[RemovableHandle, RemovableHandle]:
    """Let each step of G's optimizer take the learning rate times the ratio that :class:`MatchedRate` reported for it.

    After the step the rate is what it was. A step that no gradient was guided for, or by another rule, is taken as it
    is; of several gradients that were, with accumulation, the last counts. Under Adam a factor of the gradient itself
    would be nothing.

    Args:
        optimizer: G's.
        guided: G, guided.

    Returns:
        The handles of both hooks, to remove them.

    Example:
        >>> from xaigrad.integrations import mlp
        >>> generator, discriminator = mlp.make_pair()
        >>> guided = XAIGuidedGenerator(generator, discriminator, rule=MatchedRate())
        >>> training = mlp.Training(guided, discriminator)
        >>> before, after = scale_rate(training.g_optimizer, guided)
        >>> _ = training.step(torch.rand(8, 1, 28, 28) * 2 - 1)
        >>> 0 < guided.last.reports["norm ratio"] < 1
        tensor(True)
    """
    seen, rates = _ratio(guided), list[Any]()

    # Not the optimizer from outside: it would hold itself, and all that it holds, in a cycle.
    def before(stepping: Optimizer, *_: Any) -> None:
        nonlocal seen
        ratio, rates[:] = _ratio(guided), [group["lr"] for group in stepping.param_groups]
        if ratio is not None and ratio is not seen:
            for group in stepping.param_groups:
                # A number, for which each optimizer is ready; a tensor stays one.
                group["lr"] = group["lr"] * (ratio if isinstance(group["lr"], Tensor) else float(ratio))
        seen = ratio

    def after(stepping: Optimizer, *_: Any) -> None:
        for group, rate in zip(stepping.param_groups, rates, strict=True):
            group["lr"] = rate

    return optimizer.register_step_pre_hook(before), optimizer.register_step_post_hook(after)


def _ratio(guided: XAIGuidedGenerator) -> Tensor | None:
    return None if guided.last is None else guided.last.reports.get(RATIO)
