"""The training of a model on images, with or without guidance; the step is the integration's own."""

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from xaigrad import Guidance, XAIGuidedGenerator
from xaigrad._isolation import forked_rng
from xaigrad.benchmarks.choices import LOSSES, choose
from xaigrad.benchmarks.digest import hashed
from xaigrad.benchmarks.setting import Setting
from xaigrad.benchmarks.stopwatch import Stopwatch, Timed

_SAMPLES_PER_BATCH = 500


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
        stream: Which stream of noise and dropout; 0 for all arms. Another one makes a twin, which shares the initial
            weights and the order of the data.

    Attributes:
        gan: The networks and their step.
        draws: A hash of the state that the random numbers had after the last epoch. It is the same in two trainings of
            the same stream if they drew the same noise, in the same amount.

    Raises:
        UsageError: If there are fewer images than one batch.
        ValueError: If a conditional model gets no labels.
    """

    def __init__(
        self,
        setting: Setting,
        images: Tensor,
        guidance: Guidance | None = None,
        labels: Tensor | None = None,
        stream: int = 0,
    ) -> None:
        setting.check_batch(len(images))
        model = setting.networks
        if model.labelled and labels is None:
            raise ValueError(f"Parameter `labels` should be the images' classes for {setting.model}. Found None.")
        self._setting = setting
        self._device = torch.device(setting.device)
        self._images = images.to(self._device)
        self._labels = labels.to(self._device) if model.labelled and labels is not None else None
        self._rng = torch.Generator().manual_seed(setting.seed)
        self._stream = stream
        self.draws = ""
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
        for network in _networks(getattr(self.gan, "__dict__", {})):  # An encoder, say, of a user's own training.
            network.to(self._device)

    @property
    def generator(self) -> nn.Module:
        """G, guided if there is a guidance."""
        generator: nn.Module = self.gan.generator
        return generator

    @property
    def guided(self) -> XAIGuidedGenerator | None:
        """G, if there is a guidance."""
        return self.generator if isinstance(self.generator, XAIGuidedGenerator) else None

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
        before = self.guided.explanations if self.guided else 0
        order = torch.randperm(len(self._images), generator=self._rng).to(self._device)
        batches = [batch for batch in torch.split(order, self._setting.batch) if len(batch) == self._setting.batch]
        with self._seeded(self._stream):
            with self._training.running():
                losses = [self._step(batch) for batch in batches]
            self.draws = hashed(order, *self._random_states())
        d_losses, g_losses = ([loss for loss in of if loss is not None] for of in zip(*losses, strict=True))
        return Epoch(
            d_loss=torch.stack(d_losses).mean().item(),
            g_loss=torch.stack(g_losses).mean().item() if g_losses else None,
            explanations=self.guided.explanations - before if self.guided else 0,
        )

    def _step(self, batch: Tensor) -> tuple[Tensor, Tensor | None]:
        """Train on the images of some indices."""
        losses: tuple[Tensor, Tensor | None] = self.gan.step(self._images[batch], *self._classes(batch))
        return losses

    def _classes(self, indices: Tensor) -> tuple[Tensor, ...]:
        """Return the labels of some images, for a model that asks for them."""
        return () if self._labels is None else (self._labels[indices],)

    @contextmanager
    def _seeded(self, stream: int = 0) -> Iterator[None]:
        """Seed the random state that weights, noise and dropout draw from, and give the caller's back."""
        with _drawing(int(torch.randint(2**62, (), generator=self._rng)) + stream, self._device):
            yield

    def _random_states(self) -> list[Tensor]:
        states = [torch.get_rng_state()]
        return [*states, torch.cuda.get_rng_state(self._device)] if self._device.type == "cuda" else states

    @property
    def fingerprint(self) -> str:
        """A hash of all weights and buffers as they are now."""
        networks = (self.generator, self.discriminator)
        return hashed(*(part for network in networks for item in network.state_dict().items() for part in item))

    @property
    def random_state(self) -> Tensor:
        """The state that the order of the data and each epoch's noise come from."""
        return self._rng.get_state()

    def state_dict(self) -> dict[str, Any]:
        """Return all that the next epoch depends on: networks, optimizers, counts, random states, the guidance.

        A user's own training is asked for its own, with which it may do as it likes.
        """
        return {
            "gan": self.gan.state_dict() if self._setting.networks.own_step else _state_of(self.gan),
            "guidance": self.guided.interception.state_dict() if self.guided else None,
            "random": self.random_state,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where a saved training stopped; it has to be of the same setting, images and guidance."""
        if self._setting.networks.own_step:
            self.gan.load_state_dict(state["gan"])
        else:
            _load_state(self.gan, state["gan"])
        if self.guided:
            self.guided.interception.load_state_dict(state["guidance"])
        self._rng.set_state(state["random"])

    @torch.no_grad()
    def samples(self, count: int, generator: nn.Module | None = None) -> Tensor:
        """Return images of the same noise at every call, on the CPU, made in eval mode; the training stays as it is.

        Args:
            count: How many.
            generator: Who makes them, if not G: its average, say.
        """
        made = self.generator if generator is None else generator
        with in_eval_mode(made), _drawing(self._setting.seed, self._device):
            return torch.cat([made(*row).cpu() for row in self._inputs(count)])

    @torch.no_grad()
    def judged(self, count: int, threshold: float) -> tuple[float, float]:
        """Return which shares of the first real images and of as many samples D scores on the right side."""
        generator, discriminator = self.generator, self.discriminator
        with in_eval_mode(generator), in_eval_mode(discriminator), _drawing(self._setting.seed, self._device):
            generated = [discriminator(generator(*row), *row[1:]) for row in self._inputs(count)]
            first = torch.arange(min(count, len(self._images)), device=self._device)
            real = [
                discriminator(self._images[batch], *self._classes(batch))
                for batch in torch.split(first, _SAMPLES_PER_BATCH)
            ]
        accepted = (torch.cat([score.flatten() for score in found]) > threshold for found in (real, generated))
        taken, wrong = (found.float().mean().item() for found in accepted)
        return taken, 1 - wrong

    def _inputs(self, count: int) -> Iterator[tuple[Tensor, ...]]:
        """Return what a generator is called with, in batches; the same at every call."""
        rng = torch.Generator().manual_seed(self._setting.seed)
        noise = torch.randn(count, *self._setting.networks.latent, generator=rng).to(self._device)
        classes = self._classes(torch.randint(len(self._images), (count,), generator=rng).to(self._device))
        return zip(*(torch.split(each, _SAMPLES_PER_BATCH) for each in (noise, *classes)), strict=True)

    def last_masks(self, count: int) -> dict[str, Tensor] | None:
        """Return samples and masks of the last guided update, on the CPU."""
        last: Any = self.guided.last if self.guided else None
        return None if last is None else {"samples": last.samples[:count].cpu(), "masks": last.mask[:count].cpu()}


@contextmanager
def _drawing(seed: int, device: torch.device) -> Iterator[None]:
    """Seed all random states that networks may draw from, a user's own also in eval mode, and give them back."""
    with forked_rng(device):
        torch.manual_seed(seed)
        random.seed(seed)
        np.random.seed(seed % 2**32)  # noqa: NPY002
        yield


@contextmanager
def in_eval_mode(network: nn.Module) -> Iterator[None]:
    """Put a network into eval mode, and back."""
    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


def _state_of(gan: Any) -> dict[str, Any]:
    """Return the state of networks and optimizers, and the numbers, among a training's attributes."""
    parts = vars(gan)
    return {
        "parts": {name: part.state_dict() for name, part in parts.items() if hasattr(part, "state_dict")},
        "counts": {name: part for name, part in parts.items() if isinstance(part, bool | int | float)},
    }


def _load_state(gan: Any, state: Mapping[str, Any]) -> None:
    for name, part in state["parts"].items():
        getattr(gan, name).load_state_dict(part)
    for name, count in state["counts"].items():
        setattr(gan, name, count)


def _networks(held: Any) -> Iterator[nn.Module]:
    """Return the networks in a collection, at any depth."""
    for each in held.values() if isinstance(held, dict) else held:
        if isinstance(each, nn.Module):
            yield each
        elif isinstance(each, dict | list | tuple):
            yield from _networks(each)
