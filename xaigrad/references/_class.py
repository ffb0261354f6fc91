"""References of each sample's class: the paper's background selector."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from xaigrad._types import Context
from xaigrad.references._draws import POOL, draw_shared
from xaigrad.references._labels import called_label, check_classifier, classes_of
from xaigrad.references._rows import block_count, check_bank, check_features, placed, taken

_CURE = "Pass for example classes=lambda samples, context: context.args[1], or a classifier."


@dataclass(frozen=True, eq=False)
class ClassReferences:
    """Real samples of the same class as the generated one, drawn afresh at every update (LogicGAN, sections 4.3, 5.4).

    The paper's single-class setting is ``classes=3``, its multi-class setting ``classes=classifier``.

    Args:
        images: Real samples, shape ``(M, ...)``, as in :class:`RandomReferences`.
        labels: Their classes, whole numbers, shape ``(M,)``.
        classes: Which class each generated sample is compared with: a number, for all of them; a classifier, a module
            ``samples -> logits (N, C)`` or classes ``(N,)``, which is asked in eval mode and in isolation, so that
            nothing of it changes; a function ``(samples, context) -> logits or classes``; or ``None``, the label that D
            was called with, whole numbers of shape ``(N,)`` or ``(N, 1)`` or one-hot ``(N, C)``.

    Raises:
        TypeError: If the images or labels are no tensors of their kind, or ``classes`` is none of the above.
        ValueError: If images and labels differ in number, or a class has no image; (when called) if the classes cannot
            be told.

    Example:
        >>> import torch
        >>> from xaigrad.explainers import Context
        >>> images, labels = torch.tensor([[1.0], [2.0], [30.0]]), torch.tensor([0, 0, 3])
        >>> references = ClassReferences(images, labels, classes=lambda samples, context: context.args[1])
        >>> x, y = torch.zeros(3, 1), torch.tensor([3, 0, 3])
        >>> references(x, Context(x, 0, 0, torch.Generator().manual_seed(0), args=(x, y)))
        tensor([[30.],
                [ 1.],
                [30.]])
    """

    images: Tensor = field(repr=False)
    labels: Tensor | Sequence[int] = field(repr=False)
    classes: int | nn.Module | Callable[[Tensor, Context], Tensor] | None = None
    _known: Tensor = field(init=False, repr=False)
    _sizes: Tensor = field(init=False, repr=False)
    _order: Tensor = field(init=False, repr=False)

    def __post_init__(self) -> None:
        check_bank("images", self.images)
        labels = torch.as_tensor(self.labels, device="cpu")
        if labels.is_floating_point() or labels.is_complex():
            raise TypeError(
                f"Parameter `labels` should be whole numbers. Found {labels.dtype}. Pass labels.long(), or for one-hot "
                "rows labels.argmax(1)."
            )
        if labels.shape != (len(self.images),):
            raise ValueError(
                f"Parameter `labels` should be of shape ({len(self.images)},), one for each image. Found the shape "
                f"{tuple(labels.shape)}."
            )
        if isinstance(self.classes, bool) or not isinstance(self.classes, int):
            check_classifier("classes", self.classes, "a class, ", "For example classes=3.")
        known, sizes = torch.unique(labels.long(), return_counts=True)
        # Sorted by class, so that the members of one are a stretch of the order.
        object.__setattr__(self, "_known", known)
        object.__setattr__(self, "_sizes", sizes)
        object.__setattr__(self, "_order", labels.argsort(stable=True))
        if isinstance(self.classes, int):
            self._places(torch.tensor([self.classes], device="cpu"))

    def __eq__(self, other: object) -> bool:
        """Return whether the other draws from the very same tensors; their values are not compared."""
        return isinstance(other, type(self)) and all(
            getattr(self, name) is getattr(other, name) or (name == "classes" and self.classes == other.classes)
            for name in ("images", "labels", "classes")
        )

    def __hash__(self) -> int:
        return hash((type(self), id(self.images), id(self.labels)))

    def __repr__(self) -> str:
        of = type(self.classes).__name__ if isinstance(self.classes, nn.Module) else repr(self.classes)
        return f"ClassReferences({len(self.images)} samples of {len(self._known)} classes, classes={of})"

    def check_samples(self, samples: Tensor) -> None:
        """Raise ``ValueError`` if the samples have another feature shape."""
        check_features(self.images, samples)

    def __call__(self, samples: Tensor, context: Context) -> Tensor:
        """Return one real sample of each sample's class."""
        blocks = block_count(samples, context)
        places = self._places(self._classes(samples[: len(samples) // blocks], context)).repeat(blocks)
        drawn = torch.randint(2**62, places.shape, generator=context.rng, device="cpu") % self._sizes[places]
        return taken(self.images, self._order[self._starts[places] + drawn], samples)

    def share(self, samples: Tensor, count: int, context: Context) -> tuple[Tensor, Tensor]:
        """Return a pool with members of each class that occurs, and which ``count`` of it each sample is compared with.

        The smaller the share of a class in the usual pool, the more samples have to be compared with the same.
        """
        places = self._places(self._classes(samples, context))
        present = torch.unique(places).tolist()
        index = torch.empty(count, len(samples), dtype=torch.long, device="cpu")
        pools: list[Tensor] = []
        for place in present:
            size, start, chosen = int(self._sizes[place]), int(self._starts[place]), places == place
            least = -(-POOL // len(present))
            members, choice = draw_shared(size, count, int(chosen.sum()), context.rng, least)
            index[:, chosen] = choice + sum(map(len, pools))
            pools.append(self._order[start + members])
        return taken(self.images, torch.cat(pools), samples), placed(index, samples)

    @property
    def _starts(self) -> Tensor:
        return self._sizes.cumsum(0) - self._sizes

    def _places(self, classes: Tensor) -> Tensor:
        """Return where each class is among the known ones."""
        places = torch.searchsorted(self._known, classes).clamp_(max=len(self._known) - 1)
        missing = classes[self._known[places] != classes]
        if len(missing):
            raise ValueError(
                "Parameter `labels` should have every class that samples are compared with. Found no image of class "
                f"{int(missing[0])}; the classes are {_listed(self._known.tolist())}. Add images of that class, or map "
                "the classes to the labels' own."
            )
        return places

    def _classes(self, samples: Tensor, context: Context) -> Tensor:
        """Return each sample's class, on the CPU."""
        if isinstance(self.classes, int):
            return torch.full((len(samples),), self.classes, device="cpu")
        if self.classes is None:
            return called_label(samples, context, "classes", _CURE).cpu()
        return classes_of(self.classes, samples, context, "classes").cpu()


def _listed(classes: list[int]) -> str:
    return ", ".join(map(str, classes[:10])) + (", ..." if len(classes) > 10 else "")
