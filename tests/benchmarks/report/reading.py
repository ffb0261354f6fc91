"""A page as a reader sees it: its ids, its headings, its tables cell by cell, its texts."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

from xaigrad.benchmarks.report.contents import tell
from xaigrad.benchmarks.report.gather import gather
from xaigrad.benchmarks.report.page import html

VOID = {"meta", "link", "img", "br", "path", "use", "line", "rect", "circle"}

PARTS = (
    "curves",
    "masks",
    "forest",
    "convergence",
    "quality",
    "seconds",
    "effects",
    "controls",
    "noise",
    "samples",
    "watch",
    "arms",
)
"""What is told of each setting, by the first half of its id."""


@dataclass
class Page:
    """What was found."""

    ids: list[str] = field(default_factory=list)
    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    headings: list[tuple[int, str]] = field(default_factory=list)
    tables: dict[str, dict[tuple[str, str], list[str]]] = field(default_factory=dict)
    columns: dict[str, list[str]] = field(default_factory=dict)
    classes: dict[str, list[str]] = field(default_factory=dict)

    def cell(self, table: str, row: str, column: str, group: str = "") -> str:
        """Return the text of a cell."""
        return self.tables[table][group, row][self.columns[table].index(column) - 1]


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page, self.table, self.group, self.row, self.open = Page(), "", "", [""], list[tuple[str, str]]()
        self.text = list[str]()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = dict(attributes)
        self.page.tags.append((tag, found))
        if name := found.get("id"):
            self.page.ids.append(name)
            self.table = name if tag == "figure" else self.table
        if tag == "tr":
            self.row = []
        if tag in ("th", "td", "p", "h1", "h2", "h3", "h4", "li"):
            self.text = []
        if tag not in VOID:
            self.open.append((tag, found.get("class") or ""))

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.page.tags.append((tag, dict(attributes)))
        self.page.ids += [value for name, value in attributes if name == "id" and value]

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open[-1][0] != tag:
            self.open.pop()
        classes = self.open.pop()[1] if self.open else ""
        text = " ".join("".join(self.text).split())
        if tag in ("th", "td"):
            self.row.append(text)
        elif tag == "thead":
            self.page.columns[self.table], self.group = self.row, ""
        elif tag == "tr" and "group" in classes:
            self.group = self.row[0]
        elif tag == "tr" and self.table in self.page.columns:
            self.page.tables.setdefault(self.table, {})[self.group, self.row[0]] = self.row[1:]
        elif tag in ("h1", "h2", "h3", "h4"):
            self.page.headings.append((int(tag[1]), text))
        for name in [*classes.split(), *([tag] if tag in ("p", "li") else [])]:
            self.page.classes.setdefault(name, []).append(text)


def page(path: Path) -> Page:
    """Read a page that was written."""
    return _read(path.read_text())


def page_of(*folders: Path) -> Page:
    """Read the page of runs, without writing it."""
    return _read(html(tell(gather(folders))))


def _read(text: str) -> Page:
    parser = _Parser()
    parser.feed(text)
    return parser.page
