"""Occlusion: how much the score drops where a window of the sample is covered."""

from dataclasses import dataclass
from itertools import product
from typing import Any

import torch
from torch import Tensor

from xaigrad._checks import check_count
from xaigrad._types import Context, Score
from xaigrad.explainers._comparison import Comparing, as_references
from xaigrad.explainers._streaming import accumulator, stream_scores
from xaigrad.references import ZeroReferences


@dataclass(frozen=True)
class Occlusion(Comparing):
    r"""Occlusion (Zeiler & Fergus 2014, arXiv 1311.2901, section 4.2).

    .. math:: A_i = \frac1{|W_i|} \sum_{w \in W_i} \big(D(x) - D(x_{\bar w})\big)

    with :math:`W_i` the windows that cover feature i and :math:`x_{\bar w}` the sample with window w covered. A window
    covers all channels of an image ``(N, C, *spatial)``, or neighbouring features of flat samples ``(N, F)``. The last
    windows are cut off at the edge, so that every feature is covered. One forward pass of D per window.

    Args:
        window: The window's side, one number for all spatial dimensions or a tuple of one per dimension.
        stride: The distance from one window to the next, likewise; ``None``: the window's side, without overlap.
        references: What is seen in a covered window, the reference's content: ``None`` for zeros, a tensor of real
            samples to draw from, or a callable, as in :class:`IntegratedGradients`.
        rows: As in :class:`IntegratedGradients`.

    Raises:
        ValueError: If a setting is out of range; when called, if it does not fit the samples or if D gives no score per
            sample.

    Example:
        >>> import torch
        >>> from xaigrad.explainers import Context
        >>> x = torch.tensor([[1.0, 2.0, 3.0]])
        >>> context = Context(gradient=x, update=0, explanation=0, rng=torch.Generator())
        >>> Occlusion(window=2)(lambda x: x.sum(1), x, context)
        tensor([[3., 3., 3.]])
    """

    window: int | tuple[int, ...] = 4
    stride: int | tuple[int, ...] | None = None
    references: Any = None
    rows: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "references", as_references(self.references, ZeroReferences()))
        _check_sides("window", self.window)
        if self.stride is not None:
            _check_sides("stride", self.stride)
        if self.rows is not None:
            check_count("rows", self.rows, 1)

    def __call__(self, score: Score, samples: Tensor, context: Context) -> Tensor:
        """Return the attribution, constant over channels, broadcasting to the samples."""
        windows = self._windows(samples)
        references = self.references_of(samples, context)

        def write(number: int, out: Tensor) -> None:
            out.copy_(samples)
            if number > 0:
                place = windows[number - 1]
                out[place] = references[place]

        scores = stream_scores(score, samples, len(windows) + 1, write, self.rows)
        drops = (scores[0] - scores[1:]).view(len(windows), len(samples), *[1] * (samples.dim() - 1))
        total = accumulator(samples)
        covering = torch.zeros_like(total[:1])
        for place, drop in zip(windows, drops.to(total.dtype), strict=True):
            total[place] += drop
            covering[place] += 1
        return total.div_(covering)

    def _windows(self, samples: Tensor) -> list[tuple[Any, ...]]:
        """Return the place of each window in the samples."""
        spatial = samples.shape[min(2, samples.dim() - 1) :]
        sides = _per_dimension("window", self.window, len(spatial))
        strides = sides if self.stride is None else _per_dimension("stride", self.stride, len(spatial))
        if any(stride > side for stride, side in zip(strides, sides, strict=True)):
            raise ValueError(
                f"Parameter `stride` should be at most the window's side, {self.window!r}, so that every feature is "
                f"covered. Found {self.stride!r}. With None windows lie side by side."
            )
        starts = (
            range(0, max(length - side, 0) + stride, stride)
            for length, side, stride in zip(spatial, sides, strides, strict=True)
        )
        return [
            (..., *(slice(start, start + side) for start, side in zip(corner, sides, strict=True)))
            for corner in product(*starts)
        ]


def _check_sides(name: str, value: object) -> None:
    sides = value if isinstance(value, tuple) else (value,)
    if not sides or not all(isinstance(n, int) and not isinstance(n, bool) and n > 0 for n in sides):
        raise ValueError(
            f"Parameter `{name}` should be a whole number of at least 1, or a tuple of one per spatial dimension. "
            f"Found {value!r}. For example 4."
        )


def _per_dimension(name: str, value: int | tuple[int, ...], dimensions: int) -> tuple[int, ...]:
    sides = value if isinstance(value, tuple) else (value,) * dimensions
    if len(sides) != dimensions:
        raise ValueError(
            f"Parameter `{name}` should be one number, or one per spatial dimension of the samples, {dimensions}. "
            f"Found {value!r}."
        )
    return sides
