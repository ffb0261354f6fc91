"""All that the arms of a comparison have in common, checked."""

from dataclasses import dataclass
from typing import Any

import torch

from xaigrad.benchmarks import yours
from xaigrad.benchmarks.choices import LOSSES, MODELS, choose
from xaigrad.benchmarks.data import Digits
from xaigrad.benchmarks.errors import UsageError
from xaigrad.benchmarks.models import Model


@dataclass(frozen=True)
class Setting:
    """All that two arms of a comparison have in common.

    Attributes:
        model: A name of :data:`~xaigrad.benchmarks.choices.MODELS`, or ``MODULE:FUNCTION``, who makes a user's own.
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
        return networks_of(self.model)

    @property
    def options(self) -> dict[str, Any]:
        """What the model trains with, by name: what was given, and else its own."""
        return self.networks.options | self._given

    @property
    def _given(self) -> dict[str, Any]:
        given = {"lr": self.lr, "beta1": self.beta1, "loss": self.loss}
        return {name: value for name, value in given.items() if value is not None}

    def check_fits(self, digits: Digits) -> None:
        """Raise ``UsageError`` if there are fewer images than one batch, or they are not such as the model makes."""
        self.check_batch(len(digits))
        self.networks.check_fits(digits)

    def check_batch(self, images: int) -> None:
        """Raise ``UsageError`` if there are fewer images than one batch."""
        if images < self.batch:
            raise UsageError(f"Parameter `batch` should be at most the number of images, {images}. Found {self.batch}.")


def networks_of(text: str) -> Model:
    """Return a model by its name, or a user's own by ``MODULE:FUNCTION``.

    Raises:
        UsageError: If there is none.
    """
    own = ":" in text and text.partition(":")[0] not in MODELS
    model: Model = yours.model(text) if own else choose("model", MODELS, text)
    return model
