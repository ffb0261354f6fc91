"""The arms of a comparison: the standard GAN twice, each guidance asked for, and the controls of a claim."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

from xaigrad import Guidance
from xaigrad.benchmarks.asked import Asked
from xaigrad.benchmarks.choices import EXPLAINERS, choose
from xaigrad.benchmarks.data import Digits
from xaigrad.benchmarks.errors import UsageError
from xaigrad.benchmarks.study.controls import TOP_SAMPLES, controls_of
from xaigrad.benchmarks.study.plan import STANDARD, TWIN, Arm
from xaigrad.schedules import StartAfter

Controls = Literal["first", "each", "none"]


def arms(
    digits: Digits,
    model: str,
    *,
    explainers: Sequence[str],
    rules: Sequence[str] = (),
    references: str | None = None,
    recipes: Sequence[str] = (),
    controls: str = "first",
    half: int = 0,
    **parts: Any,
) -> list[Arm]:
    """Return them, the standard GAN first.

    Args:
        digits: The real images.
        model: What is guided.
        explainers: As on the command line; each is compared with each of the rules.
        rules: Likewise; the paper's if there are none.
        references: What those explainers compare with that compare with something.
        recipes: Named recipes or files of recipes. Where one leaves open how long to wait (``StartAfter(0)``, as the
            released code's), it waits for half of the training.
        controls: Whose mask the controls are made of: the "first" guidance's, "each" one's, or "none".
        half: The updates of half of the training.
        **parts: The other parts of each recipe, as :class:`~xaigrad.benchmarks.asked.Asked` takes them.

    Raises:
        UsageError: If a text names nothing.
    """
    if not explainers and (rules or any(parts.values())):
        given = ["rule"] if rules else [name for name, value in parts.items() if value]
        raise UsageError(
            f"Parameter `{given[0]}` should stand beside --explainer. Found it beside recipes alone, which have parts "
            "of their own. Give an explainer, or change the recipe."
        )
    guided: list[tuple[str, Guidance | None]] = []
    for explainer in explainers:
        compared = references if compares(explainer, digits) else None
        for rule in rules or ("multiply",):
            asked = Asked(explainer=explainer, references=compared, rule=rule, **parts)
            guided.append((name_of(explainer, *([rule] if rules else [])), asked.guidance(digits, model)))
    for recipe in recipes:
        asked = Asked(recipe=recipe)
        guided.append((name_of(asked.name), _waiting(asked.guidance(digits, model), half)))
    made = [Arm(STANDARD, kind="standard")]
    if controls != "none":
        made.append(Arm(TWIN, kind="twin"))
    chosen = [(name, guidance) for name, guidance in guided if guidance is not None]
    made += [Arm(name, guidance) for name, guidance in chosen]
    made += [
        Arm(control, controlled, "control", name)
        for name, guidance in {"first": chosen[:1], "each": chosen, "none": []}[controls]
        for control, controlled in controls_of(name, guidance).items()
    ]
    return made + ([Arm("top-samples", TOP_SAMPLES, "control")] if controls != "none" else [])


def name_of(*texts: str) -> str:
    """Return a name for files from what was asked for.

    Example:
        >>> name_of("deep-shap:4", "NormPreserving(Residual(0.3))")
        'deep-shap-4-normpreserving-residual-0.3'
    """
    return re.sub(r"[^a-z0-9.]+", "-", "-".join(texts).lower()).strip("-.")


def compares(explainer: str, digits: Digits) -> bool:
    """Return whether an explainer compares samples with references."""
    names = {"real": digits.images, "labels": digits.labels}
    return "(" not in explainer and hasattr(
        choose("explainer", EXPLAINERS, explainer, references=digits.images, names=names), "references"
    )


def _waiting(guidance: Guidance | None, half: int) -> Guidance | None:
    if guidance is not None and guidance.schedule == StartAfter(0):
        return replace(guidance, schedule=StartAfter(half))
    return guidance
