"""Regions on a regular grid: patches of an image, groups of neighbours among flat features."""

from dataclasses import dataclass

import torch
from torch import Tensor

from xaigrad.explainers._regions import as_images, check_shape, flattened


@dataclass(frozen=True)
class Grid:
    r"""Patches of an image, or runs of consecutive features, as regions; the last of a row may be smaller.

    Feature :math:`p` lies in the patch :math:`\lfloor p_d / s_d \rfloor` along each dimension d.

    Args:
        size: A patch's side s, one number for all spatial dimensions or a tuple of one per dimension. ``None``: as many
            patches as make about 49 in all (7 by 7 for images, of 4 by 4 pixels for 28x28), few enough for the
            regressions of :class:`Lime` and :class:`KernelShap`.
        shape: The image's ``(C, H, W)`` where the samples are flat, ``(N, C * H * W)``. ``None``: flat samples are
            divided into runs of consecutive features.

    Returns (when called): The region of each feature, ``(1, 1, *spatial)`` or ``(1, F)``.

    Raises:
        ValueError: If a size is no whole number of at least 1, or does not fit the samples.

    Example:
        >>> import torch
        >>> Grid(2)(torch.zeros(5, 1, 4, 4))
        tensor([[[[0, 0, 1, 1],
                  [0, 0, 1, 1],
                  [2, 2, 3, 3],
                  [2, 2, 3, 3]]]])
        >>> Grid(2)(torch.zeros(5, 6))
        tensor([[0, 0, 1, 1, 2, 2]])
    """

    size: int | tuple[int, ...] | None = None
    shape: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        sizes = self.size if isinstance(self.size, tuple) else (1 if self.size is None else self.size,)
        if not sizes or not all(isinstance(n, int) and not isinstance(n, bool) and n > 0 for n in sizes):
            raise ValueError(
                "Parameter `size` should be a whole number of at least 1, or a tuple of one per spatial dimension. "
                f"Found {self.size!r}. For example 4."
            )
        check_shape(self.shape)

    def __call__(self, samples: Tensor) -> Tensor:
        """Return the region of each feature, the same for all samples."""
        images = as_images(samples, self.shape)
        spatial = images.shape[min(2, images.dim() - 1) :]
        index = torch.zeros((), dtype=torch.int64, device=samples.device)
        for side, size in zip(spatial, self._sizes(spatial), strict=True):
            patch = torch.arange(side, device=samples.device) // size
            index = index[..., None] * -(-side // size) + patch
        return flattened(index.view(*[1] * (images.dim() - len(spatial)), *spatial), images, samples)

    def _sizes(self, spatial: tuple[int, ...]) -> tuple[int, ...]:
        if self.size is None:
            return tuple(-(-side // round(49 ** (1 / len(spatial)))) for side in spatial)
        sizes = self.size if isinstance(self.size, tuple) else (self.size,) * len(spatial)
        if len(sizes) != len(spatial):
            raise ValueError(
                f"Parameter `size` should be one number, or one per spatial dimension of the samples, {len(spatial)}. "
                f"Found {self.size!r}. For flat images say their shape: Grid(size, shape=(C, H, W))."
            )
        return sizes
