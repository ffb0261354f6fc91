"""Guidance for a loop that the user does not own."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from torch import nn

from xaigrad._generator import XAIGuidedGenerator
from xaigrad._guidance import Guidance


@contextmanager
def guide(
    generator: nn.Module,
    discriminator: nn.Module | Iterable[nn.Module],
    guidance: Guidance | None = None,
    **settings: Any,
) -> Iterator[XAIGuidedGenerator]:
    """Guide a generator inside the context, whoever calls it there, and leave both networks as they were found.

    Args:
        generator: As in :class:`XAIGuidedGenerator`.
        discriminator: As in :class:`XAIGuidedGenerator`.
        guidance: As in :class:`XAIGuidedGenerator`.
        **settings: The other keywords of :class:`XAIGuidedGenerator`.

    Yields:
        The guided generator: its counters, and :meth:`~XAIGuidedGenerator.paused`. It need not be called.

    Example:
        >>> from torch import nn, randn
        >>> from xaigrad import guide
        >>> generator, discriminator = nn.Linear(2, 3), nn.Linear(3, 1)
        >>> with guide(generator, discriminator) as guided:
        ...     discriminator(generator(randn(8, 2))).sum().backward()
        >>> guided.explanations
        1
    """
    guided = XAIGuidedGenerator(generator, discriminator, guidance, **settings)
    try:
        yield guided
    finally:
        guided.detach()
