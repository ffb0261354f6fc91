"""DeepLIFT's rescale rule by function interception: one pass over references, one over samples.

The first pass records what every nonlinear function saw at the references. The second replaces the derivative of each
of them by the slope between sample and reference, so that ordinary autograd computes DeepLIFT's multipliers.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from xaigrad.explainers._functions import function_name, is_linear, works_in_place
from xaigrad.explainers._slopes import RULES, Recorded

_DIVERGED = (
    "The discriminator should call the same functions for samples and references. Found `{found}` where it called "
    "`{before}` before. Explain it with Saliency(exact=True)."
)


class _FunctionMode(TorchFunctionMode):
    """Sorts every call of a torch function into nonlinear ones, with a rule, and all others."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        name = function_name(func)
        if name in RULES and args and isinstance(args[0], Tensor) and args[0].is_floating_point():
            return self.nonlinear(name, func, args, kwargs)
        return self.other(name, func, args, kwargs)

    def nonlinear(self, name: str, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        raise NotImplementedError

    def other(self, name: str, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        raise NotImplementedError


class RecordReferences(_FunctionMode):
    """Records the nonlinear calls of a pass, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.tape: list[Recorded] = []

    def nonlinear(self, name: str, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        inputs = args
        if works_in_place(func, args, kwargs):
            inputs = tuple(argument.clone() if isinstance(argument, Tensor) else argument for argument in args)
            self._protect(args[0])
        value = func(*args, **kwargs)
        self.tape.append(Recorded(name, inputs, value))
        return value

    def other(self, name: str, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if args and isinstance(args[0], Tensor) and works_in_place(func, args, kwargs):
            self._protect(args[0])
        return func(*args, **kwargs)

    def _protect(self, changed: Tensor) -> None:
        """Copy what was recorded of a tensor's memory before it is overwritten."""
        memory = changed.untyped_storage().data_ptr()

        def safe(value: Any) -> Any:
            held = isinstance(value, Tensor) and value.untyped_storage().data_ptr() == memory
            return value.clone() if held else value

        self.tape = [Recorded(name, tuple(map(safe, args)), safe(value)) for name, args, value in self.tape]


class _Attach(torch.autograd.Function):
    """A value with the gradient of another tensor."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, surrogate: Tensor) -> Tensor:
        return value.clone()  # The value itself would come out as a view, which no in-place function may follow.

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, Tensor]:
        return None, gradients[0]


class Linearize(_FunctionMode):
    """Gives every nonlinear call of a pass the slope between sample and reference.

    Args:
        tape: The same calls at the references.

    Attributes:
        unknown: The functions that were taken to be linear without being known as such.
    """

    def __init__(self, tape: Sequence[Recorded]) -> None:
        super().__init__()
        self._tape = iter(tape)
        self.unknown: set[str] = set()

    def nonlinear(self, name: str, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        recorded = next(self._tape, None)
        if recorded is None or recorded.name != name:
            raise RuntimeError(_DIVERGED.format(found=name, before=recorded.name if recorded else "nothing"))
        linearized = RULES[name](func, args, kwargs, recorded)
        if linearized is None:
            return func(*args, **kwargs)
        result = _Attach.apply(*linearized)  # type: ignore[no-untyped-call]
        return args[0].copy_(result) if works_in_place(func, args, kwargs) else result

    def finish(self) -> None:
        """Raise ``RuntimeError`` unless every recorded call was met."""
        if (recorded := next(self._tape, None)) is not None:
            raise RuntimeError(_DIVERGED.format(found="nothing", before=recorded.name))

    def other(self, name: str, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        result = func(*args, **kwargs)
        results = result if isinstance(result, tuple | list) else (result,)
        if not is_linear(name, args, kwargs) and any(isinstance(one, Tensor) and one.requires_grad for one in results):
            self.unknown.add(name)
        return result
