"""Harvesting: the real samples among all that D is called with, told by what D's loss teaches it about them."""

import contextlib
import warnings
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeGuard

import torch
from torch import Tensor, nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._pytree import tree_leaves

from xaigrad._bank import Bank
from xaigrad._isolation import unwrapped
from xaigrad._listening import changes_of, explained
from xaigrad._types import Target

_PATIENCE = 10
"""Explanations without a real sample, in a row, until the user is told."""


class Harvest:
    """The last samples that each discriminator was taught to score as the generator wants its own to be scored.

    Neither its content nor its graph tells a real batch from a detached fake, but D's own training does: the gradient
    of D's loss pushes the score of a real sample one way, and that of a generated one the other. Which way is which is
    seen where the generator's own turn pushes its samples; until then a real sample is one whose score is to rise.
    Only calls are looked at in which D has something to learn, so no frozen or isolated discriminator's.

    Losses that pull a score back from beyond its aim (least squares) push some fakes the wrong way. So what shares
    memory with something that G returned is never real.

    Args:
        size: How many samples to keep of each discriminator's.
        discriminators: D, or several.
        sign: 1 where they score real samples high, -1 where they score them low.
    """

    def __init__(self, size: int, discriminators: Iterable[nn.Module], sign: int = 1) -> None:
        self._sign = sign
        self._size = size
        # One bank for each generated input of a call.
        self._banks = weakref.WeakKeyDictionary({unwrapped(module): [Bank(size)] for module in discriminators})
        self._calls: weakref.WeakKeyDictionary[nn.Module, list[tuple[Bank, Tensor, bool]]] = weakref.WeakKeyDictionary()
        self._made: set[StorageWeakRef] = set()
        self._prune_at = 64
        self._patience = _PATIENCE

    def made(self, module: nn.Module, args: tuple[Any, ...], output: Any) -> None:
        """Remember what the generator returned, for as long as its memory lives; a forward hook."""
        self._made |= _storages(tree_leaves(output)) - _storages(tree_leaves(args))
        if len(self._made) > self._prune_at:
            self._made = {storage for storage in self._made if not storage.expired()}  # type: ignore[no-untyped-call]
            self._prune_at = 2 * len(self._made) + 64

    def before(self, module: nn.Module, leaves: Sequence[Any], slots: Sequence[int], active: bool) -> None:
        """Note a call of a discriminator, with its flattened arguments and the places of generated ones among them."""
        module = unwrapped(module)
        self._calls.pop(module, None)
        banks = self._banks.get(module)
        if banks is None:  # A replica.
            return
        if slots:
            banks.extend(Bank(self._size) for _ in slots[len(banks) :])
            for bank, slot in zip(banks, slots, strict=False):
                bank.slot = (slot, len(leaves))
            unsure = [(bank, slot) for bank, slot in zip(banks, slots, strict=False) if active and not bank.sure]
            self._calls[module] = [(bank, leaves[slot].detach(), True) for bank, slot in unsure]
        elif any(parameter.requires_grad for parameter in module.parameters()):
            found = [(bank, rows) for bank in banks if (rows := self._real_rows(bank, leaves)) is not None]
            # Clones: an in-place first layer writes into the batch.
            self._calls[module] = [(bank, rows.detach().clone(), False) for bank, rows in found]

    def _real_rows(self, bank: Bank, leaves: Sequence[Any]) -> Tensor | None:
        """Return what stands in a bank's place among D's arguments, unless the generator made it."""
        slot, count = bank.slot
        roles = leaves[slot : slot + 1] if count == len(leaves) else leaves
        rows = next((leaf for leaf in roles if _is_batch(leaf)), None)
        known = rows is not None and (storages := _storages([rows])) and self._made.isdisjoint(storages)
        return rows if known else None

    def after(self, module: nn.Module, output: Any, target: Target | None) -> None:
        """Listen for what D, or the generator, will learn from a call's output."""
        module = unwrapped(module)
        for bank, rows, generated in self._calls.pop(module, ()):
            for tensor, listen in self._listeners(bank, rows, generated, explained(output, target, rows)):
                tensor.register_hook(listen)  # type: ignore[no-untyped-call]

    def _listeners(
        self, bank: Bank, rows: Tensor, generated: bool, explained: list[tuple[Tensor, Tensor | None]]
    ) -> Iterator[tuple[Tensor, Callable[[Tensor], None]]]:
        """Yield what the score is made of, each with a hook that lets the bank learn from its gradient."""
        reference, sign = weakref.ref(bank), self._sign
        # Emptied by the first gradient that arrives, so that no graph keeps the rows, nor is any row kept twice. Of a
        # generated sample the first gradient may be that of D's own loss, where both losses come from one call.
        waiting = [] if generated else [rows]
        penalties: list[bool] = []

        def listener(slope: Tensor | None) -> Callable[[Tensor], None]:
            def listen(gradient: Tensor) -> None:
                owner = reference()
                if torch.is_grad_enabled():
                    penalties.append(True)
                elif owner is not None and (generated or waiting):
                    changes = sign * changes_of(gradient, slope)
                    owner.learn(None if generated else waiting.pop(), changes, penalised=bool(penalties))

            return listen

        for tensor, slope in explained:
            yield tensor, listener(slope)

    def real(self, module: nn.Module | None, samples: Tensor, slot: int = 0) -> Tensor | None:
        """Return the bank for a place in a discriminator's call, if it has samples of that shape.

        Where the discriminator is not known, any bank that fits serves.
        """
        banks = None if module is None else self._banks.get(module)
        if banks is None:
            banks = [bank for known in self._banks.values() for bank in known]
        elif len(banks) > 1:
            banks = [bank for bank in banks if bank.slot[0] == slot]
        found = next((bank.rows for bank in banks if bank.fits(samples)), None)
        if found is not None and self._patience > 0:
            self._patience = _PATIENCE
        elif found is None:
            self._patience -= 1
            if self._patience == 0:
                warnings.warn(
                    f"No real samples could be harvested from the discriminator's calls, {_PATIENCE} times in a row; "
                    "the gradients were left standard. Pass real samples to the explainer, references=real, or say "
                    'real="low" if the discriminator scores them low.',
                    stacklevel=2,
                )
        return found

    def state_dict(self, modules: Iterable[nn.Module | None]) -> list[Any]:
        """Return the banks of the discriminators, in their order."""
        return [
            None if module is None else [bank.state_dict() for bank in self._banks[unwrapped(module)]]
            for module in modules
        ]

    def load_state_dict(self, modules: Iterable[nn.Module | None], state: Sequence[Any]) -> None:
        """Load the banks of the discriminators, in their order."""
        for module, saved in zip(modules, state, strict=False):
            if module is not None and saved is not None:
                self._banks[unwrapped(module)][:] = banks = [Bank(self._size) for _ in saved]
                for bank, one in zip(banks, saved, strict=True):
                    bank.load_state_dict(one)


def _is_batch(leaf: Any) -> TypeGuard[Tensor]:
    return isinstance(leaf, Tensor) and leaf.is_floating_point() and leaf.dim() > 1


def _storages(leaves: Iterable[Any]) -> set[StorageWeakRef]:
    """Return the memory of those leaves that could be samples; tensors of a transform (``torch.vmap``) have none."""
    found = set()
    for leaf in leaves:
        if _is_batch(leaf):
            with contextlib.suppress(RuntimeError, NotImplementedError):
                found.add(StorageWeakRef(leaf.untyped_storage()))  # type: ignore[no-untyped-call]
    return found
