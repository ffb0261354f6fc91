"""How right D is, told by its loss, is what one finds by hand from its outputs; only its own turn counts."""

import math
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from xaigrad import XAIGuidedGenerator

from .judging import SETTINGS, Judging, Losses, judging
from .loops import noise
from .networks import FEATURES, Lambda, discriminator, generator, smooth


@pytest.mark.parametrize("judged", [1, 3])
@pytest.mark.parametrize("name", SETTINGS)
def test_accuracy(name: str, judged: int) -> None:
    playing = judging(name)
    for _ in range(6):
        for _ in range(judged - 1):
            playing.step(make=False)
        playing.step()
    playing.assert_as_by_hand()


def test_only_the_last_calls_are_kept() -> None:
    playing = judging("logits")
    for _ in range(40):
        playing.step()
    playing.assert_as_by_hand()
    assert len(playing.verdicts) == 64


@pytest.mark.parametrize("around", [lambda guided: guided.paused(), lambda guided: nullcontext()])
def test_paused(around: Callable[[XAIGuidedGenerator], Any]) -> None:
    playing = judging("logits")
    for _ in range(5):
        with around(playing.guided):
            playing.step(make=False)
        playing.step()
    playing.assert_as_by_hand()


@pytest.mark.parametrize("name", ["logits", "probabilities", "hinge", "real low"])
def test_one_call_for_both(name: str) -> None:
    playing = judging(name)

    def together() -> Tensor:
        real, fake = torch.randn(6, FEATURES) + 1, playing.guided(noise(5)).detach()
        scores = playing.scores(torch.cat([fake, real]))
        playing.by_hand(scores[:5], False)
        playing.by_hand(scores[5:], True)
        playing.right[-2:] = [torch.cat(playing.right[-2:])]
        return playing.losses[0](scores[5:]) + playing.losses[1](scores[:5])

    for _ in range(5):
        playing.step(together)
    playing.assert_as_by_hand()


@pytest.mark.parametrize("frozen", [False, True])
def test_the_generator_s_turn_does_not_count(frozen: bool) -> None:
    """Neither its samples', nor of a frozen D any call: also where real samples are shown for comparison."""
    playing = judging("logits")
    for _ in range(5):
        playing.step(make=False)
        playing.judge.requires_grad_(not frozen)
        playing.losses[0](playing.scores(playing.guided(noise()))).backward()
        if frozen:
            real = torch.randn(6, FEATURES).requires_grad_()
            (playing.scores(real) - playing.scores(playing.guided(noise()))).mean().backward()
        playing.judge.requires_grad_(True)
    playing.assert_as_by_hand()


def test_calls_that_teach_nothing_do_not_count() -> None:
    playing = judging("logits")
    for _ in range(4):
        playing.step()
        playing.scores(torch.randn(6, FEATURES))
        with torch.no_grad():
            playing.scores(torch.randn(6, FEATURES))
        playing.scores(torch.randn(0, FEATURES)).sum().backward()
        torch.vmap(playing.judge)(torch.randn(2, 6, FEATURES)).sum().backward()
        torch.func.jacrev(playing.judge)(torch.randn(6, FEATURES))
    playing.assert_as_by_hand()


def test_a_second_backward_pass_is_no_second_verdict() -> None:
    playing = judging("logits")
    for _ in range(4):
        loss = playing.judging()
        loss.backward(retain_graph=True)
        (-loss).backward()
    playing.assert_as_by_hand()


def test_scores_that_are_written_into() -> None:
    judge = Lambda(lambda score, x: score(x).sum(1), discriminator())
    playing = Judging("BCE", judge)

    def in_place() -> Tensor:
        real, fake = torch.randn(6, FEATURES), playing.guided(noise(5)).detach()
        logits = playing.judge(real), playing.judge(fake)
        playing.by_hand(logits[0], True), playing.by_hand(logits[1], False)
        return playing.losses[0](logits[0].sigmoid_()) + playing.losses[1](logits[1].sigmoid_())

    for _ in range(5):
        playing.step(in_place, make=False)
    playing.assert_as_by_hand()


