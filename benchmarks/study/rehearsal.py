"""Whether a user's own training goes on from a checkpoint as if it had never stopped, tried on a few steps beforehand.

What networks and a step keep from one step to the next can lie anywhere: in an attribute, a closure, a list that an
average shares with a network. Only a trial shows whether a state has all of it. Where it has not, no checkpoint is
used, and a training that is cut off starts anew: the result is the same, and takes longer.
"""

import tempfile
from dataclasses import replace
from pathlib import Path

from torch import nn

from xaigrad.benchmarks.data import Digits
from xaigrad.benchmarks.models import MODELS
from xaigrad.benchmarks.setting import Setting
from xaigrad.benchmarks.study import checkpoint
from xaigrad.benchmarks.training import Training

_BATCHES, _ROUNDS = 3, 3


def obstacle(setting: Setting, digits: Digits) -> str | None:
    """Return why trainings of a setting cannot be gone on with from a checkpoint; ``None`` if they can.

    One training goes on for nine steps; another begins from the state that the first had after three. They have to end
    in the same bits on a CPU. On a GPU two trainings differ in any case, and it is enough that the state can be saved
    and put back.

    Args:
        setting: The networks, and their training.
        digits: Images, of which the first three batches are used.
    """
    if setting.model in MODELS:
        return None
    images, labels = (part[: _BATCHES * setting.batch] for part in (digits.images, digits.labels))
    begun = replace(setting, epochs=1)
    straight, resumed = (Training(begun, images, labels=labels) for _ in range(2))
    if setting.networks.own_step and not _says_what_it_is(straight.gan):
        return "the training has no methods state_dict and load_state_dict of its own"
    straight.epoch()
    try:
        with tempfile.TemporaryDirectory() as folder:
            checkpoint.save(Path(folder) / "state.safetensors", straight.state_dict())
            resumed.load_state_dict(checkpoint.load(Path(folder) / "state.safetensors"))
    except Exception as error:  # Whatever a user's own methods may raise.
        said = " ".join(str(error).split()).rstrip(".")
        return said if isinstance(error, checkpoint.NotKeptError) else f"{type(error).__name__}: {said}"
    for _ in range(_ROUNDS - 1):
        one, other = (
            (repr(training.epoch()), training.draws, training.fingerprint) for training in (straight, resumed)
        )
        if one != other and setting.device == "cpu":
            return "the training's state leaves out something that it depends on, and it went on otherwise"
    return None


def _says_what_it_is(gan: object) -> bool:
    """Return whether a training has both methods; those of a network know of no optimizer."""
    names = ("state_dict", "load_state_dict")
    return all(
        callable(getattr(gan, name, None)) and getattr(type(gan), name, None) is not getattr(nn.Module, name)
        for name in names
    )
