"""Formulas from text, by a parser that knows nothing but formulas: no text can make it run code."""

import inspect
import math
from collections.abc import Callable, Mapping
from typing import Any

from xaigrad.logic._atoms import Constant
from xaigrad.logic._connectives import Conjunction, Disjunction, Equivalence, Implication, Negation
from xaigrad.logic._formula import MAX_LEVELS, Binding, Formula
from xaigrad.logic._thresholds import COMPARISONS, Comparison
from xaigrad.logic._tokens import Text, Token
from xaigrad.logic._vocabulary import ATOMS, FUNCTIONS, operators, suggestion, usage

_BINDINGS = {
    "<->": Binding.IFF, "->": Binding.IMPLIES, "|": Binding.OR, "&": Binding.AND,
    **dict.fromkeys(COMPARISONS, Binding.COMPARE),
}  # fmt: skip
_CHAINS: dict[str, type[Formula]] = {"&": Conjunction, "|": Disjunction}
_TERM = "where a term should stand: a name, a number, ~ or a parenthesis"


def read(text: str, parameter: str, names: Mapping[str, Formula]) -> Formula:
    """Return the formula that a text says.

    Args:
        text: The text.
        parameter: What the user calls it.
        names: The user's own atoms.

    Raises:
        ValueError: If the text is no formula; it says where and why.
    """
    return _Reader(Text(text, parameter), names).whole()


class _Reader:
    """Reads tokens from left to right; parentheses and arguments by recursion, everything else in a loop."""

    def __init__(self, text: Text, names: Mapping[str, Formula]) -> None:
        self._text = text
        self._names = names
        self._tokens = text.tokens()
        self._place = 0
        self._levels = 0

    def whole(self) -> Formula:
        formula: Formula = self._formula()
        if self._next.kind != "end":
            raise self._text.mistake(self._next, operators(self._next.text))
        return formula

    @property
    def _next(self) -> Token:
        return self._tokens[self._place]

    def _take(self) -> Token:
        self._place += 1
        return self._tokens[self._place - 1]

    def _follows(self, *signs: str) -> bool:
        return self._next.kind == "sign" and self._next.text in signs

    def _formula(self, argument: bool = False) -> Any:
        """Read operands with operators between them; or, as an argument, what a quantifier ranges over."""
        first = self._operand(argument)
        if not isinstance(first, Formula):
            return first
        operands, operators = [first], list[Token]()
        while self._next.kind == "sign" and self._next.text in _BINDINGS:
            operator = self._take()
            binding = _BINDINGS[operator.text]
            while operators and _BINDINGS[operators[-1].text] > binding:
                self._join(operands, operators)
            if operators and _BINDINGS[operators[-1].text] == binding:
                if binding == Binding.COMPARE:
                    raise self._text.mistake(
                        operator, "where & should stand, for comparisons come one by one: (a > 0.2) & (a < 0.8)"
                    )
                if binding == Binding.IFF:  # The others of one kind wait for what follows.
                    self._join(operands, operators)
            operators.append(operator)
            operands.append(self._operand())
        while operators:
            self._join(operands, operators)
        return operands[0]

    def _join(self, operands: list[Formula], operators: list[Token]) -> None:
        """Join the last operands by the last operator; all that stand in one chain, at once."""
        operator = operators.pop()
        parts = [operands.pop(), operands.pop()]
        while operator.text in _CHAINS and operators and operators[-1].text == operator.text:
            operators.pop()
            parts.append(operands.pop())
        parts.reverse()
        if operator.text in _CHAINS:
            joined = self._made(operator, _CHAINS[operator.text], tuple(parts))
        elif operator.text in COMPARISONS:
            joined = self._made(operator, Comparison, parts[0], operator.text, parts[1])
        else:
            joined = self._made(operator, Implication if operator.text == "->" else Equivalence, *parts)
        operands.append(joined)

    def _operand(self, argument: bool = False) -> Any:
        """Read a term, with as many ~ before it as there are."""
        negations = []
        while self._follows("~"):
            negations.append(self._take())
        token = self._next
        operand = self._term()
        if not isinstance(operand, Formula):
            if argument and not negations and self._follows(",", ")"):
                return operand
            raise self._text.mistake(
                token, f"where a formula should stand; write for example forall(explanation, {operand})"
            )
        for negation in reversed(negations):
            operand = self._made(negation, Negation, operand)
        return operand

    def _term(self) -> Any:
        token = self._take()
        if token.kind == "number":
            return self._made(token, Constant, self._number(token))
        if token.kind == "name":
            return self._named(token)
        if token.text != "(" or token.kind != "sign":
            raise self._text.mistake(token, _TERM)
        formula = self._within(token, self._formula)
        if not self._follows(")"):
            raise self._text.mistake(self._next, "where an operator or ) should stand")
        self._take()
        return formula

    def _within(self, token: Token, reading: Callable[[], Any]) -> Any:
        """Read what stands in a parenthesis."""
        if self._levels == MAX_LEVELS:
            raise self._text.mistake(token, f"where parentheses are nested more than {MAX_LEVELS} levels deep")
        self._levels += 1
        found = reading()
        self._levels -= 1
        return found

    def _named(self, token: Token) -> Any:
        name = token.text
        called = self._follows("(")
        if name in self._names:
            found: Any = self._names[name]
        elif called and name in FUNCTIONS:
            return self._call(token)
        elif name in ATOMS:
            found = ATOMS[name]
        elif name in FUNCTIONS:
            raise self._text.mistake(token, f"where {usage(name)} should stand")
        else:
            raise self._text.mistake(token, suggestion(name, self._names))
        if called:
            raise self._text.mistake(self._next, f"where an operator should stand, for {name} takes no arguments")
        return found

    def _call(self, token: Token) -> Any:
        arguments, named = self._within(self._take(), self._arguments)
        function = FUNCTIONS[token.text]
        try:
            inspect.signature(function).bind(*arguments, **named)
        except TypeError:
            raise self._text.mistake(token, f"with other arguments than {usage(token.text)}") from None
        return self._made(token, function, *arguments, **named)

    def _arguments(self) -> tuple[list[Any], dict[str, Any]]:
        arguments: list[Any] = []
        named: dict[str, Any] = {}
        while not self._follows(")") or arguments or named:
            token = self._next
            if token.kind == "name" and self._tokens[self._place + 1].text == "=":
                self._place += 2
                if token.text in named:
                    raise self._text.mistake(token, "where it stands a second time")
                named[token.text] = self._argument()
            elif named:
                raise self._text.mistake(token, "where an argument with a name should stand, as the one before it")
            else:
                arguments.append(self._argument())
            if not self._follows(","):
                break
            self._take()
        if not self._follows(")"):
            raise self._text.mistake(self._next, "where an operator, a comma or ) should stand")
        self._take()
        return arguments, named

    def _argument(self) -> Any:
        """Read a number, what a quantifier ranges over, or a formula."""
        after = self._tokens[self._place + 1] if self._next.kind == "number" else None
        if after is not None and after.kind == "sign" and after.text in (",", ")"):
            return self._number(self._take())
        return self._formula(argument=True)

    def _number(self, token: Token) -> int | float:
        value = float(token.text)
        if not math.isfinite(value):
            raise self._text.mistake(token, "where a finite number should stand")
        return int(token.text) if token.text.lstrip("-").isdecimal() else value

    def _made(self, token: Token, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Return what a function makes; what it does not like is said of the token."""
        try:
            return function(*arguments, **named)
        except (TypeError, ValueError) as error:
            raise self._text.misuse(token, error) from None
