"""The words and signs of an expression, looked over before Python's parser gets them.

That parser understands much more, and recurses on the machine's own stack: in a thread with a small one, a text that is
nested deeply enough ends the process. What is let through here is nested by brackets alone, and not deeply.
"""

import re
from collections.abc import Callable
from keyword import kwlist
from typing import NamedTuple

from xaigrad.recipes._vocabulary import DEPTH

_KEYWORDS = {*kwlist} - {"True", "False", "None"}
_TOKEN = re.compile(
    r"""(?P<space>\s+|\#[^\n]*)
    |(?P<text>'''(?:[^\\]|\\.)*?'''|\"""(?:[^\\]|\\.)*?\"""|'(?:[^\\\n']|\\.)*'|"(?:[^\\\n"]|\\.)*")
    |(?P<number>0[xX][\da-fA-F_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?[\d_]+)?)
    |(?P<name>[^\W\d]\w*)
    |(?P<sign>\*\*|.)""",
    re.VERBOSE | re.DOTALL,
)
_OPENING, _CLOSING = "([{", ")]}"
_SIGNS = {*_OPENING, *_CLOSING, *",=:-*|"}
_BEFORE_A_VALUE = {"", *_OPENING, *",=:*|"}


class Token(NamedTuple):
    """A word or sign.

    Args:
        kind: ``"text"``, ``"number"``, ``"name"`` or ``"sign"``; ``"start"`` before the first.
        text: What it reads.
        place: Its first character, counted from 1.
    """

    kind: str
    text: str
    place: int


def check_tokens(text: str, refused: Callable[[str, int, str], ValueError], only: str) -> None:
    """Raise ``ValueError`` for a text that has what no expression has, or is nested too deeply.

    Args:
        text: The text.
        refused: Makes the error of what was found, the place and the cure.
        only: The cure for what no expression has.
    """
    depth = operators = 0
    last = Token("start", "", 0)
    for match in _TOKEN.finditer(text):
        token = Token(match.lastgroup or "", match.group(), match.start() + 1)
        if token.kind == "space":
            continue
        if token.text in ("'", '"'):
            raise refused("a text without an end", token.place, "Close its quotes.")
        if not _may_follow(token, last):
            raise refused(f"`{token.text}`", token.place, only)
        depth += (token.text in _OPENING) - (token.text in _CLOSING)
        operators += token.text in ("*", "|")
        if max(depth, operators) > DEPTH:
            raise refused(f"parts nested more than {DEPTH} deep", token.place, "Take some of them away.")
        last = token


def _may_follow(token: Token, last: Token) -> bool:
    """Return whether a token is one of an expression, and does not nest what brackets do not show."""
    if token.kind in ("text", "number"):
        return last.kind != "name"  # As in f'{...}'.
    if token.kind == "name":
        return token.text not in _KEYWORDS
    if token.text == "-":
        return last.text in _BEFORE_A_VALUE
    if token.text in _OPENING:
        return last.text in _BEFORE_A_VALUE or last.text == "-" or (token.text == "(" and last.kind == "name")
    return token.text in _SIGNS
