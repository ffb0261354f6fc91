"""What the command line can choose by name, and the short texts that name it: ``NAME[:VALUE[:VALUE]]``."""

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, is_dataclass
from difflib import get_close_matches
from functools import partial
from operator import getitem
from types import ModuleType
from typing import Any

from torch import Tensor, nn

from xaigrad import Guidance, masks, recipes, rules, schedules
from xaigrad.benchmarks import data, extractor, models
from xaigrad.benchmarks.data import Digits
from xaigrad.benchmarks.errors import UsageError
from xaigrad.explainers import (
    DeepLift,
    DeepShap,
    ExpectedGradients,
    GradCam,
    InputXGradient,
    IntegratedGradients,
    KernelShap,
    Lime,
    Occlusion,
    Saliency,
    SmoothGrad,
)
from xaigrad.integrations import losses
from xaigrad.masks import AbsNormalize
from xaigrad.references import (
    BlurredReferences,
    ClassReferences,
    HarvestedReferences,
    RandomReferences,
    ZeroReferences,
)
from xaigrad.schedules import Constant


@dataclass(frozen=True)
class Choice:
    """Something that a name stands for.

    Attributes:
        make: What it is made by, from the values behind the name.
        usage: The name with its values.
        summary: What it is, in a few words.
    """

    make: Callable[..., Any]
    usage: str
    summary: str


_SCALARS = ("int", "float", "bool", "str", "Literal", "typing.Literal")


def _by_name(package: ModuleType, takes: int) -> dict[str, Choice]:
    """Return the classes of a package that are made of numbers and words, ``TopK`` as ``top-k:FRACTION[:SOFT ...]``.

    Args:
        package: Where they are.
        takes: How many arguments its strategies are called with, at least.
    """
    made = {}
    for exported in package.__all__:
        kind: Any = getattr(package, exported)
        values = _values(kind) if is_dataclass(kind) and _arguments(kind) >= takes else None
        if values is not None:
            name = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", exported).lower()
            made[name] = Choice(
                getattr(package, exported), name + values, (inspect.getdoc(kind) or "").partition("\n")[0].rstrip(".")
            )
    return made


def _arguments(kind: Any) -> int:
    return len(inspect.signature(kind.__call__).parameters) - 1


def _values(kind: Any) -> str | None:
    """Return the values behind a name, ``:FRACTION[:SOFT]``; ``None`` if a text cannot say them."""
    usage = closing = ""
    for parameter in inspect.signature(kind).parameters.values():
        optional = parameter.default is not inspect.Parameter.empty
        if not inspect.formatannotation(parameter.annotation).startswith(_SCALARS):
            return usage + closing if optional else None
        usage += f"[:{parameter.name.upper()}" if optional else f":{parameter.name.upper()}"
        closing += "]" * optional
    return usage + closing


LOSSES = {
    "non-saturating": Choice(lambda: losses.non_saturating, "non-saturating", "-log D(G(z))"),
    "minimax": Choice(lambda: losses.minimax, "minimax", "log(1 - D(G(z))), saturating"),
}
MODELS = {
    name: Choice(partial(getitem, models.MODELS, name), name, str(model)) for name, model in models.MODELS.items()
}
EXPLAINERS = {
    "none": Choice(lambda references: None, "none", "the standard GAN"),
    "saliency": Choice(lambda references: Saliency(), "saliency", "the arriving gradient itself: free"),
    "saliency-exact": Choice(lambda references: Saliency(exact=True), "saliency-exact", "D's own gradient"),
    "input-x-gradient": Choice(lambda references: InputXGradient(), "input-x-gradient", "sample times gradient: free"),
    "input-x-gradient-exact": Choice(
        lambda references: InputXGradient(exact=True), "input-x-gradient-exact", "sample times D's own gradient"
    ),
    "deep-lift": Choice(lambda references: DeepLift(_named(references)), "deep-lift", "DeepLIFT against zeros"),
    "deep-shap": Choice(DeepShap, "deep-shap[:REFERENCES]", "DeepSHAP against random real images (1 per sample)"),
    "integrated-gradients": Choice(
        lambda references, steps=8: IntegratedGradients(_named(references), steps),
        "integrated-gradients[:STEPS]",
        "gradients along the way from zeros (8)",
    ),
    "expected-gradients": Choice(
        ExpectedGradients, "expected-gradients[:SAMPLES]", "gradients on the ways from random real images (8)"
    ),
    "smooth-grad": Choice(
        lambda references, samples=8: SmoothGrad(samples=samples),
        "smooth-grad[:SAMPLES]",
        "gradients at noisy copies (8)",
    ),
    "grad-cam": Choice(
        lambda references, layer: GradCam(str(layer)), "grad-cam:LAYER", "what a named layer sees, where it counts"
    ),
    "occlusion": Choice(
        lambda references, window=4: Occlusion(window, references=_named(references)),
        "occlusion[:WINDOW]",
        "cover one window after the other (4)",
    ),
    "lime": Choice(
        lambda references, perturbations=64: Lime(perturbations, references=_named(references)),
        "lime[:PERTURBATIONS]",
        "a weighted linear fit to hidden regions (64)",
    ),
    "kernel-shap": Choice(
        lambda references, perturbations=64: KernelShap(perturbations, references=_named(references)),
        "kernel-shap[:PERTURBATIONS]",
        "Shapley values of regions by regression (64)",
    ),
}


