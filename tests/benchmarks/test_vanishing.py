"""The vanishing gradient: minimax's falls by orders of magnitude as D grows sure, secants' and paths' do not."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console
from torch import Tensor

from xaigrad.benchmarks import data, readme, vanishing, vanishing_report
from xaigrad.benchmarks.setting import Setting
from xaigrad.benchmarks.training import Training
from xaigrad.benchmarks.vanishing import PLAIN, Asked, SureDiscriminator, look, ways

pytestmark = pytest.mark.usefixtures("single")
TINY = Asked(steps=(0, 2), start=1, epochs={PLAIN: 1}, seeds=(0, 1), batch=20, images=60, evaluated=60)


@pytest.fixture(scope="module")
def images() -> Tensor:
    digits = data.load().images
    return digits[torch.randperm(len(digits), generator=torch.Generator().manual_seed(0))[:200]]


@pytest.fixture(scope="module")
def published() -> dict[str, Any]:
    record: dict[str, Any] = json.loads((readme.RESULTS / "vanishing.json").read_text())
    return record


def weights(training: Training) -> list[Tensor]:
    return [*training.generator.state_dict().values(), *training.discriminator.state_dict().values()]


def test_minimax_vanishes_where_the_others_do_not(images: Tensor) -> None:
    setting = Setting(lr=1e-3, batch=20)
    sure = SureDiscriminator(setting, images)
    found = []
    for steps in (0, 30):
        sure.train(steps)
        found.append({name: look(sure.training, way, setting) for name, way in ways(images).items()})
    before, after = found
    assert 0.4 < before["minimax"]["score"] < 0.6
    assert after["minimax"]["score"] < 1e-2
    for name in before:
        if name != "minimax":
            assert after[name]["norm"] > before[name]["norm"]
            assert after[name]["norm"] > 100 * after["minimax"]["norm"]


def test_a_look_leaves_the_training_alone(images: Tensor) -> None:
    setting = Setting(batch=20)
    sure = SureDiscriminator(setting, images[:40])
    for way in ways(images).values():
        arm = sure.arm(way, PLAIN)
        arm.epoch()
        before, rng = [value.clone() for value in weights(arm)], torch.get_rng_state()
        assert look(arm, way, setting) == look(arm, way, setting)
        assert all(torch.equal(one, other) for one, other in zip(before, weights(arm), strict=True))
        assert torch.equal(rng, torch.get_rng_state())
        if way.guidance is not None:
            assert arm.generator.explanations == arm.generator.updates == 2


def test_a_standard_look_is_the_loss_s_gradient_at_the_samples(images: Tensor) -> None:
    setting = Setting(batch=20)
    sure = SureDiscriminator(setting, images)
    sure.training.discriminator.eval()  # Without dropout.
    noise = []
    sure.training.generator.register_forward_pre_hook(lambda module, args: noise.append(args[0]))
    found = look(sure.training, ways(images)["minimax"], setting)["norm"]
    samples = sure.training.generator(noise[0]).detach().requires_grad_()
    (own,) = torch.autograd.grad(torch.log(1 - sure.training.discriminator(samples)).sum(), samples)
    assert found == pytest.approx(own.flatten(1).norm(dim=1).mean().item(), rel=1e-5)


def test_arms_start_from_the_same_sure_discriminator(images: Tensor) -> None:
    sure = SureDiscriminator(Setting(batch=20), images)
    sure.train(2)
    arms = {name: sure.arm(way, PLAIN) for name, way in ways(images).items()}
    reference = [value.clone() for value in weights(sure.training)]
    for arm in arms.values():
        assert all(torch.equal(one, other) for one, other in zip(reference, weights(arm), strict=True))
        assert isinstance(arm.gan.g_optimizer, torch.optim.SGD)
        assert not arm.gan.d_optimizer.state_dict()["state"]
    arms["minimax"].epoch()
    assert all(torch.equal(one, other) for one, other in zip(reference, weights(sure.training), strict=True))


def test_a_run_and_its_publication(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = vanishing.run(TINY, tmp_path / "run", Console(quiet=True))
    assert json.loads((tmp_path / "run" / "vanishing.json").read_text()) == json.loads(json.dumps(record))
    names = list(record["ways"])
    assert [(row["seed"], row["steps"], row["way"]) for row in record["norms"]] == [
        (seed, steps, name) for seed in (0, 1) for steps in (0, 2) for name in names
    ]
    assert [(row["seed"], row["optimizer"], row["way"], row["epoch"]) for row in record["training"]] == [
        (seed, PLAIN, name, epoch) for seed in (0, 1) for name in names for epoch in (0, 1)
    ]
    for seed in (0, 1):
        start = [row for row in record["training"] if (row["seed"], row["epoch"]) == (seed, 0)]
        assert len({(row["fid"], row["score"]) for row in start}) == 1
    assert record["asked"]["images"] == 60

    page, picture = tmp_path / "control.md", tmp_path / "images" / "vanishing.png"
    monkeypatch.setattr(vanishing, "PAGE", page)
    monkeypatch.setattr(vanishing, "PICTURE", picture)
    monkeypatch.setattr(readme, "RESULTS", tmp_path / "results")
    page.write_text(
        "<!-- vanishing -->\n<!-- /vanishing -->\nbetween\n<!-- vanishing-first -->\n<!-- /vanishing-first -->\nafter\n"
    )
    vanishing.publish(tmp_path / "run")
    first = vanishing_report.trainings(json.loads(vanishing.FIRST.read_text()))
    assert page.read_text() == (
        f"<!-- vanishing -->\n{_table(record)}\n<!-- /vanishing -->\nbetween\n"
        f"<!-- vanishing-first -->\n{first}\n<!-- /vanishing-first -->\nafter\n"
    )
    assert picture.read_bytes()[1:4] == b"PNG"
    assert (tmp_path / "results" / "vanishing.json").exists()


def _table(record: dict[str, Any]) -> str:
    return vanishing_report.markdown(record)


def test_tables_hold_medians_and_ranges(published: dict[str, Any]) -> None:
    slopes, training, note = _table(published).split("\n\n")
    assert len(slopes.splitlines()) == 2 + len(published["asked"]["steps"])
    assert len(training.splitlines()) == 2 + 5 * len(published["asked"]["epochs"])
    last = published["asked"]["steps"][-1]
    norms = sorted(row["norm"] for row in published["norms"] if (row["steps"], row["way"]) == (last, "non-saturating"))
    assert f"| {norms[1]:.1e} ({norms[0]:.1e} to {norms[-1]:.1e}) |" in slopes.splitlines()[-1]
    assert "3 seeds" in note


def test_what_was_published_is_what_the_page_says(published: dict[str, Any]) -> None:
    text, first = vanishing.PAGE.read_text(), json.loads(vanishing.FIRST.read_text())
    for name, table in (("vanishing", _table(published)), ("vanishing-first", vanishing_report.trainings(first))):
        assert f"<!-- {name} -->\n{table}\n<!-- /{name} -->" in text
    assert 0 < vanishing.PICTURE.stat().st_size < 120_000


def test_what_was_published_says_that_minimax_vanishes(published: dict[str, Any]) -> None:
    last = published["asked"]["steps"][-1]
    for seed in published["asked"]["seeds"]:
        norms = {row["way"]: row["norm"] for row in published["norms"] if (row["seed"], row["steps"]) == (seed, last)}
        assert all(norm > 1000 * norms["minimax"] for name, norm in norms.items() if name != "minimax")
