"""Families of attributions and gradients for hypothesis: shapes of every kind of sample, and values of every habit."""

import torch
from hypothesis import strategies as st
from torch import Tensor

FEATURE_SHAPES = [(1,), (7,), (784,), (1, 5), (3, 4, 4), (2, 3, 2, 2)]


def _tensor(shape: tuple[int, ...], kind: str, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(shape, generator=generator, dtype=torch.float64)
    if kind == "sparse":
        values = values * (torch.rand(shape, generator=generator) < 0.2)
    elif kind == "some samples zero":
        values[::2] = 0
    elif kind == "constant":
        values = torch.full_like(values, float(values.flatten()[0]))
    elif kind == "tiny":
        values = values * 1e-300
    elif kind == "heavy-tailed":
        values = values**15
    return values.to(torch.get_default_device())


KINDS = ["normal", "sparse", "some samples zero", "constant", "tiny", "heavy-tailed"]
shapes = st.builds(lambda rows, features: (rows, *features), st.integers(1, 6), st.sampled_from(FEATURE_SHAPES))
attributions = st.builds(_tensor, shapes, st.sampled_from(KINDS), st.integers(0, 2**32))
"""Shape (N, ...), float64."""

image_shapes = st.builds(
    lambda rows, features: (rows, *features),
    st.integers(1, 6),
    st.sampled_from([(1, 5), (3, 4, 4), (1, 7, 3), (2, 3, 2, 2), (1, 28, 28)]),
)
images = st.builds(_tensor, image_shapes, st.sampled_from(KINDS), st.integers(0, 2**32))
"""Shape (N, C, *spatial), float64."""

strengths = st.floats(0, 1)


@st.composite
def gradients_and_masks(draw: st.DrawFn) -> tuple[Tensor, Tensor]:
    """A gradient and a mask in [0, 1] of the same shape."""
    gradient = draw(attributions)
    mask = _tensor(tuple(gradient.shape), "normal", draw(st.integers(0, 2**32))).sigmoid()
    return gradient, mask
