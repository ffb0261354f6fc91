"""The processes that share a run, started by ``torchrun`` or ``accelerate launch``; one, if it was started as it is.

A trial is trained by one process: spread over several devices, its figures would depend on how many there are.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from xaigrad.benchmarks.errors import UsageError

T = TypeVar("T")


@dataclass(frozen=True)
class Process:
    """One of the processes.

    Attributes:
        number: From 0.
        state: Accelerate's; ``None`` if there is one process.
    """

    number: int = 0
    state: Any = None

    @property
    def first(self) -> bool:
        """Whether it is the one that makes the folder."""
        return self.number == 0

    def device(self, asked: str) -> str:
        """Return where this process trains: of several GPUs, its own."""
        if self.state is None or asked != "cuda":
            return asked
        return str(self.state.device)

    def agreed(self, value: T) -> T:
        """Return what the first process has."""
        if self.state is None:
            return value
        from accelerate.utils import broadcast_object_list

        found = [value]
        broadcast_object_list(found)
        return found[0]

    def wait(self) -> None:
        """Wait until all processes have come here."""
        if self.state is not None:
            self.state.wait_for_everyone()


def mine(device: str) -> Process:
    """Return this process.

    Args:
        device: Where it is to train, "cpu" or "cuda".

    Raises:
        UsageError: If there are several and accelerate is missing.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return Process()
    try:
        from accelerate import PartialState
    except ModuleNotFoundError:
        raise UsageError(
            'A run by several processes needs accelerate. Install it with: pip install "xaigrad[accelerate]"'
        ) from None
    # Processes wait for each other at the end, for as long as one has more to train than another.
    state = PartialState(cpu=device == "cpu", timeout=timedelta(days=365))
    return Process(state.process_index, state)


def share(tasks: Sequence[T], process: Process) -> list[T]:
    """Return the tasks of a process, every so many of all.

    Example:
        >>> share([1, 2, 3], Process())
        [1, 2, 3]
    """
    count = 1 if process.state is None else process.state.num_processes
    return list(tasks[process.number :: count])
