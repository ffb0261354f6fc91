"""Controls keep of an explanation's mask what they say that they keep, and nothing else; a training knows no other."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from xaigrad import Guidance, XAIGuidedGenerator, recipes
from xaigrad.benchmarks.study.controls import (
    KNOWN,
    TOP_SAMPLES,
    BatchMean,
    MatchedRate,
    RandomLike,
    SampleMean,
    Shuffled,
    TopSamples,
    controls_of,
    scale_rate,
)
from xaigrad.explainers import Context, SmoothGrad
from xaigrad.integrations import mlp
from xaigrad.masks import AbsNormalize, ChannelMean
from xaigrad.rules import Multiply, Residual, SampleWeight
from xaigrad.schedules import Alternate, Constant

OF_MASKS = [Shuffled(), SampleMean(), RandomLike(), BatchMean()]
TRANSFORMS = [*OF_MASKS, TopSamples()]
shapes = st.builds(
    lambda rows, features: (rows, *features),
    st.integers(1, 6),
    st.sampled_from([(1,), (7,), (1, 28, 28), (3, 4, 5)]),
)
masks = st.builds(
    lambda shape, dtype, seed: torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype),
    shapes,
    st.sampled_from([torch.float32, torch.float64]),
    st.integers(0, 2**32),
)
every_transform = pytest.mark.parametrize("transform", TRANSFORMS, ids=str)


def context(mask: Tensor, seed: int = 0, like: Tensor | None = None) -> Context:
    gradient = mask if like is None else like
    scores = gradient.flatten(1).sum(1)
    rng = torch.Generator().manual_seed(seed)
    return Context(gradient, 3, 3, rng, samples=gradient, attribution=gradient, verdict=lambda: scores)


def applied(transform: Any, mask: Tensor, seed: int = 0) -> Tensor:
    """Return what a transform gives, by the way that a guidance takes."""
    return Guidance(mask=transform).transform(mask, context(mask, seed))


def rows(mask: Tensor) -> Tensor:
    return mask.flatten(1)


@every_transform
@settings(max_examples=20)
@given(mask=masks, seed=st.integers(0, 2**40))
def test_shape_precision_range_and_repeatability(transform: Any, mask: Tensor, seed: int) -> None:
    before, users = mask.clone(), torch.get_rng_state()
    found = applied(transform, mask, seed)
    assert (found.shape, found.dtype) == (mask.shape, mask.dtype)
    assert torch.equal(found, applied(transform, mask, seed))
    assert torch.equal(before, mask)
    assert torch.equal(users, torch.get_rng_state())
    if not isinstance(transform, TopSamples):
        assert mask.min() - 1e-6 <= found.min() <= found.max() <= mask.max() + 1e-6


@given(mask=masks, seed=st.integers(0, 2**40))
def test_shuffled_keeps_the_values_of_every_sample(mask: Tensor, seed: int) -> None:
    found = applied(Shuffled(), mask, seed)
    assert torch.equal(rows(found).sort(1).values, rows(mask).sort(1).values)


def test_shuffled_moves_every_sample_in_its_own_way_at_every_update() -> None:
    mask = torch.arange(784.0).view(1, 1, 28, 28).repeat(5, 1, 1, 1)
    one = context(mask)
    first, second = Shuffled()(mask, one), Shuffled()(mask, one)
    for found in (first, second):
        assert len({tuple(row.tolist()) for row in rows(found)}) == 5
        assert all((row == rows(mask)[0]).float().mean() < 0.02 for row in rows(found))
    assert not torch.equal(first, second)


def test_every_place_is_as_likely_as_any_other() -> None:
    mask = torch.zeros(4000, 2, 3)
    mask[:, 0, 1] = 1
    expected = torch.full((2, 3), 4000 / 6)
    assert (applied(Shuffled(), mask).sum(0) - expected).abs().max() < 5 * (4000 * 5 / 36) ** 0.5


@given(mask=masks)
def test_means_are_kept(mask: Tensor) -> None:
    found = applied(SampleMean(), mask)
    torch.testing.assert_close(rows(found).mean(1), rows(mask).mean(1))
    assert torch.equal(rows(found).amin(1), rows(found).amax(1))
    constant = applied(BatchMean(), mask)
    assert constant.min() == constant.max()
    torch.testing.assert_close(constant.mean(), mask.mean())


@given(mask=masks, seed=st.integers(0, 2**40))
def test_random_like_draws_from_the_batch(mask: Tensor, seed: int) -> None:
    assert torch.isin(applied(RandomLike(), mask, seed), mask).all()


def test_random_like_has_the_distribution_and_nothing_of_the_places() -> None:
    mask = torch.rand(20, 1, 28, 28) ** 3
    mask[:10] *= 0.1
    found = applied(RandomLike(), mask)
    points = torch.linspace(0.1, 0.9, 9)
    torch.testing.assert_close(found.quantile(points), mask.quantile(points), atol=0.01, rtol=0.05)
    assert torch.corrcoef(torch.stack([found.flatten(), mask.flatten()]))[0, 1].abs() < 0.05
    torch.testing.assert_close(found[:10].mean(), found[10:].mean(), atol=0.02, rtol=0)
    assert len(found.unique()) < len(mask.unique())


@pytest.mark.parametrize("transform", OF_MASKS, ids=str)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_constants_are_left_alone(transform: Any, dtype: torch.dtype) -> None:
    ones = torch.ones(5, 1, 28, 28, dtype=dtype)
    assert torch.equal(applied(transform, ones), ones)
    torch.testing.assert_close(applied(transform, 0.3 * ones), 0.3 * ones)


@pytest.mark.parametrize("transform", [Shuffled(), SampleMean()], ids=str)
def test_samples_do_not_know_of_each_other(transform: Any) -> None:
    mask = torch.rand(4, 3, 5)
    other = mask.clone()
    other[1:] = torch.rand(3, 3, 5)
    assert torch.equal(applied(transform, mask)[0], applied(transform, other)[0])


@given(mask=masks, share=st.floats(0.01, 1))
def test_top_samples(mask: Tensor, share: float) -> None:
    found = rows(applied(TopSamples(share), mask))
    chosen = found.amax(1).bool()
    assert torch.equal(found, chosen.to(mask.dtype)[:, None].expand_as(found))
    assert share * len(mask) <= chosen.sum() + 1e-9 < share * len(mask) + 1
    scores = rows(mask).sum(1)
    if not chosen.all():
        assert scores[chosen].min() >= scores[~chosen].max()


def test_top_samples_takes_no_more_where_scores_tie() -> None:
    assert applied(TopSamples(0.5), torch.zeros(5, 2))[:, 0].tolist() == [1, 1, 1, 0, 0]


@pytest.mark.parametrize("share", [0.0, 1.1, float("nan"), "half"])
def test_a_share_is_one(share: Any) -> None:
    with pytest.raises(ValueError, match=r"Parameter `share` should be a number in \(0, 1\]"):
        TopSamples(share)


@every_transform
def test_masks_that_broadcast_count_for_each_sample_and_feature(transform: Any) -> None:
    gradient = torch.rand(6, 3, 4, 4)
    narrow = torch.rand(1, 1, 4, 4)
    found, full = (
        transform(mask, context(mask, like=gradient)) for mask in (narrow, narrow.expand_as(gradient).contiguous())
    )
    torch.testing.assert_close(found.expand_as(gradient), full)


@every_transform
def test_nothing_waits_for_a_device(transform: Any) -> None:
    mask = torch.rand(4, 2, 4, 4, device="meta")
    assert applied(transform, mask).shape == mask.shape


@every_transform
def test_an_empty_batch(transform: Any) -> None:
    assert applied(transform, torch.zeros(0, 3, 2)).shape == (0, 3, 2)


@given(mask=masks, strength=st.floats(0.1, 1))
def test_matched_rate_leaves_the_gradient_and_reports_the_ratio(mask: Tensor, strength: float) -> None:
    gradient = torch.randn(mask.shape, dtype=mask.dtype)
    for rule in (Multiply(), Residual(2.0)):
        one = context(gradient)
        assert MatchedRate(rule)(gradient, mask, strength, one) is gradient
        expected = rule(gradient, mask, strength).norm() / gradient.norm()
        torch.testing.assert_close(one.reports["norm ratio"], expected)
        assert one.reports["norm ratio"].shape == ()


def test_ratios_of_gradients_that_are_very_small_or_nothing() -> None:
    for size, expected in ((1e-40, 0.5), (1e30, 0.5), (0.0, 1.0)):
        gradient = torch.full((3, 4), size, dtype=torch.float32)
        one = context(gradient)
        MatchedRate()(gradient, torch.full_like(gradient, 0.5), 1.0, one)
        assert float(one.reports["norm ratio"]) == pytest.approx(expected, rel=1e-4)


def test_matched_rate_wants_of_a_guidance_what_its_rule_wants() -> None:
    from xaigrad.rules import Minimax, SecantFeedback

    inner = SecantFeedback(Minimax())
    outer = MatchedRate(inner)
    assert (outer.slopes, outer.asks, outer.harvests) == (inner.slopes, inner.asks, inner.harvests)


def images(seed: int = 5) -> Tensor:
    return torch.rand(6, 1, 28, 28, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def pair() -> tuple[mlp.Generator, mlp.Discriminator]:
    torch.manual_seed(0)
    return mlp.Generator(8), mlp.Discriminator(8)


def trained(guidance: Guidance, steps: int = 6) -> tuple[list[Tensor], XAIGuidedGenerator, list[Tensor | None]]:
    """Return the weights of G and D, the wrapper, and what was reported at each step."""
    generator, discriminator = pair()
    guided = XAIGuidedGenerator(generator, discriminator, guidance)
    training = mlp.Training(guided, discriminator)
    scale_rate(training.g_optimizer, guided)
    ratios: list[Tensor | None] = []
    for step in range(steps):
        explanations = guided.explanations
        training.step(images(step))
        last = guided.last if guided.explanations > explanations else None
        ratios.append(None if last is None else last.reports.get("norm ratio"))
        assert training.g_optimizer.param_groups[0]["lr"] == 2e-4
    return [*generator.state_dict().values(), *discriminator.state_dict().values()], guided, ratios


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize(
    "guidance",
    [
        Guidance(),
        Guidance(rule=Residual(0.5)),
        Guidance(rule=SampleWeight()),
        Guidance(schedule=Alternate(guided=1, standard=2)),
    ],
    ids=["multiply", "residual", "sample weight", "alternating"],
)
def test_matched_rate_is_a_standard_training_with_those_rates_to_the_bit(guidance: Guidance) -> None:
    matched = replace(guidance, rule=MatchedRate(guidance.rule))
    found, guided, ratios = trained(matched)
    assert guided.explanations == sum(ratio is not None for ratio in ratios) > 1
    assert len({float(ratio) for ratio in ratios if ratio is not None}) > 1
    generator, discriminator = pair()
    training = mlp.Training(generator, discriminator)
    for step, ratio in enumerate(ratios):
        training.g_optimizer.param_groups[0]["lr"] = 2e-4 * (1.0 if ratio is None else float(ratio))
        training.step(images(step))
    expected = [*generator.state_dict().values(), *discriminator.state_dict().values()]
    assert all(torch.equal(one, other) for one, other in zip(found, expected, strict=True))


@pytest.mark.usefixtures("double")
def test_the_first_ratio_is_that_of_the_arm_that_is_matched() -> None:
    _, guided, _ = trained(Guidance(), 1)
    _, _, (ratio,) = trained(Guidance(rule=MatchedRate()), 1)
    assert guided.last is not None
    assert ratio is not None
    torch.testing.assert_close(ratio, guided.last.guided.norm() / guided.last.gradient.norm())


@pytest.mark.usefixtures("single")
def test_rates_of_other_guidances_stay_and_hooks_can_be_removed() -> None:
    generator, discriminator = pair()
    guided = XAIGuidedGenerator(generator, discriminator, rule=MatchedRate())
    training = mlp.Training(guided, discriminator)
    seen: list[float] = []
    handles = scale_rate(training.g_optimizer, guided)
    training.g_optimizer.register_step_pre_hook(lambda optimizer, *_: seen.append(optimizer.param_groups[0]["lr"]))
    training.step(images())
    for handle in handles:
        handle.remove()
    training.step(images())
    assert seen[0] < seen[1] == 2e-4
    plain, _, _ = trained(Guidance(rule=Multiply()))
    generator, discriminator = pair()
    training = mlp.Training(XAIGuidedGenerator(generator, discriminator), discriminator)
    for step in range(6):
        training.step(images(step))
    expected = [*generator.state_dict().values(), *discriminator.state_dict().values()]
    assert all(torch.equal(one, other) for one, other in zip(plain, expected, strict=True))


@pytest.mark.usefixtures("double")
def test_a_rate_that_is_a_tensor_stays_one() -> None:
    generator, discriminator = pair()
    guided = XAIGuidedGenerator(generator, discriminator, rule=MatchedRate())
    rate = torch.tensor(0.1)
    optimizer = torch.optim.SGD(generator.parameters(), lr=rate)
    scale_rate(optimizer, guided)
    before = [weight.detach().clone() for weight in generator.parameters()]
    (-discriminator(guided(torch.randn(4, 100))).log().mean()).backward()
    optimizer.step()
    assert optimizer.param_groups[0]["lr"] is rate
    assert float(rate) == pytest.approx(0.1)
    assert guided.last is not None
    ratio = float(guided.last.reports["norm ratio"])
    for weight, old in zip(generator.parameters(), before, strict=True):
        assert weight.grad is not None
        torch.testing.assert_close(weight.detach(), old - 0.1 * ratio * weight.grad)


ARM = Guidance(explainer=SmoothGrad(samples=2), mask=(AbsNormalize(), ChannelMean()), rule=Residual(0.4))


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("name", [*controls_of("arm", ARM), "top-samples"])
def test_a_training_runs_with_each_and_draws_what_the_standard_one_draws(name: str) -> None:
    guidance = {**controls_of("arm", ARM), "top-samples": TOP_SAMPLES}[name]
    weights, guided, _ = trained(guidance, 3)
    drawn = torch.get_rng_state()
    again, _, _ = trained(guidance, 3)
    standard, _, _ = trained(Guidance(schedule=Constant(0.0)), 3)
    assert torch.equal(drawn, torch.get_rng_state())
    assert guided.explanations == 3
    assert guided.fallbacks == 0
    assert all(weight.isfinite().all() for weight in weights)
    assert all(torch.equal(one, other) for one, other in zip(weights, again, strict=True))
    assert not all(torch.equal(one, other) for one, other in zip(weights, standard, strict=True))


def test_controls_differ_from_their_arm_in_one_place() -> None:
    controls = controls_of("arm", ARM)
    assert list(controls) == [f"arm-{one}" for one in ("shuffled", "sample-mean", "random", "constant", "matched-rate")]
    assert controls.pop("arm-matched-rate") == replace(ARM, rule=MatchedRate(ARM.rule))
    for control in controls.values():
        assert replace(control, mask=control.transforms[:-1]) == ARM
    assert {control.transforms[-1] for control in controls.values()} == set(OF_MASKS)


def test_top_samples_lets_those_alone_learn_and_costs_nothing() -> None:
    generator, discriminator = pair()
    guided = XAIGuidedGenerator(generator, discriminator.eval(), TOP_SAMPLES)
    calls: list[Any] = []
    discriminator.register_forward_hook(lambda *_: calls.append(1))
    scores = discriminator(guided(torch.randn(6, 100)))
    (-scores.log().mean()).backward()
    assert len(calls) == 1
    assert guided.last is not None
    learned = guided.last.guided.flatten(1).abs().sum(1) > 0
    assert learned.tolist() == [bool(score >= scores.flatten().sort().values[3]) for score in scores.flatten()]
    assert torch.equal(guided.last.guided[learned], guided.last.gradient[learned])


@pytest.mark.parametrize("guidance", [*controls_of("arm", ARM).values(), TOP_SAMPLES], ids=str)
def test_controls_are_written_and_read_as_recipes(guidance: Guidance) -> None:
    for part in guidance.parts:
        assert recipes.read(recipes.write(part, known=KNOWN), known=KNOWN) == part
