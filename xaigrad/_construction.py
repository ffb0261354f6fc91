"""What a guided generator is made of, checked where the user makes it."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from xaigrad._guidance import Guidance


def one_recipe(guidance: Guidance | None, parts: dict[str, Any]) -> Guidance:
    """Return the recipe, given whole or by its parts; ``TypeError`` if both are given."""
    given = {name: part for name, part in parts.items() if part is not None}
    if guidance is None:
        return Guidance(**given)
    if given or not isinstance(guidance, Guidance):
        found = f"also {', '.join(given)}" if given else repr(guidance)
        raise TypeError(
            f"Parameter `guidance` should be a Guidance, without any of its parts beside it. Found {found}. "
            "Pass explainer=..., mask=..., schedule=..., rule=... without it, or dataclasses.replace(guidance, ...)."
        )
    return guidance


def distinct_networks(generator: nn.Module, discriminator: nn.Module | Iterable[nn.Module]) -> list[nn.Module]:
    """Return the discriminators, each once; ``TypeError`` or ``ValueError`` if the networks cannot be guided."""
    discriminators: list[Any] = [discriminator]
    if isinstance(discriminator, nn.ModuleDict):
        discriminators = list(discriminator.values())
    elif isinstance(discriminator, nn.ModuleList) or not isinstance(discriminator, nn.Module | None):
        discriminators = list(discriminator) if isinstance(discriminator, Iterable) else [discriminator]
    for name, network in [("generator", generator), *(("discriminator", module) for module in discriminators)]:
        if not isinstance(network, nn.Module):
            raise TypeError(f"Parameter `{name}` should be an nn.Module. Found {network!r}. Pass the network itself.")
        if name == "discriminator" and isinstance(network, torch.jit.ScriptModule):
            raise TypeError(
                "Parameter `discriminator` should be an nn.Module of Python. Found TorchScript, which cannot be looked "
                "into. Pass the module that it was made from, and script that after the training."
            )
    if not discriminators:
        raise ValueError("Parameter `discriminator` should be at least one nn.Module. Found none. Pass the network.")
    if next(generator.parameters(), None) is None:
        raise ValueError(
            "Parameter `generator` should have parameters to learn. Found none. Pass the network that makes samples."
        )
    if any(generator is module for module in discriminators):
        raise ValueError(
            "Parameter `discriminator` should be another network than `generator`. Found the same. Pass both."
        )
    return list(dict.fromkeys(map(_inside_fabric, discriminators)))


def _inside_fabric(module: nn.Module) -> nn.Module:
    """Return the module that Fabric calls, behind its own conversion of arguments to a lower precision."""
    while type(module).__name__ == "_FabricModule":
        module = module._forward_module  # type: ignore[assignment]
    return module


def check_optimizer(optimizer: Any, generator: nn.Module) -> None:
    """Raise ``TypeError`` or ``ValueError`` unless the optimizer is the generator's, or ``None``."""
    if optimizer is None:
        return
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise TypeError(
            f"Parameter `optimizer` should be a torch.optim.Optimizer. Found {optimizer!r}. Pass the generator's, or "
            "leave it out."
        )
    updated = {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}
    if updated.isdisjoint(map(id, generator.parameters())):
        raise ValueError(
            "Parameter `optimizer` should be the generator's. Found one that updates none of its parameters. Pass the "
            "generator's, or leave it out."
        )
