"""What a report says at its head, for a terminal."""

from collections.abc import Sequence
from pathlib import Path

from xaigrad.benchmarks.report.contents import tell
from xaigrad.benchmarks.report.gather import gather


def summary(folders: Sequence[Path]) -> str:
    """Return a line for each alarm, each setting and each answer.

    Args:
        folders: Of the runs.
    """
    report = tell(gather(folders))
    lines = [*(f"Not paired: {alarm}" for alarm in report.alarms), *report.notes]
    for section in report.sections:
        lines += [f"{section.title}: {section.setup}"]
        lines += [f"  {one.arm} ({one.model.upper()}): {one.headline}. {one.detail}" for one in section.answers]
    return "\n".join(lines)
