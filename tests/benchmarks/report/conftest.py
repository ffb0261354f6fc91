"""One report of a run of everything, written once."""

from pathlib import Path

import pytest

from xaigrad.benchmarks import report

from .reading import Page, page
from .synthetic import run

ARMS = ("standard", "standard-again", "saliency", "saliency-shuffled", "saliency-random", "top-k", "deep-shap")


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a report: two settings, a diverged trial, one that is unfinished and one that waits."""
    folder = tmp_path_factory.mktemp("report") / "run"
    run(
        folder,
        arms=ARMS,
        seeds=range(4),
        epochs=12,
        diverged={("saliency-random", 1)},
        unfinished={("saliency", 3): 5, ("top-k", 3): 0},
    )
    report.write([folder])
    return folder


@pytest.fixture(scope="session")
def read(written: Path) -> Page:
    """Its page."""
    return page(written / "report.html")
