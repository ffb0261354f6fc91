"""The report as one HTML file that holds all it needs."""

import re
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from xaigrad.benchmarks.report.contents import Report
from xaigrad.benchmarks.report.figure import Picture, swatch
from xaigrad.benchmarks.report.samples import Samples
from xaigrad.benchmarks.report.table import Table

MARK = '<meta name="generator" content="xaigrad report">'

_HERE = Path(__file__).parent


def html(report: Report) -> str:
    """Return the page. It asks for nothing from elsewhere and runs no script; every text in it is escaped."""
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.tests |= {
        "table": lambda part: isinstance(part, Table),
        "picture": lambda part: isinstance(part, Picture),
        "samples": lambda part: isinstance(part, Samples),
    }
    page = environment.get_template("page.html.j2")
    return page.render(
        report=report,
        style=Markup((_HERE / "page.css").read_text()),
        mark=Markup(MARK),
        ranged=_ranged,
        svgs=lambda picture: zip(picture.panels, map(Markup, picture.svgs()), strict=True),
        swatch=lambda style: Markup(swatch(style)),
    )


def _ranged(cell: str) -> Markup:
    """Return a cell whose range stands back behind its median."""
    return Markup(re.sub(r"\([^()]* to [^()]*\)", r'<span class="range">\g<0></span>', str(escape(cell))))
