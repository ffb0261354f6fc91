"""What a training keeps from one step to the next, read as a state of plain data and put back.

A user's own training holds more than two networks: a list of discriminators, a pool of earlier samples, a count in a
network. A resumed run ends in the bits of one that was not cut off only if all of it is there again, so what cannot be
saved is an error, and never left out.
"""

import functools
import itertools
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from logging import Logger
from operator import setitem
from pathlib import PurePath
from typing import Any

import torch
from torch import Tensor, nn

from xaigrad import XAIGuidedGenerator

Place = tuple[str | int, ...]

_PLAIN = (bool, int, float, str, type(None))
_FIXED = (
    *(type, types.FunctionType, types.MethodType, types.BuiltinFunctionType, types.ModuleType, functools.partial),
    *(torch.dtype, torch.device, torch.Size, Enum, Logger, PurePath),
)


class NotKeptError(TypeError):
    """Something cannot be saved; the message says where it is, and why."""


class Kept:
    """The state of an object and of all that it holds, at any depth.

    Networks, what else has ``state_dict`` and ``load_state_dict``, and torch's generators are asked for theirs; of each
    module in a network plain attributes and buffers that are not persistent are saved besides. Numbers, texts, tensors
    and collections of them are saved as they are. Lists, dictionaries and objects of Python classes are what they hold;
    these, networks and functions have to be the very objects that were there at the beginning. A guided generator is
    its bare one. An owner that has the two methods and is no network answers for all that it holds.

    Args:
        owner: Before its first step.

    Example:
        >>> owner = types.SimpleNamespace(critics=[nn.Linear(2, 1), nn.Linear(2, 1)], pool=[], steps=0)
        >>> kept = Kept(owner)
        >>> state = kept.state_dict()
        >>> owner.pool.append(torch.ones(1))
        >>> owner.steps = 3
        >>> kept.load_state_dict(state)
        >>> owner.pool, owner.steps
        ([], 0)
    """

    def __init__(self, owner: Any) -> None:
        self._owner = owner
        self._begun = dict(_nodes(owner))

    @property
    def networks(self) -> list[nn.Module]:
        """All networks that the owner holds."""
        return [node.value for _, node in _nodes(vars(self._owner)) if node.kind == "network"]

    def state_dict(self) -> dict[Place, Any]:
        """Return the state.

        Raises:
            NotKeptError: If it holds something that cannot be saved, or another object than at the beginning.
        """
        found = dict(_nodes(self._owner))
        gone = next((place for place in self._begun if place not in found), None)
        if gone is not None:
            raise NotKeptError(f"{_named(gone)} is gone")
        state: dict[Place, Any] = {}
        for place, node in found.items():
            same = place in self._begun and self._begun[place].value is node.value
            if node.kind == "unknown":
                raise NotKeptError(f"{_named(place)} is of type {type(node.value).__name__}")
            if node.kind != "data" and not same:
                raise NotKeptError(f"{_named(place)} is another object than at the beginning")
            stays = same and not (type(node.value) is tuple or type(node.value) in _PLAIN)
            if node.kind == "data" and not stays and not self._can_change(place):
                raise NotKeptError(f"{_named(place)} cannot be put back")
            if node.kind in _SAVED:
                state[place] = (stays, _SAVED[node.kind](node.value))
        return state

    def load_state_dict(self, state: Mapping[Place, Any]) -> None:
        """Put a state back, its tensors on the device of the networks."""
        device = next((tensor.device for network in self.networks for tensor in _tensors(network)), torch.device("cpu"))
        for place, (stays, saved) in state.items():
            begun = self._begun.get(place)
            if begun is None or begun.kind == "data":
                saved = _mapped(saved, lambda tensor: tensor.to(device))
            if begun is not None and stays:
                _LOADED[begun.kind](begun.value, saved)
            else:
                holder = self._begun[place[:-1]].value
                put: Callable[[Any, Any, Any], None] = setitem if isinstance(holder, list | dict) else setattr
                put(holder, place[-1], saved)

    def _can_change(self, place: Place) -> bool:
        """Return whether there can be something else, or something at all, in a place."""
        holder = self._begun[place[:-1]].value
        return not isinstance(holder, tuple) and (place in self._begun or not isinstance(holder, list))


@dataclass(frozen=True)
class _Node:
    value: Any
    kind: str


