"""What atoms say: the attribution's parts, other explainers, regions, the samples' own values, D's verdict, classes."""

from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from xaigrad.explainers import Context, InputXGradient, IntegratedGradients, Saliency
from xaigrad.logic import (
    Explained,
    Formula,
    Specification,
    accepted,
    border,
    box,
    brightness,
    centre,
    disc,
    explanation,
    forall,
    input_x_gradient,
    intensity,
    label,
    opposes,
    parse,
    realness,
    rejected,
    saliency,
    supports,
)
from xaigrad.masks import AbsNormalize

from .formulas import world_of
from .loops import bits
from .strategies import attributions


def judged(formula: Any, world: tuple[Tensor, Context] | None = None) -> Tensor:
    return Specification(formula)(*(world or world_of((4, 2, 5, 6))))


def alone(attribution: Tensor) -> tuple[Tensor, Context]:
    return attribution, Context(attribution, 0, 0, torch.Generator(), samples=attribution)


@given(attribution=attributions)
def test_what_speaks_for_and_against(attribution: Tensor) -> None:
    """The larger of the two is the explanation, the smaller is 0, and a change of sign swaps them."""
    found, swapped = judged(supports, alone(attribution)), judged(opposes, alone(-attribution))
    against = judged(opposes, alone(attribution))
    assert torch.equal(found, swapped)
    assert torch.equal(torch.maximum(found, against), judged(explanation, alone(attribution)))
    some = attribution.unsqueeze(-1).flatten(1).abs().amax(1) > 0
    assert torch.minimum(found, against)[some].abs().sum() == 0
    assert torch.equal(found[some] > 0, (AbsNormalize()(attribution) > 0)[some] & (attribution > 0)[some])


def test_no_attribution_gives_ones() -> None:
    for formula in (explanation, supports, opposes):
        assert torch.equal(judged(formula, alone(torch.zeros(3, 4))), torch.ones(3, 4))


@given(attribution=attributions)
def test_free_explainers(attribution: Tensor) -> None:
    gradient = torch.roll(attribution, 1)
    context = Context(gradient, 0, 0, torch.Generator(), samples=attribution)
    assert torch.equal(judged(saliency, (attribution, context)), AbsNormalize()(gradient))
    assert torch.equal(judged(input_x_gradient, (attribution, context)), AbsNormalize()(gradient * attribution))


@pytest.mark.parametrize("explainer", [Saliency(exact=True), InputXGradient(exact=True), IntegratedGradients(steps=3)])
def test_explainers_that_ask(explainer: Any) -> None:
    attribution, context = world_of((4, 3))
    own = replace(context, asking=lambda: nullcontext(lambda samples: (samples**2).sum(1)))
    with torch.no_grad():
        found = judged(Explained(explainer), (attribution, own))
    with torch.enable_grad():
        expected = explainer(lambda samples: (samples**2).sum(1), context.samples, context)
    assert torch.equal(found, AbsNormalize()(expected.detach()))


def drawn(formula: Formula, *sides: int) -> Tensor:
    found = judged(formula, alone(torch.randn(2, 3, *sides)))
    assert ((found == 0) | (found == 1)).all()
    assert (found == found[:1, :1]).all()
    return found[0, 0]


def distances(*sides: int) -> list[Tensor]:
    """Of each pixel's middle from the image's, in each dimension."""
    places = [torch.arange(side, dtype=torch.float64) - (side - 1) / 2 for side in sides]
    return [place.abs() for place in torch.meshgrid(*places, indexing="ij")]


SIDES = st.lists(st.integers(1, 9), min_size=1, max_size=3)


@given(sides=SIDES, width=st.integers(1, 12))
def test_border(sides: list[int], width: int) -> None:
    edges = [side / 2 - distance for side, distance in zip(sides, distances(*sides), strict=True)]
    assert torch.equal(drawn(border(width), *sides) == 1, torch.stack(edges).amin(0) < width)


@given(sides=SIDES, fraction=st.sampled_from([0.1, 0.25, 0.5, 0.75, 1.0]) | st.floats(0.01, 1))
def test_centre(sides: list[int], fraction: float) -> None:
    found = drawn(centre(fraction), *sides)
    inside = [
        (distance <= max(fraction * side / 2, 0.5) + 1e-9)
        for side, distance in zip(sides, distances(*sides), strict=True)
    ]
    assert torch.equal(found == 1, torch.stack(inside).all(0))
    for dimension in range(len(sides)):
        assert torch.equal(found, found.flip(dimension))
    assert torch.equal(drawn(centre(1), *sides), torch.ones(sides))


@given(sides=SIDES, radius=st.floats(0.1, 8))
def test_disc(sides: list[int], radius: float) -> None:
    square = sum((distance.square() for distance in distances(*sides)), torch.zeros(sides))
    decided = (square - radius**2).abs() > 1e-5
    assert torch.equal((drawn(disc(radius), *sides) == 1)[decided], (square <= radius**2)[decided])


@given(corner=st.tuples(*[st.integers(0, 6)] * 2), size=st.tuples(*[st.integers(1, 9)] * 2))
def test_box(corner: tuple[int, int], size: tuple[int, int]) -> None:
    expected = torch.zeros(7, 8)
    for row in range(corner[0], min(corner[0] + size[0], 7)):
        for column in range(corner[1], min(corner[1] + size[1], 8)):
            expected[row, column] = 1
    assert torch.equal(drawn(box(*corner, *size), 7, 8), expected)


