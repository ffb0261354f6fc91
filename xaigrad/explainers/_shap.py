"""shap's explainers (https://shap.readthedocs.io): Deep, Gradient, Kernel, Partition, Permutation and their kin."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from xaigrad._checks import check_count
from xaigrad._types import Context, Score
from xaigrad.explainers._adapted import RowScore, adapted, check_settings, importing, parameters_of
from xaigrad.explainers._comparison import Comparing, as_references
from xaigrad.references import HarvestedReferences

# What is given by the adapter, or changes the shape of the answer: the rest of a signature are settings.
_OURS = frozenset(
    """self model data masker X args feature_names output_names outputs session learning_phase_flags silent
    ranked_outputs output_rank_order return_variances keep_index keep_index_ordered interactions algorithm""".split()
)
_ROWS = 1024  # At most so many are asked at once.


@dataclass(frozen=True, init=False, repr=False)
class ShapExplainer(Comparing):
    """An explainer class of shap as an explainer: ``ShapExplainer(KernelExplainer, references, nsamples=64)``.

    Each sample is explained by itself, against K references of its own, drawn afresh at every update. DeepExplainer
    and GradientExplainer get the score as a module whose child is the isolated discriminator; the others a function of
    NumPy rows, the samples flattened. Nothing is left behind in the discriminator.

    shap goes through samples one at a time, in NumPy: expect many times the cost of :class:`DeepShap`.

    Args:
        explainer: The class: ``shap.DeepExplainer``, ``GradientExplainer``, ``KernelExplainer``, ``SamplingExplainer``,
            ``PartitionExplainer``, ``PermutationExplainer`` or ``ExactExplainer``; or its name in ``shap``.
        references: Real samples to compare with, shap's background: a tensor of shape ``(M, ...)``, or a callable
            ``(samples, context) -> references``; ``None``: the real samples that D has just been trained on.
        samples: K, the references per sample and update.
        masker: For Partition, Permutation and Exact: ``background -> masker``, where the background has shape
            ``(K, F)``. By default ``shap.maskers.Independent``, and for Partition ``shap.maskers.Partition`` with a
            tree of the features' places: neighbouring pixels first, then the channels, then ever larger patches.
        settings: All that the class takes, of its constructor and of its ``shap_values`` or call; they are told apart
            by their names.

    Raises:
        ImportError: If shap is not installed.
        TypeError: If the class is another, or a setting is unknown.
        ValueError: If the references have another shape, or DeepExplainer has no module to look into.

    Example:
        >>> import torch
        >>> from xaigrad.explainers import Context
        >>> x = torch.tensor([[3.0, 1.0]])
        >>> context = Context(gradient=x, update=0, explanation=0, rng=torch.Generator())
        >>> explainer = ShapExplainer("ExactExplainer", torch.tensor([[1.0, 1.0]]), samples=1)
        >>> explainer(lambda x: torch.relu(x.sum(1) - 3), x, context)
        tensor([[1., 0.]])
    """

    explainer: Any
    references: Any
    samples: int
    masker: Callable[[Any], Any] | None
    settings: dict[str, Any] = field(hash=False)

    def __init__(
        self,
        explainer: Any,
        references: Any = None,
        samples: int = 10,
        *,
        masker: Callable[[Any], Any] | None = None,
        **settings: Any,
    ) -> None:
        explainer = _explainer_class(explainer)
        values = (explainer, as_references(references, HarvestedReferences()), samples, masker, settings)
        for name, value in zip(("explainer", "references", "samples", "masker", "settings"), values, strict=True):
            object.__setattr__(self, name, value)
        check_count("samples", samples, 1)
        check_settings(f"shap's {explainer.__name__}", settings, *self._takes)
        if masker is not None and not (callable(masker) and self._masks):
            raise TypeError(
                "Parameter `masker` should be a callable (background of shape (K, F)) -> masker, and only for "
                f"PartitionExplainer, PermutationExplainer and ExactExplainer. Found {masker!r} for "
                f"{explainer.__name__}. For example masker=shap.maskers.Independent."
            )

    def __repr__(self) -> str:
        settings = {"masker": self.masker} if self.masker is not None else {}
        listed = "".join(f", {name}={value!r}" for name, value in (settings | self.settings).items())
        return f"ShapExplainer({self.explainer.__name__}, {self.references!r}, samples={self.samples}{listed})"

    def __call__(self, score: Score, samples: Tensor, context: Context) -> Tensor:
        """Return the attribution, of the samples' shape."""
        if context.discriminator is None and self._is_a("DeepExplainer"):
            raise ValueError(
                "The discriminator should be a module for shap's DeepExplainer, which looks into its layers. Found a "
                "function. Use GradientExplainer or KernelExplainer, or the native DeepShap."
            )
        rows = samples.repeat(self.samples, *[1] * (samples.dim() - 1))
        references = self.references_of(rows, context)
        backgrounds = references.reshape(self.samples, *samples.shape)
        explain = self._by_module if self._looks_inside else self._by_function
        found = []
        with adapted(score, samples, context, column=self._looks_inside) as asked:
            for number in range(len(samples)):
                asked.number = number
                values = torch.as_tensor(explain(asked, samples[number : number + 1].detach(), backgrounds[:, number]))
                if values.numel() != samples[number].numel():
                    raise ValueError(
                        f"The attribution of shap's {self.explainer.__name__} should have one number per feature, "
                        f"{samples[number].numel()}. Found the shape {tuple(values.shape)}. Remove the setting that "
                        "changes what it returns."
                    )
                found.append(values.reshape(samples[number].shape))
        return torch.stack(found).to(samples)

    def recipe_arguments(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return what the constructor takes to make an equal one, a class of shap by its name."""
        name = self.explainer.__name__
        explainer = name if getattr(_shap(), name, None) is self.explainer else self.explainer
        compared = {"references": self.references, "samples": self.samples, "masker": self.masker}
        return (explainer,), compared | self.settings

    @property
    def _looks_inside(self) -> bool:
        return self._is_a("DeepExplainer", "GradientExplainer")

    @property
    def _masks(self) -> bool:
        return self._is_a("PartitionExplainer", "PermutationExplainer", "ExactExplainer")

    def _is_a(self, *names: str) -> bool:
        return any(parent.__name__ in names for parent in self.explainer.__mro__)

    @property
    def _takes(self) -> tuple[dict[str, bool], dict[str, bool]]:
        """The settings: of the constructor, and of the call."""
        call = self.explainer.__call__ if self._masks else self.explainer.shap_values
        takes = parameters_of(self.explainer.__init__, _OURS), parameters_of(call, _OURS)
        if self._is_a("KernelExplainer"):  # It documents them, and reads them from **kwargs.
            takes[1].update(nsamples=False, l1_reg=False, gc_collect=False)
        return takes

    def _split(self) -> tuple[dict[str, Any], dict[str, Any]]:
        constructor, call = (
            {name: self.settings[name] for name in part if name in self.settings} for part in self._takes
        )
        return constructor, {name: value for name, value in call.items() if name not in constructor}

    def _by_module(self, asked: RowScore, sample: Tensor, background: Tensor) -> Any:
        constructor, call = self._split()
        return self.explainer(asked, background, **constructor).shap_values(sample, **call)

    def _by_function(self, asked: RowScore, sample: Tensor, background: Tensor) -> Any:
        constructor, call = self._split()

        def function(rows: Any) -> Any:
            points = torch.as_tensor(rows, device=sample.device).reshape(-1, *sample.shape[1:]).to(sample.dtype)
            size = _ROWS if asked.separable else max(1, _ROWS // len(asked.samples))
            with torch.no_grad():
                return torch.cat([asked(part) for part in torch.split(points, size)]).double().cpu().numpy()

        plain = sample.reshape(1, -1).double().cpu().numpy()
        references = background.reshape(len(background), -1).double().cpu().numpy()
        if not self._masks:
            return self.explainer(function, references, **constructor).shap_values(plain, silent=True, **call)
        if self._is_a("PermutationExplainer"):  # Else it seeds NumPy from the clock.
            constructor.setdefault("seed", int(torch.randint(2**31 - 1, (), device="cpu")))
        masker = (self.masker or self._default_masker(tuple(sample.shape[1:])))(references)
        return self.explainer(function, masker, **constructor)(plain, silent=True, **call).values

    def _default_masker(self, shape: tuple[int, ...]) -> Callable[[Any], Any]:
        maskers, count = _shap().maskers, self.samples
        if not self._is_a("PartitionExplainer"):
            return lambda background: maskers.Independent(background, max_samples=count)
        return lambda background: maskers.Partition(background, max_samples=count, clustering=_places(shape))


@lru_cache(maxsize=8)
def _places(shape: tuple[int, ...]) -> Any:
    """Return a tree that merges the features of one sample by their distance, channels at one place first."""
    import numpy as np
    from scipy.cluster.hierarchy import linkage

    places = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), -1).reshape(-1, len(shape)).astype(float)
    if len(shape) > 1:
        places[:, 0] *= 0.5 / shape[0]
    tree = linkage(places, method="complete")
    tree[:, 2] /= tree[:, 2].max()
    return tree


def _shap() -> Any:
    try:
        with importing():
            import shap
    except ImportError as error:
        raise ImportError("ShapExplainer needs shap. Install it: pip install xaigrad[shap]") from error
    return shap


_CLASSES = """DeepExplainer GradientExplainer KernelExplainer SamplingExplainer PartitionExplainer PermutationExplainer
ExactExplainer""".split()


def _explainer_class(found: Any) -> Any:
    """Return an explainer class, given as such or by its name."""
    library = _shap()
    known = {name: getattr(library, name) for name in _CLASSES}
    candidate = known.get(found) if isinstance(found, str) else found
    if isinstance(candidate, type) and issubclass(candidate, tuple(known.values())):
        return candidate
    raise TypeError(
        f"Parameter `explainer` should be a class of shap that explains a module or a function: {', '.join(known)}; or "
        f"its name. Found {found!r}. Pass the class itself, and its settings beside the references."
    )
