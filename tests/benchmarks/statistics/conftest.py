"""What simulations are drawn from, and bootstraps that are quick enough to be repeated thousands of times."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from xaigrad.benchmarks.statistics import inference
from xaigrad.benchmarks.statistics.inference import Numbers

SIMULATIONS = 2_000

Draw = Callable[[int | tuple[int, ...]], Numbers]


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def draws(rng: np.random.Generator) -> dict[str, Draw]:
    """Differences of mean zero, by what they look like."""
    return {
        "normal": lambda shape: rng.normal(size=shape),
        "t3": lambda shape: rng.standard_t(3, size=shape),
        "skewed": lambda shape: rng.lognormal(sigma=0.25, size=shape) - np.exp(0.25**2 / 2),
        "very skewed": lambda shape: rng.lognormal(sigma=0.5, size=shape) - np.exp(0.5**2 / 2),
    }


@pytest.fixture
def simulations() -> int:
    return SIMULATIONS


@pytest.fixture
def noise() -> float:
    """Three standard errors of a frequency of 5 % in the simulations."""
    return float(3 * np.sqrt(0.05 * 0.95 / SIMULATIONS))


@pytest.fixture
def fewer_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inference, "RESAMPLES", 1_024)


@pytest.fixture(scope="module")
def hardly_any_resamples() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inference, "RESAMPLES", 128)
        yield
