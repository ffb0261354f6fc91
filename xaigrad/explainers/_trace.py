"""One pass of a discriminator, with DeepLIFT's rules in the place of its nonlinear functions' derivatives.

Functions are intercepted, not modules, so that functional calls, methods, operators, reused modules and in-place
variants are all the same. Composite functions (normalisations, attention ...) are taken apart into elementwise
functions, products, maxima and linear functions.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks
from torch.overrides import TorchFunctionMode

from xaigrad._isolation import forked_torch_rng
from xaigrad._types import Score
from xaigrad.explainers._arguments import flatten
from xaigrad.explainers._completeness import tolerance
from xaigrad.explainers._composites import COMPOSITES
from xaigrad.explainers._convolution import conv2d
from xaigrad.explainers._function_call import Call
from xaigrad.explainers._functions import function_name, is_linear, works_in_place
from xaigrad.explainers._rules import RULES, has_rule
from xaigrad.explainers._steps import COMPARISONS, Steps

_DIVERGED = (
    "The discriminator should call the same functions for samples and references. Found `{found}` where it called "
    "`{before}` before. Explain it with Saliency(exact=True)."
)


class _Nonlinear(torch.autograd.Function):
    """The answer of a call, with the rule in the place of its derivative."""

    @staticmethod
    def forward(ctx: Any, call: Call, changed: Tensor | None, *dependent: Tensor) -> Tensor:
        ctx.call = call
        answer = call.at({}, changed)
        if changed is not None:
            ctx.mark_dirty(changed)
        call.value = answer.detach()  # An alias: the answer itself would hold this node, and the node the answer.
        return answer

    @staticmethod
    def backward(ctx: Any, *multipliers: Tensor) -> tuple[Tensor | None, ...]:
        call: Call = ctx.call
        shares = RULES[call.name](call, multipliers[0])
        if call.inplace is None or call.inplace not in call.slots:
            return None, None, *shares
        return None, *shares  # The tensor that was written into is the first that depends on the samples.


class Trace(TorchFunctionMode):
    """A pass of the discriminator and its nonlinear calls, in order.

    Args:
        score: What is asked.
        rows: The samples, or references.

    Attributes:
        rows: As given.
        scores: Their scores, with the graph.
        calls: The nonlinear calls.
        unknown: The functions that were taken to be linear without being known as such.
        batch_matters: Whether something was computed that has not one row per row of the batch.
    """

    def __init__(self, score: Score, rows: Tensor) -> None:
        super().__init__()
        self.rows = rows.detach()
        self.calls: list[Call] = []
        self.unknown: set[str] = set()
        self.batch_matters = False
        self._steps = Steps()
        self._dtypes = {rows.dtype}
        self._points = rows.detach().requires_grad_()
        # The same random state at every pass: what a dropout or an augmentation draws is then no nonlinearity.
        with forked_torch_rng(rows.device), torch.enable_grad(), self:
            self.scores = score(self._points)

    @property
    def tolerance(self) -> float:
        """The relative error that rounding explains, in the coarsest precision that anything was computed in."""
        return max(tolerance(dtype) for dtype in self._dtypes if dtype.is_floating_point)

    def without_graph(self) -> "Trace":
        """Return the trace itself, freed of what a backward pass would need."""
        self.scores, self._points = self.scores.detach(), self.rows
        return self

    def comparable(self, references: "Trace") -> bool:
        """Return whether each call at the references has one row per reference, to be put beside any sample."""
        pairs = zip(self.calls, references.calls, strict=False)
        return not self.batch_matters and all(
            here.leaves[place].shape[1:] == there.leaves[place].shape[1:]
            and len(there.leaves[place]) == len(references.rows)
            for here, there in pairs
            for place in here.slots
        )

    def multipliers(self, references: "Trace", index: Tensor | None) -> Tensor:
        """Return DeepLIFT's multipliers of the score of each row, or of as many rows as are explained.

        Args:
            references: The same pass at the references; it may be this one, with references among its rows.
            index: The reference of each row that is explained; ``None``: row by row.

        Raises:
            RuntimeError: If the discriminator called other functions there.
        """
        explained, everyone = len(self.rows), index
        if index is not None:
            explained = len(index)  # The other rows are put beside the first, where a difference is no division by 0.
            everyone = torch.cat([index, index.new_zeros(len(self.rows) - explained)])
        for place in range(max(len(self.calls), len(references.calls))):
            before, here = ([*trace.calls[place : place + 1], None][0] for trace in (references, self))
            if before is None or here is None or before.name != here.name:
                names = {"before": before.name if before else "nothing", "found": here.name if here else "nothing"}
                raise RuntimeError(_DIVERGED.format(**names))
            here.compare(before, everyone)
        if not self.scores.requires_grad:
            return torch.zeros_like(self.rows[:explained])
        scores = self.scores if explained == len(self.rows) else self.scores[:explained]
        (found,) = torch.autograd.grad(scores.sum(), self._points, retain_graph=True)
        for here in self.calls:
            here.compare(None, None)  # A call that refers to itself would wait for the garbage collector.
        return found[:explained]

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        name = function_name(func)
        if name == "get":  # An attribute, such as the shape.
            return func(*args, **kwargs)
        leaves, structure = flatten(args, kwargs)
        if self._steps.concern(leaves):
            with self:
                carried = self._steps.carry_on(name, func, leaves, structure)
            if carried is not NotImplemented:
                return carried
            self.unknown.add(name)
        slots = [place for place, leaf in enumerate(leaves) if isinstance(leaf, Tensor) and leaf.requires_grad]
        if not slots:
            return func(*args, **kwargs)
        if name in COMPARISONS:
            truth = func(*args, **kwargs)
            with self:
                return self._steps.remember(truth, args[0] - (args[1] if len(args) > 1 else kwargs["other"]))
        inplace = _inplace(func, args, kwargs, leaves)
        changed = None if inplace is None else leaves[inplace]
        if is_linear(name, args, kwargs, slots):
            return self._linear(conv2d if name == "conv2d" else func, args, kwargs, changed)
        answer = self._composite(name, args, kwargs, slots, changed)
        if answer is not NotImplemented:
            return answer
        if has_rule(name, slots) and torch.is_grad_enabled():
            return self._nonlinear(Call(name, func, leaves, structure, slots, inplace))
        return self._linear(func, args, kwargs, changed, suspect=True)

    def _composite(
        self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], slots: Sequence[int], changed: Tensor | None
    ) -> Any:
        """Return a composite function, taken apart; ``NotImplemented`` where it is none, or an unknown variant."""
        if name not in COMPOSITES or has_rule(name, slots):
            return NotImplemented
        if changed is not None:
            args = (args[0].clone(), *args[1:])  # What it is made of looks back at what it overwrites.
        try:
            with self:
                answer = COMPOSITES[name](*args, **kwargs)
        except (NotImplementedError, TypeError):  # Arguments that it does not know.
            return NotImplemented
        if changed is None:
            return answer
        self._keep(changed)
        return changed.copy_(answer)

    def _nonlinear(self, call: Call) -> Tensor:
        changed = None if call.inplace is None else call.leaves[call.inplace]
        dependent = [call.leaves[place] for place in call.slots if place != call.inplace]
        call.leaves = [leaf.detach() if isinstance(leaf, Tensor) else leaf for leaf in call.leaves]
        if changed is not None:
            self._keep(changed)
            call.leaves = [_kept(leaf, changed) for leaf in call.leaves]
        self.calls.append(call)
        answer: Tensor = _Nonlinear.apply(call, changed, *dependent)  # type: ignore[no-untyped-call]
        self._look(answer)
        return answer

    def _linear(
        self,
        func: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        changed: Tensor | None,
        suspect: bool = False,
    ) -> Any:
        if changed is not None:
            self._keep(changed)
        if _hooked():  # Hooks of our own: a checkpoint's would compute again in the backward pass, untraced.
            with saved_tensors_hooks(Tensor.detach, _itself):
                answer = func(*args, **kwargs)
        else:
            answer = func(*args, **kwargs)
        answers = answer if isinstance(answer, tuple | list) else (answer,)
        for one in answers:
            if isinstance(one, Tensor):
                if suspect:
                    self.unknown.add(function_name(func))
                self._look(one)
        return answer

    def _look(self, answer: Tensor) -> None:
        """Note what an answer says of the pass: its precision, whether its rows are the batch's, whether it depends."""
        self._dtypes.add(answer.dtype)
        if not answer.requires_grad:
            if not torch.is_grad_enabled():
                self.unknown.add("no_grad")
        elif answer.shape[:1] != self.rows.shape[:1]:
            self.batch_matters = True

    def _keep(self, changed: Tensor) -> None:
        """Copy what was recorded of a tensor's memory, which is about to be overwritten."""
        for call in self.calls:
            call.leaves = [_kept(leaf, changed) for leaf in call.leaves]
            call.value = _kept(call.value, changed)


def _kept(leaf: Any, changed: Tensor) -> Any:
    shared = isinstance(leaf, Tensor) and leaf.untyped_storage().data_ptr() == changed.untyped_storage().data_ptr()
    return leaf.clone() if shared else leaf


def _inplace(func: Callable[..., Any], args: Any, kwargs: dict[str, Any], leaves: list[Any]) -> int | None:
    """Return which argument a call writes into, if any."""
    if not works_in_place(func, args, kwargs):
        return None
    return next(place for place, leaf in enumerate(leaves) if isinstance(leaf, Tensor))


def _hooked() -> bool:
    """Return whether saved tensors go through hooks; where PyTorch does not tell, as if they did."""
    top = getattr(torch._C._autograd, "_top_saved_tensors_default_hooks", None)
    return top is None or top(True) is not None


def _itself(tensor: Tensor) -> Tensor:
    return tensor