@pytest.mark.parametrize("formula", [border(10**30), disc(1e300), box(0, 0, 10**30, 10**30), centre(1)], ids=str)
def test_what_is_larger_than_the_image_is_all_of_it(formula: Formula) -> None:
    assert torch.equal(drawn(formula, 4, 4), torch.ones(4, 4))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    "text",
    ["accepted(1e300)", "at_least(explanation, 1, 1e-300)", "at_most(explanation, 1, 1e300)", "explanation > 1e-300",
     "intensity(0, 1e-30)", "intensity(-4e29, 4e29)", "realness(1e45, 1.1e45)", "label(9223372036854775807)", "1e-320"],
)  # fmt: skip
def test_extreme_numbers(text: str, dtype: torch.dtype) -> None:
    """They stay truth values in every precision."""
    if text.startswith("realness"):
        text = "realness(-4e29, 4e29)"
    attribution, context = world_of((4, 2, 5, 6))
    context.samples[:, 0, 0] = 0
    low = replace(context, gradient=context.gradient.to(dtype), samples=context.samples.to(dtype))
    mask = parse(text)(attribution.to(dtype), low)
    assert ((mask >= 0) & (mask <= 1)).all()


def test_intensity_and_brightness() -> None:
    samples = torch.tensor([[-3.0, -1.0, 0.0], [0.5, 1.0, 2.0]])
    context = Context(samples, 0, 0, torch.Generator(), samples=samples)
    expected = torch.tensor([[0.0, 0.0, 0.5], [0.75, 1.0, 1.0]])
    assert torch.equal(judged(intensity, (samples, context)), expected)
    assert torch.equal(judged(intensity(0, 2), (samples, context)), torch.tensor([[0.0, 0.0, 0.0], [0.25, 0.5, 1.0]]))
    torch.testing.assert_close(judged(brightness, (samples, context)), expected.mean(1, keepdim=True).expand(2, 3))
    means = torch.tensor([[0.0] * 3, [1.75 / 3] * 3])
    torch.testing.assert_close(judged(brightness(0, 2), (samples, context)), means)


def test_what_d_says() -> None:
    attribution, context = world_of((3, 2))
    scores = torch.tensor([-1.0, 0.0, 2.0], dtype=torch.float64)
    world = attribution, replace(context, verdict=lambda: scores)

    def of(formula: Formula) -> list[float]:
        found = judged(formula, world)
        assert torch.equal(found, found[:, :1].expand(3, 2))
        return found[:, 0].tolist()

    assert of(accepted(0)) == [0, 0, 1]
    assert of(rejected(0)) == [1, 1, 0]
    assert of(accepted(-1.5)) == [1, 1, 1]
    assert of(realness) == scores.sigmoid().tolist()
    assert of(realness(-1, 1)) == [0, 0.5, 1]


def called_with(*args: Any) -> tuple[Tensor, Context]:
    attribution, context = world_of((3, 2))
    return attribution, replace(context, args=(context.samples, *args))


LABELS = torch.tensor([1, 0, 1])


@pytest.mark.parametrize("given_label", [LABELS, LABELS[:, None], LABELS.int(), nn.functional.one_hot(LABELS, 3)])
def test_the_label_of_the_call(given_label: Tensor) -> None:
    world = called_with(given_label)
    assert judged(label(1), world)[:, 0].tolist() == [1, 0, 1]
    assert judged(label(0), world)[:, 0].tolist() == [0, 1, 0]
    assert judged(label(2), world).tolist() == [[0, 0]] * 3
    expected = world[0].abs() / world[0].abs().amax(1, keepdim=True)
    smallest = torch.minimum(expected[0], expected[2])
    assert torch.equal(judged(forall(explanation, label), world), torch.stack([smallest, expected[1], smallest]))


class Classifier(nn.Module):
    """Told by the first feature's sign; it writes into its input and drops out."""

    def __init__(self) -> None:
        super().__init__()
        self.norm, self.drop = nn.BatchNorm1d(2), nn.Dropout(0.9)

    def forward(self, samples: Tensor) -> Tensor:
        positive = (samples[:, 0] > 0).long()
        samples.zero_()
        self.drop(self.norm(torch.randn_like(samples).to(self.norm.weight)))
        return nn.functional.one_hot(positive, 2).float()


def test_a_classifier_s_label() -> None:
    attribution, context = called_with()
    expected = (context.samples[:, 0] > 0).long()
    classifier = Classifier()
    before = bits(classifier.state_dict()), classifier.training, bits(context.samples), bits(torch.get_rng_state())
    for told in (classifier, lambda samples, context: (samples[:, 0] > 0).long()):
        assert torch.equal(judged(label(1, told), (attribution, context))[:, 0].long(), expected)
        found = judged(forall(intensity, label(classifier=told)), (attribution, context))
        same = expected[:, None] == expected
        values = judged(intensity, (attribution, context))
        assert all(torch.equal(row, values[mine].amin(0)) for row, mine in zip(found, same, strict=True))
    after = bits(classifier.state_dict()), classifier.training, bits(context.samples), bits(torch.get_rng_state())
    assert after == before


@pytest.mark.parametrize("args", [(), (LABELS, LABELS), (torch.randn(3, 4),)])
def test_a_call_without_one_label(args: tuple[Tensor, ...]) -> None:
    message = (
        r"^Parameter `label` should say each sample's class .* Found (no|2) tensors .* Name a classifier: label\(3, "
    )
    for formula in (label(1), forall(explanation, label)):
        with pytest.raises(ValueError, match=message):
            judged(formula, called_with(*args))


def test_a_classifier_that_tells_none() -> None:
    with pytest.raises(
        ValueError, match=r"^Parameter `classifier` should give logits of shape \(3, C\) or whole numbers"
    ):
        judged(label(1, lambda samples, context: samples.sum(1)), called_with())
