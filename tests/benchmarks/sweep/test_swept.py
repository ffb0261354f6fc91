"""What is trained for a point: in a folder of its own, with the references of the preset where they are of use."""

from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from xaigrad.benchmarks import data
from xaigrad.benchmarks.errors import UsageError
from xaigrad.benchmarks.study.presets import settings
from xaigrad.benchmarks.sweep import Space
from xaigrad.benchmarks.sweep.training import Swept


def swept(references: str | None = None) -> Swept:
    return Swept(settings("mlp"), [0], data.load("mnist-5k", digit=7), 1, 100, references, Path(), Console(), {})


def test_each_point_has_a_name_of_its_own() -> None:
    points = [{"offset": "0.5"}, {"offset": "-0.5"}, {"explainer": "saliency", "offset": "0.5"}, {"offset": "0.5:1"}]
    names = [swept().plan(point).arms[0].name for point in points]
    assert len(set(names)) == len(points)
    assert all(name.startswith(("0.5", "saliency-0.5")) for name in names)
    assert swept().plan(points[1]).arms[0].name == names[1]
    assert swept().plan({"explainer": "none"}).arms[0].name == "standard"


def guidance(references: str | None, explainer: str) -> Any:
    return swept(references).plan({"explainer": explainer}).arms[0].guidance


@pytest.mark.parametrize("references", ["zeros", "seen-class"])
def test_references_are_for_those_who_compare(references: str) -> None:
    assert guidance(references, "none") is None
    assert guidance(references, "saliency") == guidance(None, "saliency")
    kinds = {type(guidance(given, "deep-shap").explainer.references) for given in (references, None)}
    assert len(kinds) == 2


def test_references_are_of_the_configuration() -> None:
    space = Space({"offset": ["0"]})
    assert swept("zeros").configuration(space) != swept().configuration(space)


def test_a_point_that_makes_no_sense() -> None:
    with pytest.raises(UsageError, match="`offset` should read"):
        swept().plan({"offset": "a"})
