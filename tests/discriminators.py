"""Random discriminators for hypothesis: any blocks in any order, with labels or without, in float64 or float32.

Between the blocks stand adapters from images to sequences to vectors, and a shift and a scale that keep the features of
the order of one.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import torch
from hypothesis import strategies as st
from torch import Tensor, nn

from .blocks import ACTIVATIONS, BLOCKS, Block
from .elementwise import ELEMENTWISE, spellings
from .layers import Shape

SHAPES: list[Shape] = [(5,), (8,), (4, 3), (3, 4, 4), (2, 6, 6), (1, 8, 8), (4, 5, 4)]
CLASSES = 3
ALL = BLOCKS | ACTIVATIONS


@contextmanager
def computing_in(dtype: torch.dtype) -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def to_kind(kind: str, shape: Shape) -> nn.Module:
    """Return what brings features of a shape into those that a block takes."""
    if kind == "any" or (kind, len(shape)) in {("flat", 1), ("sequence", 2)}:
        return nn.Identity()
    if kind == "channels":
        layer = {1: nn.Linear, 2: partial(nn.Conv1d, kernel_size=1), 3: partial(nn.Conv2d, kernel_size=1)}[len(shape)]
        return nn.Identity() if shape[0] >= 3 else layer(shape[0], 4)
    if kind == "image" and len(shape) == 3:
        small = shape[0] <= 6 and min(shape[1:]) >= 4 and max(shape[1:]) <= 8
        return nn.Identity() if small else nn.Sequential(nn.AdaptiveAvgPool2d(5), nn.Conv2d(shape[0], 3, 1))
    if kind == "sequence" and len(shape) == 3:
        return nn.Sequential(nn.AdaptiveAvgPool2d(3), nn.Flatten(2), nn.Linear(9, 5))
    size = int(torch.tensor(shape).prod())
    if kind == "flat":
        return nn.Sequential(nn.Flatten(), nn.Linear(size, 6))
    inner = (4, 3) if kind == "sequence" else (2, 4, 4)
    return nn.Sequential(nn.Flatten(), nn.Linear(size, int(torch.tensor(inner).prod())), nn.Unflatten(1, inner))


class Calibrated(nn.Module):
    """A layer whose outputs have mean 0 and deviation 1 on a probe."""

    def __init__(self, layer: Callable[[Tensor], Tensor], probe: Tensor) -> None:
        super().__init__()
        self.layer = layer
        output = layer(probe.clone()).detach()
        self.scale = 1 / max(float(output.std()), 0.05)
        self.shift = float(output.mean())

    def forward(self, x: Tensor) -> Tensor:
        return (self.layer(x) - self.shift) * self.scale


class Discriminator(nn.Module):
    """Blocks in sequence, and a linear path beside them, so that no attribution vanishes.

    Args:
        shape: The samples' shape, without the batch's dimension.
        rows: How many samples a call has: N, or blocks of N, whose labels are the same.
        names: The blocks.
        conditional: Whether the inner product of the features and an embedding of the labels is added (projection).
        patches: Whether the output is a map of scores.
        seed: The weights.
        dtype: The precision.
    """

    def __init__(
        self,
        shape: Shape,
        rows: int,
        names: list[str],
        conditional: bool = False,
        patches: bool = False,
        seed: int = 0,
        dtype: torch.dtype = torch.float64,
    ) -> None:
        super().__init__()
        self.arguments = (shape, rows, names, conditional, patches, seed, dtype)
        with computing_in(dtype), torch.random.fork_rng(), torch.no_grad():
            torch.manual_seed(seed)
            self._build(torch.randn(8, *shape), names, conditional, patches)
        self.register_buffer("labels", torch.arange(rows) % CLASSES)
        self.mixes = any(ALL[name].mixes for name in names)
        self.eval().requires_grad_(False)

    def _build(self, probe: Tensor, names: list[str], conditional: bool, patches: bool) -> None:
        self.body, features = nn.ModuleList(), probe
        for name in names:
            for layer in self._layers(ALL[name], features):
                self.body.append(layer)
                features = layer(features.clone())
        self.patches = nn.Conv1d(features.shape[1], 1, 1) if patches and features.dim() > 2 else None
        self.head = nn.Linear(features[0].numel(), 1)
        self.skip = nn.Linear(probe[0].numel(), 1)
        self.embedding = nn.Embedding(CLASSES, features[0].numel()) if conditional else None

    @staticmethod
    def _layers(block: Block, features: Tensor) -> list[nn.Module]:
        adapter = to_kind(block.kind, tuple(features.shape[1:]))
        adapted = adapter(features.clone())
        layer = block.make(tuple(adapted.shape[1:]))
        return [adapter, Calibrated(layer.eval() if isinstance(layer, nn.Module) else layer, adapted)]

    def forward(self, samples: Tensor) -> Tensor:
        features = samples
        for layer in self.body:
            features = layer(features)
        direct = self.skip(samples.flatten(1))
        if self.patches is not None:
            return self.patches(features.flatten(2)).squeeze(1) + direct
        scores = self.head(features.flatten(1)) + direct
        if self.embedding is not None:
            chosen = self.embedding(self.labels.repeat(len(samples) // len(self.labels)))
            scores = scores + (features.flatten(1) * chosen).sum(1, keepdim=True) / chosen.shape[1] ** 0.5
        return scores

    def score(self, samples: Tensor) -> Tensor:
        """Return one score per sample, as an explainer asks for it."""
        return self(samples.clone()).flatten(1).sum(1)

    def __repr__(self) -> str:
        return f"Discriminator{self.arguments}"


@dataclass(frozen=True)
class Trial:
    """A discriminator with samples, and K references for each of them in blocks."""

    discriminator: Discriminator
    samples: Tensor
    bank: Tensor
    count: int
    paired: bool

    @property
    def references(self) -> Tensor:
        """One reference per row: row j * N + n is sample n's j-th."""
        if self.paired:
            return self.bank
        return self.bank[: self.count].repeat_interleave(len(self.samples), 0)


activations = st.sampled_from(sorted(ELEMENTWISE)).flatmap(
    lambda name: st.sampled_from([f"{name}: {spelling}" for spelling in sorted(spellings(name))])
)
blocks = st.one_of(st.sampled_from(sorted(BLOCKS)), activations, st.sampled_from(sorted(BLOCKS)))
dtypes = st.sampled_from([torch.float64, torch.float64, torch.float32])


@st.composite
def trials(draw: st.DrawFn, names: st.SearchStrategy[list[str]] | None = None) -> Trial:
    """Random discriminators with samples and references."""
    rows, seed, dtype = draw(st.integers(1, 5)), draw(st.integers(0, 2**16)), draw(dtypes)
    shape = draw(st.sampled_from(SHAPES))
    chosen = draw(names if names is not None else st.lists(blocks, min_size=1, max_size=7))
    rows = max(rows, 1 + any(ALL[name].mixes for name in chosen))
    judge = Discriminator(shape, rows, chosen, draw(st.booleans()), draw(st.booleans()), seed, dtype)
    count = draw(st.sampled_from([1, 3]))
    samples = torch.randn(rows, *shape, dtype=dtype)
    return Trial(judge, samples, torch.randn(count * rows, *shape, dtype=dtype), count, draw(st.booleans()))
