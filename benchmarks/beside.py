"""What a guidance does for its parts beside calling them: keeping D's output, listening, watching D, harvesting."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from torch import Tensor

from xaigrad._call import DiscriminatorCall
from xaigrad._harvest import Harvest
from xaigrad._watch import Watch
from xaigrad.benchmarks.stopwatch import Stopwatch

_BESIDE = (
    (DiscriminatorCall, "answered"),
    (DiscriminatorCall, "listen"),
    (Watch, "before"),
    (Watch, "after"),
    (Harvest, "made"),
    (Harvest, "before"),
    (Harvest, "after"),
    (Harvest, "real"),
)
"""What a guidance does for parts that look at scores, at the loss's slope, at D's turn, at real samples."""


@contextmanager
def timed_beside(stopwatch: Stopwatch) -> Iterator[None]:
    """Time, inside the context, what guidances do for their parts beside calling them, and the hooks that this puts."""
    inside = False

    def timed(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal inside
            inside = True
            try:
                with stopwatch.running():
                    return function(*args, **kwargs)
            finally:
                inside = False

        return call

    register = Tensor.register_hook

    def registering(tensor: Tensor, hook: Callable[..., Any]) -> Any:
        return register(tensor, timed(hook) if inside else hook)  # type: ignore[no-untyped-call]

    originals = [(owner, name, getattr(owner, name)) for owner, name in _BESIDE]
    try:
        Tensor.register_hook = registering  # type: ignore[method-assign]
        for owner, name, original in originals:
            setattr(owner, name, timed(original))
        yield
    finally:
        Tensor.register_hook = register  # type: ignore[method-assign]
        for owner, name, original in originals:
            setattr(owner, name, original)
