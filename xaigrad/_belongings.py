"""What the user's own hooks on the discriminator write to."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from types import CellType, FunctionType, MethodType, ModuleType
from typing import Any

from torch import Tensor

_LARGE = 4096
"""The entries of a container that is no collection of features."""


@contextmanager
def kept(hooks: Iterable[Any]) -> Iterator[None]:
    """Give back, on leaving, what hooks reach: features that they collect are those of the user's own calls.

    Reached are the variables and containers of a hook's closure, of its globals by the names that it uses, of its
    arguments and of its owner. Tensors that are written into are not, nor is what a hook calls.

    Example:
        >>> features = []
        >>> hook = lambda module, args, output: features.append(output)
        >>> with kept([hook]):
        ...     hook(None, (), 3)
        >>> features
        []
    """
    before = list(_restorers(hooks))
    try:
        yield
    finally:
        for restore in before:
            restore()


def _restorers(hooks: Iterable[Any]) -> Iterator[Callable[[], None]]:
    pending, seen = list(hooks), set[int]()
    while pending:
        held = pending.pop()
        if id(held) in seen or isinstance(held, Tensor | ModuleType | type):
            continue
        seen.add(id(held))
        match held:
            case partial():
                pending += [held.func, *held.args, *held.keywords.values()]
            case MethodType():
                pending += [held.__func__, held.__self__]
            case FunctionType():
                used = {name: held.__globals__[name] for name in held.__code__.co_names if name in held.__globals__}
                yield partial(held.__globals__.update, used)
                pending += [value for value in used.values() if not callable(value)]
                pending += held.__closure__ or ()
            case CellType():
                yield from _of_cell(held, pending)
            case list() | deque() | set() | dict():
                if len(held) <= _LARGE:
                    yield partial(_refill, held, held.copy())
                    values = held.values() if isinstance(held, dict) else held
                    pending += [value for value in values if isinstance(value, list | deque | set | dict)]
            case _ if hasattr(held, "__dict__"):
                pending.append(vars(held))


def _of_cell(cell: CellType, pending: list[Any]) -> Iterator[Callable[[], None]]:
    try:
        content = cell.cell_contents
    except ValueError:  # It is empty.
        return
    yield partial(setattr, cell, "cell_contents", content)
    pending.append(content)


def _refill(container: Any, content: Any) -> None:
    container.clear()
    (container.extend if isinstance(container, list | deque) else container.update)(content)
