"""Trains the LeNet whose features the benchmarks compare.

Run it as ``python -m xaigrad.benchmarks.train_extractor --dataset mnist --data-root DIR``.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save
from torch import Tensor

from xaigrad.benchmarks import data
from xaigrad.benchmarks.errors import UsageError
from xaigrad.benchmarks.extractor import LeNet, Training, weights_path

_BATCH = 128


def train(
    dataset: str = "mnist", epochs: int = 12, seed: int = 0, root: str | Path | None = None, out: Path | None = None
) -> float:
    """Train on the training split, write the weights of the last epoch and return the accuracy on the test split.

    The same seed gives the same weights on the same machine with the same number of threads. The random state of the
    caller is left as it was.

    Args:
        dataset: ``"mnist"`` or ``"fashion-mnist"``.
        epochs: Passes over the training split.
        seed: Seeds initial weights, order, dropout and shifts.
        root: The folder of the data sets; see ``xaigrad.benchmarks.data.load``.
        out: The file to write; by default the one that the benchmarks read.
    """
    digits, held_out = (data.load(dataset, split=split, root=root) for split in data.SPLITS)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        lenet = _fit(LeNet(dropout=0.2), digits, epochs)
    accuracy = accuracy_of(lenet.eval(), held_out)
    training = Training(dataset=dataset, accuracy=accuracy, epochs=epochs, seed=seed, torch=torch.__version__)
    _write(lenet, out or weights_path(dataset), training)
    return accuracy


@torch.no_grad()
def accuracy_of(lenet: LeNet, digits: data.Digits) -> float:
    """Return the share of images that are put into their class."""
    logits = torch.cat([lenet(images) for images in torch.split(digits.images, 1000)])
    return (logits.argmax(1) == digits.labels).double().mean().item()


def _fit(lenet: LeNet, digits: data.Digits, epochs: int) -> LeNet:
    steps = epochs * -(-len(digits) // _BATCH)
    optimizer = torch.optim.AdamW(lenet.parameters(), weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=3e-3, total_steps=steps)
    for _ in range(epochs):
        for chosen in torch.split(torch.randperm(len(digits)), _BATCH):
            loss = F.cross_entropy(lenet(_shifted(digits.images[chosen])), digits.labels[chosen])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
    return lenet


def _shifted(images: Tensor) -> Tensor:
    """Move the batch by up to two pixels; what enters is background."""
    down, right = torch.randint(0, 5, (2,)).tolist()
    return F.pad(images, (2, 2, 2, 2), value=-1.0)[:, :, down : down + 28, right : right + 28]


def _write(lenet: LeNet, out: Path, training: Training) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        unfinished = Path(folder, out.name)
        # One entry: safetensors writes several in an order of its own, and the file's hash would change with it.
        unfinished.write_bytes(save(lenet.state_dict(), {"training": json.dumps(training)}))
        unfinished.replace(out)


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m xaigrad.benchmarks.train_extractor", description=__doc__)
    parser.add_argument("--dataset", default="mnist", choices=("mnist", "fashion-mnist"))
    parser.add_argument("--data-root", type=Path, help="default: the environment variable XAIGRAD_DATA, or ./data")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="default: the file that the benchmarks read")
    options = parser.parse_args(arguments)
    try:
        accuracy = train(options.dataset, options.epochs, options.seed, options.data_root, options.out)
    except UsageError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"{options.dataset}: {accuracy:.2%} of the test split\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
