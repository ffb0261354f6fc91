"""What was asked for: a preset, and what was changed of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

from xaigrad.benchmarks.data import Digits
from xaigrad.benchmarks.errors import UsageError
from xaigrad.benchmarks.setting import Setting
from xaigrad.benchmarks.study import processes
from xaigrad.benchmarks.study.arms import arms, compares
from xaigrad.benchmarks.study.plan import Plan
from xaigrad.benchmarks.study.presets import PRESETS, Preset, settings


@dataclass(frozen=True)
class Request:
    """A preset with the changes that were asked for.

    Attributes:
        preset: It, changed.
        loss: The generator's.
        references: What explainers should compare with, if that was asked for.
    """

    preset: Preset
    loss: str | None = None
    references: str | None = None

    @classmethod
    def of(cls, name: str, *, loss: str | None = None, own_images: bool = False, **changes: Any) -> "Request":
        """Return a preset with changes; ``None`` and nothing change nothing.

        A model that is not the preset's own trains with its own options, unless others are given. Recipes asked for
        take the place of the preset's arms, as explainers do. Images of one's own have neither the preset's class nor a
        classifier that sees theirs.

        Raises:
            UsageError: If there is no such preset.
        """
        if name not in PRESETS:
            close = get_close_matches(name.lower(), PRESETS, n=1)
            cure = f"Did you mean {close[0]}?" if close else "`xaigrad list` says what each is."
            raise UsageError(f"Parameter `preset` should be one of {', '.join(PRESETS)}. Found {name!r}. {cure}")
        preset = PRESETS[name]
        given = {key: value for key, value in changes.items() if value not in (None, [], ())}
        if given.get("model", preset.model) != preset.model:
            given = {"lr": (), "beta1": ()} | given
        if "explainers" in given or "recipes" in given:
            given = {"explainers": (), "recipes": ()} | given
        if own_images:
            given = {"digit": None, "references": None} | given
        return cls(replace(preset, **given), loss, changes.get("references"))

    @property
    def dataset(self) -> str:
        """The data set's name."""
        return self.preset.dataset

    @property
    def digit(self) -> int | None:
        """The class that is trained on."""
        return self.preset.digit

    def settings(self, device: str) -> dict[str, Setting]:
        """Return the settings, by name."""
        preset = self.preset
        return settings(
            preset.model,
            lr=preset.lr,
            beta1=preset.beta1,
            loss=self.loss,
            batch=preset.batch,
            epochs=preset.epochs,
            device=device,
        )

    def plan(
        self,
        digits: Digits,
        seeds: Sequence[int],
        rules: Sequence[str],
        controls: str,
        evaluated: int,
        device: str,
        parts: Mapping[str, Any],
    ) -> Plan:
        """Return what is to be trained on these images.

        Raises:
            UsageError: If a text names nothing, or parts do not fit each other.
        """
        if controls not in ("first", "each", "none"):
            raise UsageError(f"Parameter `controls` should be first, each or none. Found {controls!r}.")
        preset = self.preset
        if self.references and not any(compares(explainer, digits) for explainer in preset.explainers):
            raise UsageError(
                f"Parameter `references` should stand beside an explainer that compares. Found {self.references} "
                f"beside {', '.join(preset.explainers) or 'none'}. Leave it out, or take deep-shap."
            )
        chosen = self.settings(device)
        critics = next(iter(chosen.values())).options.get("n_critic", 1)
        compared = arms(
            digits.to(processes.mine(device).device(device)),
            preset.model,
            explainers=preset.explainers,
            rules=rules,
            references=preset.references,
            recipes=preset.recipes,
            controls=controls,
            half=preset.epochs * (len(digits) // preset.batch) // critics // 2,
            **parts,
        )
        return Plan(chosen, compared, list(seeds), preset.every, evaluated)
