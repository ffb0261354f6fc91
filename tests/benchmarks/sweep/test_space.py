"""What is varied: every combination once, the standard GAN without the parts that it has no use for."""

import optuna
import pytest

from xaigrad.benchmarks.errors import UsageError
from xaigrad.benchmarks.sweep import Space

CHOICES = {"explainer": ["none", "saliency"], "rule": ["multiply", "residual:0.2"], "offset": ["0", "0.5"]}


def test_a_grid_has_every_combination_once() -> None:
    grid = Space(CHOICES).grid()
    assert grid[0] == {"explainer": "none"}
    assert len(grid) == 5
    assert {(point["rule"], point["offset"]) for point in grid[1:]} == {
        (rule, offset) for rule in CHOICES["rule"] for offset in CHOICES["offset"]
    }


@pytest.mark.parametrize("point", Space(CHOICES).grid())
def test_a_queued_point_is_suggested_as_it_is(point: dict[str, str]) -> None:
    study = optuna.create_study()
    study.enqueue_trial(point)
    assert Space(CHOICES).suggested(study.ask()) == point


def test_a_range_is_searched() -> None:
    space = Space({"offset": ["0.2..0.6"]})
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    found = [space.suggested(study.ask())["offset"] for _ in range(20)]
    assert all(0.2 <= float(text) <= 0.6 for text in found)
    assert len(set(found)) == 20


def test_a_point_of_a_range_that_was_queued_as_text_is_suggested_as_it_is() -> None:
    study = optuna.create_study()
    study.enqueue_trial({"offset": "0.2500"})
    assert Space({"offset": ["0.2..0.6"]}).suggested(study.ask()) == {"offset": "0.2500"}


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({}, "`explainer` should be given, or another choice"),
        ({"rule": [], "offset": ()}, "`explainer` should be given, or another choice"),
        ({"rule": ["multiply", "multiply"]}, "`rule` should name each once. Found 'multiply' twice"),
        ({"offset": ["0..1", "0.5"]}, "`offset` should be one range LOW..HIGH, or offsets. Found 0..1, 0.5"),
        ({"offset": ["1..0"]}, "`offset` should be one range LOW..HIGH, or offsets"),
    ],
)
def test_mistakes(choices: dict[str, list[str]], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Space(choices)
