"""Being loud where a guidance has no part in the training that it was attached to."""

import warnings
from collections.abc import Mapping

_PATIENCE = 10


class Vigilance:
    """Watches the first updates, until one has been guided.

    Attributes:
        calls: How often D has been called.
        judged: Whether it has been called with a sample of the generator that carries a gradient.
        over: Whether there is nothing more to watch for.
    """

    def __init__(self) -> None:
        self.calls = 0
        self.judged = False
        self.over = False
        self._standard = 0

    def updated(self, explanations: int, skipped: Mapping[str, int]) -> None:
        """Take note of an update that was to be guided.

        Raises:
            RuntimeError: At the tenth in a row without D having judged any sample of the generator; where D has, but no
                gradient was guided, a warning says why.
        """
        self.over = explanations > 0
        self._standard += not self.over
        if self._standard < _PATIENCE:
            return
        self._standard, self.over = 0, self.judged
        if not self.judged:
            raise RuntimeError(
                "Parameter `discriminator` should be the module that judges what `generator` makes. Found that "
                f"{_PATIENCE} updates of the generator went by without it: it was called {self.calls} times, never "
                "with a sample of the generator that carries a gradient. Pass the generator first, then the very "
                "module that the loop calls, discriminator(samples), not a copy nor discriminator.forward(samples). "
                "For a function use intercept(). Where the generator is trained without a discriminator at first, "
                "wrap it afterwards, or use paused() or schedule=StartAfter(updates)."
            )
        warnings.warn(
            f"None of {_PATIENCE} updates of the generator was guided; their gradients were left standard by reason "
            f"{dict(skipped)}. A gradient of backward(create_graph=True) is taken for that of a penalty.",
            stacklevel=7,  # The user's own line, from under the hook and the step.
        )
