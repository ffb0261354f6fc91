"""One trial under way: it trains an epoch, measures, and can be saved and resumed after any epoch."""

import math
import time
from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor

from xaigrad.benchmarks.data import Digits
from xaigrad.benchmarks.digest import hashed
from xaigrad.benchmarks.metrics import Evaluator, Scores
from xaigrad.benchmarks.study.averaged import Averaged
from xaigrad.benchmarks.study.matched_rate import scale_rate
from xaigrad.benchmarks.study.measures import Measures
from xaigrad.benchmarks.study.meter import Meter
from xaigrad.benchmarks.study.pictures import PICTURED
from xaigrad.benchmarks.study.plan import Plan, Trial
from xaigrad.benchmarks.training import Training

_TWIN = 1
_JUDGED = 1_000


class TrialUnderWay:
    """A trial from its first epoch to its last.

    Args:
        trial: The arm, the setting and the seed.
        plan: When it is measured.
        digits: The real images.
        measures: What the generated ones are compared with.

    Attributes:
        epoch: The epochs that it has been trained.
        records: What there is to be said of it so far, oldest first.
    """

    def __init__(self, trial: Trial, plan: Plan, digits: Digits, measures: Measures) -> None:
        stream = _TWIN if trial.arm.kind == "twin" else 0
        self.trial = trial
        self.epoch = 0
        self._plan = plan
        self._digits = digits
        self._measures = measures
        self._masks: dict[str, Tensor] | None = None
        self._training = Training(trial.setting, digits.images, trial.arm.guidance, digits.labels, stream)
        optimizer = self._training.gan.g_optimizer
        self._meter = Meter(optimizer, self._training.guided)
        self._averaged = Averaged(self._training.generator, optimizer)
        if self._training.guided is not None:
            scale_rate(optimizer, self._training.guided)
        paired = hashed(self._training.fingerprint, self._training.random_state)
        self.records: list[dict[str, Any]] = [{"kind": "start", **trial.labels, "paired": paired}]

    def advance(self) -> dict[str, Any]:
        """Train for an epoch, measure if it is time, and return the epoch's record."""
        before = self._training.seconds, self._training.explainer_seconds
        losses = asdict(self._training.epoch())
        training, explainer = (
            now - then
            for now, then in zip((self._training.seconds, self._training.explainer_seconds), before, strict=True)
        )
        self.epoch += 1
        begin = time.perf_counter()
        scores = ema = accuracy = None
        if self._plan.measured(self.trial.setting, self.epoch):
            scores, ema = (asdict(found) for found in self._scores(self._measures.look, self._measures.evaluated))
            accuracy = self._accuracy()
        figures = self._meter.read()
        finite = [
            value for value in [*losses.values(), *figures.values(), (scores or {}).get("fid")] if value is not None
        ]
        record = {
            "kind": "epoch",
            **self.trial.labels,
            "epoch": self.epoch,
            **losses,
            **figures,
            "d_accuracy": accuracy,
            "diverged": not all(map(math.isfinite, finite)),
            "seconds": {"training": training, "explainer": explainer, "evaluation": time.perf_counter() - begin},
            "draws": self._training.draws,
            "scores": scores,
            "ema": ema,
        }
        self.records.append(record)
        return record

    def finish(self) -> dict[str, Any]:
        """Measure what it has come to, and return the last record."""
        begin = time.perf_counter()
        epochs = [record for record in self.records if record["kind"] == "epoch"]
        scores, ema = epochs[-1]["scores"], epochs[-1]["ema"]
        if self._measures.final is not self._measures.look:
            scores, ema = (asdict(found) for found in self._scores(self._measures.final, self._measures.ended))
        seconds = {name: sum(record["seconds"][name] for record in epochs) for name in epochs[0]["seconds"]}
        seconds["evaluation"] += time.perf_counter() - begin
        record = {
            "kind": "done",
            **self.trial.labels,
            "epochs": self.epoch,
            "diverged": any(record["diverged"] for record in epochs) or not math.isfinite(scores["fid"]),
            "seconds": seconds,
            "scores": scores,
            "ema": ema,
            "weights": hashed(self._training.fingerprint, *self._averaged.network.state_dict().values()),
        }
        self.records.append(record)
        return record

    def samples(self, count: int) -> Tensor:
        """Return images of the same noise in all arms, at every call."""
        return self._training.samples(count)

    def weights(self) -> dict[str, dict[str, Tensor]]:
        """Return the weights of G and of its average."""
        networks = {"generator": self._training.generator, "average": self._averaged.network}
        return {name: network.state_dict() for name, network in networks.items()}

    def last_masks(self, count: int) -> dict[str, Tensor] | None:
        """Return samples and masks of the last guided update, at most as many as are shown."""
        found = self._training.last_masks(count) or self._masks
        return None if found is None else {name: part[:count] for name, part in found.items()}

    def state_dict(self) -> dict[str, Any]:
        """Return all that the next epoch depends on, and the records so far."""
        return {
            "epoch": self.epoch,
            "training": self._training.state_dict(),
            "averaged": self._averaged.state_dict(),
            "masks": self.last_masks(PICTURED),
            "records": self.records,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where a saved trial stopped."""
        self.epoch = state["epoch"]
        self._training.load_state_dict(state["training"])
        self._averaged.load_state_dict(state["averaged"])
        self._masks = state["masks"]
        self.records = state["records"]

    def _scores(self, evaluator: Evaluator, count: int) -> tuple[Scores, Scores]:
        own = self._training.samples(count)
        return evaluator(own), evaluator(self._training.samples(count, self._averaged.network))

    @torch.no_grad()
    def _accuracy(self) -> float | None:
        """Return the share of real and generated images that D tells, each half counting the same."""
        threshold = self.trial.setting.networks.threshold
        if threshold is None:
            return None
        right = self._training.judged(min(_JUDGED, self._measures.evaluated), threshold)
        return sum(right) / 2
