"""The text of a formula, taken apart into words, numbers and signs; and the words for what is wrong with it."""

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"\s*(?:(?P<number>-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[^\W\d]\w*)"
    r"|(?P<sign><->|->|<=|>=|[~&|<>(),=])"
    r"|(?P<end>\Z)"
    r"|(?P<other>.))",
    re.DOTALL,
)
_AROUND = 24
"""How much of a long text is shown on either side of a mistake."""


@dataclass(frozen=True)
class Token:
    """A word, a number or a sign.

    Attributes:
        kind: ``"name"``, ``"number"``, ``"sign"`` or ``"end"``.
        text: As written.
        start: Where it begins, counted from 0.
    """

    kind: str
    text: str
    start: int

    def __str__(self) -> str:
        shown = self.text if len(self.text) <= _AROUND else f"{self.text[:_AROUND]}..."
        return "the end" if self.kind == "end" else repr(shown)


@dataclass(frozen=True)
class Text:
    """A text to be read as a formula.

    Args:
        text: The text.
        parameter: What the user calls it.
    """

    text: str
    parameter: str

    def tokens(self) -> list[Token]:
        """Return its words, numbers and signs, and the end.

        Raises:
            ValueError: If there is a character that is none of these.
        """
        found: list[Token] = []
        for match in _TOKEN.finditer(self.text):
            kind = match.lastgroup or "other"
            token = Token(kind, match[kind], match.start(kind))
            if kind == "other":
                raise self.mistake(
                    token, "where a name, a number or a sign should stand: ~ & | -> <-> < <= > >= ( ) , ="
                )
            found.append(token)
            if kind == "end":
                break
        return found

    def mistake(self, token: Token, wrong: str) -> ValueError:
        """Return the error for what is wrong at a token."""
        return ValueError(
            f"Parameter `{self.parameter}` should be a formula. Found {token} at character {token.start + 1} of "
            f"{self._around(token.start)}, {wrong}."
        )

    def misuse(self, token: Token, error: Exception) -> ValueError:
        """Return the error for a part that cannot be made, with its own words."""
        return ValueError(
            f"Parameter `{self.parameter}` should be a formula. Found a mistake at character {token.start + 1} of "
            f"{self._around(token.start)}: {error}"
        )

    def _around(self, place: int) -> str:
        start, end = max(place - _AROUND, 0), place + _AROUND
        before, after = "..." * (start > 0), "..." * (end < len(self.text))
        return repr(f"{before}{self.text[start:end]}{after}")
