"""The lines that docs/your-gan.md changes: each diff applies to its miniature, runs, guides, and does nothing else."""

import math
import re
import runpy
from dataclasses import dataclass
from functools import cache, wraps
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from xaigrad import XAIGuidedGenerator
from xaigrad.explainers import DeepShap, Saliency
from xaigrad.schedules import Constant

from .loops import assert_same_bits, differing, flat_bits, random_states
from .test_readme import ROOT

MINIATURES = {path.stem: path for path in (ROOT / "tests/miniatures").glob("*.py") if path.stem != "conftest"}
DIFF = re.compile(r"^```diff\n--- a/(\w+)\.py\n\+\+\+ b/\1\.py\n(.*?)^```", re.MULTILINE | re.DOTALL)
HUNK = re.compile(r"@@ -(\d+),(\d+) \+(\d+),(\d+) @@\n((?:[ +-].*\n|\n)+)")
DIFFS = DIFF.findall((ROOT / "docs/your-gan.md").read_text())
NAMES = [name for name, _ in DIFFS]
CASES = [name + " again" * NAMES[:place].count(name) for place, name in enumerate(NAMES)]
NEEDS = {"accelerated": "accelerate", "lightning_gan": "lightning"}
UNDETACHED = "wgan_gp"
OTHER_LOSSES = {"began", "cyclegan", "pix2pix", "stylegan2"}

pytestmark = [
    pytest.mark.filterwarnings(r"ignore:`isinstance\(treespec, LeafSpec\)` is deprecated"),
    pytest.mark.filterwarnings("ignore:The 'train_dataloader' does not have many workers"),
]


def applied(hunks: str, source: str) -> str:
    """Return the source with the hunks in it; each has to fit exactly once, at the line that it says."""
    lines, shift = source.splitlines(), 0
    assert HUNK.sub("", hunks) == ""
    for *numbers, body in HUNK.findall(hunks):
        first, count, new_first, new_count = map(int, numbers)
        rows = [row or " " for row in body.splitlines()]
        old, new = ([row[1:] for row in rows if row[0] != sign] for sign in "+-")
        assert (len(old), len(new), new_first) == (count, new_count, first + shift)
        assert [at for at in range(len(lines)) if lines[at : at + count] == old] == [new_first - 1]
        lines[new_first - 1 : new_first - 1 + count] = new
        shift += new_count - count
    return "\n".join([*lines, ""])


def patched(case: str) -> str:
    """Return a miniature with its diff; a second diff of it applies on top of the first."""
    name, *again = case.split()
    source = MINIATURES[name].read_text()
    for _, hunks in [diff for diff in DIFFS if diff[0] == name][: 1 + len(again)]:
        source = applied(hunks, source)
    return source


@dataclass
class Run:
    """What a script leaves: its checkpoint, its losses and the random states to the bit, and who was guided."""

    bits: dict[str, bytes]
    g_losses: list[float]
    d_losses: list[float]
    guided: list["Recorded"]


@dataclass
class Recorded:
    """A guided generator, and its parameters when it was wrapped."""

    generator: XAIGuidedGenerator
    before: list[Tensor]

    @property
    def has_learned(self) -> bool:
        return not all(map(torch.equal, self.before, self.generator.parameters()))


def run(path: Path, guided: list[Recorded]) -> Run:
    try:
        left = runpy.run_path(str(path), run_name="__main__")
    finally:
        if torch.distributed.is_initialized():  # Where the script raised.
            torch.distributed.destroy_process_group()
    losses = {name: left[name] for name in ("g_losses", "d_losses")}
    return Run(flat_bits("", left["checkpoint"]) | flat_bits("", losses) | random_states(), **losses, guided=guided)


@cache
def standard(name: str) -> Run:
    if name in NEEDS:
        pytest.importorskip(NEEDS[name])
    return run(MINIATURES[name], [])


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def explained(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return what runs a patched miniature, with other settings of the guidance if asked."""

    def with_settings(**settings: Any) -> Run:
        guided: list[Recorded] = []
        initialise = XAIGuidedGenerator.__init__

        @wraps(initialise)
        def recording(self: XAIGuidedGenerator, *args: Any, **given: Any) -> None:
            initialise(self, *args, **given | settings)
            guided.append(Recorded(self, [parameter.detach().clone() for parameter in self.parameters()]))

        monkeypatch.setattr(XAIGuidedGenerator, "__init__", recording)
        path = tmp_path / f"{case.split()[0]}.py"
        path.write_text(patched(case))
        return run(path, guided)

    return with_settings


def test_every_miniature_is_shown() -> None:
    assert set(NAMES) == set(MINIATURES)


@pytest.mark.parametrize("hunks", [hunks for _, hunks in DIFFS], ids=CASES)
def test_at_most_three_lines_with_the_imports(hunks: str) -> None:
    assert 1 <= len(re.findall(r"^\+", hunks, re.MULTILINE)) <= 3


@pytest.mark.parametrize("settings", [{}, {"explainer": DeepShap()}], ids=["as shown", "DeepShap"])
def test_explains_once_per_update(case: str, explained: Any, settings: dict[str, Any]) -> None:
    plain, found = standard(case.split()[0]), explained(**settings)
    wasted = len(found.d_losses) if case == UNDETACHED else 0
    assert found.guided
    for guided in (recorded.generator for recorded in found.guided):
        first = guided.skipped["no real samples yet"]
        assert first <= 3
        assert guided.explanations + first == len(found.g_losses) + wasted
        assert guided.fallbacks == 0
    assert len(found.g_losses) == len(plain.g_losses) >= 4
    assert all(map(math.isfinite, plain.g_losses + plain.d_losses + found.g_losses + found.d_losses))
    assert found.bits.keys() == plain.bits.keys()
    changed = differing(found.bits, plain.bits)
    assert changed
    assert not any(name.startswith("random") for name in changed)


def test_strength_0_is_the_unpatched_script(case: str, explained: Any) -> None:
    found = explained(schedule=Constant(0.0))
    assert_same_bits(found.bits, standard(case.split()[0]).bits)
    assert [recorded.generator.explanations for recorded in found.guided] == [0] * len(found.guided) != []


def test_a_mask_of_zeros_leaves_what_does_not_pass_the_discriminator(case: str, explained: Any) -> None:
    found = explained(explainer=Saliency(), mask=torch.zeros_like)
    assert {recorded.has_learned for recorded in found.guided} == {case in OTHER_LOSSES}
