"""A trial that has ended leaves no memory behind, so that a run of hundreds needs as much as one group of them."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from xaigrad.benchmarks.study.measures import measures_of
from xaigrad.benchmarks.study.trial import TrialUnderWay

from . import small

pytestmark = pytest.mark.usefixtures("single")


@pytest.fixture
def no_collection() -> Iterator[None]:
    """Cycles are not collected meanwhile."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("place", range(len(small.arms())), ids=[arm.name for arm in small.arms()])
@pytest.mark.usefixtures("no_collection")
def test_nothing_of_it_stays(place: int) -> None:
    plan = small.plan(epochs=1, seeds=(0,))
    under_way = TrialUnderWay(plan.groups()[0][place], plan, small.DIGITS, measures_of(plan, small.DIGITS, "cpu"))
    under_way.advance()
    under_way.finish()
    gan, network = under_way._training.gan, under_way._averaged.network
    parts = {"gan": gan, "G": gan.generator, "D": gan.discriminator, "optimizer": gan.g_optimizer, "average": network}
    left = {name: weakref.ref(part) for name, part in parts.items()}
    del under_way, gan, network, parts
    assert [name for name, part in left.items() if part() is not None] == []
