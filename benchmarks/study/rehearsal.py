"""Whether a user's own training goes on from a checkpoint as if it had never stopped, tried on a few steps.

What networks and a step keep from one step to the next can lie anywhere: in an attribute, a closure, a list that an
average shares with a network. Only a trial shows whether a state has all of it. Where it has not, no checkpoint is
used, and a training that is cut off starts anew: the result is the same, and takes longer.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from xaigrad._isolation import forked_rng
from xaigrad.benchmarks.data import Digits
from xaigrad.benchmarks.models import MODELS
from xaigrad.benchmarks.setting import Setting
from xaigrad.benchmarks.study import checkpoint
from xaigrad.benchmarks.training import Training

_BEFORE, _AFTER = 7, 6  # The first cuts turns of two to six steps, a critic's say, in the middle.


def obstacle(setting: Setting, digits: Digits) -> str | None:
    """Return why trainings of a setting cannot be gone on with from a checkpoint; ``None`` if they can.

    A training is saved after seven steps, and another begins from that state. Both then have to be in the same state,
    with the same counts and states among their attributes, and on a CPU to end in the same bits after six steps more.
    On a GPU two trainings differ in any case. What lies deeper and has no effect in these steps is not seen.

    Args:
        setting: The networks, and their training.
        digits: Images, of which a batch is used.
    """
    if setting.model in MODELS:
        return None
    try:
        with forked_rng(torch.device(setting.device)):
            return _obstacle(setting, digits)
    except Exception as error:  # A user's own code may raise anything; of the training itself, the run will say so.
        said = " ".join(str(error).split()).rstrip(".")
        return said if isinstance(error, checkpoint.NotKeptError) else f"{type(error).__name__}: {said}"


def _obstacle(setting: Setting, digits: Digits) -> str | None:
    stride = len(digits) // setting.batch  # Of data that is sorted by class, some of each.
    images, labels = (part[::stride][: setting.batch] for part in (digits.images, digits.labels))
    straight, resumed = (Training(replace(setting, epochs=1), images, labels=labels) for _ in range(2))
    if setting.networks.own_step and not _says_what_it_is(straight.gan):
        return "the training has no methods state_dict and load_state_dict of its own"
    for _ in range(_BEFORE):
        straight.epoch()
    before = _objects(resumed.gan)
    state = straight.state_dict()
    resumed.load_state_dict(checkpoint.unpacked(checkpoint.packed(state)))
    if any(one is not other for one, other in zip(before, _objects(resumed.gan), strict=True)):
        return "load_state_dict puts other networks or another optimizer in the place of those that were there"
    missing = _differing(vars(straight.gan), vars(resumed.gan))
    if missing is not None:
        return f"the training's state leaves out its {missing}"
    same = checkpoint.digest(resumed.state_dict()) == checkpoint.digest(state)
    for _ in range(_AFTER):
        one, other = ((repr(training.epoch()), _outcome(training)) for training in (straight, resumed))
        same = same and (one == other or setting.device != "cpu")
    return None if same else "the training's state leaves out something that it depends on, and it went on otherwise"


def _outcome(training: Training) -> tuple[Any, ...]:
    """Return what a step has led to, G's samples included: they may depend on more than its weights."""
    return training.draws, training.fingerprint, training.samples(2).numpy().tobytes()


def _says_what_it_is(gan: object) -> bool:
    """Return whether a training has both methods; those of a network know of no optimizer."""
    names = ("state_dict", "load_state_dict")
    return all(
        callable(getattr(gan, name, None)) and getattr(type(gan), name, None) is not getattr(nn.Module, name)
        for name in names
    )


def _objects(gan: Any) -> list[Any]:
    """Return what the harness holds beside a training: its networks, G's optimizer and weights."""
    weights = [weight for group in gan.g_optimizer.param_groups for weight in group["params"]]
    return [gan.generator, gan.discriminator, gan.g_optimizer, *gan.generator.parameters(), *weights]


def _differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> str | None:
    """Return the first attribute that is a count, or has a state, and is not the same in both."""
    for name, value in one.items():
        if type(value) in (bool, int) and value != other.get(name):
            return name
        if hasattr(value, "state_dict") and hasattr(other.get(name), "state_dict"):
            states = (checkpoint.digest(part.state_dict()) for part in (value, other[name]))
            if next(states) != next(states):
                return name
    return None
