"""A report of runs: one HTML page that holds all it needs, the same in Markdown, and every seed and epoch as CSV."""

from collections.abc import Sequence
from pathlib import Path

from xaigrad.benchmarks.report import csvs, files, markdown, page
from xaigrad.benchmarks.report.contents import tell
from xaigrad.benchmarks.report.gather import gather

__all__ = ["write"]

_MARKS = {"report.html": page.MARK, "report.md": markdown.MARK, "seeds.csv": csvs.MARK, "epochs.csv": csvs.MARK}


def write(folders: Sequence[Path], out: Path | None = None) -> tuple[Path, ...]:
    """Write ``report.html``, ``report.md`` with its folder of pictures, ``seeds.csv`` and ``epochs.csv``.

    Runs that differ in their seeds alone are told as one. The same runs give the same bytes. Files of an earlier report
    are replaced, no others.

    Args:
        folders: Of the runs, finished or not.
        out: Where to; by default the folder of the first run.

    Returns:
        What was written.

    Raises:
        UsageError: If a folder holds no run, one of another version or nothing measured yet; if the same seed of the
            same comparison comes twice; or if `out` holds files of these names that no report wrote.
    """
    sections = gather(folders)
    out = folders[0] if out is None else out
    files.check_ours(out, _MARKS)
    report = tell(sections)
    texts = {
        "report.html": page.html(report),
        "report.md": markdown.markdown(report, files.PICTURES),
        "seeds.csv": csvs.seeds(sections),
        "epochs.csv": csvs.epochs(sections),
    }
    return files.put(out, texts, markdown.files(report))
