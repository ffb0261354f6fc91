"""Guidances as files: what is saved is loaded as an equal guidance, in every format, and every mistake is told."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from torch import Tensor

from xaigrad import Guidance, XAIGuidedGenerator
from xaigrad.explainers import DeepShap, GradCam, Saliency
from xaigrad.masks import AbsNormalize, Offset
from xaigrad.rules import Residual
from xaigrad.schedules import Alternate, Constant, StartAfter

from .constructing import BANK, guidances
from .loops import assert_same_bits, train
from .networks import PAIRS

SUFFIXES = [".toml", ".yaml", ".yml", ".json"]


@pytest.fixture(autouse=True)
def yaml(request: pytest.FixtureRequest) -> None:
    """Skip YAML where its library is not installed."""
    if "suffix" in request.fixturenames and "y" in str(request.getfixturevalue("suffix")):
        pytest.importorskip("yaml")


def shift(attribution: Tensor) -> Tensor:
    return attribution + 1


@pytest.mark.parametrize("suffix", SUFFIXES)
@given(guidance=guidances())
@settings(max_examples=30)
def test_saved_and_loaded(suffix: str, guidance: Guidance, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / f"saved{suffix}"
    guidance.save(path)
    assert Guidance.load(path) == guidance
    text = path.read_bytes()
    Guidance.load(path).save(path)
    assert path.read_bytes() == text


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_any_characters(suffix: str, tmp_path: Path) -> None:
    guidance = Guidance(GradCam("\x00\x1b\x7f\x85\u2028\ufeff\uffff\U0001f600'\"\\\n\t\ud800 #: ä"), mask=())
    path = tmp_path / f"a b{suffix}"
    guidance.save(path)
    assert Guidance.load(str(path)) == guidance
    names = {"größe": BANK}
    Guidance(DeepShap(BANK)).save(path, names)
    assert "größe" in path.read_text("utf-8")
    assert Guidance.load(path, names).explainer.references.bank is BANK  # type: ignore[attr-defined]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_loaded_guidance_trains_alike(suffix: str, tmp_path: Path) -> None:
    guidance = Guidance(DeepShap(BANK, 3), (AbsNormalize(), shift, Offset(0.1, 1 / 3)), Alternate(2, 1), Residual(0.3))
    path = tmp_path / f"mine{suffix}"
    guidance.save(path, names={"real": BANK}, known=[shift])
    loaded = Guidance.load(path, names={"real": BANK}, known=[shift])
    ways = [
        train(PAIRS["plain norm"], lambda maker, judge, way=way: XAIGuidedGenerator(maker, judge, way), updates=4)[0]
        for way in (guidance, loaded, Guidance())
    ]
    assert_same_bits(ways[0].state(), ways[1].state())
    assert ways[0].state() != ways[2].state()


def test_how_it_reads(tmp_path: Path) -> None:
    guidance = Guidance(schedule=StartAfter(3), rule=Residual(0.3))
    guidance.save(tmp_path / "a.toml")
    assert (tmp_path / "a.toml").read_text() == (
        "# A recipe of xaigrad 0.1.0, for Guidance.load.\n"
        'explainer = "Saliency(exact=False)"\n'
        "mask = [\"AbsNormalize(per='sample', by='max')\"]\n"
        'schedule = "StartAfter(updates=3, schedule=Constant(strength=1.0))"\n'
        'rule = "Residual(alpha=0.3)"\n'
    )
    guidance.save(tmp_path / "a.json")
    assert json.loads((tmp_path / "a.json").read_text())["rule"] == "Residual(alpha=0.3)"
    Guidance(mask=[Offset(0.1, 0.2)] * 5).save(tmp_path / "a.toml")
    assert '\n    "Offset(base=0.1, scale=0.2)",\n' in (tmp_path / "a.toml").read_text()
    assert Guidance.load(tmp_path / "a.toml").mask == (Offset(0.1, 0.2),) * 5


BY_HAND = {
    ".toml": """
        # mine
        mask = [
            "AbsNormalize()",  # the paper's
            'Offset(base=0.5, scale=0.5)',
        ]
        rule = '''
            Residual(
                alpha=0.3,  # more than released
            )
        '''
    """,
    ".yaml": """
