"""The pages of docs/ tell the truth: their code runs, their links lead somewhere, the library says what they quote."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from .test_readme import ROOT

PAGES = sorted((ROOT / "docs").glob("*.md"))
SOURCES = [path.read_text() for folder in ("xaigrad", "integrations") for path in (ROOT / folder).rglob("*.py")]

RUN_ELSEWHERE = {"frameworks"}  # Section by section, with the tests of each framework.

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


@cache
def messages() -> set[str]:
    """Return every string of the library, with dots for what is filled in."""
    found = set()
    for node in (node for source in SOURCES for node in ast.walk(ast.parse(source))):
        if isinstance(node, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else "..." for part in node.values)
            found.add("".join(map(str, parts)))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
    return found


def anchors(text: str) -> set[str]:
    """Return the names of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", [page for page in PAGES if page.stem not in RUN_ELSEWHERE], ids=lambda page: page.stem)
def test_python_blocks_run_in_order(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one namespace; what a ``print`` is said to show in a comment behind it is what it shows."""
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": page.stem}
    for block in re.findall(r"^```python\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL):
        exec(compile(block, page.name, "exec"), namespace)
        shown = capsys.readouterr().out.splitlines()
        said = re.findall(r"^ *print\(.*\)  # (.*)$", block, re.MULTILINE)
        assert [line for line in shown if line in said] == said


@every_page
def test_links_lead_to_files_and_headings(page: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)", page.read_text()):
        if not target.startswith("https://"):
            linked = (page.parent / target).resolve() if target else page
            assert linked.exists(), target
            assert not anchor or anchor in anchors(linked.read_text()), anchor


@every_page
def test_quoted_messages_are_in_the_code(page: Path) -> None:
    """A message's beginning is quoted between double backticks, with dots for what is filled in."""
    for quoted in re.findall(r"``(?!`)(.+?)``", page.read_text().replace("```", "")):
        assert any(message.startswith(quoted) for message in messages()), quoted


def test_every_reason_for_skipping_is_explained() -> None:
    reasons = {reason for source in SOURCES for reason in re.findall(r'skipped\["(.+?)"\]', source)}
    table = re.findall(r'^\| `"(.+?)"` \|', (ROOT / "docs/your-gan.md").read_text(), re.MULTILINE)
    assert set(table) == reasons
    assert len(table) == len(reasons)
