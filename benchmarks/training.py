"""The training of a model on images, with or without guidance; the step is the integration's own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from xaigrad import Guidance, XAIGuidedGenerator
from xaigrad._isolation import forked_rng
from xaigrad.benchmarks.choices import LOSSES, MODELS, choose
from xaigrad.benchmarks.errors import UsageError
from xaigrad.benchmarks.models import Model
from xaigrad.benchmarks.stopwatch import Stopwatch, Timed
from xaigrad.integrations.dcgan import LATENT

_SAMPLES_PER_BATCH = 500


@dataclass(frozen=True)
class Setting:
    """All that two arms of a comparison have in common.

    Attributes:
        model: A name of :data:`~xaigrad.benchmarks.choices.MODELS`.
        loss: A name of :data:`~xaigrad.benchmarks.choices.LOSSES`; ``None``: the model's own, as for the next two.
        lr: The learning rate of both networks; the LogicGAN paper's are 2e-5 and 2e-4.
        beta1: Adam's first moment; that paper names none. 0.5 is DCGAN's, 0.9 PyTorch's default.
        batch: Images per step; that paper's is 100.
        epochs: Passes over the data.
        seed: Of the initial weights, the order of the data and the noise.
        device: Where the training runs.

    Raises:
        UsageError: If a setting is out of range or of no use to the model, or the device is not there.
    """

    model: str = "mlp"
    loss: str | None = None
    lr: float | None = None
    beta1: float | None = None
    batch: int = 100
    epochs: int = 10
    seed: int = 0
    device: str = "cpu"

    def __post_init__(self) -> None:
        for name, least in (("epochs", 1), ("batch", 2), ("seed", 0)):
            if getattr(self, name) < least:
                raise UsageError(f"Parameter `{name}` should be at least {least}. Found {getattr(self, name)}.")
        if self.lr is not None and not 0 < self.lr < float("inf"):
            raise UsageError(f"Parameter `lr` should be a positive number. Found {self.lr}.")
        if self.beta1 is not None and not 0 <= self.beta1 < 1:
            raise UsageError(f"Parameter `beta1` should lie in [0, 1). Found {self.beta1}.")
        if self.loss is not None:
            choose("loss", LOSSES, self.loss)
        own = self.networks.options
        useless = [name for name in self._given if name not in own]
        if useless:
            raise UsageError(f"Parameter `{useless[0]}` is of no use to --model {self.model}. Leave it out.")
        try:
            torch.empty(0, device=self.device)
        except (RuntimeError, AssertionError):
            raise UsageError(
                f"Parameter `device` should be a device of this machine, such as cpu or cuda. Found {self.device!r}, "
                "which cannot be used here."
            ) from None

    @property
    def networks(self) -> Model:
        """The networks and their training."""
        model: Model = choose("model", MODELS, self.model)
        return model

    @property
    def options(self) -> dict[str, Any]:
        """What the model trains with, by name: what was given, and else its own."""
        return self.networks.options | self._given

    @property
    def _given(self) -> dict[str, Any]:
        given = {"lr": self.lr, "beta1": self.beta1, "loss": self.loss}
        return {name: value for name, value in given.items() if value is not None}

    def check_fits(self, images: int) -> None:
        """Raise ``UsageError`` if there are fewer images than one batch."""
        if images < self.batch:
            raise UsageError(f"Parameter `batch` should be at most the number of images, {images}. Found {self.batch}.")


@dataclass(frozen=True)
class Epoch:
    """One pass over the data.

    Attributes:
        d_loss: The discriminator's mean loss.
        g_loss: The generator's mean loss, over the steps in which it learned; ``None`` if there were none.
        explanations: The guided updates.
    """

    d_loss: float
    g_loss: float | None
    explanations: int


class Training:
    """A GAN in training.

    Two trainings of the same setting and images start from the same weights and see the same data and noise in the same
    order, whatever their guidance.

    Args:
        setting: All but the guidance.
        images: Real images, shape ``(N, 1, 28, 28)`` in [-1, 1].
        guidance: The recipe; ``None`` for the standard GAN.
        labels: Their classes, shape ``(N,)``, for a conditional model.

    Attributes:
        gan: The networks and their step.

    Raises:
        UsageError: If there are fewer images than one batch.
        ValueError: If a conditional model gets no labels.
    """

    def __init__(
        self, setting: Setting, images: Tensor, guidance: Guidance | None = None, labels: Tensor | None = None
    ) -> None:
        setting.check_fits(len(images))
        model = setting.networks
        if model.labelled and labels is None:
            raise ValueError(f"Parameter `labels` should be the images' classes for {setting.model}. Found None.")
        self._setting = setting
        self._device = torch.device(setting.device)
        self._images = images.to(self._device)
        self._labels = labels.to(self._device) if model.labelled and labels is not None else None
        self._rng = torch.Generator().manual_seed(setting.seed)
        self._explaining = Stopwatch(self._device)
        self._training = Stopwatch(self._device)
        with self._seeded():
            generator, discriminator = (network.to(self._device) for network in model.make_pair())
            if guidance is not None:
                timed = replace(guidance, explainer=Timed(guidance.explainer, self._explaining))
                generator = XAIGuidedGenerator(generator, discriminator, timed)
        options = setting.options
        if "loss" in options:
            options["loss"] = choose("loss", LOSSES, options["loss"])
        self.gan = model.training(generator, discriminator, **options)

    @property
    def generator(self) -> nn.Module:
        """G, guided if there is a guidance."""
        generator: nn.Module = self.gan.generator
        return generator

    @property
    def discriminator(self) -> nn.Module:
        """D."""
        discriminator: nn.Module = self.gan.discriminator
        return discriminator

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
            losses = [self._step(batch) for batch in batches]
        d_losses, g_losses = ([loss for loss in of if loss is not None] for of in zip(*losses, strict=True))
        return Epoch(
            d_loss=torch.stack(d_losses).mean().item(),
            g_loss=torch.stack(g_losses).mean().item() if g_losses else None,
            explanations=guided.explanations - before if guided else 0,
        )

    def _step(self, batch: Tensor) -> tuple[Tensor, Tensor | None]:
        """Train on the images of some indices."""
        losses: tuple[Tensor, Tensor | None] = self.gan.step(self._images[batch], *self._classes(batch))
        return losses

    def _classes(self, indices: Tensor) -> tuple[Tensor, ...]:
        """Return the labels of some images, for a model that asks for them."""
        return () if self._labels is None else (self._labels[indices],)

    @contextmanager
    def _seeded(self) -> Iterator[None]:
        """Seed the random state that weights, noise and dropout draw from, and give the caller's back."""
        with forked_rng(self._device):
            torch.manual_seed(int(torch.randint(2**62, (), generator=self._rng)))
            yield

    @torch.no_grad()
    def samples(self, count: int) -> Tensor:
        """Return images of the same noise at every call, on the CPU, made in eval mode; the training stays as it is."""
        rng = torch.Generator().manual_seed(self._setting.seed)
        noise = torch.randn(count, LATENT, generator=rng).to(self._device)
        classes = self._classes(torch.randint(len(self._images), (count,), generator=rng).to(self._device))
        generator, training = self.generator, self.generator.training
        generator.eval()
        rows = zip(*(torch.split(each, _SAMPLES_PER_BATCH) for each in (noise, *classes)), strict=True)
        images = torch.cat([generator(*row).cpu() for row in rows])
        generator.train(training)
        return images

    def last_masks(self, count: int) -> dict[str, Tensor] | None:
        """Return samples and masks of the last guided update, on the CPU."""
        last: Any = self.generator.last if isinstance(self.generator, XAIGuidedGenerator) else None
        return None if last is None else {"samples": last.samples[:count].cpu(), "masks": last.mask[:count].cpu()}
