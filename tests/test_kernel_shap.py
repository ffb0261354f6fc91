"""KernelSHAP gives Shapley values: exact where all coalitions are asked, complete in any case."""

import math
from collections.abc import Callable
from itertools import combinations
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from xaigrad.explainers import Score
from xaigrad.explainers._coalitions import all_coalitions, paired_coalitions, shapley_kernel
from xaigrad.explainers._grid import Grid
from xaigrad.explainers._kernel_shap import KernelShap
from xaigrad.explainers._superpixels import Superpixels

from .networks import FEATURES
from .perturbing import context, frozen, hidden, image_judge, rows, score_of, uneven

pytestmark = pytest.mark.usefixtures("double")


def scattered(samples: Tensor) -> Tensor:
    """Of eight regions the first sample has all, the second four, the third one."""
    maps = torch.tensor([[7, 6, 5, 4, 3, 2, 1, 0], [0, 2, 2, 5, 5, 7, 7, 7], [6] * 8])
    return maps[torch.arange(len(samples)) % 3]


def shapley(value: Callable[[frozenset[int]], float], players: list[int]) -> dict[int, float]:
    """Shapley values by their definition, over all subsets."""
    count, found = len(players), {}
    for player in players:
        others = [other for other in players if other != player]
        found[player] = sum(
            (value(frozenset(some) | {player}) - value(frozenset(some))) / (count * math.comb(count - 1, size))
            for size in range(count)
            for some in combinations(others, size)
        )
    return found


def brute_force(score: Score, samples: Tensor, references: Tensor, index: Tensor) -> Tensor:
    """Shapley values of each sample's regions, shared equally among their features."""
    found = torch.zeros_like(samples)
    for n, sample in enumerate(samples):
        regions = index[n % len(index)].expand_as(sample)

        def value(some: frozenset[int], sample: Tensor = sample, regions: Tensor = regions, n: int = n) -> float:
            shown = torch.tensor([region in some for region in range(int(regions.max()) + 1)])
            return float(score(hidden(sample, references[n], regions, shown)[None]))

        for region, phi in shapley(value, sorted(set(regions.flatten().tolist()))).items():
            found[n][regions == region] = phi / int((regions == region).sum())
    return found


@pytest.mark.parametrize("regions", [Grid(2), Grid(3), Grid(8), uneven], ids=["2", "3", "8", "uneven"])
def test_kernel_shap_is_exact_where_all_coalitions_are_asked(regions: Any) -> None:
    score, samples, references = score_of(frozen()), rows(), rows()
    found = KernelShap(14, regions, lambda rows, context: references)(score, samples, context())
    expected = brute_force(score, samples, references, regions(samples))
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)


def test_kernel_shap_of_images() -> None:
    score, samples = score_of(image_judge()), torch.randn(3, 2, 6, 6)
    found = KernelShap(regions=Grid((3, 4)))(score, samples, context()).expand_as(samples)
    expected = brute_force(score, samples, torch.zeros_like(samples), Grid((3, 4))(samples))
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("perturbations", [2, 6, 7, 40, 300])
@pytest.mark.parametrize("regions", [Grid(1), Grid(3), uneven], ids=["1", "3", "uneven"])
def test_kernel_shap_is_complete(regions: Any, perturbations: int) -> None:
    score, samples, references = score_of(frozen()), rows(), rows()
    found = KernelShap(perturbations, regions, lambda rows, context: references)(score, samples, context())
    torch.testing.assert_close(found.sum(1), score(samples) - score(references), rtol=1e-12, atol=1e-12)


def test_kernel_shap_is_complete_in_single_precision_with_many_regions() -> None:
    score, samples = score_of(image_judge(1, 28).float()), torch.randn(5, 1, 28, 28, dtype=torch.float32)
    for regions in (Grid(), Superpixels()):
        found = KernelShap(regions=regions)(score, samples, context())
        difference = score(samples) - score(torch.zeros_like(samples))
        torch.testing.assert_close(found.flatten(1).sum(1), difference, rtol=1e-4, atol=1e-5)


