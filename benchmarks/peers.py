"""What a user could pick instead: the explainers of captum and shap, called as their documentation says.

They see the discriminator in isolation and in eval mode, where hooks and attributes that they leave behind are undone.
Activations are told not to work in place, which both libraries ask for.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from xaigrad.benchmarks.choices import Choice
from xaigrad.explainers import Context, Explainer, Score


@dataclass(frozen=True)
class CaptumSaliency:
    """captum's ``Saliency``."""

    library: ClassVar[str] = "captum"

    def __call__(self, score: Score, samples: Tensor, context: Context) -> Tensor:
        """Return the attribution, of the samples' shape."""
        with _as_documented(context) as discriminator:
            found: Tensor = _captum().Saliency(discriminator).attribute(samples.clone().requires_grad_(), target=0)
        return found


@dataclass(frozen=True)
class CaptumDeepShap:
    """captum's ``DeepLiftShap``: DeepLIFT against each of a few real samples, averaged.

    Args:
        references: Real samples, shape ``(M, ...)``.
        samples: How many of them are drawn per update, for all samples alike.
        one_by_one: Explain the samples in a loop, one at a time, as the xAI-GAN authors' released code does.
    """

    references: Tensor = field(repr=False)
    samples: int = 10
    one_by_one: bool = False
    library: ClassVar[str] = "captum"

    def __post_init__(self) -> None:
        _check_samples(self.samples, self.references)

    def __call__(self, score: Score, samples: Tensor, context: Context) -> Tensor:
        """Return the attribution, of the samples' shape."""
        references = _draw(self.references, self.samples, samples, context)
        with _as_documented(context) as discriminator:
            explainer = _captum().DeepLiftShap(discriminator)
            blocks = torch.split(samples, 1) if self.one_by_one else [samples]
            # Clones, because captum sets requires_grad on what it is given.
            found = [explainer.attribute(block.clone(), references, target=0) for block in blocks]
        return torch.cat(found).detach()


@dataclass(frozen=True)
class ShapDeep:
    """shap's ``DeepExplainer``, without its check of additivity.

    Args:
        references: Real samples, shape ``(M, ...)``.
        samples: How many of them are drawn per update, for all samples alike.
    """

    references: Tensor = field(repr=False)
    samples: int = 10
    library: ClassVar[str] = "shap"

    def __post_init__(self) -> None:
        _check_samples(self.samples, self.references)

    def __call__(self, score: Score, samples: Tensor, context: Context) -> Tensor:
        """Return the attribution, of the samples' shape."""
        references = _draw(self.references, self.samples, samples, context)
        with _as_documented(context) as discriminator:
            explainer = import_module("shap").DeepExplainer(discriminator, references)
            values = explainer.shap_values(samples.clone(), check_additivity=False)
        # One number per pixel and output of D.
        return torch.as_tensor(values, dtype=samples.dtype, device=samples.device).reshape(samples.shape)


PEERS = {
    "captum-saliency": Choice(lambda references: CaptumSaliency(), "captum-saliency", "captum Saliency"),
    "captum-deep-shap": Choice(
        CaptumDeepShap, "captum-deep-shap[:REFERENCES]", "captum DeepLiftShap, batched (10 references)"
    ),
    "per-sample-loop": Choice(
        lambda references, samples=10: CaptumDeepShap(references, samples, one_by_one=True),
        "per-sample-loop[:REFERENCES]",
        "the same, one sample at a time: the released code (10 references)",
    ),
    "shap-deep": Choice(ShapDeep, "shap-deep[:REFERENCES]", "shap DeepExplainer (10 references)"),
}


def missing(explainer: Explainer) -> str | None:
    """Return why an explainer cannot run here, if a library that it needs does not load; else ``None``."""
    library = getattr(explainer, "library", None)
    if library is None:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import_module(library)
    except ImportError as error:
        known = isinstance(error, ModuleNotFoundError) and error.name == library
        return f'{library} is not installed (pip install "xaigrad[{library}]")' if known else f"{library}: {error}"
    return None


def _captum() -> Any:
    return import_module("captum.attr")


def _check_samples(samples: int, references: Tensor) -> None:
    if not isinstance(samples, int) or not 1 <= samples <= len(references):
        raise ValueError(
            f"Parameter `samples` should be a whole number from 1 to the number of references, {len(references)}. "
            f"Found {samples!r}."
        )


def _draw(bank: Tensor, count: int, samples: Tensor, context: Context) -> Tensor:
    """Return as many different rows of a bank, where the samples are."""
    chosen = torch.randperm(len(bank), generator=context.rng, device="cpu")[:count]
    return bank[chosen.to(bank.device)].to(samples)


@contextmanager
def _as_documented(context: Context) -> Iterator[nn.Module]:
    """Yield the isolated discriminator with nothing working in place, and keep the library's remarks to itself."""
    if context.discriminator is None:
        raise ValueError("Parameter `discriminator` should be a module. Found a function. Pass the network.")
    for module in context.discriminator.modules():
        if getattr(module, "inplace", False):
            module.inplace = False  # type: ignore[assignment]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield context.discriminator
