"""A formula as a sequence of steps: each of its parts once, however often it occurs."""

from dataclasses import dataclass, replace
from typing import NamedTuple

from torch import Tensor

from xaigrad.logic._node import Node
from xaigrad.logic._world import World


class Step(NamedTuple):
    """One step.

    Attributes:
        number: Its place in the program.
        node: What is evaluated.
        operands: The numbers of the steps that gave its operands.
        spent: The numbers of the steps whose values are not needed any more.
    """

    number: int
    node: Node
    operands: tuple[int, ...]
    spent: tuple[int, ...]


@dataclass(frozen=True)
class Program:
    """The steps of a formula, each after those that it needs; the last one is the formula itself.

    Args:
        fixed: Those whose value is the same at every update, as a region's; they are run once for each shape.
        steps: The others.
    """

    fixed: tuple[Step, ...]
    steps: tuple[Step, ...]

    @classmethod
    def of(cls, formula: Node) -> "Program":
        """Return a formula's program."""
        places: dict[Node, int] = {}
        found: list[tuple[Node, tuple[int, ...]]] = []

        def place(node: Node) -> int:
            if node not in places:
                operands = tuple(map(place, node.operands))
                places[node] = len(found)
                found.append((node, operands))
            return places[node]

        place(formula)
        # The formula itself is always run: what it gives is the user's to write into.
        fixed = [node.fixed for node, _ in found[:-1]] + [False]
        order = sorted(range(len(found)), key=lambda number: not fixed[number])
        last = {operand: number for number in order for operand in found[number][1]}
        steps = [
            Step(number, *found[number], tuple(one for one in set(found[number][1]) if last[one] == number))
            for number in order
        ]
        return cls(tuple(steps[: sum(fixed)]), tuple(steps[sum(fixed) :]))

    @property
    def nodes(self) -> tuple[Node, ...]:
        """All parts of the formula, each once."""
        return tuple(step.node for step in (*self.fixed, *self.steps))

    def run(self, world: World) -> Tensor:
        """Return the formula's truth value, which broadcasts to the samples."""
        values = self._known(world)
        _run(self.steps, world, values)
        return values[self.steps[-1].number]

    def _known(self, world: World) -> dict[int, Tensor]:
        """Return the values of the fixed steps that others need; they are remembered for the shape that was last."""
        if not self.fixed:
            return {}
        here = world.attribution.shape, world.attribution.dtype, world.attribution.device
        memory, name = world.context.memory, f"xaigrad.logic: {id(self)}"
        program, where, values = memory.get(name, (None, None, None))
        if program is not self or where != here:
            values = {}
            _run(self.fixed, world, values)
            memory[name] = self, here, values
        return dict(values)


def _run(steps: tuple[Step, ...], world: World, values: dict[int, Tensor]) -> None:
    for number, node, operands, spent in steps:
        own = replace(world, context=world.context.within(str(number))) if node.contextual else world
        values[number] = node.value(own, *(values[operand] for operand in operands))
        for one in spent:
            del values[one]
