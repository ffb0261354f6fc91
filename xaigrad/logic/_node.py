"""The parts of formulas: what each of them needs, what it gives, and how it is written."""

from dataclasses import MISSING, dataclass, fields
from typing import Any, ClassVar

from torch import Tensor, nn

from xaigrad.logic._world import World


@dataclass(frozen=True, repr=False)
class Node:
    """A part of a formula that is evaluated once in an update."""

    word: ClassVar[str] = ""

    @property
    def asks(self) -> bool:
        """Whether it asks D, or looks at its scores."""
        return False

    @property
    def harvests(self) -> int:
        """How many real samples of D's own calls it wants to be kept."""
        return 0

    @property
    def contextual(self) -> bool:
        """Whether it may carry a state of its own, and so needs a context of its own."""
        return False

    @property
    def fixed(self) -> bool:
        """Whether its value is the same for all samples of a shape, at every update."""
        return False

    @property
    def written(self) -> bool:
        """Whether its text, read again, is the same."""
        return True

    @property
    def operands(self) -> tuple["Node", ...]:
        """The parts that it is made of, in order."""
        values = (getattr(self, field.name) for field in fields(self))
        parts = (part for value in values for part in (value if isinstance(value, tuple) else (value,)))
        return tuple(part for part in parts if isinstance(part, Node))

    @property
    def levels(self) -> int:
        """How deep it is nested."""
        return 1

    def value(self, world: World, *operands: Tensor) -> Tensor:
        """Return its value in a world, given its operands'."""
        raise NotImplementedError

    def check_call(self, discriminator: nn.Module | None, samples: Tensor, shape: tuple[int, ...] | None) -> None:
        """Raise, in the user's own call of D, if the node does not fit the samples."""

    def __str__(self) -> str:
        """Return its text: a word, with its arguments if it has any but defaults."""
        settings = [field for field in fields(self) if field.init and field.repr]
        while settings and settings[-1].default is not MISSING and self._of(settings[-1]) == settings[-1].default:
            settings.pop()
        arguments = ", ".join(number(self._of(field)) for field in settings)
        return f"{self.word}({arguments})" if arguments else self.word

    def __repr__(self) -> str:
        return str(self)

    def _of(self, field: Any) -> Any:
        return getattr(self, field.name)


def number(value: Any) -> str:
    """Return the shortest text of a number that reads back as the same; other values as they print."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)
