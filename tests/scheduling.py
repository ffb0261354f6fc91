"""Families of schedules for hypothesis, and schedules that look at D's verdicts."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from xaigrad.schedules import (
    Adaptive,
    Alternate,
    Constant,
    CosineDecay,
    Every,
    LinearDecay,
    Maximum,
    Piecewise,
    Product,
    Random,
    StartAfter,
    StopAfter,
    Verdicts,
    WarmUp,
)

updates = st.integers(0, 10_000)
counts = st.integers(1, 20)
spans = st.integers(0, 30)
strengths = st.floats(0, 1)

simple: st.SearchStrategy[Any] = st.one_of(
    st.builds(Constant, strengths),
    st.builds(Alternate, counts, spans),
    counts.flatmap(lambda k: st.builds(Every, st.just(k), st.integers(0, k - 1))),
    st.builds(LinearDecay, spans, strengths),
    st.builds(CosineDecay, spans, strengths),
    st.builds(Random, strengths, spans),
)


def _composites(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    parts = inner | strengths
    return st.one_of(
        st.builds(StartAfter, spans, parts),
        st.builds(StopAfter, spans, parts),
        st.builds(WarmUp, spans, parts),
        st.builds(Piecewise, st.dictionaries(spans, parts, min_size=1, max_size=4)),
        st.builds(Product, st.lists(parts, min_size=1, max_size=3)),
        st.builds(Maximum, st.lists(parts, min_size=1, max_size=3)),
    )


schedules = st.recursive(simple, _composites, max_leaves=6)
"""Every schedule whose strength depends on the update alone."""

WRAPPED: dict[str, Callable[[Any], Any]] = {
    "StartAfter": lambda inner: StartAfter(0, inner),
    "StopAfter": lambda inner: StopAfter(100, inner),
    "WarmUp": lambda inner: WarmUp(0, inner),
    "Piecewise": lambda inner: Piecewise({0: inner, 100: 0.5}),
    "Product": lambda inner: Product((1.0, inner)),
    "Maximum": lambda inner: Maximum((inner, 0.0)),
    "operators": lambda inner: (lambda update: 1) * (Constant(0) | inner),
    "all of them": lambda inner: StopAfter(100, WarmUp(0, StartAfter(0, 1.0 * Piecewise({0: inner})))),
}
"""Ways of making a schedule of another one that change nothing of its first hundred updates."""

ADAPTIVE = Adaptive(0.3, 0.9, batches=4, every=3)


@dataclass(frozen=True)
class Reading:
    """Gives a strength, and keeps the verdicts that it was shown."""

    strength: float = 0.0
    seen: list[Verdicts] = field(default_factory=list)

    def __call__(self, update: int, verdicts: Verdicts) -> float:
        self.seen[:] = [verdicts]
        return self.strength
