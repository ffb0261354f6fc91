"""What the discriminator returned in guided calls: checked at the first of them, kept for parts that look at it."""

import weakref
from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from xaigrad._call import DiscriminatorCall
from xaigrad._guidance import Guidance


class Answers:
    """Hands D's outputs to the guided calls that they answer.

    Args:
        guidance: Whose parts ask.
    """

    def __init__(self, guidance: Guidance) -> None:
        self._guidance = guidance
        self._asks = guidance.asks
        self._slopes = guidance.slopes
        # Weakly: of a call that raises, nothing stays.
        self._calls: weakref.WeakKeyDictionary[nn.Module, list[weakref.ref[DiscriminatorCall]]] = (
            weakref.WeakKeyDictionary()
        )
        self._checked: weakref.WeakSet[nn.Module] = weakref.WeakSet()

    def before(self, module: nn.Module, calls: Iterable[DiscriminatorCall]) -> None:
        """Note the guided inputs of one call of a discriminator."""
        self._calls[module] = [weakref.ref(call) for call in calls]

    def after(self, module: nn.Module, output: Any) -> None:
        """Take what it returned.

        Raises:
            Exception: In the user's own line, at the first guided call, if the output cannot be explained, or what a
                part says of the call in its ``check_call``.
        """
        for reference in self._calls.pop(module, ()):
            if (call := reference()) is not None:
                if self._asks:
                    call.answered(output)
                if self._slopes:
                    call.listen(output)
                if module not in self._checked:
                    self._check(call)
                    self._checked.add(module)

    def _check(self, call: DiscriminatorCall) -> None:
        if self._asks:
            with torch.no_grad():
                call.verdict()
        for part in self._guidance.parts:
            check = getattr(part, "check_call", None)
            if check is not None:
                check(call.discriminator, call.samples)
