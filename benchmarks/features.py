"""What generated and real images are compared by: features of a LeNet, of Inception, of the user's own, or of pixels.

Distances in different features are not comparable: their name belongs beside every figure.
"""

from collections.abc import Callable
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from xaigrad._checks import structure
from xaigrad._isolation import forked_torch_rng
from xaigrad.benchmarks import _fidelity
from xaigrad.benchmarks.data import from_pixels, to_pixels
from xaigrad.benchmarks.errors import UsageError

_SIDE = 28


class Features(nn.Module):
    """A frozen map from uint8 images of shape (N, C, H, W) to features of shape (N, F).

    Args:
        name: Of the features; figures are comparable where it is the same.
        batch: How many images are mapped at once.
    """

    def __init__(self, name: str, batch: int = 100) -> None:
        super().__init__()
        self.name = name
        self.batch = batch

    def forward(self, pixels: Tensor) -> Tensor:
        """Return the features of images.

        Raises:
            ValueError: If they are not of a shape that it is made for.
        """
        raise NotImplementedError


class LeNet(Features):
    """The features of the LeNet of a data set, for grey squares; others than 28 x 28 are resized to that.

    A resized image is rounded to 256 grey levels once more, as if it had been saved; 28 x 28 pixels are not touched.

    Args:
        dataset: A name of ``xaigrad.benchmarks.data.NAMES``.

    Example:
        >>> LeNet("mnist")(torch.zeros(4, 1, 32, 32, dtype=torch.uint8)).shape
        torch.Size([4, 84])
    """

    def __init__(self, dataset: str) -> None:
        super().__init__(_fidelity.register(dataset))
        self.lenet = _fidelity.create(self.name)

    def forward(self, pixels: Tensor) -> Tensor:
        """Return 84 features of each image."""
        if pixels.shape[1] != 1 or pixels.shape[2] != pixels.shape[3]:
            raise ValueError(
                f"Parameter `features` should be made for images of shape {tuple(pixels.shape[1:])}. Found "
                f"{self.name}, for grey squares, (1, S, S). Choose pixels or inception, or name a function of your own."
            )
        if pixels.shape[2] != _SIDE:
            size = (_SIDE, _SIDE)
            pixels = to_pixels(F.interpolate(from_pixels(pixels), size, mode="bilinear", antialias=True))
        found: Tensor = self.lenet(pixels)[0]
        return found


class Pixels(Features):
    """The images themselves, each channel averaged to 8 x 8: no network, so of any image, but a crude eye.

    It sees where it is light and dark and of which colour; it does not see edges or what is shown.

    Example:
        >>> Pixels()(torch.zeros(4, 3, 30, 20, dtype=torch.uint8)).shape
        torch.Size([4, 192])
    """

    def __init__(self) -> None:
        super().__init__("pixels-8x8")

    def forward(self, pixels: Tensor) -> Tensor:
        """Return C * 64 features of each image, in [-1, 1]."""
        return F.adaptive_avg_pool2d(from_pixels(pixels), 8).flatten(1)


class Inception(Features):
    """The 2,048 features of the Inception network by which FID is published, as torch-fidelity has it.

    Grey images are given to it in all three channels. On a CPU it takes about half a second for an image, and FID
    some ten seconds more; take thousands of images, as the covariance of 2,048 features has two million numbers.

    Raises:
        UsageError: If its weights are not on this machine and cannot be fetched.
    """

    def __init__(self) -> None:
        super().__init__(_fidelity.INCEPTION, batch=50)
        try:
            with forked_torch_rng(torch.device("cpu")):
                self.inception = _fidelity.create(self.name, _fidelity.INCEPTION_LAYER)
        except (OSError, RuntimeError) as error:
            reason = " ".join(str(error).split())
            raise UsageError(
                "Parameter `features` should name a network whose weights can be had. Found that those of inception "
                f"cannot be fetched into {torch.hub.get_dir()}/checkpoints: {reason} Check the network, copy the file "
                "there by other means, or choose other features."
            ) from error

    def forward(self, pixels: Tensor) -> Tensor:
        """Return the features of grey or colour images."""
        if pixels.shape[1] not in (1, 3):
            raise ValueError(
                f"Parameter `features` should be made for images of {pixels.shape[1]} channels. Found inception, for "
                "1 or 3. Choose pixels, or name a function of your own."
            )
        found: Tensor = self.inception(pixels.expand(-1, 3, -1, -1))[0]
        return found


class Own(Features):
    """A user's own features.

    Args:
        function: ``images -> features``, floating tensors of shapes (N, C, H, W) in [-1, 1] and (N, F), the same for
            the same images; a module is put into eval mode.
        name: Of the features.

    Example:
        >>> Own(lambda images: images.mean((2, 3)), "colour")(torch.zeros(4, 3, 8, 8, dtype=torch.uint8)).shape
        torch.Size([4, 3])
    """

    def __init__(self, function: Callable[[Tensor], Tensor], name: str) -> None:
        super().__init__(name)
        self.function = function.eval() if isinstance(function, nn.Module) else function

    def forward(self, pixels: Tensor) -> Tensor:
        """Return the features of each image."""
        found = cast(object, self.function(from_pixels(pixels)))
        if not isinstance(found, Tensor) or found.dim() != 2 or len(found) != len(pixels) or found.shape[1] < 2:
            raise ValueError(
                f"Parameter `features` should give a tensor of shape (N, F) for N = {len(pixels)} images, F >= 2. "
                f"Found {structure(found)} from {self.name}. Return a row of numbers for each image, by .flatten(1) "
                "for example."
            )
        return found.float()
