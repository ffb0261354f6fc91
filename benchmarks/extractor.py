"""LeNet: a small classifier of 28 x 28 images, in whose feature space the benchmarks compare real and generated ones.

Distances in the feature spaces of different networks are not comparable: the weights are therefore shipped, and named
by a hash.
"""

import hashlib
import json
from pathlib import Path
from typing import TypedDict

import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor, nn

FEATURES = 84

_WEIGHTS = {"mnist-5k": "mnist", "mnist": "mnist", "fashion-mnist": "fashion-mnist"}


class Training(TypedDict):
    """How weights were made; ``accuracy`` is that on the test split."""

    dataset: str
    accuracy: float
    epochs: int
    seed: int
    torch: str


class LeNet(nn.Module):
    """Two convolutions and three linear layers; the last hidden layer, normalised per image, holds the features.

    Args:
        dropout: The probability of dropping a hidden unit in training.
    """

    def __init__(self, dropout: float = 0.0) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            nn.Conv2d(1, 16, kernel_size=5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 32, kernel_size=5),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
        )
        self.hidden = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(32 * 5 * 5, 128),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(128, FEATURES),
            # Without it the few images of large activations rule KID's cubic kernel: two parts of MNIST's test split
            # were 15,100 apart (x1000) where noise was 400,000 away; with it 0.9 and 2,600.
            nn.LayerNorm(FEATURES, elementwise_affine=False),
            nn.ReLU(),
        )
        self.classify = nn.Linear(FEATURES, 10)

    def features(self, images: Tensor) -> Tensor:
        """Return non-negative features of shape (N, 84) for images of shape (N, 1, 28, 28) in [-1, 1]."""
        features: Tensor = self.hidden(self.convolutions(images))
        return features

    def forward(self, images: Tensor) -> Tensor:
        """Return logits of shape (N, 10) for images of shape (N, 1, 28, 28) in [-1, 1]."""
        logits: Tensor = self.classify(self.features(images))
        return logits


def weights_path(dataset: str) -> Path:
    """Return the file of weights that serves a data set; ``mnist-5k`` and ``mnist`` share one.

    Raises:
        ValueError: If no weights are made for a data set of this name.
    """
    if dataset not in _WEIGHTS:
        raise ValueError(f"Parameter `dataset` should be one of {', '.join(_WEIGHTS)}. Found {dataset!r}.")
    return Path(__file__).parent / "weights" / f"lenet-{_WEIGHTS[dataset]}.safetensors"


def weights_hash(dataset: str) -> str:
    """Return the first eight hexadecimal digits of the SHA-256 of the file of weights."""
    return hashlib.sha256(weights_path(dataset).read_bytes()).hexdigest()[:8]


def weights_training(dataset: str) -> Training:
    """Return how the weights of a data set were made."""
    with safe_open(weights_path(dataset), framework="pt") as file:
        training: Training = json.loads(file.metadata()["training"])
    return training


def load(dataset: str) -> LeNet:
    """Return the trained network of a data set, frozen and in evaluation mode."""
    with torch.device("meta"):  # no numbers are drawn for weights that are about to be replaced
        lenet = LeNet()
    lenet.load_state_dict(load_file(weights_path(dataset)), assign=True)
    lenet.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # Three times as fast on a CPU.
    return lenet.eval().requires_grad_(False)
