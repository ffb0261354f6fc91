"""The arguments of a function as a flat list and back: ``torch.utils._pytree``, with a short way for flat ones.

This runs at every function call of a traced discriminator, where the general way takes longer than the function.
"""

from typing import Any, TypeAlias

from torch.utils._pytree import TreeSpec, tree_flatten, tree_unflatten

Structure: TypeAlias = tuple[int, tuple[str, ...]] | TreeSpec
"""The number of positional arguments and the names of the others; of nested ones, pytree's."""

_NESTS = frozenset({list, tuple, dict})


def flatten(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[list[Any], Structure]:
    """Return the leaves of arguments, and their structure."""
    leaves = [*args, *kwargs.values()]
    for leaf in leaves:
        if type(leaf) in _NESTS:
            return tree_flatten((args, kwargs))
    return leaves, (len(args), tuple(kwargs))


def unflatten(leaves: list[Any], structure: Structure) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments again."""
    if isinstance(structure, TreeSpec):
        args, kwargs = tree_unflatten(leaves, structure)
        return args, kwargs
    count, names = structure
    return tuple(leaves[:count]), dict(zip(names, leaves[count:], strict=True))
