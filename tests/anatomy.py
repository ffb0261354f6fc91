"""All that a stranger could disturb in a module."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from .loops import bits


def anatomy(module: nn.Module) -> dict[str, Any]:
    """Return every attribute of every submodule, by name and to the bit.

    That covers parameters, their gradients and flags, buffers, modes, hooks, and whatever the module keeps for itself.
    """
    return {
        f"{name}.{key}": describe(value)
        for name, submodule in module.named_modules()
        for key, value in vars(submodule).items()
    }


def describe(value: Any) -> Any:
    if isinstance(value, Tensor):
        gradient = value.grad if value.is_leaf else None
        return id(value), bits(value), value.requires_grad, None if gradient is None else bits(gradient)
    if isinstance(value, Mapping):
        return {key: describe(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [describe(entry) for entry in value]
    return value if isinstance(value, int | float | str | set | None) else id(value)


def hook_count(module: nn.Module) -> int:
    """Return how many hooks of any kind the submodules carry."""
    return sum(
        len(value) for submodule in module.modules() for key, value in vars(submodule).items() if key.endswith("_hooks")
    )