@given(st.integers(1, 4), st.integers(1, 9), st.integers(2, 40), st.integers(0, 2**32))
def test_kernel_shap_is_complete_for_any_regions(count: int, regions: int, perturbations: int, seed: int) -> None:
    """Also with one region, with regions that a sample lacks, and with fewer coalitions than regions."""
    torch.manual_seed(seed)
    index, samples, weight = torch.randint(regions, (count, 12)), torch.randn(count, 12), torch.randn(12, 3)
    references = torch.randn(count, 12)

    def score(rows: Tensor) -> Tensor:
        return torch.tanh(rows.double() @ weight.double()).prod(1)

    explainer = KernelShap(perturbations, lambda rows: index, lambda rows, context: references)
    found = explainer(score, samples.double(), context())
    torch.testing.assert_close(found.sum(1), score(samples) - score(references), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("perturbations", [6, 20, 100])
@pytest.mark.parametrize("regions", [Grid(1), scattered], ids=["1", "scattered"])
def test_kernel_shap_by_loops(regions: Any, perturbations: int) -> None:
    """The least deviation from equal values among the least-squares fits, by each sample's own pseudoinverse."""
    score, samples, references = score_of(frozen()), rows(), rows()
    index = regions(samples).expand_as(samples)
    there = torch.stack([torch.tensor([bool((row == m).any()) for m in range(int(index.max()) + 1)]) for row in index])
    drawn = paired_coalitions(there, perturbations // 2, context().rng)
    expected = torch.zeros_like(samples)
    for n, sample in enumerate(samples):
        keep = there[n]
        everything, nothing = float(score(samples[n : n + 1])), float(score(references[n : n + 1]))
        z = drawn[:, n][:, keep].double()
        y = torch.stack([score(hidden(sample, references[n], index[n], shown)[None])[0] for shown in drawn[:, n]])
        equal = (everything - nothing) / int(keep.sum())
        centred = z - z.mean(1, keepdim=True)
        phi = equal + torch.linalg.pinv(centred, rtol=1e-9) @ (y - nothing - equal * z.sum(1))
        for region, value in zip(keep.nonzero()[:, 0].tolist(), phi, strict=True):
            expected[n][index[n] == region] = value / int((index[n] == region).sum())
    found = KernelShap(perturbations, regions, lambda rows, context: references)(score, samples, context())
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)


def test_kernel_shap_converges() -> None:
    score, samples = score_of(frozen()), rows(3)
    expected = brute_force(score, samples, torch.zeros_like(samples), Grid(1)(samples))
    errors = [
        float((KernelShap(count, Grid(1), rows=600)(score, samples, context()) - expected).norm() / expected.norm())
        for count in (8, 252)
    ]
    assert errors[1] < 0.1
    assert errors[1] < errors[0] / 2


def test_kernel_shap_of_a_linear_discriminator() -> None:
    """Exact as soon as the coalitions tell all regions apart."""
    weight, samples = torch.randn(FEATURES), rows()
    found = KernelShap(100, Grid(1))(lambda x: x @ weight, samples, context())
    torch.testing.assert_close(found, weight * samples, rtol=1e-6, atol=1e-8)


def test_coalitions_are_paired_and_proper() -> None:
    present = torch.tensor([[True] * 7, [True, False, True, True, False, False, True]])
    drawn = paired_coalitions(present, 500, torch.Generator().manual_seed(0))
    assert drawn.shape == (1000, 2, 7)
    assert torch.equal(drawn[::2] | drawn[1::2], present.expand(500, 2, 7))
    assert not (drawn[::2] & drawn[1::2]).any()
    assert ((drawn.sum(2) > 0) & (drawn.sum(2) < present.sum(1))).all()


def test_coalitions_follow_the_shapley_kernel() -> None:
    drawn = paired_coalitions(torch.ones(1, 4, dtype=torch.bool), 40_000, torch.Generator().manual_seed(0))[:, 0]
    codes = (drawn * 2 ** torch.arange(4, device=drawn.device)).sum(1)
    found = torch.bincount(codes, minlength=16)[1:-1] / len(codes)
    sizes = torch.tensor([[bin(code).count("1") for code in range(1, 15)]], dtype=torch.float64)
    kernel = shapley_kernel(sizes, torch.tensor([4]))[0]
    torch.testing.assert_close(found.to(kernel), kernel / kernel.sum(), rtol=0.05, atol=0.0)


@pytest.mark.parametrize("regions", [2, 3, 7])
def test_shapley_kernel(regions: int) -> None:
    sizes = torch.arange(regions + 1.0, dtype=torch.float64)[None]
    expected = [
        (regions - 1) / (math.comb(regions, s) * s * (regions - s)) if 0 < s < regions else 0
        for s in range(regions + 1)
    ]
    torch.testing.assert_close(shapley_kernel(sizes, torch.tensor([regions])), torch.tensor([expected]).double())


def test_all_coalitions() -> None:
    found = all_coalitions(torch.tensor([[True, True, True], [True, False, True]]))
    assert {tuple(row) for row in found[:, 0].int().tolist()} == {
        (1, 0, 0), (0, 1, 0), (1, 1, 0), (0, 0, 1), (1, 0, 1), (0, 1, 1)
    }  # fmt: skip
    assert not found[:, 1, 1].any()
