"""What was asked for is what is trained, or is refused: recipes that wait, references, names."""

import pytest

from xaigrad.benchmarks.errors import UsageError
from xaigrad.benchmarks.study.plan import Plan
from xaigrad.benchmarks.study.request import Request
from xaigrad.schedules import StartAfter

from . import small

NOTHING = {"mask": (), "offset": None, "logic": None, "tnorm": None, "schedule": None}


def plan(**changes: object) -> Plan:
    request = Request.of("mnist-5k-single", batch=12, epochs=10, **changes)
    return request.plan(small.DIGITS, [0], (), "none", 40, "cpu", NOTHING)


@pytest.mark.parametrize(("model", "updates"), [("mlp", 20), ("wgan", 4)])
def test_a_recipe_that_waits_waits_for_half_of_the_generator_s_updates(model: str, updates: int) -> None:
    """Of 40 steps; a critic takes five of them for one of the generator's."""
    [_, arm] = plan(model=model, recipes=["xaigan"]).arms
    assert arm.guidance is not None
    assert arm.guidance.schedule == StartAfter(updates)


def test_arms_of_the_same_name_are_refused() -> None:
    with pytest.raises(UsageError, match="`arm` should name each once"):
        plan(recipes=["xaigan", "xaigan"])


def test_images_of_one_s_own_have_neither_class_nor_classifier() -> None:
    own = Request.of("mnist-multi", own_images=True)
    assert own.digit is None
    assert own.preset.references is None
    assert Request.of("mnist-multi").preset.references == "seen-class"
    assert Request.of("mnist-single", own_images=True).digit is None


def test_references_without_an_explainer_that_compares_are_refused() -> None:
    with pytest.raises(UsageError, match="`references` should stand beside an explainer that compares"):
        plan(explainers=["saliency"], references="zeros")
    assert len(plan(explainers=["saliency", "deep-shap"], references="zeros").arms) == 3
