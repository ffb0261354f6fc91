r"""The Gaussian blur of images: along each spatial axis, the weighted mean of what lies around.

.. math:: y = x * w, \qquad w_o \propto \exp\left(-\frac{o^2}{2 \sigma^2}\right), \quad |o| \le 3 \sigma
"""

import math
from contextlib import nullcontext

import torch
from torch import Tensor


def blurred(images: Tensor, sigma: float) -> Tensor:
    """Return blurred images, channel by channel, reflected at their borders; in float32 or float64.

    A kernel wider than the image ends where one reflection does. Images of ones stay ones, bit for bit; any other
    constant stays itself to rounding.

    Args:
        images: Shape ``(N, C, *spatial)``.
        sigma: The standard deviation of the kernel, in pixels.
    """
    full = images if images.dtype == torch.float64 else images.float()
    matrices = {size: _matrix(size, sigma, full) for size in set(full.shape[2:])}
    device = full.device.type
    with torch.autocast(device, enabled=False) if torch.amp.is_autocast_available(device) else nullcontext():
        for axis, size in enumerate(full.shape[2:-1], start=2):
            full = (matrices[size] @ full.flatten(axis + 1)).reshape(full.shape)
        return full @ matrices[full.shape[-1]].T


def _matrix(size: int, sigma: float, like: Tensor) -> Tensor:
    """Return the blur of one axis: in row i, the share of each place in the blurred place i."""
    radius = min(math.ceil(3 * sigma), size - 1)
    kernel = torch.arange(-radius, radius + 1, dtype=like.dtype, device=like.device).div_(sigma).square_()
    kernel = kernel.mul_(-0.5).exp_()
    # Whole multiples of epsilon that sum to one: every partial sum is exact, in whatever order it is taken.
    whole = 1 / torch.finfo(like.dtype).eps
    kernel = kernel.mul_(whole / kernel.sum()).round_()
    kernel[radius] += whole - kernel.sum()
    # The kernel moves on by one place from row to row; what hangs over the borders is folded back.
    width = size + 2 * radius
    rows = like.new_zeros(size, width)
    rows.as_strided((size, 2 * radius + 1), (width + 1, 1)).copy_(kernel.div_(whole))
    rows[:, radius + 1 : 2 * radius + 1] += rows[:, :radius].flip(1)
    rows[:, size - 1 : size + radius - 1] += rows[:, size + radius :].flip(1)
    return rows[:, radius : size + radius]
