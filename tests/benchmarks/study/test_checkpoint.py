"""A checkpoint comes back bit by bit, or is refused in one line; a file that cannot be written leaves the old one."""

import errno
import os
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from xaigrad.benchmarks.errors import UsageError
from xaigrad.benchmarks.study import checkpoint

SCALARS = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=5)
TENSORS = st.tuples(
    st.sampled_from([torch.float32, torch.float64, torch.bfloat16, torch.int64, torch.uint8, torch.bool]),
    st.lists(st.integers(0, 3), max_size=3),
).map(lambda found: torch.randint(0, 2, found[1]).to(found[0]))
STATES = st.recursive(
    SCALARS | TENSORS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=3)
    ),
    max_leaves=10,
)


def same(one: Any, other: Any) -> bool:
    if isinstance(one, torch.Tensor):
        return one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return type(one) is type(other) and len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and bool(one == other)


@given(state=STATES)
def test_any_state_comes_back(state: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("state") / "a.safetensors"
    checkpoint.save(path, state)
    assert same(checkpoint.load(path), state)
    assert [found.name for found in path.parent.iterdir()] == ["a.safetensors"]


def test_shared_tensors_come_back_each_on_its_own() -> None:
    whole = torch.arange(12.0).view(3, 4)
    state = {"whole": whole, "part": whole[1], "turned": whole.T, "again": whole}
    found = checkpoint.unpacked(checkpoint.packed(state))
    assert same(found, state)
    assert len({tensor.data_ptr() for tensor in found.values()}) == 4


def test_strides_and_counters_come_back() -> None:
    image = torch.rand(2, 3, 4, 5)
    state = [image.contiguous(memory_format=torch.channels_last), image.permute(3, 0, 2, 1), Counter({3: 2})]
    found = checkpoint.unpacked(checkpoint.packed(state))
    assert same(found, state)
    assert [tensor.stride() for tensor in found[:2]] == [tensor.stride() for tensor in state[:2]]
    assert type(found[2]) is Counter


def test_a_state_with_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(checkpoint.NotKeptError, match="the state holds an object of type "):
        checkpoint.save(tmp_path / "a.safetensors", {"a": object()})


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def flipped(content: bytes) -> bytes:
    return content[:-1] + bytes([content[-1] ^ 1])


def emptied(_: bytes) -> bytes:
    return b""


@pytest.mark.parametrize("damage", [cut, flipped, emptied])
def test_a_damaged_file_is_refused_in_one_line(damage: Callable[[bytes], bytes], tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    checkpoint.save(path, {"weights": torch.ones(100)})
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(UsageError, match=re.escape(f"The checkpoint {path} is damaged")):
        checkpoint.load(path)


def test_a_foreign_file_is_refused(tmp_path: Path) -> None:
    save_file({"a": torch.ones(2)}, tmp_path / "a.safetensors")
    with pytest.raises(UsageError, match="damaged or of another version"):
        checkpoint.load(tmp_path / "a.safetensors")


@pytest.mark.parametrize("step", ["write", "fsync", "replace"])
def test_a_full_disk_leaves_the_old_file(step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.safetensors"
    checkpoint.save(path, 1)

    def full(*_: Any, **__: Any) -> Any:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        if step == "write":
            patched.setattr(Path, "open", full)
        elif step == "fsync":
            patched.setattr(os, "fsync", full)
        else:
            patched.setattr(Path, "replace", full)
        with pytest.raises(UsageError, match=r"No space left on device. What was written before is kept"):
            checkpoint.save(path, 2)
    assert checkpoint.load(path) == 1
    assert [found.name for found in tmp_path.iterdir()] == ["a.safetensors"]
