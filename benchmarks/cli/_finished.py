"""What is written and shown when a comparison has ended."""

from pathlib import Path

from rich.console import Console


def report_on(folder: Path, console: Console) -> None:
    """Write the report of a run into its folder, and show what it found."""
    from xaigrad.benchmarks import report
    from xaigrad.benchmarks.report.summary import summary

    paths = report.write([folder], folder)
    console.print(summary([folder]), highlight=False, soft_wrap=True, markup=False)
    console.print(f"Saved in {folder}: {', '.join(path.name for path in paths)}, results and weights.", soft_wrap=True)
