"""The standard GAN's training of a user's own pair, whether its discriminator returns logits or probabilities."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from xaigrad._checks import check_choice, structure
from xaigrad.integrations.losses import discriminator_loss, minimax, non_saturating
from xaigrad.rules import Minimax, NonSaturating

Scores = Literal["logits", "probabilities"]
SCORES = ("logits", "probabilities")

# The same losses, of logits: a probability that has been rounded to 0 or 1 has no slope.
_OF_LOGITS: dict[Any, Callable[[Tensor], Tensor]] = {non_saturating: NonSaturating(), minimax: Minimax()}
_PASSING = "View|UnsafeView|ReshapeAlias|Squeeze|Unsqueeze|Permute|Transpose|T|Clone|Alias|Slice|ToCopy|Mean|AvgPool2D"
_UNBOUNDED = "Addmm|Mm|Mv|Bmm|Linear|Convolution|Add|Sub|Sum"


@dataclass
class Training:
    """The standard GAN's training, alternating and with one discriminator step (Goodfellow et al. 2014, algorithm 1).

    It is that of :mod:`xaigrad.integrations.dcgan`, to the bit where D is as there.

    Args:
        generator: ``(N, *latent) -> samples``.
        discriminator: ``samples -> scores``: one per sample, or one per patch, which count alike: of shape ``(N,)``
            or ``(N, 1, ...)``.
        lr: Adam's learning rate for both networks.
        beta1: Adam's first moment.
        beta2: Its second.
        loss: The generator's, of probabilities.
        latent: The shape of each sample's noise, or how many numbers it has; they are normal.
        scores: Whether D returns ``"logits"`` or ``"probabilities"``.

    Raises:
        ValueError: (from a step) if the scores are of another shape, or probabilities lie outside [0, 1].

    Example:
        >>> generator = nn.Sequential(nn.Linear(2, 9), nn.Unflatten(1, (1, 3, 3)))
        >>> training = Training(generator, nn.Sequential(nn.Flatten(), nn.Linear(9, 1)), latent=2)
        >>> d_loss, g_loss = training.step(torch.rand(8, 1, 3, 3))
    """

    generator: nn.Module
    discriminator: nn.Module
    lr: float = 2e-4
    beta1: float = 0.5
    beta2: float = 0.999
    loss: Callable[[Tensor], Tensor] = non_saturating
    latent: int | tuple[int, ...] = 100
    scores: Scores = "logits"

    def __post_init__(self) -> None:
        check_choice("scores", self.scores, SCORES)
        betas = (self.beta1, self.beta2)
        self.d_optimizer = torch.optim.Adam(self.discriminator.parameters(), self.lr, betas)
        self.g_optimizer = torch.optim.Adam(self.generator.parameters(), self.lr, betas)

    def step(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Train D, then G, on one batch of real images; return both losses."""
        fake = self.generator(torch.randn(len(images), *shape_of(self.latent), device=images.device))
        d_loss = self._d_loss(self._judged(images), self._judged(fake.detach()))
        self.d_optimizer.zero_grad()
        d_loss.backward()  # type: ignore[no-untyped-call]
        self.d_optimizer.step()

        g_loss = self._g_loss(self._judged(fake))
        self.g_optimizer.zero_grad()
        g_loss.backward()  # type: ignore[no-untyped-call]
        self.g_optimizer.step()
        return d_loss.detach(), g_loss.detach()

    def _judged(self, images: Tensor) -> Tensor:
        scores: Tensor = self.discriminator(images)
        check_scores(scores, len(images))
        # Elsewhere the question would wait, and the loss itself asks.
        if self.scores == "probabilities" and scores.device.type == "cpu" and ((scores < 0) | (scores > 1)).any():
            raise ValueError(
                "Parameter `scores` should be logits where a discriminator's scores leave [0, 1]. Found probabilities, "
                f"and scores from {scores.min():g} to {scores.max():g}. Say logits, or end it in a sigmoid."
            )
        return scores

    def _d_loss(self, real: Tensor, generated: Tensor) -> Tensor:
        if self.scores == "probabilities":
            return discriminator_loss(real, generated)
        return F.softplus(-real).mean() + F.softplus(generated).mean()

    def _g_loss(self, scores: Tensor) -> Tensor:
        if self.scores == "probabilities":
            return self.loss(scores)
        return _OF_LOGITS[self.loss](scores).mean() if self.loss in _OF_LOGITS else self.loss(scores.sigmoid())


def shape_of(latent: int | Sequence[int]) -> tuple[int, ...]:
    """Return the shape of a sample's noise.

    Example:
        >>> shape_of(100), shape_of((100, 1, 1))
        ((100,), (100, 1, 1))
    """
    return (latent,) if isinstance(latent, int) else tuple(latent)


def check_scores(scores: Any, count: int) -> None:
    """Raise ``ValueError`` unless a discriminator's output holds scores of so many samples."""
    fits = isinstance(scores, Tensor) and scores.shape[:1] == (count,) and scores.shape[1:2] in ((), (1,))
    if not fits or not scores.is_floating_point():
        raise ValueError(
            f"Parameter `discriminator` should return scores of shape (N,) or (N, 1, ...), here N = {count}. Found "
            f"{structure(scores)}. Return the scores alone, or bring a training of your own."
        )


def kind_of(scores: Tensor) -> Scores | None:
    """Return what a discriminator's scores are, by what they were computed from; ``None`` if that cannot be told.

    They are probabilities if the last operation is a sigmoid (of which a mean over patches may be taken, and the shape
    changed), and logits if it is a linear one or a score lies outside [0, 1].

    Args:
        scores: With their graph.

    Example:
        >>> images = torch.zeros(2, 3)
        >>> kind_of(nn.Linear(3, 1)(images)), kind_of(nn.Linear(3, 1)(images).sigmoid().squeeze())
        ('logits', 'probabilities')
        >>> kind_of(nn.Linear(3, 1)(images).clamp(0, 1)) is None
        True
    """
    node: Any = scores.grad_fn
    name = ""
    while node is not None:
        name = re.sub(r"Backward\d*$", "", type(node).__name__)
        if not re.fullmatch(_PASSING, name) or not node.next_functions:
            break
        node = node.next_functions[0][0]
    if name == "Sigmoid":
        return "probabilities"
    outside = bool(((scores < 0) | (scores > 1)).any())
    return "logits" if outside or re.fullmatch(_UNBOUNDED, name) else None
