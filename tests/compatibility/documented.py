"""The code of docs/frameworks.md."""

import re

from ..test_readme import ROOT

TEXT = (ROOT / "docs/frameworks.md").read_text()
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SECTIONS = {title: BLOCK.findall(body) for title, body in re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", TEXT, re.M | re.S)}


def run(section: str) -> dict[str, object]:
    """Run a section's blocks of Python one after the other, and return what they defined."""
    namespace: dict[str, object] = {"__name__": "docs.frameworks"}
    for language, code in SECTIONS[section]:
        if language == "python":
            exec(compile(code, f"docs/frameworks.md, {section}", "exec"), namespace)
    return namespace
