"""What is to be trained: every arm, in every setting, from every seed."""

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from xaigrad import Guidance
from xaigrad.benchmarks.errors import UsageError
from xaigrad.benchmarks.setting import Setting

STANDARD, TWIN = "standard", "standard-again"

Kind = Literal["standard", "twin", "guided", "control"]


@dataclass(frozen=True)
class Arm:
    """A name and a recipe; ``None`` is the standard GAN.

    Attributes:
        name: Of small letters, digits, dots and hyphens.
        guidance: The recipe.
        kind: What it is for: "standard" is what the others are compared with; a "twin" is another standard GAN, from
            the same weights and data with other noise, that shows how far two of the same lie apart; a "control" shows
            what a guidance does for other reasons than its explanation.
        of: Whose control it is; ``None`` for one of the comparison as a whole.
    """

    name: str
    guidance: Guidance | None = None
    kind: Kind = "guided"
    of: str | None = None

    def record(self) -> dict[str, Any]:
        """Return it as data, the recipe as it prints."""
        recipe = None if self.guidance is None else " ".join(repr(self.guidance).split())
        return {"name": self.name, "kind": self.kind, "guidance": recipe, "of": self.of}


@dataclass(frozen=True)
class Trial:
    """One training: an arm in a setting, from the setting's seed.

    Attributes:
        setting: With its seed.
        setting_name: The setting's.
        arm: The arm.
    """

    setting: Setting
    setting_name: str
    arm: Arm

    @property
    def name(self) -> str:
        """The trial's name in files."""
        return f"{self.setting_name}--{self.arm.name}--seed{self.setting.seed}"

    def on(self, device: str) -> "Trial":
        """Return the trial on a device."""
        return replace(self, setting=replace(self.setting, device=device))

    @property
    def labels(self) -> dict[str, Any]:
        """What each record of the trial begins with."""
        return {"trial": self.name, "setting": self.setting_name, "arm": self.arm.name, "seed": self.setting.seed}


@dataclass(frozen=True)
class Plan:
    """Settings, arms and seeds, and how often and on how many images they are measured.

    Attributes:
        settings: By name; their own seed counts for nothing.
        arms: The first is the baseline.
        seeds: Each is one of initial weights, of the order of the data and of the noise, for all arms.
        every: The epochs from one measurement to the next; the last is measured in any case.
        evaluated: The generated images of each of these, at most; and as many real ones.
        final: The same of the last measurement.

    Raises:
        UsageError: If arms or seeds repeat or there are none, or a number is too small.
    """

    settings: dict[str, Setting]
    arms: Sequence[Arm]
    seeds: Sequence[int]
    every: int = 1
    evaluated: int = 2_000
    final: int = 10_000

    def __post_init__(self) -> None:
        for parameter, found in (("arm", [arm.name for arm in self.arms]), ("seeds", self.seeds)):
            repeated = [one for one, times in Counter(found).items() if times > 1]
            if repeated or not found:
                raise UsageError(f"Parameter `{parameter}` should name each once. Found {repeated or 'none'}.")
        for parameter, least in (("every", 1), ("evaluated", 4), ("final", 4)):
            if getattr(self, parameter) < least:
                raise UsageError(
                    f"Parameter `{parameter}` should be at least {least}. Found {getattr(self, parameter)}."
                )

    def groups(self) -> list[list[Trial]]:
        """Return the trials, those together that are compared: all arms of a setting and a seed."""
        return [
            [Trial(replace(setting, seed=seed), name, arm) for arm in self.arms]
            for seed, (name, setting) in itertools.product(self.seeds, self.settings.items())
        ]

    def trials(self) -> Iterator[Trial]:
        """Return all trials."""
        return itertools.chain.from_iterable(self.groups())

    def measured(self, setting: Setting, epoch: int) -> bool:
        """Return whether an epoch, counted from 1, is measured: the first, every so many, and the last."""
        return epoch in (1, setting.epochs) or epoch % self.every == 0

    def record(self) -> dict[str, Any]:
        """Return it as data."""
        return {
            "settings": [
                {
                    "name": name,
                    "model": setting.model,
                    "epochs": setting.epochs,
                    "batch": setting.batch,
                    "device": setting.device,
                    "options": setting.options,
                }
                for name, setting in self.settings.items()
            ],
            "arms": [arm.record() for arm in self.arms],
            "seeds": list(self.seeds),
            "every": self.every,
            "evaluated": self.evaluated,
            "final": self.final,
        }
