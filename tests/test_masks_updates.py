"""Transforms that know of D's verdict, or of earlier updates."""

import copy
import io
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from xaigrad import Guidance, XAIGuidedGenerator
from xaigrad.masks import EMA, AbsNormalize, AcceptedOnly, RejectedOnly

from .loops import bits, last_of, noise
from .masking import context, masked
from .networks import Lambda, discriminator, generator, smooth
from .strategies import attributions, shapes, strengths


def fresh(mask: Tensor) -> Any:
    own = context(mask)
    own.state.clear()
    return own


def plainly_averaged(batches: list[Tensor], decay: float) -> list[Tensor]:
    """From the definition: every mask, drawn towards the weighted mean of all before it."""
    found = batches[:1]
    for step in range(1, len(batches)):
        weights = [decay ** (step - 1 - earlier) for earlier in range(step)]
        means = [weight * batch.mean(0) for weight, batch in zip(weights, batches, strict=False)]
        mean = torch.stack(means).sum(0) / sum(weights)
        found.append(decay * mean + (1 - decay) * batches[step])
    return found


@given(shape=shapes, decay=st.floats(0, 0.999), seed=st.integers(0, 2**32))
def test_ema(shape: tuple[int, ...], decay: float, seed: int) -> None:
    """Of ten updates, with batches of any size."""
    generator = torch.Generator().manual_seed(seed)
    rows = [shape[0] + step % 3 for step in range(10)]
    batches = [torch.rand(count, *shape[1:], generator=generator, dtype=torch.float64) for count in rows]
    own = fresh(batches[0])
    found = [EMA(decay)(batch, own) for batch in batches]
    for one, expected in zip(found, plainly_averaged(batches, decay), strict=True):
        torch.testing.assert_close(one, expected, rtol=1e-9, atol=1e-12)
    assert bits(found[0]) == bits(batches[0])


@given(attribution=attributions)
def test_ema_without_decay_is_the_mask(attribution: Tensor) -> None:
    own = context(attribution)
    for mask in (attribution, attribution, -0 * attribution, 1 / (attribution * 0), -attribution):
        assert bits(EMA(0)(mask, own)) == bits(mask)


def test_ema_of_ones_is_ones() -> None:
    mask = torch.ones(3, 2, 5)
    own = fresh(mask)
    for _ in range(5):
        assert torch.equal(EMA(0.7)(mask, own), mask)


def test_ema_by_hand() -> None:
    own = fresh(torch.ones(1))
    masks = [torch.tensor([[1.0, 0.0], [0.0, 0.0]]), torch.tensor([[1.0, 1.0]]), torch.tensor([[0.0, 1.0]])]
    found = [EMA(0.5)(mask, own).tolist() for mask in masks]
    mean = (0.5 * 0.5 + 1.0) / 1.5, (0.5 * 0.0 + 1.0) / 1.5
    assert found[1] == [[0.75, 0.5]]
    assert found[2][0] == pytest.approx([0.5 * mean[0], 0.5 * mean[1] + 0.5])


def test_each_shape_has_its_own_mean() -> None:
    """Progressive growing, and one discriminator of several scales."""
    own = fresh(torch.ones(1))
    small, large = torch.zeros(2, 1, 4, 4), torch.rand(3, 1, 8, 8)
    assert bits(EMA()(small, own)) == bits(small)
    assert bits(EMA()(large, own)) == bits(large)
    torch.testing.assert_close(EMA()(torch.ones(2, 1, 4, 4), own), torch.full((2, 1, 4, 4), 0.1))


def test_what_is_not_finite_is_not_remembered() -> None:
    own, ema = fresh(torch.ones(1)), EMA(0.5)
    bad = torch.tensor([[float("nan"), 0.2], [0.4, 0.2]])
    found = ema(bad, own)
    assert bits(found) == bits(bad)
    torch.testing.assert_close(ema(torch.zeros(2, 2), own), torch.tensor([[0.5, 0.1], [0.5, 0.1]]))
    before = copy.deepcopy(own.state)
    ema(torch.full((2, 2), float("inf")), own)
    (after,) = own.state.values()
    assert torch.equal(after["mean"], next(iter(before.values()))["mean"])


