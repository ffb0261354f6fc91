"""One call of the discriminator, to be asked again of other samples."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import TreeSpec, tree_flatten, tree_leaves, tree_unflatten

from xaigrad._checks import check_choice, structure
from xaigrad._isolation import isolated, unwrapped
from xaigrad._listening import changes_of, explained
from xaigrad._types import Score, Target


@dataclass(frozen=True)
class Question:
    """What explainers are to ask about D, as the user says it.

    Args:
        target: What to explain of D's output; ``None``: the sum over all but the batch.
        eval_mode: Whether to ask in eval mode.
        real: Whether D scores real samples ``"high"`` or ``"low"``.

    Raises:
        TypeError: If the target cannot be called.
        ValueError: If ``real`` is something else.
    """

    target: Target | None = None
    eval_mode: bool = True
    real: str = "high"

    def __post_init__(self) -> None:
        check_choice("real", self.real, ("high", "low"))
        if self.target is not None and not callable(self.target):
            raise TypeError(
                "Parameter `target` should be a callable (output, samples) -> what to explain. Found "
                f"{self.target!r}. For example target=lambda output, samples: output[0]."
            )

    @property
    def sign(self) -> int:
        """What D's score is multiplied by to be high for real samples."""
        return 1 if self.real == "high" else -1

    def reduce(self, output: Any, samples: Tensor) -> Tensor:
        """Return one score per row of the discriminator's output, high for real samples.

        Raises:
            TypeError: If what to explain is no floating tensor.
            ValueError: If the output is as large as the samples, so that it could be a map of scores or an image; if a
                target's rows are neither the samples' nor those of anything that D returned.
        """
        target = self.target
        explained = output if target is None else target(output, samples)
        if not isinstance(explained, Tensor) or not explained.is_floating_point():
            found = "the discriminator returned" if target is None else "it returned"
            raise TypeError(
                f"Parameter `target` should pick one floating tensor of the discriminator's output. Found that {found} "
                f"{structure(explained)}. For example target=lambda output, samples: output[0]."
            )
        if target is None and explained.shape == samples.shape and explained[0].numel() > 1:
            raise ValueError(
                "Parameter `target` should say what to explain of an output of the samples' own shape. Found "
                f"{structure(explained)}: an image or a map of scores. For a map of scores (U-Net discriminator) pass "
                "target=lambda output, samples: output; for a reconstruction (energy-based discriminator) "
                'target=lambda output, samples: (output - samples).square() and real="low".'
            )
        if target is not None and _rows(explained) not in {len(samples), *map(_rows, tree_leaves(output))}:
            raise ValueError(
                f"Parameter `target` should give one row per sample, {len(samples)} of them. Found "
                f"{structure(explained)} from {structure(output)}. Keep the batch: of a tensor, output[:, 0] is a "
                "column and output[0] the first sample's row alone."
            )
        score = explained if explained.dim() < 2 else explained.flatten(1).sum(1)
        return score if self.sign > 0 else -score


class DiscriminatorCall:
    """One call of the discriminator by the user, with a slot for the samples.

    The other arguments (labels, a condition image) are held as they were; tensors of one row per sample are tiled
    where several rows per sample are asked.

    Args:
        function: The discriminator, or what asks it.
        leaves: The flattened arguments, detached.
        spec: Their structure.
        slot: The place of the samples among them.
        question: What to ask about.

    Attributes:
        discriminator: The module that is asked, without wrappers; ``None`` for a function.
        question: As given.
        samples: What stands in the slot.
        slot: As given.
        changes: How the user's loss changes with each score, once that is known.
    """

    def __init__(
        self, function: Callable[..., Any], leaves: list[Any], spec: TreeSpec, slot: int, question: Question
    ) -> None:
        self.discriminator = unwrapped(function) if isinstance(function, nn.Module) else None
        self._function = self.discriminator or function
        self._leaves = leaves
        self._spec = spec
        self.slot = slot
        self.question = question
        self.samples: Tensor = leaves[slot]
        self.changes: Tensor | None = None
        self._output: tuple[Any, list[int]] | None = None
        device = self.samples.device.type
        self._autocast = (device, torch.get_autocast_dtype(device), torch.is_autocast_enabled(device))

    def answered(self, output: Any) -> None:
        """Keep what the discriminator returned to the user, without its graph."""
        leaves, spec = tree_flatten(output)
        leaves = [without_graph(leaf) for leaf in leaves]
        self._output = tree_unflatten(leaves, spec), _versions(leaves)

    def listen(self, output: Any) -> None:
        """Take note, in the backward pass, of how the user's loss changes with each score."""
        for tensor, slope in explained(output, self.question.target, self.samples)[:1]:
            tensor.register_hook(partial(self._hear, slope))  # type: ignore[no-untyped-call]

    def _hear(self, slope: Tensor | None, gradient: Tensor) -> None:
        if not torch.is_grad_enabled():  # Or it is a penalty's.
            self.changes = self.question.sign * changes_of(gradient.detach(), slope)

    def verdict(self) -> Tensor | None:
        """Return the scores in the user's own call; ``None`` if they are not known, or were written into since."""
        if self._output is None or _versions(tree_leaves(self._output[0])) != self._output[1]:
            return None
        return self.question.reduce(self._output[0], self.samples)

    def arguments(self, samples: Tensor) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the call's arguments with other samples in their place."""
        rows, tiles = len(self.samples), len(samples) // max(len(self.samples), 1)
        leaves = list(self._leaves)
        if tiles > 1:
            leaves = [
                leaf.repeat(tiles, *[1] * (leaf.dim() - 1))
                if isinstance(leaf, Tensor) and leaf.dim() > 0 and len(leaf) == rows
                else leaf
                for leaf in leaves
            ]
        leaves[self.slot] = samples
        args, kwargs = tree_unflatten(leaves, self._spec)
        return args, kwargs

    @contextmanager
    def isolated(self, modules: Iterable[nn.Module]) -> Iterator[Score]:
        """Yield the score, with the discriminators in isolation and under the autocast of the user's call.

        Outside eval mode a call may change what the next one answers (spectral norm's power iteration, a dropout's
        mask): there every question starts from the state of the user's call, so that the score is one function.
        """
        asked = list(modules)

        def afresh(samples: Tensor) -> Tensor:
            with isolated(asked, self.samples.device, eval_mode=False):
                return self._score(samples)

        with isolated(asked, self.samples.device, self.question.eval_mode), torch.autocast(*self._autocast):
            yield self._score if self.question.eval_mode else afresh

    def _score(self, samples: Tensor) -> Tensor:
        # A clone: an in-place first layer must not write into the samples, nor into a leaf.
        args, kwargs = self.arguments(samples.clone())
        return self.question.reduce(self._function(*args, **kwargs), samples)


def without_graph(leaf: Any) -> Any:
    """Return a tensor without its graph, and anything else as it is."""
    return leaf.detach() if isinstance(leaf, Tensor) else leaf


def _versions(leaves: Iterable[Any]) -> list[int]:
    return [leaf._version for leaf in leaves if isinstance(leaf, Tensor) and not leaf.is_inference()]


def _rows(value: Any) -> int | None:
    return len(value) if isinstance(value, Tensor) and value.dim() > 0 else None
