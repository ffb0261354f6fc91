"""The plain answer: does a guided arm help, and is it the explanation that does? And numbers as they are printed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

from xaigrad.benchmarks.report.effects import Effects
from xaigrad.benchmarks.report.gather import Arm
from xaigrad.benchmarks.report.trial import Model
from xaigrad.benchmarks.statistics import Comparison, effect_in_words, verdict

ONE_SEED = "one seed: an illustration, not evidence"
NONE = "–"  # noqa: RUF001

_UNCONTROLLED = "It has no controls (--controls each makes them), so nobody can say why."

Tone = Literal["good", "bad", "open"]


@dataclass(frozen=True)
class Answer:
    """Of a guided arm and one generator.

    Attributes:
        arm: Its name.
        model: G or its moving average.
        headline: A few words.
        tone: What they say: for it, against it, or neither.
        detail: The sentences behind them.
    """

    arm: str
    model: Model
    headline: str
    tone: Tone
    detail: str


def answers(effects: Effects) -> tuple[Answer, ...]:
    """Return an answer for each guided arm and each generator, by the area under log FID."""
    return tuple(_answer(effects, arm, model) for arm in effects.section.guided for model in effects.section.models)


def _answer(effects: Effects, arm: Arm, model: Model) -> Answer:
    if not effects.seeds:
        return Answer(arm.name, model, "Nothing to compare yet", "open", "No seed has ended in all arms.")
    found, claim = effects.against_standard[model, "area"][arm.name], effects.claims[model].get(arm.name)
    if len(effects.seeds) < 2:
        return Answer(arm.name, model, capital(ONE_SEED), "open", _effect(found))
    if claim is None:
        detail = f"{_effect(found)} {capital(with_n(found))}, adjusted p = {p_value(found.adjusted)}."
        headline = "Better, but nothing tells why" if verdict(found).startswith("better") else _headline(found)
        return Answer(
            arm.name,
            model,
            headline,
            _tone(found),
            f"{detail} It has no controls (--controls each makes them), so nobody can say why.",
        )
    alone, controls = claim.against["standard"], len(claim.against) - 1
    p = f"Greatest p of the {controls + 1} comparisons: {p_value(claim.adjusted)}."
    detail = f"{_effect(alone)} {capital(claim.sentence)}. {p}"
    if claim.helps:
        return Answer(arm.name, model, "The explanation helps", "good", detail)
    headline = (
        "Better, but not shown to be the explanation" if verdict(alone).startswith("better") else _headline(alone)
    )
    return Answer(arm.name, model, headline, _tone(alone), detail)


def _effect(found: Comparison) -> str:
    if found.effect is None:
        return "FID over the whole training has no ratio to that of the standard arm."
    effect = effect_in_words(found).removesuffix(" (no interval)")
    return f"FID over the whole training: {effect} times that of the standard arm, n = {found.n}."


def capital(words: str) -> str:
    """Return a sentence that begins with a capital letter."""
    return words[:1].upper() + words[1:]


def _headline(found: Comparison) -> str:
    words = verdict(found)
    if words.startswith("too few"):
        return "Too few seeds to tell"
    return "It hurts" if words.startswith("worse") else "No help shown"


def _tone(found: Comparison) -> Tone:
    return "bad" if verdict(found).startswith("worse") else "open"


def with_n(found: Comparison) -> str:
    """Return the verdict, always with its number of seeds.

    Example:
        >>> from xaigrad.benchmarks.statistics import compare
        >>> with_n(compare([19.0, 29.1, 23.9, 33.0, 18.8, 28.2], [20.1, 30.2, 25.3, 34.4, 20.2, 29.8]))
        'better (n = 6)'
    """
    words = verdict(found)
    return words if "n = " in words else f"{words} (n = {found.n})"


def p_value(p: float) -> str:
    """Write a p-value.

    Example:
        >>> p_value(0.03125), p_value(0.0002)
        ('0.031', '< 0.001')
    """
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def spread(values: Sequence[float | None], form: str, unit: str = "") -> str:
    """Write the median and the range of the numbers that there are.

    Example:
        >>> spread([1.0, 4.0, None, 2.0], ".1f"), spread([2.0], ".0f")
        ('2.0 (1.0 to 4.0)', '2')
    """
    found = [value for value in values if value is not None and math.isfinite(value)]
    if not found:
        return NONE
    if len(found) == 1:
        return f"{found[0]:{form}}{unit}"
    return f"{median(found):{form}}{unit} ({min(found):{form}} to {max(found):{form}})"
