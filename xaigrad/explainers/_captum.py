"""Every attribution method of captum (https://captum.ai) that attributes to inputs or to a named layer."""

import warnings
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from xaigrad._checks import check_choice, check_count
from xaigrad._types import Context, Score
from xaigrad.explainers._adapted import RowScore, adapted, check_settings, parameters_of
from xaigrad.explainers._captum_classes import attribution_class, captum_attr, class_name, find_layer, parameter_names
from xaigrad.explainers._comparison import Comparing, as_references
from xaigrad.explainers._completeness import CompletenessError, completeness_error, tolerance
from xaigrad.references import HarvestedReferences, RandomReferences, ZeroReferences

# What is given by the adapter: the rest of a signature are settings.
_OURS = frozenset(
    """self forward_func model layer device_ids attribution_method inputs baselines target additional_forward_args
    return_convergence_delta return_input_shape""".split()
)
# They ask of one sample at a time, or of each sample's variants side by side; the others of whole blocks of samples.
_OWN_ORDER = frozenset(
    "DeepLiftShap LayerDeepLiftShap GradientShap LayerGradientShap NoiseTunnel Lime KernelShap".split()
)
# References that do not look at the sample.
_SHARED = (RandomReferences, HarvestedReferences, ZeroReferences)


@dataclass(frozen=True, init=False, repr=False)
class CaptumExplainer(Comparing):
    """An attribution class of captum as an explainer: ``CaptumExplainer(IntegratedGradients, n_steps=8)``.

    Captum sees the score as a module whose child is the isolated discriminator, and leaves nothing behind in it. What
    captum says is passed on as it is, so for its hook-based classes a D made of modules is needed: captum knows
    nothing of a functional ``F.leaky_relu``. For DeepLift and DeepLiftShap completeness is checked, at the first
    explanation and every 100th after it. The further arguments of D's call (labels) are right for every class.

    Layer classes take ``layer="features.3"``, the name of a submodule of D. What they say of a map is summed over its
    channels and interpolated to the samples' size (``captum.attr.LayerAttribution.interpolate``, nearest).

    Args:
        attribution: The class, or its name in ``captum.attr``.
        references: Real samples to compare with, captum's ``baselines``: a tensor of shape ``(M, ...)``, from which is
            drawn afresh at every update, or a callable ``(samples, context) -> references``. ``None``: zeros, where
            the class allows it.
        samples: K, the references per update of the classes that compare with a distribution of them (DeepLiftShap,
            GradientShap and their layer variants). The K draws from a tensor are shared by the update's samples, as
            captum does; a callable may look at the sample, so it draws K for each, and they are explained one by one.
        check: What an incomplete explanation of DeepLift and DeepLiftShap does: ``"raise"``, ``"warn"`` or ``"off"``.
        settings: All that the class takes, of its constructor and of its ``attribute``; they are told apart by their
            names. NoiseTunnel takes ``around=``, another class, and the settings of both.

    Raises:
        ImportError: If captum is not installed.
        TypeError: If the class attributes to something else, a setting is unknown, or one is missing.
        ValueError: If the references are missing or of no use, or a layer is not found or gives no map.
        CompletenessError: (with ``check="raise"``) if DeepLift does not sum to the score's difference.

    Example:
        >>> import torch
        >>> from xaigrad.explainers import Context
        >>> x = torch.tensor([[1.0, 2.0]])
        >>> context = Context(gradient=x, update=0, explanation=0, rng=torch.Generator())
        >>> CaptumExplainer("InputXGradient")(lambda x: (x**2).sum(1), x, context)
        tensor([[2., 8.]])
    """

    attribution: Any
    references: Any
    samples: int
    check: str
    settings: dict[str, Any] = field(hash=False)

    def __init__(
        self,
        attribution: Any,
        *,
        references: Any = None,
        samples: int = 10,
        check: str = "raise",
        **settings: Any,
    ) -> None:
        attribution = attribution_class("attribution", attribution)
        if "around" in settings and attribution.__name__ == "NoiseTunnel":
            settings["around"] = attribution_class("around", settings["around"])
        values = (attribution, as_references(references, None), samples, check, settings)
        for name, value in zip(("attribution", "references", "samples", "check", "settings"), values, strict=True):
            object.__setattr__(self, name, value)
        check_choice("check", check, ("raise", "warn", "off"))
        self._check_references()
        check_settings(self._name, settings, *self._takes)
        if "layer" in settings and not isinstance(settings["layer"], str):
            raise TypeError(
                'Parameter `layer` should be the name of a submodule of the discriminator, as in layer="features.3". '
                f"Found {type(settings['layer']).__name__}. Look at dict(discriminator.named_modules())."
            )

    def __repr__(self) -> str:
        settings = {"references": self.references} | self.settings
        listed = [f"{name}={_shown(value)}" for name, value in settings.items() if value is not None]
        return f"CaptumExplainer({', '.join([self.attribution.__name__, *listed])})"

    def __call__(self, score: Score, samples: Tensor, context: Context) -> Tensor:
        """Return the attribution, of the samples' shape."""
        if context.discriminator is None and {"model", "layer"} & parameter_names(self._inner.__init__):
            raise ValueError(
                f"The discriminator should be a module for {self._name}, which looks into its layers. Found a "
                "function. Use a class that asks for scores and gradients only, IntegratedGradients for example."
            )
        # References are drawn outside: they may come from the user's own code, whose warnings are heard.
        baselines, one_by_one = self._baselines(samples, context)
        probe = bool({parent.__name__ for parent in self.attribution.__mro__} & _OWN_ORDER)
        with adapted(score, samples, context, probe) as asked:
            method = self._method(asked)
            numbers = torch.arange(len(samples), device="cpu")
            if baselines is not None and one_by_one:
                attribution = torch.cat(
                    [
                        self._attribute(method, samples[n : n + 1], numbers[n : n + 1], baselines[:, n])
                        for n in range(len(samples))
                    ]
                )
            else:
                attribution = self._attribute(method, samples, numbers, baselines)
            attribution = self._in_shape(attribution.detach(), samples)
            error = self._incompleteness(asked, attribution, samples, baselines) if self._checked(context) else 0.0
        device = samples.device.type
        autocast = torch.is_autocast_enabled(device)
        if error > tolerance(torch.get_autocast_dtype(device) if autocast else samples.dtype):
            self._tell(error)
        return attribution

    def recipe_arguments(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return what the constructor takes to make an equal one, classes of captum by their names."""
        settings = {name: class_name(value) for name, value in self.settings.items()}
        compared = {"references": self.references, "samples": self.samples, "check": self.check}
        return (class_name(self.attribution),), compared | settings

    @property
    def _inner(self) -> Any:
        """The class that attributes: the one inside NoiseTunnel."""
        inner = self.settings.get("around")
        return inner if isinstance(inner, type) else self.attribution

    @property
    def _name(self) -> str:
        return f"captum's {self.attribution.__name__}"

    @property
    def _takes(self) -> list[dict[str, bool]]:
        """The settings: of the constructor, of ``attribute``, and of the layer; then those of NoiseTunnel."""
        inner = self._inner
        layer = {"layer": True} if "layer" in parameter_names(inner.__init__) else {}
        takes = [parameters_of(inner.__init__, _OURS), parameters_of(inner.attribute, _OURS), layer]
        if self.attribution is not inner or inner.__name__ == "NoiseTunnel":
            takes.append({"around": True} | parameters_of(self.attribution.attribute, _OURS))
        return takes

    @property
    def _distribution(self) -> bool:
        """Whether the class compares with a distribution of references: captum requires it, then."""
        return bool(parameters_of(self._inner.attribute, ()).get("baselines"))

    def _check_references(self) -> None:
        if "baselines" in self.settings:
            raise TypeError(
                "Parameter `references` should hold what captum calls baselines. Found `baselines`. Pass references=..."
            )
        if self.references is not None and "baselines" not in parameter_names(self._inner.attribute):
            raise ValueError(
                f"Parameter `references` should be None for {self._name}, which compares with nothing. Found "
                f"{self.references!r}. Leave it out."
            )
        if not self._distribution:
            return
        if self.references is None:
            raise ValueError(
                f"Parameter `references` should be given for {self._name}. Found None. Pass real samples: "
                f"CaptumExplainer({self.attribution.__name__}, references=images)."
            )
        if self._inner is not self.attribution:
            raise ValueError(
                "Parameter `around` should be a class that compares with one reference per sample. Found "
                f"{self._inner.__name__}. Use DeepLift, or GradientShap without NoiseTunnel: it has `stdevs`."
            )
        check_count("samples", self.samples, 2)

    def _baselines(self, samples: Tensor, context: Context) -> tuple[Tensor | None, bool]:
        """Return the references, and whether they are each sample's own ``(K, N, ...)``, to explain one by one."""
        if self.references is None:
            return None, False
        shared = self._distribution and isinstance(self.references, _SHARED)
        rows = samples[:1] if shared else samples
        count = self.samples if self._distribution else 1
        rows = rows.repeat(count, *[1] * (samples.dim() - 1))
        references = self.references_of(rows, context)
        own = self._distribution and not shared
        return (references.reshape(count, *samples.shape) if own else references), own

    def _method(self, asked: RowScore) -> Any:
        constructor = {name: self.settings[name] for name in self._takes[0].keys() & self.settings.keys()}
        if "layer" in self.settings:
            constructor["layer"] = find_layer(asked.discriminator, self.settings["layer"])
            if self.attribution is not self._inner or self._distribution:
                _check_rows_are_separate(self._name, asked)
        method = self._inner(asked, **constructor)
        return method if self.attribution is self._inner else self.attribution(method)

    def _attribute(self, method: Any, samples: Tensor, numbers: Tensor, baselines: Tensor | None) -> Tensor:
        names = {name for takes in self._takes[1:] for name in takes} - {"around", "layer"}
        settings = {name: self.settings[name] for name in names & self.settings.keys()}
        if baselines is not None:
            settings["baselines"] = baselines
        found = method.attribute(samples.detach(), additional_forward_args=(numbers,), **settings)
        attribution: Tensor = found[0] if isinstance(found, tuple) else found
        return attribution

    def _in_shape(self, attribution: Tensor, samples: Tensor) -> Tensor:
        if attribution.shape == samples.shape:
            return attribution.to(samples.dtype)
        if attribution.dim() != samples.dim() or samples.dim() < 3 or len(attribution) != len(samples):
            raise ValueError(
                f"The attribution of {self._name} should have the samples' shape {tuple(samples.shape)}, or be a map "
                f"of as many dimensions. Found {tuple(attribution.shape)}. Pick a `layer` that gives a map."
            )
        layer_attribution = captum_attr().LayerAttribution
        upsampled: Tensor = layer_attribution.interpolate(attribution.sum(1, keepdim=True), tuple(samples.shape[2:]))
        return upsampled.expand_as(samples).to(samples.dtype)

    def _checked(self, context: Context) -> bool:
        """Return whether the attribution should be complete, and this is the time to look."""
        complete = issubclass(self.attribution, captum_attr().DeepLift)
        changed = {"layer", "custom_attribution_func"} & self.settings.keys()
        if changed or not complete or not self.settings.get("multiply_by_inputs", True):
            return False
        return self.check != "off" and context.explanation % 100 == 0

    def _incompleteness(self, asked: RowScore, attribution: Tensor, samples: Tensor, baselines: Tensor | None) -> float:
        count = len(samples)
        references = torch.zeros_like(samples) if baselines is None else baselines
        if self._distribution and references.dim() == samples.dim():
            references = references.repeat_interleave(count, 0)
        numbers = torch.arange(count, device="cpu")
        with torch.no_grad():
            rows = references.reshape(-1, *samples.shape[1:])
            reference_scores = asked(rows, numbers.repeat(len(rows) // count)).reshape(-1, count).mean(0)
            return completeness_error(attribution, asked(samples, numbers) - reference_scores)

    def _tell(self, error: float) -> None:
        message = (
            f"The attribution of {self._name} should sum to the score's difference from the references. Found a "
            f"relative error of {error:.1e}: captum has no rule for a nonlinearity of this discriminator, or it is a "
            'function or a reused module. Use DeepShap, which knows them, or check="warn" or check="off" to go on with '
            "an approximate explanation."
        )
        if self.check == "raise":
            raise CompletenessError(message)
        warnings.warn(message, stacklevel=3)


def _check_rows_are_separate(owner: str, asked: RowScore) -> None:
    """Raise ``ValueError`` if rows had to be put in another order, which captum's look at a layer would not see."""
    if not asked.separable:
        raise ValueError(
            f"The discriminator should score each row by itself for {owner} with a layer. Found scores that change "
            "with the rest of the batch. Use a class without noise and with one reference, LayerDeepLift for example."
        )


def _shown(value: Any) -> str:
    return value.__name__ if isinstance(value, type) else repr(value)