# mine
mask: [AbsNormalize(), "Offset(base=0.5, scale=0.5)"]
rule: Residual(0.3)
""",
    ".yml": """
mask:
  - AbsNormalize()
  - Offset(base=0.5, scale=0.5)
rule: >
  Residual(
    alpha=0.3)
""",
    ".json": """{"mask": "[AbsNormalize(), Offset(0.5, 0.5)]", "rule": "Residual(3e-1)"}""",
}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_by_hand(suffix: str, tmp_path: Path) -> None:
    """What is left out has its default."""
    path = tmp_path / f"mine{suffix.upper()}"
    path.write_text(BY_HAND[suffix])
    assert Guidance.load(path) == Guidance(mask=[AbsNormalize(), Offset(0.5, 0.5)], rule=Residual(0.3))


def test_of_another_system(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes('\ufeff# ä\r\nrule = "Residual(0.3)"\r\n'.encode())
    assert Guidance.load(path).rule == Residual(0.3)


def test_one_transform_may_stand_alone(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('mask = "Offset()"')
    assert Guidance.load(path).mask == (Offset(),)
    path.write_text("mask = []")
    assert Guidance.load(path).mask == ()


def test_the_documented_file(tmp_path: Path) -> None:
    from xaigrad import recipes

    path = tmp_path / "mine.toml"
    path.write_text("\n".join(line[4:] for line in str(recipes.__doc__).splitlines() if " = " in line))
    assert Guidance.load(path) == Guidance(
        DeepShap(samples=4), [AbsNormalize(), Offset(0.5, 0.5)], Alternate(1, 2), Residual(0.3)
    )


def test_a_file_is_replaced_whole_or_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mine.toml"
    Guidance(rule=Residual(0.1)).save(path)
    path.chmod(0o640)

    def full(*_: Any) -> None:
        raise OSError("No space left on device")

    for place, name in ((os, "replace"), (Path, "replace"), (os, "rename")):
        with monkeypatch.context() as patched:
            patched.setattr(place, name, full)
            if place is Path:
                with pytest.raises(OSError, match="No space"):
                    Guidance(rule=Residual(0.2)).save(path)
                assert Guidance.load(path).rule == Residual(0.1)
        assert list(tmp_path.iterdir()) == [path]
    Guidance(rule=Residual(0.2)).save(path)
    assert Guidance.load(path).rule == Residual(0.2)
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    link = tmp_path / "link.toml"
    link.symlink_to(tmp_path / "far" / "real.toml")
    Guidance(rule=Residual(0.2)).save(link)
    assert link.is_symlink()
    assert Guidance.load(tmp_path / "far" / "real.toml").rule == Residual(0.2)


def test_of_a_guidance_s_own_class(tmp_path: Path) -> None:
    class Mine(Guidance):
        pass

    Mine().save(tmp_path / "mine.json")
    assert type(Mine.load(tmp_path / "mine.json")) is Mine


def test_nothing_of_it_is_imported_before_it_is_needed() -> None:
    script = (
        "import sys, xaigrad; xaigrad.Guidance()\n"
        "print({'xaigrad.recipes', 'tomllib', 'yaml'} & sys.modules.keys())\n"
        "xaigrad.Guidance.logicgan(); print({'yaml', 'captum', 'shap'} & sys.modules.keys())"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.split("\n")[:2] == ["set()", "set()"]


def test_defaults_are_written_too(tmp_path: Path) -> None:
    """So that a recipe means the same after a default has changed."""
    Guidance().save(tmp_path / "mine.toml")
    text = (tmp_path / "mine.toml").read_text()
    for part in (Saliency(), AbsNormalize(), Constant()):
        assert repr(part) in text
