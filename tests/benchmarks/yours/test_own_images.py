"""A user's own images come as tensors, pairs or data sets, in a known range; all else is one line with a cure."""

import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset

from xaigrad.benchmarks.data import Digits, from_pixels
from xaigrad.benchmarks.errors import UsageError
from xaigrad.benchmarks.yours import _images, images

from ...loops import seed_everything

IMAGES = torch.rand(9, 3, 6, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float32) * 2 - 1
PIXELS = torch.randint(256, (9, 3, 6, 5), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
LABELS = torch.arange(9) % 4
pytestmark = pytest.mark.usefixtures("single")


class Items(Dataset[Any]):
    def __init__(self, item: Callable[[int], Any], count: int = 9) -> None:
        self.item, self.count = item, count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> Any:
        return self.item(index)


class Endless(IterableDataset[Tensor]):
    def __iter__(self) -> Iterator[Tensor]:
        yield IMAGES[0]


def found(made: Any, monkeypatch: pytest.MonkeyPatch) -> Digits:
    monkeypatch.setattr(_images, "imported", lambda parameter, text: made)
    return images("folder/mine.py:make")


@pytest.mark.parametrize("function", [False, True])
@pytest.mark.parametrize(
    ("made", "expected", "labels"),
    [
        (IMAGES, IMAGES, None),
        (IMAGES.double(), IMAGES, None),
        (PIXELS, from_pixels(PIXELS), None),
        ((IMAGES, LABELS), IMAGES, LABELS),
        ([PIXELS, LABELS.to(torch.uint8)], from_pixels(PIXELS), LABELS),
        (TensorDataset(IMAGES), IMAGES, None),
        (TensorDataset(IMAGES, LABELS), IMAGES, LABELS),
        (Items(lambda index: PIXELS[index]), from_pixels(PIXELS), None),
        (Items(lambda index: (IMAGES[index], int(LABELS[index]))), IMAGES, LABELS),
    ],
)
def test_what_can_be_returned(
    made: Any, expected: Tensor, labels: Tensor | None, function: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    digits = found((lambda: made) if function else made, monkeypatch)
    assert torch.equal(digits.images, expected)
    assert torch.equal(digits.labels, torch.zeros(9, dtype=torch.int64) if labels is None else labels)
    assert (digits.images.dtype, digits.labels.dtype) == (torch.float32, torch.int64)
    assert digits.name == "mine.py:make"
    assert len(digits) == 9


@pytest.mark.parametrize("draw", [lambda: torch.rand(()), lambda: np.random.rand(), random.random])  # noqa: NPY002
def test_an_augmentation_is_drawn_once_and_from_nobodys_random_numbers(
    draw: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    noisy, found_at = Items(lambda index: (IMAGES[index] + 0.1 * draw()).clamp(-1, 1)), []
    for seed in (1, 2):
        seed_everything(seed)
        found_at.append(found(lambda: noisy, monkeypatch).images)
        after = draw()
        seed_everything(seed)
        assert after == draw()
    assert torch.equal(*found_at)
    assert not torch.equal(found_at[0], IMAGES)


def with_value(value: float) -> Tensor:
    wrong = IMAGES.clone()
    wrong[3, 1, 2, 2] = value
    return wrong


def pictures() -> Any:
    from PIL import Image

    return Items(lambda index: (Image.new("L", (6, 5)), 0))


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (
            (IMAGES + 1) / 2,
            r"Found values from 0\.\d+ to 0\.9\d+ from .* looks like \[0, 1\]: return 2 \* images - 1, or",
        ),
        (PIXELS.float(), r"looks like 0 to 255: return uint8, or images / 127\.5 - 1\."),
        (2 * IMAGES, r"Scale it, by Normalize\(\[0\.5\], \[0\.5\]\) behind ToTensor\(\)"),
        (PIXELS % 2, r"uint8 from 0 to 255\. Found values from 0 to 1 .* return 255 \* images\."),
        (0 * IMAGES, r"All values are the same"),
        (with_value(float("nan")), r"that are finite\. Found NaN"),
        (with_value(float("inf")), r"that are finite\. Found NaN"),
        (PIXELS.long(), r"that are floating or uint8\. Found torch\.int64"),
        (IMAGES[:3], r"at least 4\. Found the shape \(3, 3, 6, 5\) from folder/mine\.py:make\. Take at least 4\."),
        (IMAGES[:, 0], r"Found the shape \(9, 6, 5\) .* images\.unsqueeze\(1\)\."),
        (IMAGES.flatten(1), r"Found the shape \(9, 90\) .* Reshape it\."),
        (IMAGES.permute(0, 2, 3, 1), r"looks like \(N, H, W, C\)\. Return images\.permute\(0, 3, 1, 2\)\."),
        (None, r"Found an object of type NoneType"),
        (np.zeros((9, 3, 6, 5)), r"Return torch\.from_numpy"),
        (DataLoader(TensorDataset(IMAGES)), r"Return the Dataset itself, without the DataLoader\."),
        ((IMAGES, LABELS, LABELS), r"Found a tuple of .* Return a tensor, a pair of tensors, or a torch Dataset\."),
        (
            (IMAGES, LABELS[:5]),
            r"should name labels of shape \(9,\), whole numbers from 0\. Found a tensor of shape \(5,\)",
        ),
        ((IMAGES, LABELS.float()), r"should name labels of shape \(9,\), whole numbers"),
        ((IMAGES, LABELS - 1), r"should name labels of shape \(9,\), whole numbers from 0"),
        (Endless(), r"Found one without a length"),
        (Items(lambda index: IMAGES[index], 0), r"Found an empty one"),
        (Items(lambda index: {"image": IMAGES[index]}), r"Found items that are a dict of .*Let its items be images"),
        (
            Items(lambda index: IMAGES[index, :, : 6 - index % 2]),
            r"RuntimeError when the items .* Images are to be of one shape",
        ),
        (
            Items(lambda index: 1 / 0),
            r"ZeroDivisionError when the first item of .*, at .*test_own_images\.py:\d+: division",
        ),
        (
            lambda: 1 / 0,
            r"ZeroDivisionError when folder/mine\.py:make was called, at .*test_own_images\.py:\d+: division",
        ),
        (
            pictures,
            r"Found items that are a tuple of \[an object of type Image.*ToTensor\(\) and Normalize\(\[",
        ),
    ],
)
def test_what_cannot(made: Any, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        found(made, monkeypatch)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("Parameter `data` should ")


def test_a_torchvision_data_set(monkeypatch: pytest.MonkeyPatch) -> None:
    transforms = pytest.importorskip("torchvision.transforms")
    fake = pytest.importorskip("torchvision.datasets").FakeData(6, (3, 8, 8), 10)
    with pytest.raises(UsageError, match=r"ToTensor\(\)"):
        found(fake, monkeypatch)
    fake.transform = transforms.ToTensor()
    with pytest.raises(UsageError, match=r"looks like \[0, 1\]"):
        found(fake, monkeypatch)
    fake.transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize([0.5], [0.5])])
    digits = found(fake, monkeypatch)
    assert digits.images.shape == (6, 3, 8, 8)
    assert digits.labels.unique().numel() > 1
