import hashlib
import struct
from pathlib import Path

import pytest
import torch

from xaigrad.benchmarks import data, extractor, train_extractor

REACHED = {"mnist-5k": 0.985, "mnist": 0.985, "fashion-mnist": 0.89}


def test_classifies_the_embedded_digits() -> None:
    assert train_extractor.accuracy_of(extractor.load("mnist-5k"), data.load()) >= 0.99


@pytest.mark.parametrize("dataset", data.NAMES)
def test_shipped_weights(dataset: str) -> None:
    path = extractor.weights_path(dataset)
    assert path.stat().st_size < 1_000_000
    assert extractor.weights_hash(dataset) == hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    training = extractor.weights_training(dataset)
    assert training.keys() == extractor.Training.__annotations__.keys()
    assert training["accuracy"] >= REACHED[dataset]


def test_the_two_mnists_share_their_weights() -> None:
    assert extractor.weights_path("mnist-5k") == extractor.weights_path("mnist")
    assert extractor.weights_path("mnist") != extractor.weights_path("fashion-mnist")


@pytest.mark.parametrize("dataset", data.NAMES)
def test_loads_frozen_and_in_evaluation_mode(dataset: str) -> None:
    state = torch.get_rng_state()
    lenet = extractor.load(dataset)
    assert torch.equal(torch.get_rng_state(), state)
    assert not any(module.training for module in lenet.modules())
    assert not any(parameter.requires_grad for parameter in lenet.parameters())
    assert not any(tensor.is_meta for tensor in lenet.state_dict().values())
    images = torch.rand(3, 1, 28, 28) * 2 - 1
    assert lenet(images).shape == (3, 10)
    assert lenet.features(images).shape == (3, extractor.FEATURES)
    assert torch.equal(lenet.classify(lenet.features(images)), lenet(images))


def test_no_weights_of_that_name() -> None:
    with pytest.raises(ValueError, match=r"`dataset` should be one of .*fashion-mnist\. Found 'cifar'"):
        extractor.weights_path("cifar")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Forty images in the layout of torchvision, of which a class is told by the height of a white bar."""
    folder = tmp_path / "MNIST" / "raw"
    folder.mkdir(parents=True)
    labels = torch.arange(40) % 10
    images = torch.zeros(40, 28, 28, dtype=torch.uint8)
    images[torch.arange(40), 4 + 2 * labels] = 255
    for prefix in ("train", "t10k"):
        for kind, magic, values in (("images-idx3", 2051, images), ("labels-idx1", 2049, labels)):
            header = struct.pack(f">{1 + values.dim()}I", magic, *values.shape)
            (folder / f"{prefix}-{kind}-ubyte").write_bytes(header + bytes(values.flatten().tolist()))
    return tmp_path


def test_training_repeats_itself_and_leaves_the_random_state(root: Path, tmp_path: Path) -> None:
    first, second, other = (tmp_path / name for name in ("first", "second", "other"))
    state = torch.get_rng_state()
    accuracies = [
        train_extractor.train("mnist", 1, seed, root, out) for seed, out in ((0, first), (0, second), (1, other))
    ]
    assert torch.equal(torch.get_rng_state(), state)
    assert first.read_bytes() == second.read_bytes() != other.read_bytes()
    assert accuracies[0] == accuracies[1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["MNIST", "first", "other", "second"]


def test_command_prints_the_accuracy(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--data-root", str(root), "--epochs", "1", "--out", str(tmp_path / "new" / "lenet.safetensors")]
    assert train_extractor.main(arguments) == 0
    told = capsys.readouterr().out
    assert told.startswith("mnist: ")
    assert told.endswith("% of the test split\n")
    assert (tmp_path / "new" / "lenet.safetensors").stat().st_size < 1_000_000


def test_command_reports_a_mistake_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train_extractor.main(["--data-root", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
