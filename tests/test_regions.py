"""Regions cover every feature, in the shape of the samples."""

from typing import Any

import pytest
import torch
from torch import Tensor

from xaigrad.explainers._grid import Grid
from xaigrad.explainers._regions import check_regions, partition
from xaigrad.explainers._superpixels import Superpixels


@pytest.mark.parametrize("size", [1, 3, (2, 5), 100])
def test_grid_by_loops(size: int | tuple[int, int]) -> None:
    height, width = size if isinstance(size, tuple) else (size, size)
    (index,) = Grid(size)(torch.zeros(2, 3, 7, 9))
    across = -(-9 // width)
    for row in range(7):
        for column in range(9):
            assert index[0, row, column] == row // height * across + column // width


@pytest.mark.parametrize(
    ("shape", "count"),
    [((784,), 49), ((1, 28, 28), 49), ((3, 64, 64), 49), ((1, 100), 34), ((2, 8, 8, 8), 64), ((3,), 3), ((1, 2, 2), 4)],
)
def test_about_49_regions_by_default(shape: tuple[int, ...], count: int) -> None:
    index = Grid()(torch.zeros(2, *shape))
    assert sorted(set(index.flatten().tolist())) == list(range(count))
    assert torch.broadcast_shapes(index.shape, (2, *shape)) == (2, *shape)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("make", [lambda shape: Grid(4, shape), lambda shape: Superpixels(9, shape=shape)])
def test_flat_samples_of_an_image(make: Any, channels: int) -> None:
    images = torch.rand(2, channels, 8, 8)
    expected = make(None)(images).expand(-1, channels, -1, -1).flatten(1)
    assert torch.equal(make((channels, 8, 8))(images.flatten(1)), expected)
    assert torch.equal(make((channels, 8, 8))(images), make(None)(images))


def test_superpixels_follow_edges() -> None:
    """With little weight on the position, no region crosses from the dark to the light half."""
    images = torch.zeros(2, 1, 8, 9)
    images[0, ..., 5:] = 1
    images[1, ..., :3, :] = 1
    index = Superpixels(9, compactness=0.1)(images)
    for image, regions in zip(images, index, strict=True):
        assert not set(regions[image > 0.5].tolist()) & set(regions[image < 0.5].tolist())


def test_superpixels_of_a_constant_image_are_squares() -> None:
    index = Superpixels(9)(torch.zeros(1, 1, 9, 9))
    assert torch.equal(index, Grid(3)(torch.zeros(1, 1, 9, 9)))


@pytest.mark.parametrize("factor", [1e-3, 1e3])
def test_superpixels_do_not_depend_on_the_scale(factor: float) -> None:
    images = torch.rand(3, 3, 12, 12, dtype=torch.float64)
    assert torch.equal(Superpixels(9)(images * factor), Superpixels(9)(images))


def test_superpixels_are_nearest_to_the_means() -> None:
    """A fixed point of k-means: each pixel's own region has the nearest mean."""
    images = torch.rand(1, 1, 8, 8, dtype=torch.float64)
    index = Superpixels(4, compactness=0.7, iterations=100)(images).flatten()
    low, high = images.min(), images.max()
    place = torch.cartesian_prod(torch.arange(8.0), torch.arange(8.0)).double() * 0.7 / 4
    pixels = torch.cat([(images.view(-1, 1) - low) / (high - low), place], 1)
    means = torch.stack([pixels[index == region].mean(0) for region in range(4)])
    assert torch.equal(torch.stack([(means - pixel).norm(dim=1).argmin() for pixel in pixels]), index)


@pytest.mark.parametrize("shape", [(2, 1, 20), (2, 3, 5, 7), (2, 1, 4, 4, 4), (2, 1, 1, 1)])
def test_superpixels_of_any_shape(shape: tuple[int, ...]) -> None:
    index = Superpixels()(torch.rand(shape))
    assert index.shape == (2, 1, *shape[2:])
    assert index.min() >= 0
    assert index.max() < 64


@pytest.mark.parametrize("index", [torch.tensor([[0, 2, 2]]), torch.tensor([[0, 2, 2], [1, 1, 1]])])
def test_partition(index: Tensor) -> None:
    parts = partition(lambda samples: index, torch.zeros(2, 3))
    assert parts.sizes.tolist() == [[row.count(region) for region in range(3)] for row in index.tolist()]
    values = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    expected = [[values[n, index[n % len(index), i]].item() for i in range(3)] for n in range(2)]
    assert parts.spread(values).tolist() == expected


def test_partition_counts_the_features_of_all_channels() -> None:
    parts = partition(Grid(2), torch.zeros(2, 3, 4, 4))
    assert parts.sizes.tolist() == [[12] * 4]
    assert parts.present.all()


@pytest.mark.parametrize(
    ("index", "found"),
    [(torch.zeros(1, 1, 2, 2), "torch.float32"), (torch.ones(2, 2) > 0, "torch.bool"), ([0, 1], "list")],
)
def test_map_of_another_kind(index: Any, found: str) -> None:
    message = (
        rf"Parameter `regions` should give a tensor of whole numbers, the region of each feature\. Found {found}\."
    )
    with pytest.raises(TypeError, match=message):
        partition(lambda samples: index, torch.zeros(2, 1, 2, 2))


@pytest.mark.parametrize("shape", [(2, 2), (3, 1, 2, 2), (1, 1, 2, 3), (1, 2, 2)])
def test_map_of_another_shape(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"broadcasts to the samples, of shape \(2, 1, 2, 2\)\. Found the shape \("):
        partition(lambda samples: torch.zeros(shape, dtype=torch.int64), torch.zeros(2, 1, 2, 2))


def test_negative_region() -> None:
    with pytest.raises(ValueError, match=r"whole numbers of at least 0\. Found -1\. Number the regions from 0 on"):
        partition(lambda samples: torch.tensor([[0, -1]]), torch.zeros(2, 2))


@pytest.mark.parametrize(("regions", "found"), [(Grid, "Grid"), (4, "4"), (torch.zeros(2), "tensor")])
def test_regions_that_cannot_be_called(regions: object, found: str) -> None:
    with pytest.raises(TypeError, match=rf"Parameter `regions` should be a callable .* Found {found}.*Grid\(4\)"):
        check_regions(regions)


@pytest.mark.parametrize("size", [0, -1, 1.5, True, (), (2, 0), "4"])
def test_size_of_a_patch(size: Any) -> None:
    with pytest.raises(ValueError, match="Parameter `size` should be a whole number of at least 1, or a tuple"):
        Grid(size)


@pytest.mark.parametrize("samples", [torch.zeros(2, 4), torch.zeros(2, 1, 2, 2, 2)])
def test_size_of_another_dimension(samples: Tensor) -> None:
    with pytest.raises(
        ValueError, match=r"one per spatial dimension of the samples, \d\. Found \(2, 2\).*shape=\(C, H"
    ):
        Grid((2, 2))(samples)


@pytest.mark.parametrize("shape", [(784,), [1, 28, 28], 28, (1, 28.0, 28), (0, 1, 1)])
@pytest.mark.parametrize("make", [lambda shape: Grid(shape=shape), lambda shape: Superpixels(shape=shape)])
def test_shape_of_no_image(make: Any, shape: Any) -> None:
    with pytest.raises(ValueError, match=r"Parameter `shape` should be None or a tuple \(C, H, W\).*Found"):
        make(shape)


@pytest.mark.parametrize("regions", [Grid(shape=(1, 3, 3)), Superpixels(shape=(1, 3, 3))])
def test_shape_of_another_image(regions: Any) -> None:
    with pytest.raises(ValueError, match=r"as many features as a sample, 8\. Found \(1, 3, 3\)"):
        regions(torch.zeros(2, 8))


def test_superpixels_of_flat_samples() -> None:
    message = (
        r"Parameter `shape` should say the image's shape of samples of shape \(2, 8\)\. Found None.*or use Grid\(\)"
    )
    with pytest.raises(ValueError, match=message):
        Superpixels()(torch.zeros(2, 8))


@pytest.mark.parametrize("name", ["count", "iterations"])
def test_counts(name: str) -> None:
    with pytest.raises(ValueError, match=rf"Parameter `{name}` should be a whole number of at least 1\. Found 0"):
        Superpixels(**{name: 0})


@pytest.mark.parametrize(("value", "wanted"), [(0.0, "larger than 0"), (-1, "larger than 0"), (float("nan"), "finite")])
def test_compactness(value: float, wanted: str) -> None:
    with pytest.raises(ValueError, match=rf"Parameter `compactness` should be (a )?{wanted}.*Found {value}"):
        Superpixels(compactness=value)