class Waits(TorchDispatchMode):
    """Counts how often a value is read, for which a device would have to be waited for."""

    count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += func is torch.ops.aten._local_scalar_dense.default
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("name", ["logits", "real low", "tuple, computed"])
def test_nothing_waits_for_a_device(name: str) -> None:
    """Until the accuracy is asked for, which waits once."""
    playing = judging(name)
    playing.step()
    real, fake = torch.randn(6, FEATURES), playing.guided(noise()).detach()
    with Waits() as waits:
        (playing.losses[0](playing.scores(real)) + playing.losses[1](playing.scores(fake))).backward()
    assert waits.count == 0
    verdicts = playing.verdicts
    assert len(verdicts) == 4
    with Waits() as waits:
        verdicts.accuracy()
    assert waits.count <= 2  # Two numbers, of one tensor.


def test_undetached_samples() -> None:
    """Where D's turn does not detach the fake, the real samples alone are looked at."""
    playing = judging("logits")

    def undetached() -> Tensor:
        of_real = playing.by_hand(playing.scores(torch.randn(6, FEATURES) + 1), True)
        return playing.losses[0](of_real) + playing.losses[1](playing.scores(playing.guided(noise())))

    for _ in range(5):
        playing.step(undetached)
    playing.assert_as_by_hand()


def test_samples_of_another_generator() -> None:
    """In its turn it teaches them to rise, as if they were real; the graph of an augmentation teaches nobody."""
    playing, other = judging("logits"), generator()
    for _ in range(5):
        playing.losses[0](playing.scores(other(noise()))).backward()
        augmented = (torch.randn(6, FEATURES).requires_grad_() * 1.1 + 1).flip(1)
        playing.losses[0](playing.by_hand(playing.scores(augmented), True)).backward()
        playing.step()
    playing.assert_as_by_hand()


def test_scores_made_of_several_outputs() -> None:
    """As of a discriminator of several scales: what the loss teaches any of them counts, satisfied or not."""
    judge = Lambda(lambda *parts: [7 * part(parts[-1]) for part in parts[:-1]], smooth(), smooth())
    playing = Judging("hinge", judge, target=lambda output, samples: output[0] + 2 * output[1])

    def judged() -> Tensor:
        samples = torch.randn(6, FEATURES) * 3, playing.guided(noise(5)).detach()
        outputs = [playing.judge(one) for one in samples]
        for output, sign, true in zip(outputs, (1, -1), (True, False), strict=True):
            satisfied = torch.stack([F.relu(1 - sign * one) == 0 for one in output]).all(0).flatten()
            right = playing.by_hand(output[0] + 2 * output[1], true)
            assert right is not None
            playing.right[-1] |= satisfied
        return sum(
            (playing.losses[place](one) for place, output in enumerate(outputs) for one in output), torch.zeros(())
        )

    for _ in range(6):
        playing.step(judged, make=False)
    playing.assert_as_by_hand()


LIMITS: dict[str, tuple[Losses, float, float]] = {
    "least squares": ((lambda r: (r - 1).square().mean(), lambda f: (f + 1).square().mean()), 1.0, -1.0),
    "smoothed labels": (
        (lambda r: F.binary_cross_entropy_with_logits(r, torch.full_like(r, 0.9)), lambda f: F.softplus(f).mean()),
        math.log(9),
        -math.inf,
    ),
    "Wasserstein": ((lambda r: -r.mean(), lambda f: f.mean()), math.inf, -math.inf),
}


@pytest.mark.parametrize(("losses", "highest", "lowest"), LIMITS.values(), ids=LIMITS)
def test_documented_limits(losses: Losses, highest: float, lowest: float) -> None:
    """Scores beyond the aim of a loss are misread, and no others; a critic's are compared with 0 all the same."""
    judge = smooth()
    playing = Judging("BCE with logits", Lambda(lambda score, x: 20 * score(x), judge))
    of_real, of_fake = playing.scores(torch.randn(50, FEATURES)), playing.scores(torch.randn(50, FEATURES))
    (losses[0](of_real) + losses[1](of_fake)).backward()
    expected = torch.cat([(of_real > 0) & (of_real < highest), (of_fake <= 0) & (of_fake > lowest)])
    assert playing.verdicts.accuracy() == int(expected.sum()) / len(expected)
    assert (of_real > math.log(9)).any()
    assert (of_fake < -1).any()
