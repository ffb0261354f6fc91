"""Mixed precision: the guidance lives under autocast and behind a loss scaler, and neither changes what it does."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from xaigrad import XAIGuidedGenerator
from xaigrad.explainers import DeepShap, Explainer, Saliency
from xaigrad.schedules import Constant

from ..loops import Training, assert_same_bits, bits, last_of, noise, random_states, seed_everything
from ..networks import FEATURES, PAIRS, Lambda, discriminator, generator

pytestmark = pytest.mark.usefixtures("single")  # Autocast leaves double precision alone.

BANK = torch.randn(20, FEATURES, generator=torch.Generator().manual_seed(1))
EXPLAINERS: dict[str, Callable[[], Explainer]] = {
    "fused": Saliency,
    "exact": lambda: Saliency(exact=True),
    "DeepShap": lambda: DeepShap(BANK.to(torch.get_default_device())),
}


def device() -> str:
    return torch.get_default_device().type


def autocast(enabled: bool = True, dtype: torch.dtype = torch.bfloat16) -> torch.autocast:
    return torch.autocast(device(), dtype, enabled)


def scaler(scale: float = 1.0, enabled: bool = True) -> torch.amp.GradScaler:
    return torch.amp.GradScaler(device(), init_scale=scale, growth_interval=10_000, enabled=enabled)


@dataclass
class Mixed(Training):
    """A loop under autocast, around the backward pass too if asked, whose generator's loss is scaled."""

    around_backward: bool = False
    scaler: torch.amp.GradScaler = field(default_factory=lambda: scaler(enabled=False))
    clip: bool = False

    def step(self, batch: int = 6, factor: float = 1.0, update: bool = True) -> None:
        maker, judge = self.optimizers
        with autocast():
            fake = (self.play or self.generator)(noise(batch))
            real = torch.randn_like(fake)

        judge.zero_grad()
        with autocast(self.around_backward):
            with autocast():
                loss = self.judge(fake, real)
            loss.backward()
        judge.step()

        maker.zero_grad()
        with autocast(self.around_backward):
            with autocast():
                loss = self.make(fake, real) * factor
            self.scaler.scale(loss).backward()
        if self.clip:
            self.scaler.unscale_(maker)
            nn.utils.clip_grad_norm_(self.generator.parameters(), 0.01)
        if update:
            self.scaler.step(maker)
            self.scaler.update()


def mixed(guide: Callable[..., XAIGuidedGenerator] | None = None, **settings: Any) -> Mixed:
    seed_everything(0)
    loop = Mixed(*PAIRS["plain norm"](), **settings)
    loop.play = guide(loop.generator, loop.discriminator) if guide else None
    return loop


def guided(explainer: str = "fused", **settings: Any) -> Callable[..., XAIGuidedGenerator]:
    return lambda *networks: XAIGuidedGenerator(*networks, explainer=EXPLAINERS[explainer](), **settings)


@pytest.mark.parametrize("around_backward", [False, True], ids=["forward", "forward and backward"])
def test_strength_0(around_backward: bool) -> None:
    found = []
    for guide in (None, guided(schedule=Constant(0))):
        loop = mixed(guide, around_backward=around_backward)
        for _ in range(20):
            loop.step()
        found.append(loop.state())
    assert_same_bits(*found)


@pytest.mark.parametrize("around_backward", [False, True], ids=["forward", "forward and backward"])
@pytest.mark.parametrize("explainer", EXPLAINERS)
def test_the_discriminator_learns_as_ever(explainer: str, around_backward: bool) -> None:
    """Its gradients of both turns of one step, its buffers and every random state; the generator's differ."""
    found = []
    for guide in (None, guided(explainer)):
        loop = mixed(guide, around_backward=around_backward)
        loop.step()
        judge = {name: bits(parameter.grad) for name, parameter in loop.discriminator.named_parameters()}
        state = {name: bits(value) for name, value in loop.discriminator.state_dict().items()}
        found.append((judge | {f"state {name}": value for name, value in state.items()} | random_states(), loop))
    assert_same_bits(found[0][0], found[1][0])
    changed = [bits(parameter.grad) for _, loop in found for parameter in loop.generator.parameters()]
    assert len(set(changed)) == len(changed)


