import gzip
import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from xaigrad.benchmarks import data
from xaigrad.benchmarks.errors import UsageError

CLASSES = {"mnist": "MNIST", "fashion-mnist": "FashionMNIST"}
COUNTS = {"train": 20, "t10k": 10}


def idx(values: torch.Tensor) -> bytes:
    header = struct.pack(f">{1 + values.dim()}I", {3: 2051, 1: 2049}[values.dim()], *values.shape)
    return header + bytes(values.flatten().tolist())


def write(root: Path, name: str) -> Path:
    folder = root / CLASSES[name] / "raw"
    folder.mkdir(parents=True)
    generator = torch.Generator().manual_seed(0)
    for prefix, count in COUNTS.items():
        images = torch.randint(0, 256, (count, 28, 28), generator=generator)
        images[0, 0, :2] = torch.tensor([0, 255])
        labels = torch.arange(count) % 9
        (folder / f"{prefix}-images-idx3-ubyte").write_bytes(idx(images))
        (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(idx(labels))
    return folder


@pytest.fixture(autouse=True)
def no_root_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("XAIGRAD_DATA", raising=False)
    monkeypatch.chdir(tmp_path)


def usage_error(*args: object, **kwargs: object) -> str:
    with pytest.raises(UsageError) as error:
        data.load(*args, **kwargs)  # type: ignore[arg-type]
    message = str(error.value)
    assert "\n" not in message
    assert message.endswith((".", "?"))
    return message


def test_the_default_needs_neither_files_nor_network() -> None:
    digits = data.load()
    assert digits.name == "mnist-5k"
    assert digits.images.shape == (5000, 1, 28, 28)
    assert digits.images.dtype == torch.float32
    assert (digits.images.min().item(), digits.images.max().item()) == (-1.0, 1.0)
    assert digits.labels.dtype == torch.int64
    assert digits.labels.bincount().tolist() == [500] * 10


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize(("split", "prefix"), [("train", "train"), ("test", "t10k")])
def test_reads_the_layout_of_torchvision(tmp_path: Path, name: str, split: str, prefix: str) -> None:
    folder = write(tmp_path / "elsewhere", name)
    digits = data.load(name, split=split, root=tmp_path / "elsewhere")
    raw = (folder / f"{prefix}-images-idx3-ubyte").read_bytes()[16:]
    assert data.to_pixels(digits.images).flatten().tolist() == list(raw)
    assert digits.images.shape == (COUNTS[prefix], 1, 28, 28)
    assert (digits.images.min().item(), digits.images.max().item()) == (-1.0, 1.0)
    assert digits.labels.tolist() == [i % 9 for i in range(COUNTS[prefix])]
    assert len(digits) == COUNTS[prefix]


def test_root_is_the_argument_then_the_variable_then_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert data.data_root() == Path("data")
    monkeypatch.setenv("XAIGRAD_DATA", "")
    assert data.data_root() == Path("data")
    monkeypatch.setenv("XAIGRAD_DATA", "~/variable")
    assert data.data_root() == Path.home() / "variable"
    assert data.data_root("argument") == Path("argument")
    write(tmp_path / "data", "mnist")
    monkeypatch.delenv("XAIGRAD_DATA")
    assert len(data.load("mnist")) == COUNTS["train"]


def test_digit_keeps_one_class(tmp_path: Path) -> None:
    write(tmp_path, "mnist")
    everything, sevens = data.load("mnist", root=tmp_path), data.load("mnist", root=tmp_path, digit=7)
    assert sevens.labels.tolist() == [7, 7]
    assert torch.equal(sevens.images, everything.images[everything.labels == 7])
    assert data.load(digit=0).labels.tolist() == [0] * 500


def test_pixels_survive_the_way_there_and_back() -> None:
    pixels = torch.arange(256, dtype=torch.uint8)
    assert torch.equal(data.to_pixels(data.from_pixels(pixels)), pixels)


@pytest.mark.parametrize(("found", "meant"), [("MNIST", "mnist"), ("minst", "mnist"), ("fashion", "fashion-mnist")])
def test_unknown_name_lists_the_names_and_the_closest(found: str, meant: str) -> None:
    assert usage_error(found) == (
        f"Parameter `dataset` should be one of mnist-5k, mnist, fashion-mnist. Found {found!r}. Did you mean {meant!r}?"
    )


def test_name_that_resembles_nothing() -> None:
    assert usage_error("cifar").endswith("Found 'cifar'. Choose one of these.")


def test_wrong_split() -> None:
    assert "should be 'train' or 'test'. Found 'valid'." in usage_error("mnist", split="valid")
    assert "should be 'train' for mnist-5k. Found 'test'. Use the data set 'mnist'." in usage_error(split="test")


@pytest.mark.parametrize("digit", [-1, 10])
def test_digit_out_of_range(digit: int) -> None:
    assert f"should be a whole number from 0 to 9. Found {digit}." in usage_error(digit=digit)


def test_digit_that_is_absent(tmp_path: Path) -> None:
    write(tmp_path, "mnist")
    assert "class in `mnist` (train). Found 9. Choose one of 0, 1, 2, 3, 4, 5, 6, 7, 8." in usage_error(
        "mnist", root=tmp_path, digit=9
    )


def test_missing_folder_says_where_and_three_cures(tmp_path: Path) -> None:
    message = usage_error("fashion-mnist", root=tmp_path)
    assert f"`{tmp_path / 'FashionMNIST' / 'raw'}`. Found no such folder." in message
    for cure in ("--data-root", "XAIGRAD_DATA", "--download"):
        assert cure in message


def test_missing_file_is_named(tmp_path: Path) -> None:
    (write(tmp_path, "mnist") / "t10k-labels-idx1-ubyte").unlink()
    assert "Found no t10k-labels-idx1-ubyte there." in usage_error("mnist", root=tmp_path)


@pytest.mark.parametrize("length", [0, 7, 100])
@pytest.mark.parametrize("file", ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"])
def test_truncated_file_is_named(tmp_path: Path, file: str, length: int) -> None:
    path = write(tmp_path, "mnist") / file
    path.write_bytes(path.read_bytes()[: min(length, path.stat().st_size - 1)])
    message = usage_error("mnist", root=tmp_path)
    assert f"File `{path}` should hold" in message
    assert "It is damaged: delete it, and fetch it anew with --download." in message


def test_damage_of_other_kinds(tmp_path: Path) -> None:
    folder = write(tmp_path, "mnist")
    images, labels = folder / "train-images-idx3-ubyte", folder / "train-labels-idx1-ubyte"
    good = images.read_bytes()
    images.write_bytes(gzip.compress(good))
    assert "should hold images of 28 x 28 pixels in idx format. Found something else." in usage_error(
        "mnist", root=tmp_path
    )
    images.write_bytes(good + b"\0")
    assert f"should hold {len(good)} bytes, as its header says. Found {len(good) + 1}." in usage_error(
        "mnist", root=tmp_path
    )
    images.write_bytes(good)
    labels.write_bytes(idx(torch.full((20,), 10)))
    assert f"File `{labels}` should hold a label from 0 to 9 for each of 20 images." in usage_error(
        "mnist", root=tmp_path
    )
    labels.write_bytes(idx(torch.zeros(19, dtype=torch.long)))
    assert "for each of 20 images" in usage_error("mnist", root=tmp_path)


def test_unreadable_file(tmp_path: Path) -> None:
    images = write(tmp_path, "mnist") / "train-images-idx3-ubyte"
    images.unlink()
    images.mkdir()
    assert f"File `{images}` should be readable." in usage_error("mnist", root=tmp_path)


def test_download_without_network_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("Network is unreachable")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)
    message = usage_error("mnist", root=tmp_path, download=True)
    assert f"should be fetched into `{tmp_path / 'MNIST' / 'raw'}`. Found that this fails:" in message
    assert "Network is unreachable" in message


def test_nothing_is_downloaded_where_the_files_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "mnist")
    monkeypatch.setattr("urllib.request.urlopen", None)
    assert len(data.load("mnist", root=tmp_path, download=True)) == COUNTS["train"]


@pytest.mark.parametrize("already_there", [False, True])
def test_torchvision_can_be_imported_after_the_cure(already_there: bool) -> None:
    before = "torch.library.define('torchvision::nms', '(Tensor dets, Tensor scores, float iou_threshold) -> Tensor')"
    code = f"""
import torch
from xaigrad.benchmarks._torchvision import declare_missing_operators
{before if already_there else ""}
declare_missing_operators()
declare_missing_operators()
import torchvision
declare_missing_operators()
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, env=environment)
