"""Feedback by another slope of the loss than that at the sample alone, which vanishes where D is sure."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor

from xaigrad._checks import check_callable, check_strength
from xaigrad._context import Context, Score

Loss: TypeAlias = Callable[[Tensor], Tensor]
"""``scores -> losses``: the generator's loss of each score, shape ``(N,) -> (N,)``, high for bad samples."""


@dataclass(frozen=True)
class Feedback:
    r"""The standard gradient, replaced by or blended with a slope of the loss that is taken elsewhere.

    .. math:: g' = (1 - s\,\beta)\, g + s\,\beta\, \kappa\, S, \qquad
              \kappa = \sum_n |\partial \mathcal L / \partial s_n| \Big/ \sum_n |L'(s_n)|

    with S the slope of the loss of each sample, which subclasses say, and :math:`\kappa` the factor between the loss
    of one score and the user's :math:`\mathcal L`: the mean over the batch, a weight, the scale of a GradScaler. It is
    read off the gradient that comes back to D's scores, so that g' is homogeneous in it. Where nothing at all comes
    back, it is what it was last, and 1 / N before.

    The mask has no part in it. S comes from an isolated D in eval mode, if the guidance asks in that.
    """

    loss: Loss
    references: Any = None
    share: float = 1.0

    # Also where the arriving gradient is zero: that is where it is needed.
    slopes = True
    asks = True

    def __post_init__(self) -> None:
        check_callable("loss", self.loss, "Minimax()")
        check_strength("share", self.share)

    def slope(self, loss: Score, context: Context) -> Tensor:
        """Return S, of the samples' shape.

        Args:
            loss: ``samples -> loss``, shape ``(N,)``, differentiable, asked of D in isolation.
            context: Of the update.
        """
        raise NotImplementedError

    def __call__(self, gradient: Tensor, mask: Tensor, strength: float, context: Context) -> Tensor:
        """Return the gradient with the share of the slope."""
        share = strength * self.share
        if share == 0:
            return gradient
        with context.asking() as score, torch.enable_grad():
            slope = self.slope(lambda samples: self._losses(score(samples)), context).detach().to(gradient.dtype)
        # What is not finite stays so: a loss scaler looks for it.
        return torch.lerp(gradient, self._scale(context) * slope, share)

    def _losses(self, scores: Tensor) -> Tensor:
        losses = self.loss(scores)
        if not isinstance(losses, Tensor) or losses.shape != scores.shape:
            found = tuple(losses.shape) if isinstance(losses, Tensor) else repr(losses)
            raise ValueError(
                f"Parameter `loss` should give one loss per score, of shape {tuple(scores.shape)}. Found {found}. Leave"
                " out the mean: Minimax(), or lambda scores: F.relu(1 - scores)."
            )
        return losses

    def _scale(self, context: Context) -> Tensor:
        r"""Return :math:`\kappa`, a number on the samples' device."""
        scores = context.scores.detach()
        known = context.state.get("scale")
        known = scores.new_tensor(1 / max(len(scores), 1)) if known is None else known.to(scores)
        if context.changes is not None:
            with torch.enable_grad():
                points = scores.requires_grad_()
                (own,) = torch.autograd.grad(self._losses(points).sum(), points)
            changes, own = context.changes.abs(), own.abs()
            if getattr(self.loss, "probabilities", False):
                # binary_cross_entropy divides by p (1 - p), but by 1e-12 at least: below, its slope is not the loss's.
                precise = scores * (1 - scores) > 1e-12
                changes, own = (torch.where(precise, one, 0.0) for one in (changes, own))
            arrived, size = changes.sum().to(scores), own.sum()
            usable = (
                (size > torch.finfo(size.dtype).tiny / torch.finfo(size.dtype).eps) & arrived.isfinite() & (arrived > 0)
            )
            known = torch.where(usable, arrived / size, known)
        context.state["scale"] = known
        return known
