"""A mask of places rather than of colours."""

from dataclasses import dataclass

from torch import Tensor, nn

from xaigrad._images import as_images, checked_shape


@dataclass(frozen=True)
class ChannelMean:
    r"""The mean over the channels of images, the same for each channel, :math:`M'_{cp} = \frac{1}{C} \sum_k M_{kp}`.

    The gradient keeps its direction in colour at every place. Images of one channel and samples without channels,
    ``(N, F)``, are left as they are.

    Args:
        shape: The shape ``(channels, *spatial)`` of a flat sample; ``None`` where samples have it themselves, or have
            no channels.

    Raises:
        ValueError: If the shape is none, or (when called) has another number of features.

    Example:
        >>> import torch
        >>> ChannelMean()(torch.tensor([[[0.0, 1.0], [1.0, 1.0]]]))
        tensor([[[0.5000, 1.0000],
                 [0.5000, 1.0000]]])
    """

    shape: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", checked_shape(self.shape))

    def check_call(self, discriminator: nn.Module | None, samples: Tensor) -> None:
        """Raise ``ValueError`` if the samples have another number of features."""
        self(samples)

    def __call__(self, mask: Tensor) -> Tensor:
        """Return the mean mask, of the mask's shape and dtype."""
        if self.shape is None and mask.dim() < 3:
            return mask
        images = as_images(mask, self.shape)
        if images.shape[1] == 1:
            return mask
        return images.mean(1, keepdim=True).expand_as(images).reshape(mask.shape)
