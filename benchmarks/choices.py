"""What the command line can choose by name, and the short texts that name it: ``NAME[:VALUE[:VALUE]]``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from operator import getitem
from typing import Any

from torch import Tensor

from xaigrad import Guidance
from xaigrad.benchmarks import models
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
from xaigrad.masks import AbsNormalize, Offset
from xaigrad.references import (
    BlurredReferences,
    ClassReferences,
    HarvestedReferences,
    RandomReferences,
    ZeroReferences,
)
from xaigrad.rules import Multiply, Residual
from xaigrad.schedules import Alternate, Constant, StartAfter


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
REFERENCES = {
    "random": Choice(
        lambda images, labels: RandomReferences(images), "random", "real images drawn anew at every update"
    ),
    "same-class": Choice(
        lambda images, labels: ClassReferences(images, labels),
        "same-class",
        "real images of the class that D is told (cgan)",
    ),
    "harvested": Choice(
        lambda images, labels, size=256: HarvestedReferences(size),
        "harvested[:SIZE]",
        "the last real images that D learned from",
    ),
    "zeros": Choice(lambda images, labels: ZeroReferences(), "zeros", "an image of zeros"),
    "blurred": Choice(
        lambda images, labels, sigma=2.0: BlurredReferences(sigma), "blurred[:SIGMA]", "each sample's own blur"
    ),
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
}
SCHEDULES = {
    "constant": Choice(Constant, "constant[:STRENGTH]", "every update, at one strength"),
    "alternate": Choice(Alternate, "alternate[:GUIDED[:STANDARD]]", "guided and standard updates in turn"),
    "start-after": Choice(StartAfter, "start-after:UPDATES", "standard updates first"),
}
RULES = {
    "multiply": Choice(Multiply, "multiply", "g' = g M: the paper"),
    "residual": Choice(Residual, "residual[:ALPHA]", "g' = g + ALPHA g M (0.2): the released code"),
}
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
        text: A name, with values behind colons: numbers, or else texts.
        **given: What is needed beside them.

    Raises:
        UsageError: If the name is unknown or the values do not fit.

    Example:
        >>> choose("schedule", SCHEDULES, "alternate:2:1")
        Alternate(guided=2, standard=1)
    """
    name, *values = text.split(":")
    if name not in choices:
        close = get_close_matches(name, choices, n=1)
        cure = f"Did you mean {close[0]}?" if close else "`xaigrad list` says what each is."
        raise UsageError(f"Parameter `{parameter}` should be one of {', '.join(choices)}. Found {name!r}. {cure}")
    choice = choices[name]
    try:
        return choice.make(*given.values(), *map(_value, values))
    except TypeError:
        raise UsageError(f"Parameter `{parameter}` should read {choice.usage}. Found {text!r}.") from None
    except ValueError as error:
        raise UsageError(f"{error} It stands in --{parameter} {text}.") from None


def offset(text: str) -> Offset:
    """Return the offset that ``BASE[:SCALE]`` names; the scale is 1 - BASE where none is given.

    Example:
        >>> offset("0.25")
        Offset(base=0.25, scale=0.75)
    """
    try:
        base, *scale = map(float, text.split(":"))
        return Offset(base, *scale) if scale else Offset(base, 1 - base)
    except (TypeError, ValueError):
        raise UsageError(f"Parameter `offset` should read BASE[:SCALE], for example 1:0.2. Found {text!r}.") from None


def guidance(
    explainer: str,
    references: str | None,
    mask: str,
    offset_text: str | None,
    schedule: str,
    rule: str,
    digits: Digits,
    model: str,
) -> Guidance | None:
    """Return the recipe that the texts name; ``None`` for the standard GAN.

    Args:
        explainer: A text, as all but the digits.
        references: What it compares with; ``None``: its own default.
        mask: How an attribution becomes a mask.
        offset_text: What is added to that.
        schedule: When and how strongly to guide.
        rule: How the mask changes the gradient.
        digits: The real images.
        model: What is guided.

    Raises:
        UsageError: If a text names nothing, or parts do not fit each other.
    """
    masks = [choose("mask", MASKS, mask)] + ([offset(offset_text)] if offset_text else [])
    when, how = choose("schedule", SCHEDULES, schedule), choose("rule", RULES, rule)
    compared: Any = digits.images
    if references is not None:
        compared = choose("references", REFERENCES, references, images=digits.images, labels=digits.labels)
    chosen = choose("explainer", EXPLAINERS, explainer, references=compared)
    if references is not None and not hasattr(chosen, "references"):
        raise UsageError(f"Parameter `references` is of no use to --explainer {explainer}. Leave it out.")
    if isinstance(compared, ClassReferences) and not choose("model", MODELS, model).labelled:
        raise UsageError(
            f"Parameter `references` should not be {references} for --model {model}, whose discriminator is told no "
            "class. Choose --model cgan, or other references."
        )
    return None if chosen is None else Guidance(chosen, masks, when, how)


def _named(references: Any) -> Any:
    """Return references that were asked for; explainers whose own default is zeros leave the bank of images aside."""
    return None if isinstance(references, Tensor) else references


def _value(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
