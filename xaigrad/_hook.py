"""Hooks on the user's modules that never outlive their owner and never travel."""

import weakref
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import torch
from torch.utils.hooks import RemovableHandle


class WeakHook:
    """A module hook that holds its owner weakly, and copies and pickles as one that does nothing.

    ``nullcontext().__exit__`` takes any arguments and returns ``None``; being of the standard library, it lets a
    pickled discriminator load where xaigrad is not installed. A compiler does not look into it: a module that is
    compiled is compiled around it.

    Args:
        method: A bound method.
    """

    def __init__(self, method: Callable[..., Any]) -> None:
        self._method = weak = weakref.WeakMethod(method)

        def call(*args: Any) -> Any:
            living = weak()
            return None if living is None else living(*args)

        # Not on import: it takes a second, which the first optimizer takes anyway.
        self._call: Callable[..., Any] = torch.compiler.disable(call)  # type: ignore[no-untyped-call]

    @property
    def owner(self) -> Any:
        """Whose method it is; ``None`` after its end."""
        return getattr(self._method(), "__self__", None)

    def __call__(self, *args: Any) -> Any:
        """Call the method while its owner lives."""
        return self._call(*args)

    def __reduce__(self) -> tuple[Any, ...]:
        return getattr, (nullcontext(), "__exit__")


def prune(handle: RemovableHandle) -> None:
    """Remove the hooks whose owners are no more from where a new one was put.

    For hooks on all optimizers: an owner's end could come inside a step, which must not lose a hook while it goes
    through them.
    """
    hooks = handle.hooks_dict_ref() or {}
    for key in [key for key, hook in hooks.items() if isinstance(hook, WeakHook) and hook.owner is None]:
        del hooks[key]