@given(attribution=attributions, decay=st.floats(0.01, 0.99))
def test_ema_resumes_exactly(attribution: Tensor, decay: float) -> None:
    """Through a file, and into another context."""
    ema, mask = EMA(decay), masked(attribution)
    own = fresh(mask)
    for power in (1, 2, 3):
        ema(mask**power, own)
    file = io.BytesIO()
    torch.save(own.state, file)
    file.seek(0)
    other = fresh(mask)
    other.state.update(torch.load(file, weights_only=True))
    for power in (4, 5):
        assert bits(ema(mask**power, own)) == bits(ema(mask**power, other))


def test_ema_in_another_precision() -> None:
    mask = torch.rand(3, 5, dtype=torch.float64)
    own = fresh(mask)
    EMA()(mask, own)
    found = EMA()(mask.float(), own)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, (0.9 * mask.mean(0) + 0.1 * mask).float())


@given(attribution=attributions, threshold=st.floats(-2, 2), share=strengths)
def test_rejected_and_accepted_are_a_partition(attribution: Tensor, threshold: float, share: float) -> None:
    mask = masked(attribution)
    scores = torch.linspace(-2, 2, len(mask)).to(mask)
    scores[int(share * len(mask)) :] = threshold  # Which is accepted.
    own = context(mask, scores)
    rejected, accepted = RejectedOnly(threshold)(mask, own), AcceptedOnly(threshold)(mask, own)
    for sample, score in enumerate(scores.tolist()):
        pair = (rejected, accepted) if score < threshold else (accepted, rejected)
        assert torch.equal(pair[0][sample], mask[sample])
        assert torch.equal(pair[1][sample], torch.ones_like(mask[sample]))


def test_a_score_that_is_no_number_is_not_rejected() -> None:
    mask = torch.rand(2, 3)
    own = context(mask, torch.tensor([float("nan"), -1.0]))
    assert torch.equal(RejectedOnly()(mask, own), torch.stack([torch.ones(3), mask[1]]))
    assert torch.equal(AcceptedOnly()(mask, own), torch.stack([mask[0], torch.ones(3)]))


@pytest.mark.parametrize("gate", [RejectedOnly, AcceptedOnly])
@pytest.mark.parametrize("real", ["high", "low"])
@pytest.mark.parametrize("probabilities", [False, True])
def test_the_scores_are_those_of_the_user_s_call(gate: Any, real: Any, probabilities: bool) -> None:
    """No further pass of D; where real samples score low, the gate turns round."""
    judge, calls = smooth(), list[int]()

    def called(layers: Any, samples: Tensor) -> Tensor:
        calls.append(len(samples))
        scores: Tensor = layers(samples)
        return scores.sigmoid() if probabilities else scores

    asked = Lambda(called, judge)
    threshold = 0.5 if probabilities else 0.0
    if real == "low":
        threshold = -threshold
    guided = XAIGuidedGenerator(generator(), asked, mask=(AbsNormalize(), gate(threshold)), real=real)
    fake = guided(noise(50))
    fake = fake - fake.mean(0)
    scores = asked(fake)
    scores.sum().backward()
    assert calls == [50]
    high = scores.flatten() >= (0.5 if probabilities else 0.0)
    neutral = (last_of(guided).mask == 1).all(1)
    assert 0 < int(high.sum()) < 50
    accepted = high if real == "high" else ~high
    assert torch.equal(neutral, accepted if gate is RejectedOnly else ~accepted)


def test_they_look_at_the_scores() -> None:
    for gate in (RejectedOnly(), AcceptedOnly()):
        assert Guidance(mask=gate).asks
    assert not Guidance(mask=EMA()).asks


def test_scores_that_are_too_few_are_told() -> None:
    judge = Lambda(lambda layers, samples: layers(samples).mean(), discriminator())
    guided = XAIGuidedGenerator(generator(), judge, mask=RejectedOnly())
    with pytest.raises(ValueError, match="should give one score per sample, 6 of them"):
        judge(guided(noise())).backward()
