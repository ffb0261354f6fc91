"""The fully connected pair of the LogicGAN paper (section 5.1), for images of 28x28 pixels.

Three hidden layers each, leaky ReLU, a tanh image and a sigmoid score, dropout 0.3 in the discriminator. The paper does
not name the widths; these are the usual 256-512-1024 and their mirror. The training step is the standard GAN's.
"""

from torch import Tensor, nn

from xaigrad.integrations.dcgan import LATENT, Training

__all__ = ["LATENT", "Discriminator", "Generator", "Training", "make_pair"]


class Generator(nn.Module):
    """100 normal values to an image.

    Shapes: ``(N, 100) -> (N, 1, 28, 28)``, values in [-1, 1].

    Args:
        width: Features of the first layer; each later layer has twice as many.

    Example:
        >>> import torch
        >>> Generator()(torch.randn(4, LATENT)).shape
        torch.Size([4, 1, 28, 28])
    """

    def __init__(self, width: int = 256) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(LATENT, width),
            nn.LeakyReLU(0.2),
            nn.Linear(width, 2 * width),
            nn.LeakyReLU(0.2),
            nn.Linear(2 * width, 4 * width),
            nn.LeakyReLU(0.2),
            nn.Linear(4 * width, 28 * 28),
            nn.Tanh(),
        )

    def forward(self, noise: Tensor) -> Tensor:
        """Return one image per row of noise."""
        images: Tensor = self.layers(noise)
        return images.view(-1, 1, 28, 28)


class Discriminator(nn.Module):
    """An image to the probability that it is real.

    Shapes: ``(N, 1, 28, 28) -> (N, 1)``, values in [0, 1].

    Args:
        width: Features of the layer before the score; each earlier layer has twice as many.

    Example:
        >>> import torch
        >>> Discriminator()(torch.zeros(4, 1, 28, 28)).shape
        torch.Size([4, 1])
    """

    def __init__(self, width: int = 256) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(),
            nn.Linear(28 * 28, 4 * width),
            nn.LeakyReLU(0.2),
            nn.Dropout(0.3),
            nn.Linear(4 * width, 2 * width),
            nn.LeakyReLU(0.2),
            nn.Dropout(0.3),
            nn.Linear(2 * width, width),
            nn.LeakyReLU(0.2),
            nn.Dropout(0.3),
            nn.Linear(width, 1),
            nn.Sigmoid(),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Return one score per image."""
        scores: Tensor = self.layers(images)
        return scores


def make_pair() -> tuple[Generator, Discriminator]:
    """Return a fresh generator and discriminator."""
    return Generator(), Discriminator()
