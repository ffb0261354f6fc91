"""What rules that are made of another rule have in common."""

from typing import Any

from torch import Tensor, nn

from xaigrad._checks import check_callable, takes_context
from xaigrad._context import Context, expanded
from xaigrad._types import Rule


class Around:
    """A rule that makes something of another one's gradient, and wants of a guidance what the other wants.

    Its call takes the context, whether or not the other rule does, which is looked up once.
    """

    rule: Rule
    _contextual: bool

    def __post_init__(self) -> None:
        check_callable("rule", self.rule, "Multiply()")
        object.__setattr__(self, "_contextual", takes_context(self.rule, 3))

    @property
    def asks(self) -> bool:
        """Whether the rule inside asks the discriminator, or looks at its scores."""
        return bool(getattr(self.rule, "asks", False))

    @property
    def harvests(self) -> int:
        """How many real samples of D's own calls the rule inside wants to be kept."""
        return int(getattr(self.rule, "harvests", 0))

    @property
    def slopes(self) -> bool:
        """Whether the rule inside has a slope of its own where no gradient arrives."""
        return bool(getattr(self.rule, "slopes", False))

    def check_call(self, discriminator: nn.Module | None, samples: Tensor) -> None:
        """Raise, in the user's own call of D, what the rule inside raises."""
        check = getattr(self.rule, "check_call", None)
        if check is not None:
            check(discriminator, samples)

    def inside(self, gradient: Tensor, mask: Tensor, strength: float, context: Context) -> Tensor:
        """Return the gradient of the rule inside, which has a state of its own.

        Raises:
            TypeError: If it gives no tensor.
            ValueError: If the tensor's shape does not fit.
        """
        rule: Any = self.rule
        given = (context.within("rule"),) if self._contextual else ()
        return expanded("rule", rule, rule(gradient, mask, strength, *given), gradient).to(gradient.dtype)
