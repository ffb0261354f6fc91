"""Asking the discriminator a question without leaving a trace in it."""

import random
import sys
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from copy import copy, deepcopy
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import checkpoint

from xaigrad._belongings import kept
from xaigrad._hook import WeakHook


def unwrapped(module: nn.Module) -> nn.Module:
    """Return the user's own module inside the wrappers of data parallelism, compilation and Fabric.

    Explaining through a distributed wrapper from inside a backward pass crashes; a compiled module cannot be
    differentiated twice.
    """
    while True:
        if isinstance(module, nn.DataParallel | nn.parallel.DistributedDataParallel):
            module = module.module
        elif isinstance(inner := getattr(module, "_orig_mod", getattr(module, "_forward_module", None)), nn.Module):
            module = inner
        else:
            return module


def forked_torch_rng(device: torch.device) -> AbstractContextManager[None]:
    """Restore the random states of torch on leaving."""
    devices = [] if device.type == "cpu" else [device]
    return torch.random.fork_rng(devices=devices, device_type="cuda" if device.type == "cpu" else device.type)


@contextmanager
def forked_rng(device: torch.device) -> Iterator[None]:
    """Restore the random states of torch, NumPy and Python on leaving."""
    python_state = random.getstate()
    numpy = sys.modules.get("numpy")
    numpy_state = numpy.random.get_state() if numpy else None
    try:
        with forked_torch_rng(device):
            yield
    finally:
        random.setstate(python_state)
        if numpy:
            numpy.random.set_state(numpy_state)


_CONSTANTS = frozenset({bool, int, float, str, type(None)})
_PLAIN = frozenset({dict, list, set, deque, OrderedDict})


def _is_random(value: Any) -> bool:
    numpy = sys.modules.get("numpy")
    kinds = (numpy.random.Generator, numpy.random.RandomState) if numpy else ()
    return isinstance(value, (random.Random, *kinds))


def _private(value: Any) -> Any:
    """Return an attribute for use inside: a copy of what can be written to."""
    if isinstance(value, Tensor):
        return value.detach().clone()
    if type(value) in _PLAIN:  # Several times faster than `copy`, of some hundred containers per explanation.
        copied = value.copy()
        if isinstance(value, dict):
            copied.update((key, _private(entry)) for key, entry in value.items() if type(entry) in _PLAIN)
        elif isinstance(value, list) and any(type(entry) in _PLAIN for entry in value):
            copied[:] = [_private(entry) if type(entry) in _PLAIN else entry for entry in value]
        return copied
    if isinstance(value, torch.Generator):
        return value.clone_state()
    if _is_random(value):
        return deepcopy(value)
    return copy(value) if isinstance(value, dict | list | set | deque) else value


class _Uncheckpointed:
    """A reentrant checkpoint that keeps what it computes: ``autograd.grad`` refuses the other kind."""

    lock = threading.Lock()
    inside = 0
    before: Any = None

    @staticmethod
    def apply(function: Callable[..., Any], preserve_rng_state: bool, *args: Any) -> Any:
        return function(*args)


@contextmanager
def without_reentrant_checkpoints() -> Iterator[None]:
    """Let ``torch.utils.checkpoint(..., use_reentrant=True)`` call its function directly inside the context."""
    with _Uncheckpointed.lock:  # Of several threads the last one out puts it back.
        _Uncheckpointed.inside += 1
        if _Uncheckpointed.inside == 1:
            _Uncheckpointed.before = checkpoint.CheckpointFunction
            checkpoint.CheckpointFunction = _Uncheckpointed  # type: ignore[assignment, misc]
    try:
        yield
    finally:
        with _Uncheckpointed.lock:
            _Uncheckpointed.inside -= 1
            if _Uncheckpointed.inside == 0:
                checkpoint.CheckpointFunction = _Uncheckpointed.before  # type: ignore[misc]


@contextmanager
def isolated(modules: Iterable[nn.Module], device: torch.device, eval_mode: bool) -> Iterator[None]:
    """Let modules be called as often as one likes inside the context; afterwards they are what they were.

    Inside, their buffers are clones, their parameters detached, their containers (hooks, lists, dictionaries)
    copies. On leaving, also by an exception, every attribute of every submodule is what it was (modes, counters,
    weights that spectral norm computed), and so are what the user's own hooks collect and the random states of torch,
    NumPy and Python. The state is swapped rather than passed to ``torch.func.functional_call``, so that it also holds
    for methods other than ``forward`` and for what a checkpointed module recomputes in the backward pass.

    Args:
        modules: The discriminators.
        device: Where their inputs lie.
        eval_mode: Whether to ask in eval mode, without dropout and with BatchNorm's running statistics.
    """
    before = {submodule: submodule.__dict__.copy() for module in modules for submodule in unwrapped(module).modules()}
    clones: dict[Tensor, Tensor] = {}  # A tensor that two submodules share stays shared.
    hooks = [
        hook
        for attributes in before.values()
        for hook in [*attributes["_forward_hooks"].values(), *attributes["_forward_pre_hooks"].values()]
        if not isinstance(hook, WeakHook)
    ]
    with kept(hooks), forked_rng(device), without_reentrant_checkpoints():
        try:
            for submodule, attributes in before.items():
                own = {name: _private(value) for name, value in attributes.items() if type(value) not in _CONSTANTS}
                submodule.__dict__.update(own)
                submodule.__dict__.pop("_compiled_call_impl", None)  # A compiled call cannot be traced or looked into.
                submodule.__dict__["_parameters"] = {
                    name: None if value is None else value.detach() for name, value in attributes["_parameters"].items()
                }
                submodule.__dict__["_buffers"] = {
                    name: None if value is None else clones.setdefault(value, value.clone())
                    for name, value in attributes["_buffers"].items()
                }
                if eval_mode:
                    # A recurrent layer of cuDNN has no gradient in eval mode, and without dropout no need of it.
                    submodule.training = isinstance(submodule, nn.RNNBase) and submodule.dropout == 0
            yield
        finally:
            for submodule, attributes in before.items():
                for name in submodule.__dict__.keys() - attributes.keys():
                    del submodule.__dict__[name]
                submodule.__dict__.update(attributes)
