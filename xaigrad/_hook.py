"""Hooks on the user's modules that never outlive their owner and never travel."""

import weakref
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any


class WeakHook:
    """A module hook that holds its owner weakly, and copies and pickles as one that does nothing.

    ``nullcontext().__exit__`` takes any arguments and returns ``None``; being of the standard library, it lets a
    pickled discriminator load where xaigrad is not installed.

    Args:
        method: A bound method.
    """

    def __init__(self, method: Callable[..., Any]) -> None:
        self._method = weakref.WeakMethod(method)

    def __call__(self, *args: Any) -> Any:
        """Call the method while its owner lives."""
        method = self._method()
        return None if method is None else method(*args)

    def __reduce__(self) -> tuple[Any, ...]:
        return getattr, (nullcontext(), "__exit__")
