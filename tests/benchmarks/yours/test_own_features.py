"""What images are compared by is chosen by a text, and fits the images or says so in one line."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from xaigrad.benchmarks import _fidelity, extractor
from xaigrad.benchmarks.data import Digits, to_pixels
from xaigrad.benchmarks.errors import UsageError
from xaigrad.benchmarks.features import Inception, LeNet, Own, Pixels
from xaigrad.benchmarks.metrics import Evaluator
from xaigrad.benchmarks.yours import _features, features

pytestmark = pytest.mark.usefixtures("single")


def digits(*shape: int, name: str = "mine:make") -> Digits:
    images = torch.rand(12, *shape, generator=torch.Generator().manual_seed(0)) * 2 - 1
    return Digits(images, torch.zeros(12, dtype=torch.int64), name)


@pytest.mark.parametrize(
    ("text", "shape", "name", "weights"),
    [
        (None, (1, 28, 28), "mine:make", "mnist"),
        (None, (1, 28, 28), "fashion-mnist", "fashion-mnist"),
        (None, (1, 32, 32), "mnist-5k", "mnist"),
        ("lenet", (1, 64, 64), "mine:make", "mnist"),
        ("lenet", (1, 28, 28), "fashion-mnist", "fashion-mnist"),
        ("fashion-mnist", (1, 30, 30), "mnist", "fashion-mnist"),
    ],
)
def test_lenet(text: str | None, shape: tuple[int, ...], name: str, weights: str) -> None:
    found = features(text, digits(*shape, name=name))
    assert found.name == f"lenet-{weights}-{extractor.weights_hash(weights)}"


@pytest.mark.parametrize("shape", [(1, 32, 32), (3, 32, 20), (2, 5, 7)])
def test_pixels_are_means_of_every_channel(shape: tuple[int, ...]) -> None:
    images = digits(*shape)
    found = features("pixels", images)
    assert found.name == "pixels-8x8"
    means = found(to_pixels(images.images))
    assert means.shape == (12, 64 * shape[0])
    if shape[1:] == (32, 32):
        expected = images.images.unfold(2, 4, 4).unfold(3, 4, 4).mean((4, 5)).flatten(1)
        torch.testing.assert_close(means, expected, atol=1 / 255, rtol=0)
    scores = Evaluator(images.images, found)(images.images.flip(0))
    assert scores.fid == pytest.approx(0, abs=1e-4)


def test_grey_squares_of_other_sizes_are_resized_on_both_sides() -> None:
    lenet = LeNet("mnist")
    images = digits(1, 32, 32).images
    pixels = to_pixels(images)
    small = to_pixels(F.interpolate(pixels / 127.5 - 1, (28, 28), mode="bilinear", antialias=True))
    assert torch.equal(lenet(pixels), lenet(small))
    exact = digits(1, 28, 28).images
    assert torch.equal(lenet(to_pixels(exact)), _fidelity.create(lenet.name)(to_pixels(exact))[0])
    evaluator = Evaluator(images, "mnist")
    assert evaluator(images).fid == pytest.approx(0, abs=1e-6)
    with pytest.raises(ValueError, match=r"`generated` should be floating images of shape \(N, 1, 32, 32\)"):
        evaluator(exact)


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(75, 5))

    def forward(self, images: Tensor) -> Tensor:
        found: Tensor = self.layers(images)
        return found


def test_functions_and_networks_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    images, network = digits(3, 5, 5), Network()
    seen: list[Tensor] = []
    for function in (network, lambda images: (seen.append(images), images.flatten(2).mean(2).double())[1]):
        monkeypatch.setattr(_features, "imported", lambda parameter, text, made=function: made)
        found = features("mine:embed", images)
        assert (found.name, type(found)) == ("mine:embed", Own)
        assert Evaluator(images.images, found)(images.images).precision == 1
    assert not network.training
    assert all(part.min() >= -1 and part.max() <= 1 for part in seen)
    torch.testing.assert_close(torch.cat(seen[-1:]), images.images, atol=1 / 255, rtol=0)


@pytest.mark.parametrize(
    ("text", "made", "shape", "message"),
    [
        (
            None,
            None,
            (3, 32, 32),
            r"should be chosen for images of shape \(3, 32, 32\)\. Found nothing\. Give --features",
        ),
        (None, None, (1, 32, 32), r"should be chosen for images"),
        (
            "pixel",
            None,
            (1, 28, 28),
            r"should be one of lenet, pixels, inception, .* Found 'pixel'\. Did you mean pixels\?",
        ),
        (
            "lenet",
            None,
            (3, 28, 28),
            r"should be made for images of shape \(3, 28, 28\)\. Found lenet-mnist-.*, \(1, S, S\)",
        ),
        ("mnist", None, (1, 28, 32), r"should be made for images of shape \(1, 28, 32\)"),
        ("mine:f", 3, (1, 28, 28), r"a function of images, or a network\. Found an object of type int"),
        ("mine:f", Network, (1, 28, 28), r"Construct it: features = Network\(\)\."),
        (
            "mine:f",
            lambda x: x,
            (1, 28, 28),
            r"tensor of shape \(N, F\) for N = 4 images, .* Found a tensor of shape \(4, 1,",
        ),
        ("mine:f", lambda x: x.mean((1, 2, 3))[:, None], (1, 28, 28), r"F >= 2\. Found a tensor of shape \(4, 1\)"),
        ("mine:f", lambda x: [1.0] * len(x), (1, 28, 28), r"Found a list"),
        ("mine:f", lambda x: torch.rand(len(x), 5), (1, 28, 28), r"Found others for the same images from mine:f"),
        ("mine:f", lambda x: 0 / x.flatten(1).round(), (1, 28, 28), r"Found values that are not finite"),
        (
            "mine:f",
            lambda x: 1 / 0,
            (1, 28, 28),
            r"ZeroDivisionError when mine:f was called with 4 images, at .*\.py:\d+: div",
        ),
    ],
)
def test_mistakes(
    text: str | None, made: Any, shape: tuple[int, ...], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_features, "imported", lambda parameter, text: made)
    with pytest.raises(UsageError, match=message) as caught:
        features(text, digits(*shape))
    assert str(caught.value).startswith("Parameter `features` should ")
    assert "\n" not in str(caught.value)


def test_inception_without_its_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    from urllib.error import URLError

    def unreachable(*_: Any, **__: Any) -> Any:
        raise URLError("Name or service\nnot known")

    monkeypatch.setattr("torch_fidelity.feature_extractor_inceptionv3.load_state_dict_from_url", unreachable)
    before = torch.get_rng_state()
    with pytest.raises(
        UsageError, match=r"those of inception cannot be fetched into .*checkpoints: .*service not known"
    ):
        features("inception", digits(3, 32, 32))
    assert torch.equal(before, torch.get_rng_state())


class Channels(nn.Module):
    """In the place of the network, which is large."""

    def forward(self, pixels: Tensor) -> tuple[Tensor]:
        assert pixels.shape[1] == 3
        return (pixels.float().flatten(1)[:, :7],)


def test_inception_takes_grey_and_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_fidelity, "create", lambda name, layer: Channels())
    for channels in (1, 3):
        images = digits(channels, 9, 8)
        found = features("inception", images)
        assert (found.name, type(found)) == ("inception-v3-compat", Inception)
        assert Evaluator(images.images, found)(images.images).recall == 1
    with pytest.raises(UsageError, match=r"images of 2 channels\. Found inception, for 1 or 3\."):
        features("inception", digits(2, 9, 8))


def test_features_are_mapped_in_batches_of_their_own() -> None:
    sizes: list[int] = []
    images = digits(1, 6, 6).images
    found = Own(lambda part: (sizes.append(len(part)), part.flatten(1))[1], "mine")
    found.batch = 5
    whole = Evaluator(images, Own(lambda part: part.flatten(1), "mine"))(images * 0.5)
    assert Evaluator(images, found)(images * 0.5) == whole
    assert sizes == [5, 5, 2, 5, 5, 2]
    assert Pixels().batch == LeNet("mnist").batch == 100
