"""A bank of real samples, into which they are written without waiting for the device."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor


class Bank:
    """The last rows that were real, and how to tell them by a change of D's loss.

    Args:
        size: How many rows to keep.

    Attributes:
        slot: The place of the samples among the flattened arguments of D's call, and how many those were.
    """

    def __init__(self, size: int) -> None:
        self.slot = (0, -1)
        self._size = size
        self._rows: Tensor | None = None  # With a last one, for what is not kept.
        self._written: Tensor | None = None
        self._full = False
        self._plain = False  # Whether a batch without a penalty has been real.
        self._way = 0  # The sign of the loss's change at generated samples in the generator's turn.

    @property
    def sure(self) -> bool:
        """Whether the generator has been seen to raise its samples' scores, as nearly all do."""
        return self._way < 0

    @property
    def rows(self) -> Tensor | None:
        """The rows, in any order; ``None`` if there are none."""
        if self._rows is None or self._written is None:
            return None
        filled = self._size if self._full else min(int(self._written), self._size)
        self._full = filled == self._size
        return self._rows[:filled] if filled else None

    def fits(self, samples: Tensor) -> bool:
        """Return whether the bank has rows, of the samples' shape."""
        return self._rows is not None and self._rows.shape[1:] == samples.shape[1:] and self.rows is not None

    def learn(self, rows: Tensor | None, changes: Tensor, penalised: bool = False) -> None:
        """Take, or take as evidence, how D's loss changes with the score of each row of a batch.

        Where there is not one score per row, the rows are real if none of the scores says otherwise. A penalised batch
        may be real (R1) or lie between real and generated ones (WGAN-GP), whose scores a penalty changes too where D
        ends in a nonlinearity; so it only counts as long as no other batch has been real.

        Args:
            rows: The batch; ``None`` if the generator made it and this is its turn.
            changes: The loss's derivative by each score.
            penalised: Whether the scores' gradients have been differentiated too.
        """
        if rows is None:
            self._notice(changes)
            return
        towards = changes if self._way > 0 else -changes
        if len(changes) != len(rows):
            towards = torch.where((towards >= 0).all(), towards.amax(), 0).expand(len(rows))
        if penalised and self._plain:
            return
        if not (penalised or self._plain) and bool((towards > 0).any()):
            self._plain, self._written, self._full = True, None, False
        self._write(rows, (towards > 0).to(rows.device))

    def _notice(self, changes: Tensor) -> None:
        """Learn which way the generator pushes, if it pushes all samples the same way."""
        low, high = torch.stack([changes.amin(), changes.amax()]).tolist()
        way = -1 if low < 0 and high <= 0 else int(low >= 0 and high > 0)
        # The rarer way only as long as nothing speaks for the other: undetached fakes of D's turn seem to go it too.
        if way < 0 < self._way or way > 0 == self._way:
            self._written, self._full = None, False
        self._way = way if self._way >= 0 and way else self._way

    def _write(self, rows: Tensor, taken: Tensor) -> None:
        """Write the rows that are taken over the oldest, without asking how many they are."""
        rows, taken = rows[-self._size :], taken[-self._size :]
        if self._rows is None or (self._rows.shape[1:], self._rows.dtype) != (rows.shape[1:], rows.dtype):
            self._rows, self._written = rows.new_empty(self._size + 1, *rows.shape[1:]), None
        self._rows = self._rows.to(rows.device)
        if self._written is None:
            self._written, self._full = torch.zeros((), dtype=torch.long, device=rows.device), False
        self._written = self._written.to(rows.device)
        ranks = self._written + taken.cumsum(0)
        self._rows[torch.where(taken, (ranks - 1) % self._size, self._size)] = rows
        self._written = ranks[-1]

    def state_dict(self) -> dict[str, Any]:
        """Return all that the next draws depend on."""
        rows = self.rows
        written = 0 if self._written is None else int(self._written)
        return {
            "rows": None if rows is None else rows.clone(),
            "written": written,
            "way": self._way,
            "plain": self._plain,
            "slot": list(self.slot),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Load a saved bank; of a larger one the first rows."""
        self._way, self._plain = int(state["way"]), bool(state["plain"])
        self.slot = int(state["slot"][0]), int(state["slot"][1])
        self._rows, self._written, self._full = None, None, False
        saved = state["rows"]
        if saved is not None:
            rows = saved[: self._size]
            self._rows = rows.new_empty(self._size + 1, *rows.shape[1:])
            self._rows[: len(rows)] = rows
            written = int(state["written"]) if len(rows) == min(int(state["written"]), self._size) else len(rows)
            self._written = torch.tensor(written, device=rows.device)
