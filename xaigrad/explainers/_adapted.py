"""What another library's explainer sees of the discriminator: a module that gives each row its score, and no more."""

import difflib
import inspect
import random
import sys
import warnings
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_flatten, tree_leaves, tree_unflatten

from xaigrad._isolation import forked_rng, isolated
from xaigrad._types import Context, Score

_CLOSE = 1e-3  # Of a score that is computed twice, in any precision.


class RowScore(nn.Module):
    """The score as a module, of any rows in any order: ``(rows, numbers) -> scores``, shape ``(R,)``.

    ``score`` takes whole blocks of the update's N samples. Other libraries ask otherwise: perturbations of one sample,
    or each sample's K variants side by side. Each row therefore carries the number of the sample that it is a variant
    of, and is asked with that sample's own further arguments (labels, a condition image). Where the rows of a batch
    see each other, a row is asked among the other samples: blocks are filled up.

    Args:
        score: The isolated discriminator's score.
        samples: Shape ``(N, ...)``.
        context: The explanation's context; its ``discriminator`` is the child whose layers may be hooked.
        probe: Whether to find out, by one call, if the rows of a batch see each other. ``False`` takes it that they do.
        column: Whether to return the shape ``(R, 1)``.

    Attributes:
        samples: The samples of the update.
        number: The sample that all rows are variants of, where no numbers are given.
    """

    def __init__(self, score: Score, samples: Tensor, context: Context, probe: bool, column: bool = False) -> None:
        super().__init__()
        self.discriminator = context.discriminator
        self.number = 0
        self.column = column
        self._score = score
        self.samples = samples
        self._given = tree_leaves((context.args, context.kwargs or {}))
        self._numbers: Tensor | None = None
        if self.discriminator is not None:
            self.discriminator.register_forward_pre_hook(self._exchange, prepend=True, with_kwargs=True)
        self.separable = probe and self._rows_are_separate()

    def forward(self, rows: Tensor, numbers: Tensor | None = None) -> Tensor:
        """Return one score per row."""
        if numbers is None:
            numbers = torch.full((len(rows),), self.number, device="cpu")
        scores = self._ask(rows.to(self.samples.dtype), numbers)
        if scores.shape != rows.shape[:1]:
            raise ValueError(
                f"The score should be one number per sample for an adapted explainer. Found the shape "
                f"{tuple(scores.shape)} for samples of shape {tuple(rows.shape)}. Pick one with `target`, or use "
                "DeepShap, which explains scores of several samples too."
            )
        scores = scores.to(self.samples.dtype)
        return scores[:, None] if self.column else scores

    def _ask(self, rows: Tensor, numbers: Tensor) -> Tensor:
        count = len(self.samples)
        if len(rows) % count == 0 and torch.equal(
            numbers, torch.arange(count, device="cpu").repeat(len(rows) // count)
        ):
            return self._score(rows)
        if self.separable:
            return self._alone(rows, numbers)
        return self._among_others(rows, numbers)

    def _alone(self, rows: Tensor, numbers: Tensor) -> Tensor:
        self._numbers = numbers
        try:
            return self._score(rows)
        finally:
            self._numbers = None

    def _exchange(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Give the discriminator, at its next call, the further arguments of the samples that the rows belong to."""
        numbers, self._numbers = self._numbers, None
        leaves, spec = tree_flatten((args, kwargs))
        if numbers is None or len(leaves) != len(self._given):
            return None
        return tree_unflatten(
            [
                given[numbers.to(given.device)] if self._is_further(given) else leaf
                for leaf, given in zip(leaves, self._given, strict=True)
            ],
            spec,
        )

    def _is_further(self, given: Any) -> bool:
        """Return whether an argument of the discriminator has a row per sample, besides the samples themselves."""
        if not isinstance(given, Tensor) or given is self.samples:
            return False
        return given.dim() > 0 and len(given) == len(self.samples)

    def _among_others(self, rows: Tensor, numbers: Tensor) -> Tensor:
        """Ask of whole blocks: the j-th variant of sample n is row n of block j, other rows are samples as they are.

        The variants of a sample keep their order, so that where the second half of the rows are the references of the
        first half, in the same order, this also holds for the blocks: DeepLIFT by hooks relies on it.
        """
        count = len(self.samples)
        order = torch.argsort(numbers, stable=True)
        variants = torch.bincount(numbers, minlength=count)
        first = variants.cumsum(0) - variants
        block = torch.empty_like(numbers)
        block[order] = torch.arange(len(rows), device="cpu") - first[numbers[order]]
        place = (block * count + numbers).to(rows.device)
        filled = self.samples.repeat(int(variants.max()), *[1] * (rows.dim() - 1))
        scores = self._score(filled.index_put((place,), rows))
        return scores[place] if scores.shape == filled.shape[:1] else scores

    def _rows_are_separate(self) -> bool:
        """Return whether a sample's score alone is its score in the batch."""
        last = len(self.samples) - 1
        if last == 0:
            return True
        if self.discriminator is None and any(map(self._is_further, self._given)):
            return False
        with torch.no_grad():
            together = self._score(self.samples)
            try:
                alone = self._alone(self.samples[last:], torch.tensor([last], device="cpu"))
            except Exception:  # A discriminator that cannot be asked of one sample is asked of whole blocks.
                return False
        if alone.shape != (1,) or together.shape != (last + 1,):
            return False
        return bool((alone - together[last]).abs() <= _CLOSE * together.abs().max())


@contextmanager
def adapted(
    score: Score, samples: Tensor, context: Context, probe: bool = True, column: bool = False
) -> Iterator[RowScore]:
    """Yield the module for one explanation by another library, which may do with it what it likes.

    The discriminator is isolated once more, so that nothing is left for the explainers after this one either. Inside,
    its parameters are clones (LRP writes into them), in-place activations are switched to copies, the user's backward
    hooks are left out, warnings are silent, and all global random generators start from a draw of ``context.rng``.
    """
    modules = [] if context.discriminator is None else [context.discriminator]
    seed = int(torch.randint(2**31 - 1, (), generator=context.rng, device="cpu"))
    with isolated(modules, samples.device, eval_mode=False), torch.enable_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _seed(seed, samples.device)
        for module in modules:
            _open(module)
        yield RowScore(score, samples, context, probe, column)


def _open(module: nn.Module) -> None:
    """Make an isolated module safe to hook and to write into."""
    clones: dict[Any, nn.Parameter] = {}  # Parameters that two submodules share stay shared.
    for submodule in module.modules():
        for name, value in submodule._parameters.items():
            if value is not None:
                clone = nn.Parameter(value.detach().clone(), requires_grad=False)
                submodule._parameters[name] = clones.setdefault((value.data_ptr(), value.shape, value.stride()), clone)
        if getattr(submodule, "inplace", False) is True:
            submodule.inplace = False  # type: ignore[assignment]
        submodule._backward_hooks.clear()
        submodule._backward_pre_hooks.clear()
        submodule._is_full_backward_hook = None


def _seed(seed: int, device: torch.device) -> None:
    torch.default_generator.manual_seed(seed)
    if device.type != "cpu":
        accelerator = torch.get_device_module(device)
        with accelerator.device(device):
            accelerator.manual_seed(seed)
    random.seed(seed)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(seed)


@contextmanager
def importing() -> Iterator[None]:
    """Import a library inside: some draw random numbers and warn where they, or what they import, are loaded."""
    with forked_rng(torch.device("cpu")), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def parameters_of(function: Callable[..., Any], leave_out: Collection[str]) -> dict[str, bool]:
    """Return a function's named parameters but for some, and whether each has to be given."""
    return {
        name: parameter.default is parameter.empty
        for name, parameter in inspect.signature(function).parameters.items()
        if name not in leave_out and parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
    }


def check_settings(owner: str, settings: Collection[str], *takes: dict[str, bool]) -> None:
    """Raise ``TypeError`` if settings are unknown to a class of another library, or if it needs more."""
    known = {name: needed for part in takes for name, needed in part.items()}
    listed = ", ".join(f"`{name}`" for name in known) or "none"
    for name in settings:
        if name not in known:
            close = difflib.get_close_matches(name, known, 1)
            cure = f"Did you mean `{close[0]}`?" if close else "Leave it out."
            raise TypeError(f"Settings of {owner} should be among {listed}. Found `{name}`. {cure}")
    for name, needed in known.items():
        if needed and name not in settings:
            raise TypeError(f"Parameter `{name}` should be given for {owner}. Found none. Pass {name}=...")
