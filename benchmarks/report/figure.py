"""Figures as data: panels that are drawn alone for a page and together for a file, as SVG of reproducible bytes."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from io import StringIO
from math import ceil
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from xaigrad.benchmarks.report.gather import Arm, Section

# Okabe and Ito's, which the colour-blind tell apart.
_STRONG = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
_GREYS = ("#7a7a7a", "#9a9a9a", "#b4b4b4")
_DASHES: tuple[Any, ...] = ("-", (0, (4, 2)), (0, (1, 1.5)), (0, (6, 2, 1, 2)), (0, (8, 3)))
_FONT = ["DejaVu Sans"]

Style = dict[str, Any]


@dataclass(frozen=True)
class Panel:
    """One pair of axes.

    Attributes:
        title: Above it.
        alt: What one sees, for who does not.
        draw: Draws it.
    """

    title: str
    alt: str
    draw: Callable[[Axes], None]


@dataclass(frozen=True)
class Picture:
    """Panels that belong together.

    Attributes:
        id: In the page, and the name of its file.
        caption: What it shows, and how to read it.
        panels: In order.
        size: Of each, in inches.
        columns: Of panels, at most.
        legend: A label and its style for each line.
    """

    id: str
    caption: str
    panels: tuple[Panel, ...]
    size: tuple[float, float] = (5.2, 3.3)
    columns: int = 2
    legend: tuple[tuple[str, Style], ...] = ()

    def svgs(self) -> tuple[str, ...]:
        """Return each panel as an SVG element to stand in a page, without its title and legend."""
        return tuple(_element(self._figure([panel]), f"{self.id}-{at}", panel) for at, panel in enumerate(self.panels))

    def file(self) -> str:
        """Return all panels with titles and a legend as an SVG file."""
        figure = self._figure(self.panels)
        for axes, panel in zip(figure.axes, self.panels, strict=False):
            axes.set_title(panel.title, fontsize=10, loc="left")
        handles = [Line2D([], [], label=label, **style) for label, style in self.legend]
        if handles:
            columns = max(2, round(1.8 * figure.get_figwidth() / 5.2))
            figure.legend(handles=handles, loc="outside lower center", ncols=columns, frameon=False, fontsize=9)
        return _svg(figure, self.id)

    def _figure(self, panels: Sequence[Panel]) -> Figure:
        columns = min(self.columns, len(panels))
        lines = ceil(len(panels) / columns)
        legend = 0.2 * ceil(len(self.legend) / 4) if len(panels) > 1 else 0
        with mpl.rc_context({"font.sans-serif": _FONT, "text.parse_math": False}):
            size = (columns * self.size[0], lines * self.size[1] + legend)
            figure = Figure(figsize=size, layout="constrained", facecolor="white")
            axes = list(figure.subplots(lines, columns, squeeze=False).flat)
            for here in axes[len(panels) :]:
                here.remove()
            for panel, here in zip(panels, axes, strict=False):
                here.tick_params(labelsize=9, color="#999999")
                here.grid(color="#e8e8e8", linewidth=0.8)
                here.set_axisbelow(True)
                here.spines[["top", "right"]].set_visible(False)
                here.spines[["left", "bottom"]].set_color("#999999")
                panel.draw(here)
        return figure


def styles(section: Section) -> dict[str, Style]:
    """Return the lines' styles by arm: the standard one black, the guided ones in colours, the others grey."""
    found: dict[str, Style] = {}
    strong, grey = 0, 0
    for arm in section.arms:
        if arm == section.standard:
            found[arm.name] = {"color": "#111111", "linewidth": 2.0, "zorder": 4}
        elif arm.kind == "guided":
            found[arm.name] = {"color": _STRONG[strong % len(_STRONG)], "linewidth": 2.0, "zorder": 5}
            strong += 1
        else:
            dashes = _DASHES[grey % len(_DASHES)]
            colour = _GREYS[grey // len(_DASHES) % len(_GREYS)]
            found[arm.name] = {"color": colour, "linewidth": 1.2, "zorder": 3, "linestyle": dashes}
            grey += 1
    return found


def strong(section: Section, arm: Arm) -> bool:
    """Return whether an arm is one of those that the report is about, which stand out."""
    return arm == section.standard or arm.kind == "guided"


def swatch(style: Style) -> str:
    """Return a line of a legend as an SVG element."""
    dashes = style.get("linestyle", "-")
    pattern = "" if dashes == "-" else f' stroke-dasharray="{" ".join(f"{1.2 * length:g}" for length in dashes[1])}"'
    width = f"{style['linewidth'] + 0.4:g}"
    return (
        '<svg width="30" height="10" viewBox="0 0 30 10" aria-hidden="true">'
        f'<line x1="0" y1="5" x2="30" y2="5" stroke="{style["color"]}" stroke-width="{width}"{pattern}/></svg>'
    )


def _svg(figure: Figure, name: str) -> str:
    written = StringIO()
    canvas: Any = FigureCanvasSVG(figure)
    with mpl.rc_context(
        {"svg.fonttype": "none", "svg.hashsalt": name, "font.sans-serif": _FONT, "text.parse_math": False}
    ):
        # `savefig` would draw it twice.
        canvas.print_svg(written, metadata={"Date": None, "Creator": None})
    return written.getvalue()


def _element(figure: Figure, name: str, panel: Panel) -> str:
    """Return it fit for a page, where an id may occur once: those that nothing refers to go, others get a prefix."""
    text = _svg(figure, name)
    text = text[text.index("<svg") :].strip()
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    used = set(re.findall(r'(?:url\(|href=")#([^")]+)', text))
    text = re.sub(r' id="([^"]+)"', lambda at: f' id="{name}-{at[1]}"' if at[1] in used else "", text)
    text = re.sub(r'(url\(|href=")#', rf"\g<1>#{name}-", text)
    head, rest = text.split(">", 1)
    head = re.sub(r' (?:width|height)="[^"]*"', "", head)
    return f'{head} role="img" aria-label="{escape(panel.alt)}">{rest}'