def _classifier(digits: Digits) -> nn.Module:
    if digits.name not in data.NAMES:
        raise ValueError(
            f"References of the class that a classifier sees should be of {', '.join(data.NAMES)}. Found "
            f"{digits.name}, for which there is no classifier. Choose random."
        )
    return extractor.load(digits.name).to(digits.images.device)


REFERENCES = {
    "random": Choice(
        lambda digits: RandomReferences(digits.images), "random", "real images drawn anew at every update"
    ),
    "same-class": Choice(
        lambda digits: ClassReferences(digits.images, digits.labels),
        "same-class",
        "real images of the class that D is told (cgan)",
    ),
    "seen-class": Choice(
        lambda digits: ClassReferences(digits.images, digits.labels, _classifier(digits)),
        "seen-class",
        "real images of the class that a classifier sees in the sample: the paper's multi-class setting",
    ),
    "harvested": Choice(
        lambda digits, size=256: HarvestedReferences(size),
        "harvested[:SIZE]",
        "the last real images that D learned from",
    ),
    "zeros": Choice(lambda digits: ZeroReferences(), "zeros", "an image of zeros"),
    "blurred": Choice(lambda digits, sigma=2.0: BlurredReferences(sigma), "blurred[:SIGMA]", "each sample's own blur"),
}
CONTROLS = {
    "standard": Choice(lambda references: None, "standard", "the standard GAN against itself: the noise"),
    "idle": Choice(lambda references: Guidance(schedule=Constant(0.0)), "idle", "attached, at strength 0"),
}
MASKS = {
    "sample-max": Choice(AbsNormalize, "sample-max", "absolute value over each sample's maximum: the paper"),
    "batch-minmax": Choice(
        lambda: AbsNormalize(per="batch", by="minmax"), "batch-minmax", "one min-max of the batch: the released code"
    ),
} | _by_name(masks, 1)
SCHEDULES = _by_name(schedules, 1)
RULES = _by_name(rules, 3)
DATASETS = {
    "mnist-5k": Choice(str, "mnist-5k", "5,000 real MNIST digits, no network needed"),
    "mnist": Choice(str, "mnist", "all 60,000, from --data-root"),
    "fashion-mnist": Choice(str, "fashion-mnist", "60,000 pictures of clothes, from --data-root"),
}
BY_OPTION = {
    "explainer": EXPLAINERS,
    "references": REFERENCES,
    "mask": MASKS,
    "schedule": SCHEDULES,
    "rule": RULES,
    "dataset": DATASETS,
    "model": MODELS,
    "loss": LOSSES,
}


def choose(parameter: str, choices: Mapping[str, Choice], text: str, **given: Any) -> Any:
    """Return what a text names.

    Args:
        parameter: The option that the text was given to, for messages.
        choices: The names.
        text: A name, with values behind colons: numbers, or else texts; or a call as in Python, ``Residual(0.3)``.
        **given: What is needed beside them; ``names``, tensors that a call may name.

    Raises:
        UsageError: If the name is unknown or the values do not fit.

    Example:
        >>> choose("schedule", SCHEDULES, "alternate:2:1")
        Alternate(guided=2, standard=1)
    """
    if "(" in text:
        return _constructed(parameter, text, given.get("names"))
    given.pop("names", None)
    name, *values = text.split(":")
    if name not in choices:
        close = get_close_matches(name.lower(), choices, n=1)
        cure = f"Did you mean {close[0]}?" if close else "`xaigrad list` says what each is."
        raise UsageError(f"Parameter `{parameter}` should be one of {', '.join(choices)}. Found {name!r}. {cure}")
    choice = choices[name]
    try:
        return choice.make(*given.values(), *map(_value, values))
    except TypeError:
        raise UsageError(f"Parameter `{parameter}` should read {choice.usage}. Found {text!r}.") from None
    except ValueError as error:
        raise UsageError(f"{error} It stands in --{parameter} {text}.") from None


def _constructed(parameter: str, text: str, names: Mapping[str, Any] | None) -> Any:
    try:
        return recipes.read(text, names, part=parameter)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{error} It stands in --{parameter}.") from None


def _value(text: str) -> int | float | str | bool:
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _named(references: Any) -> Any:
    """Return references that were asked for; explainers whose own default is zeros leave the bank of images aside."""
    return None if isinstance(references, Tensor) else references
