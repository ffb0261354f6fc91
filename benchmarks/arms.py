"""One arm of a comparison, from its first epoch to its scores."""

from dataclasses import asdict, dataclass, field
from typing import Any

from torch import Tensor

from xaigrad import Guidance
from xaigrad.benchmarks.data import Digits
from xaigrad.benchmarks.metrics import Evaluator, Scores
from xaigrad.benchmarks.training import Setting, Training

PICTURED = 10


@dataclass(frozen=True)
class Arm:
    """A name and a recipe; ``None`` is the standard GAN."""

    name: str
    guidance: Guidance | None = None


@dataclass(frozen=True)
class Result:
    """What one arm came to.

    Attributes:
        name: The arm's.
        guidance: Its recipe, as it prints.
        scores: The final figures.
        seconds: The time of the training, without evaluations.
        explainer_seconds: The part of it that the explainer took.
        history: Losses, guided updates, seconds and FID of each epoch.
        samples: Generated images, from the same noise in every arm.
        masks: Samples of the last guided update and their masks.
        state: The generator's weights.
    """

    name: str
    guidance: str
    scores: Scores
    seconds: float
    explainer_seconds: float
    history: list[dict[str, float | None]]
    samples: Tensor = field(repr=False)
    masks: dict[str, Tensor] | None = field(repr=False)
    state: dict[str, Tensor] = field(repr=False)

    def record(self) -> dict[str, Any]:
        """Return all but the tensors, for a results file."""
        return {
            "arm": self.name,
            "guidance": self.guidance,
            "scores": asdict(self.scores),
            "seconds": self.seconds,
            "explainer_seconds": self.explainer_seconds,
            "history": self.history,
        }


class ArmInTraining:
    """An arm on its way.

    Args:
        arm: Its name and recipe.
        setting: What it has in common with the others.
        digits: The real images.
        evaluator: Compares with real images.
        count: The generated images of each evaluation.
    """

    def __init__(self, arm: Arm, setting: Setting, digits: Digits, evaluator: Evaluator, count: int) -> None:
        self.arm = arm
        self._training = Training(setting, digits.images, arm.guidance, digits.labels)
        self._evaluator = evaluator
        self._count = count
        self._history: list[dict[str, float | None]] = []

    def epoch(self) -> dict[str, float | None]:
        """Train for one epoch and return its figures: epoch, losses, guided updates, seconds, FID."""
        before = self._training.seconds
        losses = asdict(self._training.epoch())
        seconds = self._training.seconds - before
        fid = self._evaluator.fid(self._training.samples(self._count))
        self._history.append({"epoch": len(self._history) + 1, **losses, "seconds": seconds, "fid": fid})
        return self._history[-1]

    def result(self) -> Result:
        """Return what the arm has come to."""
        final = self._training.samples(self._count)
        return Result(
            name=self.arm.name,
            guidance=repr(self.arm.guidance),
            scores=self._evaluator(final),
            seconds=self._training.seconds,
            explainer_seconds=self._training.explainer_seconds,
            history=self._history,
            samples=final[:PICTURED],
            masks=self._training.last_masks(PICTURED),
            state={name: value.cpu() for name, value in self._training.generator.state_dict().items()},
        )
