"""What is varied: texts of the command line to choose from, and a range of offsets."""

import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Any

from xaigrad.benchmarks.errors import UsageError

STANDARD = {"explainer": "none"}
_RANGE = re.compile(r"([-+.\de]+)\.\.([-+.\de]+)")


class Space:
    """Choices by the name of an option.

    Args:
        choices: Texts as the command line takes them; for ``offset`` also one range, ``LOW..HIGH``. An option with a
            single text is the same in all trials.

    Raises:
        UsageError: If there is nothing to choose from, a text comes twice or a range is none.

    Example:
        >>> space = Space({"explainer": ["saliency"], "rule": ["multiply", "residual:0.2"], "offset": ["0", "0.5"]})
        >>> len(space.grid()), space.grid()[1]
        (4, {'explainer': 'saliency', 'rule': 'multiply', 'offset': '0.5'})
    """

    def __init__(self, choices: Mapping[str, Sequence[str]]) -> None:
        self._choices = {name: list(texts) for name, texts in choices.items() if texts}
        if not self._choices:
            raise UsageError(
                "Parameter `explainer` should be given, or another choice: rule, offset, schedule, mask or logic. "
                "Found none. Give one of them, several times."
            )
        self._ranges: dict[str, tuple[float, float]] = {}
        for name, texts in self._choices.items():
            repeated = next((text for text in texts if texts.count(text) > 1), None)
            if repeated:
                raise UsageError(f"Parameter `{name}` should name each once. Found {repeated!r} twice.")
            if name == "offset":
                self._range(name, texts)

    def grid(self) -> list[dict[str, str]]:
        """Return all combinations.

        Raises:
            UsageError: If there is a range among them.
        """
        if self._ranges:
            raise UsageError(
                "Parameter `sampler` should be tpe or random where there is a range. Found grid. Give offsets one by "
                "one."
            )
        points = [dict(zip(self._choices, one, strict=True)) for one in itertools.product(*self._choices.values())]
        alone = [_without_use(point) for point in points]
        return [point for place, point in enumerate(alone) if point not in alone[:place]]

    def suggested(self, trial: Any) -> dict[str, str]:
        """Return the texts that a trial of Optuna takes."""
        point: dict[str, str] = {}
        for name, texts in self._choices.items():
            if name in self._ranges:
                point[name] = f"{float(trial.suggest_float(name, *self._ranges[name])):.4f}"
            else:
                point[name] = trial.suggest_categorical(name, texts)
            if point == STANDARD:
                break
        return point

    def record(self) -> dict[str, list[str]]:
        """Return it as data."""
        return self._choices

    def _range(self, name: str, texts: Sequence[str]) -> None:
        found = [_RANGE.fullmatch(text) for text in texts]
        if not any(found):
            return
        [low, high] = map(float, found[0].groups()) if len(found) == 1 and found[0] else (1.0, 0.0)
        if not low < high:
            raise UsageError(f"Parameter `{name}` should be one range LOW..HIGH, or offsets. Found {', '.join(texts)}.")
        self._ranges[name] = (low, high)


def _without_use(point: dict[str, str]) -> dict[str, str]:
    """Return a point; that of the standard GAN has no other parts."""
    return STANDARD if point.items() >= STANDARD.items() else point
