import dataclasses
import math
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils.data import Dataset

from xaigrad.benchmarks import data, extractor, metrics
from xaigrad.benchmarks.metrics import Evaluator, Scores

TOLERANCE = 1e-6


class Pixels(Dataset[Tensor]):
    def __init__(self, images: Tensor) -> None:
        self.pixels = data.to_pixels(images)

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index: int) -> Tensor:
        return self.pixels[index]


@pytest.fixture(scope="module")
def digits() -> Tensor:
    images = data.load().images
    return images[torch.randperm(len(images), generator=torch.Generator().manual_seed(0))]


@pytest.fixture(scope="module")
def real(digits: Tensor) -> Tensor:
    return digits[:600]


@pytest.fixture(scope="module")
def evaluator(real: Tensor) -> Evaluator:
    return Evaluator(real, "mnist-5k")


@pytest.fixture(scope="module")
def noise() -> Tensor:
    return torch.rand(400, 1, 28, 28, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.fixture
def unchanged_random_states() -> Iterator[None]:
    before = torch.get_rng_state(), np.random.get_state(), random.getstate()  # noqa: NPY002
    yield
    assert torch.equal(torch.get_rng_state(), before[0])
    for now, then in zip(np.random.get_state(), before[1], strict=True):  # noqa: NPY002
        assert np.array_equal(now, then)
    assert random.getstate() == before[2]


def test_a_set_does_not_differ_from_itself(evaluator: Evaluator, real: Tensor) -> None:
    scores = evaluator(real)
    assert abs(scores.fid) < 1e-6
    assert scores.precision == scores.recall == 1


def test_noise_is_far_away(evaluator: Evaluator, digits: Tensor, noise: Tensor) -> None:
    fresh, far = evaluator(digits[600:1000]), evaluator(noise)
    assert far.fid > 20 * fresh.fid
    assert far.kid > 20 * abs(fresh.kid)
    assert fresh.precision > 0.8
    assert far.recall < 0.1 < 0.8 < fresh.recall


@pytest.mark.parametrize(
    ("dataset", "count", "others"), [("mnist-5k", 500, 600), ("fashion-mnist", 300, 300), ("mnist-5k", 12, 12)]
)
def test_agrees_with_calculate_metrics(
    dataset: str, count: int, others: int, real: Tensor, digits: Tensor, noise: Tensor
) -> None:
    evaluator = Evaluator(real[:others], dataset)
    generated = digits[1000 : 1000 + count] * 0.8 + noise[:1] * 0.2
    import torch_fidelity

    theirs = torch_fidelity.calculate_metrics(
        input1=Pixels(generated),
        input2=Pixels(real[:others]),
        feature_extractor=evaluator.extractor,
        fid=True,
        kid=True,
        prc=True,
        kid_subset_size=count,
        cuda=False,
        cache=False,
        save_cpu_ram=True,
        verbose=False,
    )
    ours = evaluator(generated)
    assert ours.fid == pytest.approx(theirs[torch_fidelity.KEY_METRIC_FID], abs=TOLERANCE)
    assert ours.kid / 1000 == pytest.approx(theirs[torch_fidelity.KEY_METRIC_KID_MEAN], abs=TOLERANCE)
    assert ours.precision == pytest.approx(theirs[torch_fidelity.KEY_METRIC_PRECISION], abs=TOLERANCE)
    assert ours.recall == pytest.approx(theirs[torch_fidelity.KEY_METRIC_RECALL], abs=TOLERANCE)


@pytest.mark.parametrize(
    ("generated", "others", "asked", "taken"),
    [(30, 30, 100, 1), (30, 31, 100, 100), (31, 30, 7, 7), (1000, 1000, 7, 1), (1001, 1001, 3, 3)],
)
def test_kid_asks_no_subset_twice(
    generated: int, others: int, asked: int, taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from xaigrad.benchmarks import _fidelity

    seen: list[int] = []

    def watched(*features: Tensor, **options: int) -> dict[str, float]:
        seen.append(options["kid_subsets"])
        return {"kernel_inception_distance_mean": 0.0}

    monkeypatch.setattr(_fidelity, "kid_features_to_metric", watched)
    _fidelity.kid(torch.zeros(generated, 2), torch.zeros(others, 2), asked)
    assert seen == [taken]


def test_subsets_of_kid_are_chosen(real: Tensor, digits: Tensor) -> None:
    generated = digits[600:700]
    hundred, again, ten = (
        Evaluator(real[:150], "mnist", **how)(generated).kid for how in ({}, {"kid_subsets": 100}, {"kid_subsets": 10})
    )
    assert hundred == again != ten
    assert ten == pytest.approx(hundred, rel=0.5)
    with pytest.raises(ValueError, match="`kid_subsets` should be a whole number of at least 1"):
        Evaluator(real, "mnist", kid_subsets=0)


def test_the_extractor_can_be_compiled_by_torch_fidelity() -> None:
    from torch_fidelity.registry import FEATURE_EXTRACTORS_REGISTRY

    from xaigrad.benchmarks import _fidelity

    name = _fidelity.register("mnist")
    created = FEATURE_EXTRACTORS_REGISTRY[name](name, [_fidelity.LAYER])
    assert created.can_be_compiled()
    assert created(created.get_dummy_input_for_compile())[0].shape == (1, extractor.FEATURES)
    with pytest.raises(ValueError, match="`pixels` should be uint8 of shape"):
        created(torch.zeros(1, 1, 28, 28))


@pytest.mark.parametrize("dataset", data.NAMES)
def test_the_name_of_the_features_carries_data_set_and_hash(real: Tensor, dataset: str) -> None:
    name = Evaluator(real[:4], dataset).extractor
    weights = {"mnist-5k": "mnist"}.get(dataset, dataset)
    assert name == f"lenet-{weights}-{extractor.weights_hash(dataset)}"


def test_fid_alone_is_the_same(evaluator: Evaluator, digits: Tensor) -> None:
    assert evaluator.fid(digits[600:900]) == evaluator(digits[600:900]).fid


def test_order_does_not_matter(evaluator: Evaluator, digits: Tensor) -> None:
    generated = digits[600:1200]
    scores, turned = evaluator(generated), evaluator(generated.flip(0))
    assert turned.fid == pytest.approx(scores.fid, abs=1e-5)
    # Subsets of 600 out of 600 are the whole set, in any order.
    assert turned.kid == pytest.approx(scores.kid, abs=1000 * TOLERANCE)
    assert (turned.precision, turned.recall) == pytest.approx((scores.precision, scores.recall))


def test_repeats_itself(evaluator: Evaluator, digits: Tensor) -> None:
    assert evaluator(digits[600:900]) == evaluator(digits[600:900])


@pytest.mark.usefixtures("unchanged_random_states")
def test_leaves_random_states_files_and_streams_alone(
    real: Tensor, digits: Tensor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for variable in ("HOME", "TORCH_HOME", "TMPDIR"):
        monkeypatch.setenv(variable, str(tmp_path))
    monkeypatch.chdir(tmp_path)
    Evaluator(real[:50], "mnist")(digits[600:700])
    assert list(tmp_path.rglob("*")) == []
    assert capfd.readouterr() == ("", "")


def test_leaves_images_alone_and_needs_no_graph(evaluator: Evaluator, digits: Tensor) -> None:
    generated = digits[600:700].clone().requires_grad_()
    evaluator(generated)
    assert torch.equal(generated, digits[600:700])
    assert generated.grad is None


@pytest.mark.parametrize("count", [4, 5, 100])
def test_few_samples(evaluator: Evaluator, digits: Tensor, count: int) -> None:
    assert all(map(math.isfinite, dataclasses.astuple(evaluator(digits[600 : 600 + count]))))


def test_one_sample_over_and_over(evaluator: Evaluator, digits: Tensor) -> None:
    collapsed = evaluator(digits[:1].expand(200, -1, -1, -1))
    assert all(map(math.isfinite, dataclasses.astuple(collapsed)))
    assert collapsed.recall < 0.1


def test_values_outside_are_clipped(evaluator: Evaluator, digits: Tensor) -> None:
    assert evaluator.fid(digits[600:700] * 1.0 + digits[600:700].sign()) == evaluator.fid(digits[600:700].sign())


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_nothing_can_be_said_of_a_generator_that_diverged(evaluator: Evaluator, digits: Tensor, bad: float) -> None:
    generated = digits[:10].clone()
    generated[3, 0, 5, 5] = bad
    assert all(map(math.isnan, dataclasses.astuple(evaluator(generated))))
    assert math.isnan(evaluator.fid(generated))


@pytest.mark.parametrize("wrong", [torch.zeros(9, 784), torch.zeros(3, 1, 28, 28), torch.zeros(9, 1, 28, 28).byte()])
def test_wrong_images(evaluator: Evaluator, wrong: Tensor) -> None:
    with pytest.raises(ValueError, match=r"`generated` should be floating images .* N >= 4\. Found"):
        evaluator(wrong)
    with pytest.raises(ValueError, match=r"`generated` should be"):
        evaluator.fid(wrong)
    with pytest.raises(ValueError, match=r"`real` should be floating images"):
        Evaluator(wrong, "mnist")


@pytest.mark.parametrize("scale", [255.0, math.nan])
def test_wrong_range_of_real_images(real: Tensor, scale: float) -> None:
    with pytest.raises(ValueError, match=r"`real` should lie in \[-1, 1\]"):
        Evaluator(real * scale, "mnist")


def test_scores_are_values() -> None:
    assert metrics.KID_UNIT == "x1000"
    assert Scores(1, 2, 3, 4) == Scores(1, 2, 3, 4)
    with pytest.raises(dataclasses.FrozenInstanceError):
        Scores(1, 2, 3, 4).fid = 0  # type: ignore[misc]
