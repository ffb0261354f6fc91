"""A table as data: told once, shown as HTML and as Markdown."""

from dataclasses import dataclass

Row = tuple[str, ...]


@dataclass(frozen=True)
class Group:
    """Rows under a title of their own; without one, just rows."""

    title: str | None
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Table:
    """Columns and rows of text; the first cell of a row names it.

    Attributes:
        id: In the page.
        caption: What it shows.
        columns: Their heads.
        groups: Of rows.
        notes: What one has to know to read it.
        text: Columns, by number, that hold words and not figures; the first does.
    """

    id: str
    caption: str
    columns: Row
    groups: tuple[Group, ...]
    notes: tuple[str, ...] = ()
    text: frozenset[int] = frozenset({0})

    def markdown(self) -> str:
        """Return it in Markdown, titles of groups in a row of their own."""
        rule = tuple("---" if index in self.text else "---:" for index in range(len(self.columns)))
        lines = [_line(self.columns), _line(rule, escaped=False)]
        for group in self.groups:
            if group.title is not None:
                lines.append(_line((f"**{escape(group.title)}**",) + ("",) * (len(self.columns) - 1), escaped=False))
            lines += [_line(row) for row in group.rows]
        notes = "".join(f"\n\n{escape(note)}" for note in self.notes)
        return f"**{escape(self.caption)}**\n\n" + "\n".join(lines) + notes


def _line(cells: Row, escaped: bool = True) -> str:
    return f"| {' | '.join(map(escape, cells) if escaped else cells)} |"


def escape(text: str) -> str:
    r"""Return text that Markdown shows as it is.

    Example:
        >>> print(escape("a|b <script> *c*"))
        a\|b &lt;script&gt; \*c\*
    """
    for sign in "\\`*_[]|":
        text = text.replace(sign, f"\\{sign}")
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\n", " ")
