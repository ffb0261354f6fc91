"""Standard GAN training (Goodfellow et al. 2014, algorithm 1 with one discriminator step), with or without guidance."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from xaigrad import Guidance, XAIGuidedGenerator
from xaigrad._isolation import forked_rng
from xaigrad.benchmarks.choices import LOSSES, PAIRS, choose
from xaigrad.benchmarks.errors import UsageError
from xaigrad.benchmarks.losses import discriminator_loss
from xaigrad.benchmarks.stopwatch import Stopwatch, Timed

LATENT = 100
_SAMPLES_PER_BATCH = 500


@dataclass(frozen=True)
class Setting:
    """All that two arms of a comparison have in common.

    Attributes:
        model: A name of :data:`~xaigrad.benchmarks.choices.PAIRS`.
        loss: A name of :data:`~xaigrad.benchmarks.choices.LOSSES`.
        lr: Adam's learning rate for both networks; the paper's are 2e-5 and 2e-4.
        beta1: Adam's first moment; the paper names none. 0.5 is DCGAN's, 0.9 PyTorch's default.
        batch: Images per step; the paper's is 100.
        epochs: Passes over the data.
        seed: Of the initial weights, the order of the data and the noise.
        device: Where the training runs.

    Raises:
        UsageError: If a setting is out of range, or the device is not there.
    """

    model: str = "mlp"
    loss: str = "non-saturating"
    lr: float = 2e-4
    beta1: float = 0.5
    batch: int = 100
    epochs: int = 10
    seed: int = 0
    device: str = "cpu"

    def __post_init__(self) -> None:
        for name, least in (("epochs", 1), ("batch", 2), ("seed", 0)):
            if getattr(self, name) < least:
                raise UsageError(f"Parameter `{name}` should be at least {least}. Found {getattr(self, name)}.")
        if not 0 < self.lr < float("inf"):
            raise UsageError(f"Parameter `lr` should be a positive number. Found {self.lr}.")
        if not 0 <= self.beta1 < 1:
            raise UsageError(f"Parameter `beta1` should lie in [0, 1). Found {self.beta1}.")
        choose("model", PAIRS, self.model)
        choose("loss", LOSSES, self.loss)
        try:
            torch.empty(0, device=self.device)
        except (RuntimeError, AssertionError):
            raise UsageError(
                f"Parameter `device` should be a device of this machine, such as cpu or cuda. Found {self.device!r}, "
                "which cannot be used here."
            ) from None

    def check_fits(self, images: int) -> None:
        """Raise ``UsageError`` if there are fewer images than one batch."""
        if images < self.batch:
            raise UsageError(f"Parameter `batch` should be at most the number of images, {images}. Found {self.batch}.")


@dataclass(frozen=True)
class Epoch:
    """One pass over the data.

    Attributes:
        d_loss: The discriminator's mean loss.
        g_loss: The generator's mean loss.
        explanations: The guided updates.
    """

    d_loss: float
    g_loss: float
    explanations: int


class Training:
    """A GAN in training.

    Two trainings of the same setting and images start from the same weights and see the same data and noise in the same
    order, whatever their guidance.

    Args:
        setting: All but the guidance.
        images: Real images, shape ``(N, 1, 28, 28)`` in [-1, 1].
        guidance: The recipe; ``None`` for the standard GAN.

    Raises:
        UsageError: If there are fewer images than one batch.
    """

    def __init__(self, setting: Setting, images: Tensor, guidance: Guidance | None = None) -> None:
        setting.check_fits(len(images))
        self._setting = setting
        self._device = torch.device(setting.device)
        self._images = images.to(self._device)
        self._loss = choose("loss", LOSSES, setting.loss)
        self._rng = torch.Generator().manual_seed(setting.seed)
        self._explaining = Stopwatch(self._device)
        self._training = Stopwatch(self._device)
        with self._seeded():
            generator, discriminator = choose("model", PAIRS, setting.model)()
            self.discriminator = discriminator.to(self._device)
            self.generator = generator.to(self._device)
            if guidance is not None:
                timed = replace(guidance, explainer=Timed(guidance.explainer, self._explaining))
                self.generator = XAIGuidedGenerator(self.generator, self.discriminator, timed)
        betas = (setting.beta1, 0.999)
        self._g_optimizer = torch.optim.Adam(self.generator.parameters(), lr=setting.lr, betas=betas)
        self._d_optimizer = torch.optim.Adam(self.discriminator.parameters(), lr=setting.lr, betas=betas)

    @property
    def seconds(self) -> float:
        """The time spent in training so far."""
        return self._training.seconds()

    @property
    def explainer_seconds(self) -> float:
        """The part of it that the explainer took."""
        return self._explaining.seconds()

    def epoch(self) -> Epoch:
        """Train for one pass over the data; a last batch that is not full is left out."""
        guided = self.generator if isinstance(self.generator, XAIGuidedGenerator) else None
        before = guided.explanations if guided else 0
        order = torch.randperm(len(self._images), generator=self._rng).to(self._device)
        batches = [batch for batch in torch.split(order, self._setting.batch) if len(batch) == self._setting.batch]
        with self._seeded(), self._training.running():
            losses = torch.stack([self._step(self._images[batch]) for batch in batches])
        d_loss, g_loss = losses.mean(0).tolist()
        return Epoch(d_loss, g_loss, guided.explanations - before if guided else 0)

    @contextmanager
    def _seeded(self) -> Iterator[None]:
        """Seed the random state that weights and dropout draw from, and give the caller's back."""
        with forked_rng(self._device):
            torch.manual_seed(int(torch.randint(2**62, (), generator=self._rng)))
            yield

    def _step(self, real: Tensor) -> Tensor:
        """Train the discriminator on one batch, then the generator; return both losses."""
        with torch.no_grad():
            generated = self.generator(self._noise(len(real), self._rng))
        d_loss = discriminator_loss(self.discriminator(real), self.discriminator(generated))
        self._d_optimizer.zero_grad()
        d_loss.backward()  # type: ignore[no-untyped-call]
        self._d_optimizer.step()

        g_loss: Tensor = self._loss(self.discriminator(self.generator(self._noise(len(real), self._rng))))
        self._g_optimizer.zero_grad()
        g_loss.backward()  # type: ignore[no-untyped-call]
        self._g_optimizer.step()
        return torch.stack([d_loss.detach(), g_loss.detach()])

    @torch.no_grad()
    def samples(self, count: int) -> Tensor:
        """Return images of the same noise at every call, on the CPU, made in eval mode; the training stays as it is."""
        rng = torch.Generator().manual_seed(self._setting.seed)
        training = self.generator.training
        self.generator.eval()
        noise = self._noise(count, rng)
        images = torch.cat([self.generator(rows).cpu() for rows in torch.split(noise, _SAMPLES_PER_BATCH)])
        self.generator.train(training)
        return images

    def last_masks(self, count: int) -> dict[str, Tensor] | None:
        """Return samples and masks of the last guided update, on the CPU."""
        last: Any = self.generator.last if isinstance(self.generator, XAIGuidedGenerator) else None
        return None if last is None else {"samples": last.samples[:count].cpu(), "masks": last.mask[:count].cpu()}

    def _noise(self, count: int, rng: torch.Generator) -> Tensor:
        return torch.randn(count, LATENT, generator=rng).to(self._device)