def _nodes(value: Any) -> Iterator[tuple[Place, _Node]]:
    """Walk through an object; what is met again is fixed to be what it was."""
    seen: set[int] = set()

    def walk(value: Any, place: Place, inside: bool) -> Iterator[tuple[Place, _Node]]:
        value = value.bare if isinstance(value, XAIGuidedGenerator) else value
        kind = "fixed" if id(value) in seen else _kind(value, inside)
        yield place, _Node(value, kind)
        if kind != "fixed" and type(value) not in _PLAIN:
            seen.add(id(value))
        if kind == "network":
            seen.update(map(id, _tensors(value)))
        if kind in ("network", "holder"):
            for key, each in _held(value):
                yield from walk(each, (*place, key), isinstance(value, nn.Module))

    yield from walk(value, (), False)


def _kind(value: Any, inside: bool) -> str:
    """Return how something is saved.

    "data": as it is; "weight": as it is, and always put back in its place; "network", "generator" and "own": by its own
    state; "holder": by what it holds; "fixed": not at all, as it does not change; "unknown": it cannot be.
    """
    if _is_data(value):
        return "data"
    if isinstance(value, _FIXED):
        return "fixed"
    if isinstance(value, nn.Module):
        return "holder" if inside else "network"  # The network's state holds that of the modules inside.
    if isinstance(value, Tensor):
        return "weight"
    if isinstance(value, torch.Generator):
        return "generator"
    if hasattr(value, "state_dict") and hasattr(value, "load_state_dict"):
        return "own"
    if type(value) is dict:
        return "holder" if all(isinstance(key, str | int) for key in value) else "unknown"
    return "holder" if type(value) in (list, tuple) or _is_of_python(value) else "unknown"


def _is_data(value: Any) -> bool:
    if isinstance(value, Tensor):
        return not value.requires_grad or not value.is_leaf
    if type(value) in (list, tuple):
        return all(map(_is_data, value))
    if type(value) is dict:
        return all(map(_is_data, itertools.chain.from_iterable(value.items())))
    return type(value) in _PLAIN


def _is_plain(value: Any) -> bool:
    return all(map(_is_plain, value)) if type(value) is tuple else type(value) in _PLAIN


def _is_of_python(value: Any) -> bool:
    """Return whether an object is no more than its attributes: a type of C's, or slots, would take more room."""
    return hasattr(value, "__dict__") and type(value).__basicsize__ <= Kept.__basicsize__


def _held(value: Any) -> Iterator[tuple[str | int, Any]]:
    """Return what a holder or a network holds."""
    if isinstance(value, nn.Module):
        lasting = value.state_dict(keep_vars=True)
        yield from ((name, each) for name, each in vars(value).items() if not name.startswith("_"))
        yield from ((name, each) for name, each in value.named_buffers(recurse=False) if name not in lasting)
        yield from value.named_children()
    elif isinstance(value, list | tuple):
        fixed = isinstance(value, tuple)
        yield from ((number, each) for number, each in enumerate(value) if not (fixed and _is_plain(each)))
    else:
        yield from (value if isinstance(value, dict) else vars(value)).items()


def _tensors(network: nn.Module) -> Iterator[Tensor]:
    """Return the weights and buffers that are in a network's own state."""
    return (each for each in network.state_dict(keep_vars=True).values() if isinstance(each, Tensor))


def _named(place: Place) -> str:
    return ".".join(map(str, place)) or "the training"


def _mapped(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """Return a copy of data with changed tensors."""
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, list | tuple):
        return type(value)(_mapped(each, change) for each in value)
    return {key: _mapped(each, change) for key, each in value.items()} if isinstance(value, dict) else value


def _refill(value: Any, saved: Any) -> None:
    """Change a value that was changed in place, so that whoever else holds it sees that."""
    if isinstance(value, list):
        value[:] = saved
    elif isinstance(value, dict):
        value.clear()
        value.update(saved)
    elif isinstance(value, Tensor):
        with torch.no_grad():
            value.copy_(saved)


_SAVED: dict[str, Callable[[Any], Any]] = {
    "data": lambda value: _mapped(value, Tensor.detach),
    "weight": Tensor.detach,
    "generator": lambda value: value.get_state(),
    "network": lambda value: value.state_dict(),
    "own": lambda value: value.state_dict(),
}
_LOADED: dict[str, Callable[[Any, Any], Any]] = {
    "data": _refill,
    "weight": _refill,
    "generator": lambda value, state: value.set_state(state),
    "network": lambda value, state: value.load_state_dict(state),
    "own": lambda value, state: value.load_state_dict(state),
}
