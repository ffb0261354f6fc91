"""The published experiments, as settings that a run can start from."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from xaigrad.benchmarks.setting import Setting
from xaigrad.benchmarks.study import sources

_SEVEN = 7


@dataclass(frozen=True)
class Preset:
    """What an experiment trains on, what, and for how long.

    Attributes:
        summary: What it is.
        dataset: A name of :data:`xaigrad.benchmarks.data.NAMES`.
        digit: The class; ``None`` for all.
        model: A name of :data:`xaigrad.benchmarks.models.MODELS`.
        epochs: Passes over the data.
        batch: Images per step.
        lr: Learning rates, a setting each; for the model above. Another model has its own.
        beta1: Adam's first moments, likewise.
        explainers: What is compared if nothing else is asked for, as on the command line.
        references: What they compare with, likewise.
        recipes: Named recipes that are compared beside them.
        every: The epochs from one measurement to the next.
    """

    summary: str
    dataset: str
    digit: int | None = None
    model: str = "mlp"
    epochs: int = 30
    batch: int = 100
    lr: Sequence[float] = (2e-5, 2e-4)
    beta1: Sequence[float] = (0.9,)
    explainers: Sequence[str] = ("saliency", "deep-shap")
    references: str | None = None
    recipes: Sequence[str] = ()
    every: int = 2


def _of(dataset: str, single: int, multi: int) -> dict[str, Preset]:
    """Return both experiments on a data set, measured so seldom that it takes less than a third of the training."""
    return {
        f"{dataset}-single": Preset(
            f"one class of {dataset} (section 5.3 of the paper)", dataset, _SEVEN, every=single
        ),
        f"{dataset}-multi": Preset(
            f"all of {dataset}, references of the class that a classifier sees (section 5.4)",
            dataset,
            epochs=60,
            references="seen-class",
            every=multi,
        ),
    }


PRESETS = {
    **_of("mnist", 3, 1),
    **_of("fashion-mnist", 3, 1),
    **_of("mnist-5k", 5, 3),
    "xaigan": Preset(
        "the authors' released code: 32x32, smoothed labels, clipped gradients, guided in the second half",
        "mnist",
        model="xaigan",
        epochs=50,
        batch=128,
        lr=(2e-4,),
        beta1=(0.5,),
        explainers=(),
        recipes=("rejected-only", "xaigan"),
        every=1,
    ),
}


def settings(
    model: str,
    *,
    lr: Sequence[float] = (),
    beta1: Sequence[float] = (),
    loss: str | None = None,
    batch: int = 100,
    epochs: int = 10,
    device: str = "cpu",
) -> dict[str, Setting]:
    """Return a setting for each combination of learning rate and first moment, by a name that says what differs.

    Example:
        >>> list(settings("mlp", lr=(2e-5, 2e-4), beta1=(0.9,)))
        ['mlp-lr2e-05-beta0.9', 'mlp-lr0.0002-beta0.9']
        >>> list(settings("wgan"))
        ['wgan']
    """
    made = {}
    for rate, moment in itertools.product(lr or (None,), beta1 or (None,)):
        words = [sources.name(model)]
        words += [f"lr{rate}"] if rate is not None else []
        words += [f"beta{moment}"] if moment is not None else []
        made["-".join(words)] = Setting(model, loss, rate, moment, batch, epochs, 0, device)
    return made
