"""Transforms over the places of images, each against its definition, pixel by pixel."""

import math
import re
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from xaigrad import XAIGuidedGenerator
from xaigrad.explainers import Context
from xaigrad.masks import AbsNormalize, Blur, ChannelMean, Patchwise
from xaigrad.references import BlurredReferences

from .loops import bits, noise, raised_in
from .networks import discriminator, generator
from .plain_images import plainly_blurred, plainly_patched
from .strategies import images

SHAPES = [(1, 9), (2, 5, 8), (1, 1, 6), (2, 3, 4, 5)]


@given(mask=images, sigma=st.floats(0.1, 6))
def test_blur(mask: Tensor, sigma: float) -> None:
    torch.testing.assert_close(Blur(sigma)(mask), plainly_blurred(mask, sigma), rtol=1e-9, atol=1e-9 * mask.abs().max())


@given(mask=images, sigma=st.floats(0.1, 6))
def test_blur_is_the_references_own(mask: Tensor, sigma: float) -> None:
    context = Context(mask, update=0, explanation=0, rng=torch.Generator())
    assert bits(Blur(sigma)(mask)) == bits(BlurredReferences(sigma)(mask, context))


@pytest.mark.parametrize("shape", [(1, 9), (2, 28, 28), (1, 1, 6), (3, 1, 1), (2, 3, 4, 5), (1, 17, 64)])
@pytest.mark.parametrize("sigma", [1e-30, 0.1, 0.7, 1.0, 2.3, 9.0, 1e30])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_blurred_ones_are_ones(shape: tuple[int, ...], sigma: float, dtype: torch.dtype) -> None:
    """To the bit; another constant to rounding."""
    ones = torch.ones(3, *shape, dtype=dtype)
    assert torch.equal(Blur(sigma)(ones), ones)
    torch.testing.assert_close(Blur(sigma)(0.3 * ones), 0.3 * ones)


@given(mask=images, sigma=st.floats(0.1, 6))
def test_blur_is_linear_keeps_the_range_and_commutes_with_flips(mask: Tensor, sigma: float) -> None:
    found = Blur(sigma)(mask)
    close: dict[str, float] = {"rtol": 1e-9, "atol": 1e-12 * float(mask.abs().max())}
    assert found.max() <= mask.max() + close["atol"]
    assert found.min() >= mask.min() - close["atol"]
    torch.testing.assert_close(Blur(sigma)(-3 * mask + 1), -3 * found + 1, rtol=1e-9, atol=1e-12 + 10 * close["atol"])
    for axis in range(2, mask.dim()):
        torch.testing.assert_close(Blur(sigma)(mask.flip(axis)), found.flip(axis), **close)


def test_blur_spreads_one_pixel() -> None:
    mask = torch.zeros(1, 1, 15, 15, dtype=torch.float64)
    mask[..., 7, 7] = 1
    found = Blur(1.5)(mask)[0, 0]
    torch.testing.assert_close(found.sum(), mask.sum())
    assert torch.equal(found, found.T)
    places = torch.arange(15.0, dtype=torch.float64) - 7
    torch.testing.assert_close(
        (found * places**2).sum() / found.sum(), torch.tensor(1.5**2).to(mask), rtol=0.05, atol=0
    )


def test_blur_is_not_computed_coarsely_under_autocast() -> None:
    mask = torch.rand(2, 1, 8, 8)
    expected = Blur(1.0)(mask)
    with torch.autocast(mask.device.type, torch.bfloat16):
        assert torch.equal(Blur(1.0)(mask), expected)


@pytest.mark.parametrize("by", ["mean", "max"])
@given(mask=images, size=st.integers(1, 30))
def test_patchwise(by: Any, mask: Tensor, size: int) -> None:
    found = Patchwise(size, by)(mask)
    torch.testing.assert_close(found, plainly_patched(mask, size, by))
    if by == "max":
        assert torch.equal(found, plainly_patched(mask, size, by))


@pytest.mark.parametrize("by", ["mean", "max"])
@pytest.mark.parametrize(("shape", "size"), [((2, 7, 9), (2, 4)), ((1, 8), (3,)), ((1, 4, 5, 6), (2, 9, 1))])
def test_a_size_for_each_dimension(by: Any, shape: tuple[int, ...], size: tuple[int, ...]) -> None:
    mask = torch.rand(3, *shape, dtype=torch.float64)
    torch.testing.assert_close(Patchwise(size, by)(mask), plainly_patched(mask, size, by))


