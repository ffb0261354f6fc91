"""Each sample's class: as D was told it, or as a classifier tells it."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from xaigrad._checks import structure
from xaigrad._isolation import isolated
from xaigrad._types import Context


def check_classifier(
    name: str, classifier: Any, besides: str = "", cure: str = "Instantiate or call it first."
) -> None:
    """Raise ``TypeError`` unless something can tell classes: a network, a function, or ``None`` for D's label."""
    if isinstance(classifier, type) or not (classifier is None or callable(classifier)):
        raise TypeError(
            f"Parameter `{name}` should be {besides}a classifier, a function (samples, context) -> classes or None. "
            f"Found {classifier!r}. {cure}"
        )


def classes_of(
    classifier: nn.Module | Callable[[Tensor, Context], Tensor], samples: Tensor, context: Context, name: str
) -> Tensor:
    """Return each sample's class, as a network or a function tells it by classes or logits.

    A network is asked in eval mode; whichever it is, nothing of it changes.

    Raises:
        ValueError: If it tells something else.
    """
    samples = samples.detach().clone()
    networks = [classifier] if isinstance(classifier, nn.Module) else []
    arguments = (samples,) if networks else (samples, context)
    with isolated(networks, samples.device, eval_mode=True), torch.no_grad():
        found = classifier(*arguments)
    classes = _as_classes(found, len(samples))
    if classes is None:
        raise ValueError(
            f"Parameter `{name}` should give logits of shape ({len(samples)}, C) or whole numbers of shape "
            f"({len(samples)},). Found {structure(found)}. For a classifier with another output pass "
            f"{name}=lambda samples, context: classifier(samples)[0]."
        )
    return classes


def called_label(samples: Tensor, context: Context, name: str, cure: str) -> Tensor:
    """Return the one label among the arguments of D's call besides the samples.

    Raises:
        ValueError: If there is none, or more than one; with the cure.
    """
    leaves = tree_leaves((context.args, context.kwargs))
    others = [leaf for leaf in leaves if isinstance(leaf, Tensor) and not _is_same(leaf, samples)]
    labels = [leaf for leaf in others if len(leaf.shape) < 2 or leaf.shape[1] == 1 or _is_one_hot(leaf)]
    found = [classes for leaf in labels if (classes := _as_classes(leaf, len(samples))) is not None]
    if len(found) != 1:
        raise ValueError(
            f"Parameter `{name}` should say each sample's class where the discriminator is not called with exactly one "
            f"label. Found {len(found) or 'no'} tensors among its arguments that could be one. {cure}"
        )
    return found[0]


def _as_classes(found: Any, samples: int) -> Tensor | None:
    """Return the classes that logits, one-hot rows or whole numbers say, if they are any of these."""
    if not isinstance(found, Tensor) or found.dim() not in (1, 2) or len(found) != samples:
        return None
    if found.dim() == 2 and found.shape[1] > 1:
        return torch.argmax(found.int() if found.dtype == torch.bool else found, 1)
    return None if found.is_floating_point() else found.flatten().long()


def _is_same(leaf: Tensor, samples: Tensor) -> bool:
    if leaf is samples:
        return True
    alike = leaf.shape == samples.shape and (leaf.dtype, leaf.device) == (samples.dtype, samples.device)
    return alike and torch.equal(leaf, samples)


def _is_one_hot(rows: Tensor) -> bool:
    return rows.dim() == 2 and bool((((rows == 0) | (rows == 1)).all(1) & (rows.sum(1) == 1)).all())
