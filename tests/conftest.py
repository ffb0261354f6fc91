"""What every test starts from: the same random states, on the device and in the precision that the environment names.

``XAIGRAD_TEST_DEVICE`` (default ``cpu``) and ``XAIGRAD_TEST_DTYPE`` (default ``float32``) choose them.
"""

import importlib
import importlib.util
import os
from collections.abc import Iterator

import hypothesis
import pytest
import torch

from .loops import seed_everything

DEVICE = os.environ.get("XAIGRAD_TEST_DEVICE", "cpu")
DTYPE = getattr(torch, os.environ.get("XAIGRAD_TEST_DTYPE", "float32"))

if importlib.util.find_spec("xaigrad.benchmarks._torchvision"):  # Before anything imports torchvision.
    from xaigrad.benchmarks._torchvision import declare_missing_operators

    declare_missing_operators()

# The first optimizer, or guidance, would: and what calls it is then kept alive by the import until the next collection.
importlib.import_module("torch._dynamo")

# The tensors are small: a second thread only waits, and for very long where another process has the core.
torch.set_num_threads(1)

hypothesis.settings.register_profile("xaigrad", deadline=None, max_examples=50, derandomize=True, database=None)
hypothesis.settings.load_profile("xaigrad")


@pytest.fixture(autouse=True)
def start() -> Iterator[None]:
    """Seed every test, and make its tensors where and as the environment says."""
    dtype, device = torch.get_default_dtype(), torch.get_default_device()
    torch.set_default_dtype(DTYPE)
    if DEVICE != "cpu":
        torch.set_default_device(DEVICE)
    seed_everything(0)
    yield
    torch.set_default_dtype(dtype)
    if DEVICE != "cpu":
        torch.set_default_device(device)


def computing_in(dtype: torch.dtype) -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    yield
    torch.set_default_dtype(before)


@pytest.fixture
def double() -> Iterator[None]:
    """Compute in float64 inside the test."""
    yield from computing_in(torch.float64)


@pytest.fixture
def single() -> Iterator[None]:
    """Compute in float32 inside the test, whatever the suite runs in."""
    yield from computing_in(torch.float32)
