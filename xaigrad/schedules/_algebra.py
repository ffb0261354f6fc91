"""The algebra of schedules: strengths in [0, 1] have products and maxima, and so have schedules, update by update."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from xaigrad._checks import check_callable, check_strength, takes_context
from xaigrad._types import Verdicts


class Algebra:
    """What all schedules of this package can do: ``a * b`` is their product, ``a | b`` their maximum.

    Both are commutative and associative, 1 is the one of products and 0 that of maxima, and products distribute over
    maxima. One side may be a number in [0, 1] or a plain function.
    """

    @property
    def watches(self) -> bool:
        """Whether it wants to know how right the discriminator is."""
        return False

    def __mul__(self, other: Any) -> Any:
        return _product(self, other)

    def __rmul__(self, other: Any) -> Any:
        return _product(other, self)

    def __or__(self, other: Any) -> Any:
        return _maximum(self, other)

    def __ror__(self, other: Any) -> Any:
        return _maximum(other, self)


@dataclass(frozen=True, repr=False)
class Plain(Algebra):
    """A plain function as a part of another schedule; it looks like itself.

    Args:
        function: ``update -> strength`` or ``(update, verdicts) -> strength``.
    """

    function: Callable[..., Any]

    def __post_init__(self) -> None:
        # Once, for a look at a signature takes longer than any schedule.
        watching = getattr(self.function, "watches", None) or takes_context(self.function, 1)
        object.__setattr__(self, "_watching", bool(watching))

    def __repr__(self) -> str:
        return repr(self.function)

    @property
    def watches(self) -> bool:
        """Whether it says so, or has two parameters."""
        watching: bool = self._watching  # type: ignore[attr-defined]
        return watching

    def recipe_part(self) -> Any:
        """Return the function, which is written in its place."""
        return self.function

    def __call__(self, *given: Any) -> Any:
        """Call the function."""
        return self.function(*given)


def as_schedule(name: str, value: Any) -> Any:
    """Return a schedule of this package as it is, a number as a constant one, and a function as one that says so.

    Raises:
        TypeError: If the value can neither be called nor is a number.
        ValueError: If it is a number outside [0, 1].
    """
    if isinstance(value, int | float):
        from xaigrad.schedules._constant import Constant

        check_strength(name, value)
        return Constant(float(value))
    check_callable(name, value, "Constant()")
    return value if isinstance(value, Algebra) else Plain(value)


def gathered(kind: type[Any], values: Any) -> tuple[Any, ...]:
    """Return the schedules that a product of products is made of, or a maximum of maxima.

    Raises:
        TypeError: If they are no sequence of schedules and numbers.
        ValueError: If there are none, or a number lies outside [0, 1].
    """
    if not isinstance(values, Iterable):
        raise TypeError(
            f"Parameter `schedules` should be a sequence of schedules. Found {values!r}. For example "
            f"{kind.__name__}((Alternate(), 0.5))."
        )
    found: list[Any] = []
    for value in values:
        found += value.schedules if isinstance(value, kind) else [as_schedule("schedules", value)]
    if not found:
        raise ValueError("Parameter `schedules` should hold at least one schedule. Found none.")
    return tuple(found)


def watching(schedules: Iterable[Any]) -> bool:
    """Return whether any of the parts of another schedule wants to know how right the discriminator is."""
    return any(schedule.watches for schedule in schedules)


def ask(schedule: Any, update: int, verdicts: Verdicts | None) -> float:
    """Return the strength of a part of another schedule; the verdicts are passed on to one that takes them.

    Raises:
        TypeError: If it takes them and there are none.
    """
    if not schedule.watches:
        return float(schedule(update))
    if verdicts is None:
        raise TypeError(
            f"Parameter `verdicts` should be given to a schedule that depends on them. Found None for {schedule!r}. "
            "Outside a training pass Verdicts()."
        )
    return float(schedule(update, verdicts))


def _product(*schedules: Any) -> Any:
    from xaigrad.schedules._product import Product

    return Product(schedules) if all(map(_combines, schedules)) else NotImplemented


def _maximum(*schedules: Any) -> Any:
    from xaigrad.schedules._maximum import Maximum

    return Maximum(schedules) if all(map(_combines, schedules)) else NotImplemented


def _combines(value: Any) -> bool:
    return isinstance(value, int | float) or callable(value)