@pytest.mark.parametrize("precision", [torch.bfloat16, torch.float16, torch.float32], ids=str)
@pytest.mark.parametrize("around_backward", [False, True], ids=["plain backward", "backward under autocast"])
@pytest.mark.parametrize("explainer", EXPLAINERS)
def test_the_explainer_asks_as_the_user_did(explainer: str, around_backward: bool, precision: torch.dtype) -> None:
    """In the precision of D's call, whatever is in force where the gradient arrives; its mask is in float32."""
    dtypes = list[torch.dtype]()

    def recorded(body: nn.Module, samples: Tensor) -> Tensor:
        scores: Tensor = body(samples)
        dtypes.append(scores.dtype)
        return scores

    judge = Lambda(recorded, discriminator())
    play = guided(explainer)(generator(), judge)
    with autocast(around_backward):
        with autocast(precision != torch.float32, precision):
            scores = judge(play(noise()))
        scores.sum().backward()
    last = last_of(play)
    assert set(dtypes) == {precision}
    assert (len(dtypes) == 1) is (explainer == "fused")
    assert {last.samples.dtype, last.gradient.dtype, last.guided.dtype} == {precision}
    assert {last.attribution.dtype, last.mask.dtype} == {torch.float32}


@pytest.mark.parametrize("around_backward", [False, True], ids=["forward", "forward and backward"])
def test_the_mask_is_that_of_the_score_under_autocast(around_backward: bool) -> None:
    maker, judge = generator(), discriminator()
    play = guided("exact")(maker, judge)
    with autocast(around_backward):
        with autocast():
            scores = judge(play(noise()))
        scores.sum().backward()
    last = last_of(play)
    points = last.samples.detach().requires_grad_()
    with autocast():
        (slope,) = torch.autograd.grad(judge(points).sum(), points)
    size = slope.float().abs()
    assert torch.equal(last.mask, size / size.amax(1, keepdim=True))
    assert torch.equal(last.guided, (last.gradient.float() * last.mask).to(last.gradient.dtype))


@pytest.mark.parametrize("clip", [False, True], ids=["", "clipped"])
@pytest.mark.parametrize("explainer", EXPLAINERS)
def test_the_scale_changes_nothing(explainer: str, clip: bool) -> None:
    """Masks and training, with `unscale_` and `clip_grad_norm_` between too, are those without a scaler."""
    found = []
    for scaling in (scaler(enabled=False), scaler(2.0**16)):
        loop = mixed(guided(explainer), scaler=scaling, clip=clip)
        masks = []
        for _ in range(5):
            loop.step()
            masks.append(bits(last_of(loop.play).mask))
        found.append((masks, loop.state()))
    assert found[0][0] == found[1][0]
    assert_same_bits(found[0][1], found[1][1])


@pytest.mark.parametrize("explainer", EXPLAINERS)
def test_a_step_that_overflows_is_skipped_and_training_goes_on(explainer: str) -> None:
    """As if the third step had not been taken; the strength of the next is that of the skipped one."""
    found = []
    for scaling, third in ((scaler(2.0**8), {"factor": math.inf}), (scaler(enabled=False), {"update": False})):
        loop = mixed(guided(explainer, schedule=lambda update: 1 - update / 8), scaler=scaling)
        strengths = []
        for number in range(6):
            loop.step(**third if number == 2 else {})
            strengths.append(last_of(loop.play).strength)
        assert strengths == [1, 7 / 8, 6 / 8, 6 / 8, 5 / 8, 4 / 8]
        assert (loop.play.updates, loop.play.explanations, loop.play.fallbacks) == (5, 6, 0)
        found.append(loop.state())
        assert scaling.get_scale() == (2.0**7 if scaling.is_enabled() else 1)
    assert_same_bits(*found)