@given(mask=images)
def test_patches_of_one_and_of_all(mask: Tensor) -> None:
    assert torch.equal(Patchwise(1)(mask), mask)
    everything = mask.flatten(2).mean(2).view(*mask.shape[:2], *[1] * (mask.dim() - 2)).expand_as(mask)
    torch.testing.assert_close(Patchwise(99)(mask), everything)


@pytest.mark.parametrize("size", [2, 3, 5, 7, 11])
def test_patches_of_ones_are_ones(size: int) -> None:
    for dtype in (torch.float32, torch.float64):
        ones = torch.ones(3, 2, 28, 27, dtype=dtype)
        assert torch.equal(Patchwise(size)(ones), ones)


@given(mask=images)
def test_channel_mean(mask: Tensor) -> None:
    expected = sum(mask[:, channel : channel + 1] for channel in range(mask.shape[1])) / mask.shape[1]
    torch.testing.assert_close(ChannelMean()(mask), torch.as_tensor(expected).expand_as(mask))


@pytest.mark.parametrize("shape", [(4,), (4, 784), (4, 1, 5), (4, 1, 3, 3)])
def test_without_channels(shape: tuple[int, ...]) -> None:
    mask = torch.rand(shape)
    assert bits(ChannelMean()(mask)) == bits(mask)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "transform", [Blur(1.0), Patchwise(2), Patchwise(3, by="max"), ChannelMean()], ids=lambda one: type(one).__name__
)
def test_flat_samples(transform: Any, shape: tuple[int, ...]) -> None:
    """With their shape they are what images are."""
    mask = torch.rand(5, *shape, dtype=torch.float64)
    settings = {**vars(transform), "shape": shape}
    flat = type(transform)(**settings)
    assert torch.equal(flat(mask.flatten(1)), transform(mask).flatten(1))
    assert torch.equal(flat(mask), transform(mask))


@pytest.mark.parametrize("transform", [Blur(1.0), Patchwise(2)], ids=str)
@pytest.mark.parametrize("shape", [(4, 784), (4,), (4, 1, 2, 3, 4, 5)])
def test_samples_without_a_spatial_shape(transform: Any, shape: tuple[int, ...]) -> None:
    message = (
        "Parameter `shape` should say the shape of one sample, (channels, *spatial), where samples do not have one to "
        f"three spatial dimensions. Found samples of shape {shape}. For example shape=(1, 28, 28)."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        transform(torch.zeros(shape))


@pytest.mark.parametrize(
    "made", [lambda shape: Blur(1.0, shape), lambda shape: Patchwise(2, "mean", shape), ChannelMean]
)
def test_another_shape(made: Any) -> None:
    message = (
        r"Parameter `shape` should have the samples' number of features, 784\. Found \(1, 27, 28\), which has 756\."
    )
    with pytest.raises(ValueError, match=f"^{message}$"):
        made((1, 27, 28))(torch.zeros(2, 784))
    for shape in ((784,), (1, 2, 3, 4, 5), (1, 0, 28), (1, 2.0)):
        with pytest.raises(ValueError, match=r"Parameter `shape` should be \(channels, \*spatial\).*Found \("):
            made(shape)


def test_a_size_too_many() -> None:
    message = "Parameter `size` should be one number, or one per spatial dimension of the samples, 2. Found (2, 2, 2)."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Patchwise((2, 2, 2))(torch.zeros(3, 1, 4, 4))


@pytest.mark.parametrize(
    "transform", [Blur(1.0), Patchwise(2), ChannelMean((1, 2, 5)), Patchwise((2,), shape=(1, 2, 4))]
)
def test_raised_in_the_user_s_own_line(transform: Any) -> None:
    judge: nn.Module = discriminator()
    guided = XAIGuidedGenerator(generator(), judge, mask=(AbsNormalize(), transform))
    fake = guided(noise())
    with pytest.raises(ValueError, match=r"Parameter `(shape|size)` should") as error:
        judge(fake)  # Here.
    assert raised_in(error.value, __file__, "judge(fake)")


def test_constant_up_to_rounding() -> None:
    mask = torch.full((2, 3, 9, 9), math.pi / 4)
    for transform in (Blur(1.0), Patchwise(4), ChannelMean()):
        torch.testing.assert_close(transform(mask), mask)
