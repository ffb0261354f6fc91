"""DCGAN (Radford et al. 2015, arXiv 1511.06434) for images of 28x28 pixels.

Strided convolutions instead of pooling, BatchNorm in both networks but at G's output and D's input, ReLU in G and
leaky ReLU in D, weights drawn from N(0, 0.02) (section 4). The score is a sigmoid's, so both losses of the original GAN
paper fit.
"""

from torch import Tensor, nn

LATENT = 100


class Generator(nn.Module):
    """100 normal values to an image.

    Shapes: ``(N, 100) -> (N, 1, 28, 28)``, values in [-1, 1].

    Args:
        width: Channels of the layer before the image.

    Example:
        >>> import torch
        >>> Generator()(torch.randn(4, LATENT)).shape
        torch.Size([4, 1, 28, 28])
    """

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.ConvTranspose2d(LATENT, 4 * width, 7, bias=False),
            nn.BatchNorm2d(4 * width),
            nn.ReLU(inplace=True),
            nn.ConvTranspose2d(4 * width, 2 * width, 4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(2 * width),
            nn.ReLU(inplace=True),
            nn.ConvTranspose2d(2 * width, 1, 4, stride=2, padding=1, bias=False),
            nn.Tanh(),
        )
        self.apply(initialize)

    def forward(self, noise: Tensor) -> Tensor:
        """Return one image per row of noise."""
        images: Tensor = self.layers(noise[:, :, None, None])
        return images


class Discriminator(nn.Module):
    """An image to the probability that it is real.

    Shapes: ``(N, 1, 28, 28) -> (N, 1)``, values in [0, 1].

    Args:
        width: Channels of the first layer.

    Example:
        >>> import torch
        >>> Discriminator()(torch.zeros(4, 1, 28, 28)).shape
        torch.Size([4, 1])
    """

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, width, 4, stride=2, padding=1, bias=False),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(width, 2 * width, 4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(2 * width),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(2 * width, 1, 7, bias=False),
            nn.Flatten(),
            nn.Sigmoid(),
        )
        self.apply(initialize)

    def forward(self, images: Tensor) -> Tensor:
        """Return one score per image."""
        scores: Tensor = self.layers(images)
        return scores


def initialize(module: nn.Module) -> None:
    """Draw a layer's weights as the paper does: N(0, 0.02), and N(1, 0.02) for BatchNorm's scale."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)


def make_pair() -> tuple[Generator, Discriminator]:
    """Return a fresh generator and discriminator."""
    return Generator(), Discriminator()
