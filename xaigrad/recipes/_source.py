"""The text of one expression: where its pieces stand, and what is said of those that cannot be understood."""

import ast
import inspect
import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from xaigrad.recipes._tokens import check_tokens
from xaigrad.recipes._vocabulary import makes, public


@dataclass(frozen=True)
class Kind:
    """A part of a guidance.

    Args:
        words: What it is.
        packages: Where ours are.
        takes: How many arguments it is called with, without the context.
        example: One of them.
    """

    words: str
    packages: tuple[str, ...]
    takes: int
    example: str

    @cached_property
    def choices(self) -> tuple[str, ...]:
        """The names of those in the packages, where there are others, too."""
        return tuple(name for name, (value, home) in public().items() if home in self.packages and self._holds(value))

    def _holds(self, value: Any) -> bool:
        """Return whether instances of a class, or a function, take as many arguments as this part is given."""
        if not isinstance(value, type):
            return not makes(value) and _required(value) in (self.takes, self.takes + 1)
        return _required(value.__call__) - 1 in (self.takes, self.takes + 1)


def _required(function: Any) -> int:
    return sum(one.default is one.empty for one in inspect.signature(function).parameters.values())


KINDS = {
    "explainer": Kind("an explainer", ("explainers",), 3, "Saliency()"),
    "mask": Kind("a mask transform", ("masks", "logic"), 1, "AbsNormalize()"),
    "schedule": Kind("a schedule", ("schedules",), 1, "Alternate(guided=1, standard=2)"),
    "rule": Kind("a rule", ("rules",), 3, "Residual(alpha=0.2)"),
}
"""The parts of a guidance by name."""

_Node = ast.expr | ast.keyword


@dataclass(frozen=True)
class Source:
    """An expression's text.

    Args:
        text: Without spaces around it, and with lines that end as on Unix.
        label: Where it stands, for messages.
        part: Which part of a guidance it should be, if any.
    """

    text: str
    label: str
    part: str | None

    def parsed(self) -> ast.expr:
        """Return the expression, taken apart.

        Raises:
            ValueError: If it is none.
        """
        if not self.text:
            raise self.refused("nothing", cure=f"For example {self.example}.")
        check_tokens(self.text, self.refused, self.only)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Of doubtful escapes in texts.
                return ast.parse(self.text, mode="eval").body
        except SyntaxError as error:
            lines = self.text.split("\n")[: max(0, (error.lineno or 1) - 1)]
            found, place = error.msg, sum(len(line) + 1 for line in lines) + max(1, error.offset or 1)
        except ValueError as error:  # Half a character; of an older Python a zero byte, too.
            found, place = str(error), 1
        raise self.refused(f"what is no expression ({found})", place, "Look at its brackets, commas and quotes.")

    def refused(self, found: str, place: int | None = None, cure: str = "") -> ValueError:
        """Return the error that says what was found, at which character, and what to do."""
        at = "" if place is None else f" at character {place}"
        what = "made of constructors that are known" if self.part is None else KINDS[self.part].words
        label = self.label[0].upper() + self.label[1:]
        return ValueError(f"{label} should be {what}. Found {found}{at}. {cure}")

    def placed(self, error: Exception, node: ast.expr) -> str:
        """Return what a constructor said, and where it stands."""
        said = " ".join(str(error).split()) or type(error).__name__
        end = "" if said[-1] in ".?!" else "."
        return f"{said}{end} It stands at character {self.place(node)} of {self.label}."

    def segment(self, node: _Node) -> str:
        """Return what stands there, in one short line and quoted."""
        start, end = self.place(node), self._place(node.end_lineno or 1, node.end_col_offset or 0)
        said = " ".join(self.text[start - 1 : end - 1].split())
        return f"`{said}`" if len(said) <= 60 else f"`{said[:57]}...`"

    def place(self, node: _Node) -> int:
        """Return the first character of what a node stands for, counted from 1."""
        return self._place(node.lineno, node.col_offset)

    @property
    def only(self) -> str:
        """What an expression may be made of, in a sentence."""
        return f"Only constructors such as {self.example}, numbers, texts, lists, tuples, dicts and names can be."

    @property
    def example(self) -> str:
        """What could stand there."""
        return KINDS[self.part or "rule"].example

    @property
    def choices(self) -> str:
        """What is possible, in a sentence."""
        if self.part is None:
            return "The classes are those of xaigrad's packages; others can be passed: known=[...]."
        return f"There are {', '.join(KINDS[self.part].choices)}; others can be passed: known=[...]."

    def _place(self, line: int, column: int) -> int:
        """Return the character, counted from 1, of a line and the number of bytes before it there."""
        lines = self.text.split("\n")
        before = len(lines[line - 1].encode()[:column].decode())
        return sum(len(earlier) + 1 for earlier in lines[: line - 1]) + before + 1


def worded(value: object) -> str:
    """Return what a value is, in words that do not grow with it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool | float):
        return f"the value {value}"
    words = {int: "a number", dict: "a table", list: "a list", tuple: "a tuple", str: "a text"}
    return words.get(type(value), f"an object of type {type(value).__name__}")
