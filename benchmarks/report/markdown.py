"""The report in Markdown, its pictures in files beside it."""

from collections.abc import Sequence

from xaigrad.benchmarks.report.contents import Report, Told
from xaigrad.benchmarks.report.figure import Picture
from xaigrad.benchmarks.report.samples import Grid, Samples
from xaigrad.benchmarks.report.table import Table, escape

MARK = "<!-- xaigrad report -->"


def markdown(report: Report, pictures: str) -> str:
    """Return the text.

    Args:
        report: What it tells.
        pictures: The folder of the pictures, as seen from the file.
    """
    blocks = [MARK, f"# {escape(report.title)}", *(f"    {command}" for command in report.commands)]
    if report.alarms:
        blocks += ["> **These figures are not paired. Do not trust any comparison of them.**", _list(report.alarms)]
    if report.notes:
        blocks += ["> **Unfinished.** What follows is of what there is. Missing:", _list(report.notes)]
    blocks += [table.markdown() for table in report.across]
    blocks += [block for section in report.sections for block in _section(section, pictures)]
    return "\n\n".join([*blocks, "## Cost and machine", report.machine.markdown()]) + "\n"


def files(report: Report) -> dict[str, bytes]:
    """Return the pictures by the names of their files."""
    found: dict[str, bytes] = {}
    for part in (part for section in report.sections for chapter in section.chapters for part in chapter.parts):
        if isinstance(part, Picture):
            found[f"{part.id}.svg"] = part.file().encode()
        elif isinstance(part, Samples):
            found |= {f"{grid.name}.png": grid.png for grid in part.grids if grid.png is not None}
    return found


def _section(section: Told, pictures: str) -> list[str]:
    blocks = [f"## {escape(section.title)}", escape(section.setup)]
    for answer in section.answers:
        of = "" if answer.model == "G" else " (moving average of G)"
        blocks.append(f"- **{escape(answer.arm)}{of}: {escape(answer.headline)}.** {escape(answer.detail)}")
    for chapter in section.chapters:
        blocks.append(f"### {chapter.title}")
        for part in chapter.parts:
            if isinstance(part, Table):
                blocks.append(part.markdown())
            elif isinstance(part, Picture):
                alt = " ".join(f"{panel.title}: {panel.alt}" for panel in part.panels)
                blocks += [f"![{escape(alt)}]({pictures}/{part.id}.svg)", escape(part.caption)]
            else:
                blocks += _samples(part, pictures)
    return blocks


def _samples(part: Samples, pictures: str) -> list[str]:
    width = max((len(grids) for _, grids in part.arms), default=1)
    rows = [f"| arm |{' |' * width}", f"| --- |{' --- |' * width}"]
    if part.real is not None:
        rows.append(f"| real images | {_image(part.real, pictures)} |{' |' * (width - 1)}")
    for name, grids in part.arms:
        cells = (f"{escape(grid.title)}<br>{_image(grid, pictures)}" for grid in grids)
        rows.append(f"| {escape(name)} | {' | '.join(cells)} |")
    return [escape(part.caption), "\n".join(rows)]


def _image(grid: Grid, pictures: str) -> str:
    return "no picture" if grid.png is None else f"![{escape(grid.alt)}]({pictures}/{grid.name}.png)"


def _list(lines: Sequence[str]) -> str:
    return "\n".join(f"- {escape(line)}" for line in lines)
