"""Being loud where a guidance has no part in the training that it was attached to."""

import sys
import warnings
from collections.abc import Mapping

_PATIENCE = 10
_SILENCE = 100
_UNTIL_HERE = 7
"""The frames between a warning and the user's own step: the hooks' and the optimizer's."""


class Vigilance:
    """Watches the first updates, until one has been guided, and for a discriminator that falls silent.

    Attributes:
        calls: How often D has been called.
        judged: Whether it has been called with a sample of the generator that carries a gradient.
        guided: Whether any gradient has been guided.
        others: Whether anything but the generator has been trained since its last update.
    """

    def __init__(self) -> None:
        self.calls = 0
        self.judged = False
        self.guided = False
        self.others = True  # Before the first update, which either network's may be, it cannot be known.
        self._standard = 0
        self._beside_others = 0
        self._silent = 0

    def judges(self) -> None:
        """Take note of a call of D with a sample of the generator."""
        self.judged, self._silent = True, min(self._silent, -1)  # The update of this call is none without.

    def updated(self, skipped: Mapping[str, int]) -> None:
        """Take note of an update that was to be guided.

        A generator that is trained alone at first, and nothing else beside it, waits for its discriminator: of that the
        user is warned. Where something else is trained too, it is another discriminator than the one that was given.

        Raises:
            RuntimeError: At the tenth update, each with others beside it, of which D has judged no sample; where D has
                judged, but no gradient was guided, a warning says why.
        """
        self._silent += 1
        if self.judged and self._silent == _SILENCE:
            self._silent = -sys.maxsize  # Once is enough.
            warnings.warn(
                f"The discriminator has not judged the generator for {_SILENCE} updates, so they were not guided. If "
                "another one has taken over, wrap the generator again: XAIGuidedGenerator(generator.detach(), "
                "new_discriminator). If it is to rest, use paused().",
                stacklevel=_UNTIL_HERE,
            )
        self._standard += not self.guided
        self._beside_others += self.others
        self.others = False
        if self.guided:
            return
        if not self.judged and self._beside_others == _PATIENCE:
            self._standard, self._beside_others, self.others = 0, 0, True
            raise RuntimeError(
                "Parameter `discriminator` should be the module that judges what `generator` makes. Found that "
                f"{_PATIENCE} updates of the generator went by without it: it was called {self.calls} times, never "
                "with a sample of the generator that carries a gradient. Pass the generator first, then the very "
                "module that the loop calls, discriminator(samples), not a copy nor discriminator.forward(samples). "
                "For a function use intercept(). Where the generator is trained without a discriminator at first, "
                "wrap it afterwards, or use paused() or schedule=StartAfter(updates)."
            )
        if self._standard == _PATIENCE:
            why = f"their gradients were left standard by reason {dict(skipped)}" if self.judged else "D was not called"
            warnings.warn(
                f"None of {_PATIENCE} updates of the generator was guided: {why}. Guidance begins with the first "
                "sample that D judges; a gradient of backward(create_graph=True) is taken for a penalty's.",
                stacklevel=_UNTIL_HERE,
            )
