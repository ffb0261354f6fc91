"""What the command line can train: the integrations."""

from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature
from typing import Any

from torch import nn

from xaigrad.benchmarks import released
from xaigrad.benchmarks.data import Digits
from xaigrad.benchmarks.errors import UsageError
from xaigrad.integrations import cgan, dcgan, mlp, wgan, wgan_gp
from xaigrad.integrations.dcgan import LATENT


@dataclass(frozen=True)
class Model:
    """A pair of networks and their training.

    Attributes:
        make_pair: Returns a fresh generator and discriminator.
        training: ``(generator, discriminator, **options)``, with a ``step``.
        summary: What it is, in a few words.
        labelled: Whether networks and step are called with labels.
        side: Of the images, in pixels; ``None`` for networks that are not made for a data set here.
        latent: The shape of the normal values that a sample is made of.
        threshold: The score above which D takes a sample for real; ``None`` for a critic, whose scores have no zero.
        own_step: Whether the training is a user's own, which has to say itself what its state is.
    """

    make_pair: Callable[[], tuple[nn.Module, nn.Module]]
    training: Callable[..., Any]
    summary: str
    labelled: bool = False
    side: int | None = 28
    latent: tuple[int, ...] = (LATENT,)
    threshold: float | None = 0.5
    own_step: bool = False

    def check_fits(self, digits: Digits) -> None:
        """Raise ``UsageError`` if the images are not such as the networks make."""
        found, made = tuple(digits.images.shape[1:]), (1, self.side, self.side)
        if found != made:
            raise UsageError(
                f"Parameter `model` should make images such as those of the data, {found}. Found {made} (channels, "
                "height, width). Resize the images, or bring your own networks by --pair."
            )

    @property
    def options(self) -> dict[str, Any]:
        """The training's options and its own values of them, a loss by its name.

        Example:
            >>> MODELS["wgan"].options
            {'lr': 5e-05, 'clip': 0.01, 'n_critic': 5}
        """
        _, _, *options = signature(self.training).parameters.values()
        return {option.name: _named(option.default) for option in options}

    def __str__(self) -> str:
        own = ", ".join(f"{name} {value}" for name, value in self.options.items())
        return f"{self.summary} ({own})"


def _named(value: Any) -> Any:
    return value.__name__.replace("_", "-") if callable(value) else value


MODELS = {
    "mlp": Model(mlp.make_pair, mlp.Training, "the paper's fully connected pair"),
    "dcgan": Model(dcgan.make_pair, dcgan.Training, "DCGAN for 28x28"),
    "wgan": Model(wgan.make_pair, wgan.Training, "Wasserstein, clipped", threshold=None),
    "wgan-gp": Model(wgan_gp.make_pair, wgan_gp.Training, "Wasserstein, gradient penalty", threshold=None),
    "cgan": Model(cgan.make_pair, cgan.Training, "DCGAN, conditional on the class", labelled=True),
    "xaigan": Model(
        released.make_pair, released.Training, "the released code's, for images resized to 32x32", side=released.SIDE
    ),
}
