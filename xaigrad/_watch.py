"""Watching the discriminator's own turn, for schedules that depend on how right it is."""

import warnings
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeGuard

import torch
from torch import Tensor, nn

from xaigrad._call import Question
from xaigrad._listening import explained
from xaigrad._verdicts import Verdicts

_PATIENCE = 32
"""Calls with the generator's samples, before the first verdict, until the user is told."""


class Watch:
    """Takes note of D's verdicts in the calls in which D has something to learn, and no other network has.

    Args:
        question: What is asked of D's output.

    Attributes:
        verdicts: What has been noted.
    """

    def __init__(self, question: Question) -> None:
        self.verdicts = Verdicts(question.sign)
        self._question = question
        self._judged: weakref.WeakKeyDictionary[nn.Module, weakref.ref[Tensor]] = weakref.WeakKeyDictionary()
        self._understood = False
        self._patience = _PATIENCE

    def before(self, module: nn.Module, leaves: Sequence[Any], generated: Sequence[int] = ()) -> None:
        """Look at a call of a discriminator, with its flattened arguments and the places of generated ones."""
        self._judged.pop(module, None)  # Of a call that raised.
        if generated:
            self._wait()
            return
        samples = [leaf for leaf in leaves if _is_samples(leaf)]
        learns = any(parameter.requires_grad for parameter in module.parameters())
        if samples and learns and not any(map(_is_learned, samples)):
            # Weakly: the call itself keeps them until it is over.
            self._judged[module] = weakref.ref(next((leaf for leaf in samples if leaf.dim() > 1), samples[0]))

    def after(self, module: nn.Module, output: Any) -> None:
        """Listen for what D's loss teaches it of a call that was noted.

        Raises:
            Exception: If no score can be read there, as :class:`~xaigrad._call.Question` says, nor could be before.
        """
        reference = self._judged.pop(module, None)
        rows = None if reference is None else reference()
        if rows is None:
            return
        with torch.no_grad():
            try:
                scores = self._question.reduce(output, rows.detach())
            except Exception:
                if self._understood:  # An output of another kind, which nobody asked to be explained.
                    return
                raise
        self._understood = True
        # A copy, in memory of its own: the user may write into the output.
        scores = scores.detach().to(torch.float32, copy=True).reshape(-1)
        tensors = explained(output, self._question.target, rows.detach())
        for (tensor, _), listen in zip(tensors, self._listeners(scores, tensors), strict=True):
            tensor.register_hook(listen)  # type: ignore[no-untyped-call]

    def _listeners(
        self, scores: Tensor, tensors: Iterable[tuple[Tensor, Tensor | None]]
    ) -> Iterator[Callable[[Tensor], None]]:
        """Yield a hook for each tensor that the scores are made of; its first gradient tells what the samples were."""
        owner, sign = weakref.ref(self.verdicts), self._question.sign
        noted: list[Tensor] = []

        def listener(slope: Tensor | None, again: bool) -> Callable[[Tensor], None]:
            waiting = [slope]

            def listen(gradient: Tensor) -> None:
                verdicts = owner()
                if torch.is_grad_enabled():  # A penalty's, whose own gradient may come back here.
                    waiting[:] = [] if again else waiting
                elif waiting and verdicts is not None:
                    slope = waiting.pop()
                    changes = gradient.float() if slope is None else gradient.float() * slope
                    if changes.shape[:1] != scores.shape and changes.numel() != len(scores):
                        return  # Nobody can tell which score is whose.
                    rise = -sign * changes.reshape(len(scores), -1).sum(1)
                    if noted:
                        noted[0][1] += rise
                    else:
                        noted.append(verdicts.note(scores, rise))

            return listen

        for tensor, slope in tensors:
            yield listener(slope, hasattr(type(tensor.grad_fn), "_saved_result"))

    def _wait(self) -> None:
        if self._patience > 0 and len(self.verdicts) == 0:
            self._patience -= 1
            if self._patience == 0:
                warnings.warn(
                    f"The schedule depends on the discriminator's verdicts. Found none in {_PATIENCE} calls with the "
                    "generator's samples, which were left standard. In the discriminator's turn detach them, "
                    "discriminator(fake.detach()).",
                    stacklevel=2,
                )


def _is_samples(leaf: Any) -> TypeGuard[Tensor]:
    return isinstance(leaf, Tensor) and leaf.is_floating_point() and leaf.dim() > 0 and leaf.numel() > 0


def _is_learned(samples: Tensor) -> bool:
    """Return whether a network learns through the samples: another generator, or an encoder."""
    pending = [samples.grad_fn]
    seen = set(pending)
    while pending:
        node = pending.pop()
        if node is None:
            continue
        if isinstance(getattr(node, "variable", None), nn.Parameter):
            return True
        following = {later for later, _ in node.next_functions} - seen
        seen |= following
        pending += following
    return False
