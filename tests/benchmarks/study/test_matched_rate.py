"""A matched rate is the standard training with the guided gradient's size as its learning rate, to the bit."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from xaigrad import Guidance, XAIGuidedGenerator
from xaigrad.benchmarks.study.controls import MatchedRate, scale_rate
from xaigrad.integrations import mlp
from xaigrad.rules import Multiply, Residual, SampleWeight
from xaigrad.schedules import Alternate

from .controlling import context, images, masks, pair, trained


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
