"""Explanations are paid for once per guided update and never in the discriminator's turn; updates are counted."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from xaigrad import XAIGuidedGenerator
from xaigrad.explainers import Context, Saliency, Score
from xaigrad.schedules import Alternate, Constant, StartAfter

from .loops import Training, noise, real
from .networks import Lambda, discriminator, generator


class Counted:
    """Saliency that counts how often it is called."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, score: Score, samples: Tensor, context: Context) -> Tensor:
        self.calls += 1
        return Saliency(exact=True)(score, samples, context)


class Loop(Training):
    """A loop whose generator is guided by an explainer that counts its calls."""

    def __init__(self, optimizer: Callable[..., Any] = torch.optim.SGD, by_optimizer: bool = False, **settings: Any):
        self.explainer = Counted()
        maker, judge = generator(), discriminator()
        super().__init__(maker, judge, [optimizer(network.parameters(), lr=0.1) for network in (maker, judge)])
        if by_optimizer:
            settings["optimizer"] = self.optimizers[0]
        self.play = self.guided = XAIGuidedGenerator(maker, judge, explainer=self.explainer, **settings)

    @property
    def counts(self) -> tuple[int, int]:
        """Updates, explanations."""
        assert self.explainer.calls == self.guided.explanations
        return self.guided.updates, self.guided.explanations


@pytest.fixture(params=[False, True], ids=["by the weights", "by optimizer="])
def loop(request: pytest.FixtureRequest) -> Loop:
    return Loop(by_optimizer=request.param)


def test_one_explanation_per_update(loop: Loop) -> None:
    for update in range(4):
        assert loop.counts == (update, update)
        loop.step()
    assert loop.counts == (4, 4)
    assert loop.guided.skipped == {}


class Undetached(Loop):
    """The discriminator's loss sees the fake with its graph, as much WGAN-GP code writes it."""

    around_step = around_backward = staticmethod(nullcontext)

    def judge_step(self) -> None:
        with self.around_step():
            loss = softplus(self.discriminator(self.guided(noise()))).mean() - self.discriminator(real(6)).mean()
            with self.around_backward():
                loss.backward()

    def step(self, batch: int = 6) -> None:
        self.judge_step()
        self.optimizers[1].step()
        self.optimizers[0].zero_grad()
        self.make(self.guided(noise()), noise()).backward()
        self.optimizers[0].step()


def test_undetached_discriminator_step_pays_twice() -> None:
    loop = Undetached()
    for _ in range(4):
        loop.step()
    assert loop.counts == (4, 8)


@pytest.mark.parametrize("where", ["around_step", "around_backward"])
def test_paused_discriminator_step_pays_nothing(where: str) -> None:
    loop = Undetached()
    setattr(loop, where, loop.guided.paused)
    for _ in range(4):
        loop.step()
    assert loop.counts == (4, 4)
    assert loop.guided.skipped == {"paused": 4}


def test_pause_ends_with_an_error(loop: Loop) -> None:
    with pytest.raises(KeyError), loop.guided.paused():
        raise KeyError
    loop.step()
    assert loop.counts == (1, 1)


def test_pauses_nest(loop: Loop) -> None:
    with loop.guided.paused():
        with loop.guided.paused():
            loop.step()
        loop.step()
        with loop.guided.guided():
            loop.step()
        loop.step()
    loop.step()
    assert loop.counts == (5, 2)
    assert loop.guided.skipped == {"paused": 3}


def test_relativistic_loss_is_one_update(loop: Loop) -> None:
    def relativistic(fake: Tensor, images: Tensor) -> Tensor:
        of_fake, of_real = loop.discriminator(fake), loop.discriminator(images)
        return softplus(of_real.mean() - of_fake).mean() + softplus(loop.discriminator(fake) - of_real.mean()).mean()

    loop.make = relativistic  # type: ignore[assignment,method-assign]
    for _ in range(3):
        loop.step()
    assert loop.counts == (3, 6)


class WritingIntoData(torch.optim.Optimizer):
    """As older optimizers do it, past autograd's version counters."""

    def __init__(self, parameters: Any, lr: float) -> None:
        super().__init__(parameters, {"lr": lr})

    def step(self, closure: None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for parameter in group["params"]:
                parameter.data.add_(parameter.grad, alpha=-group["lr"])


OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "SGD": torch.optim.SGD,
    "Adam": torch.optim.Adam,
    "Adam(foreach)": lambda parameters, lr: torch.optim.Adam(parameters, lr, foreach=True),
    "Adam(fused)": lambda parameters, lr: torch.optim.Adam(parameters, lr, fused=True),
    "AdamW(fused)": lambda parameters, lr: torch.optim.AdamW(parameters, lr, fused=True),
    "RMSprop": torch.optim.RMSprop,
    "writing into .data": WritingIntoData,
}


@pytest.mark.parametrize("by_optimizer", [False, True], ids=["by the weights", "by optimizer="])
@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_updates_of_every_optimizer(optimizer: Callable[..., torch.optim.Optimizer], by_optimizer: bool) -> None:
    loop = Loop(optimizer, by_optimizer)
    for _ in range(3):
        loop.step()
    assert loop.counts == (3, 3)


def test_discriminator_step_is_no_update(loop: Loop) -> None:
    for _ in range(3):
        loop.discriminator(real()).sum().backward()
        loop.optimizers[1].step()
    assert loop.counts == (0, 0)


def test_updates_without_an_optimizer() -> None:
    loop = Loop()
    for _ in range(3):
        loop.make(loop.guided(noise()), noise()).backward()
        with torch.no_grad():
            for parameter in loop.generator.parameters():
                assert parameter.grad is not None
                parameter -= 0.1 * parameter.grad
                parameter.grad = None
    assert loop.counts == (3, 3)


def test_optimizers_of_others_are_no_update(loop: Loop) -> None:
    stranger = nn.Linear(2, 1)
    optimizer = torch.optim.Adam(stranger.parameters())
    for _ in range(3):
        stranger(torch.randn(4, 2)).sum().backward()
        optimizer.step()
    assert loop.counts == (0, 0)


def test_the_named_optimizer_alone_counts() -> None:
    """As where a second one trains the generator for a reconstruction."""
    loop = Loop(by_optimizer=True)
    second = torch.optim.SGD(loop.generator.parameters(), 0.1)
    for _ in range(3):
        loop.step()
        second.step()
        second.step()
    assert loop.counts == (3, 3)


def test_guided_is_exactly_one_update(loop: Loop) -> None:
    for _ in range(3):
        with loop.guided.guided():
            loop.step()
    assert loop.counts == (3, 3)


def test_guided_with_several_optimizer_steps(loop: Loop) -> None:
    for _ in range(3):
        with loop.guided.guided():
            loop.step()
            loop.step()
    assert loop.counts == (3, 6)


def test_guided_around_backward_only(loop: Loop) -> None:
    for _ in range(3):
        loop.optimizers[0].zero_grad()
        with loop.guided.guided():
            loop.make(loop.guided(noise()), noise()).backward()
        loop.optimizers[0].step()
    assert loop.counts == (3, 3)


def test_guided_wins_over_paused(loop: Loop) -> None:
    with loop.guided.paused(), loop.guided.guided():
        loop.step()
    assert loop.counts == (1, 1)


@pytest.mark.parametrize("by_optimizer", [False, True], ids=["by the weights", "by optimizer="])
def test_alternate_guides_exactly_every_other_update(by_optimizer: bool) -> None:
    loop, guided = Loop(by_optimizer=by_optimizer, schedule=Alternate()), []
    for _ in range(6):
        before = loop.guided.explanations
        loop.step()
        guided.append(loop.guided.explanations - before)
    assert guided == [1, 0, 1, 0, 1, 0]
    assert loop.guided.skipped == {"strength 0": 3}


def test_schedule_counts_updates_not_calls() -> None:
    loop = Loop(schedule=StartAfter(2))
    for _ in range(2):
        for _ in range(3):
            loop.discriminator(loop.guided(noise()))
        loop.step()
    assert loop.counts == (2, 0)
    loop.step()
    assert loop.counts == (3, 1)


def test_zero_gradient_is_skipped(loop: Loop) -> None:
    (loop.discriminator(loop.guided(noise())).sum() * 0).backward()
    assert loop.counts == (0, 0)
    assert loop.guided.skipped == {"zero gradient": 1}


def test_second_derivatives_are_skipped(loop: Loop) -> None:
    samples = loop.guided(noise())
    torch.autograd.grad(loop.discriminator(samples).sum(), samples, create_graph=True)
    assert loop.counts == (0, 0)
    assert loop.guided.skipped == {"create_graph": 1}


def test_nothing_is_counted_without_gradients(loop: Loop) -> None:
    with torch.no_grad():
        loop.discriminator(loop.guided(noise()))
    loop.discriminator(loop.guided(noise()).detach())
    loop.discriminator(real()).sum().backward()
    assert loop.counts == (0, 0)
    assert loop.guided.skipped == {}


def test_nothing_is_computed_before_the_gradient_arrives(loop: Loop) -> None:
    loop.discriminator(loop.guided(noise()))
    assert loop.counts == (0, 0)


def test_retained_graph_is_explained_each_time(loop: Loop) -> None:
    loss = loop.make(loop.guided(noise()), noise())
    loss.backward(retain_graph=True)
    loss.backward()
    assert loop.counts == (0, 2)


def test_last(loop: Loop) -> None:
    assert loop.guided.last is None
    loop.step()
    last = loop.guided.last
    assert last is not None
    assert (last.update, last.strength) == (0, 1.0)
    assert torch.equal(last.guided, last.gradient * last.mask)
    assert torch.equal(last.mask, last.attribution.abs() / last.attribution.abs().amax(1, keepdim=True))
    assert not last.samples.requires_grad


def test_fused_explainer_leaves_the_discriminator_unasked() -> None:
    calls = []
    judge = Lambda(lambda body, samples: calls.append(1) or body(samples), discriminator())
    guided = XAIGuidedGenerator(generator(), judge, schedule=Constant(0.5))
    judge(guided(noise())).sum().backward()
    assert guided.explanations == 1
    assert len(calls) == 1


def test_fused_explainer_that_asks_is_told() -> None:
    class Cheating:
        fused = True

        def __call__(self, score: Score, samples: Tensor, context: Context) -> Tensor:
            return score(samples)

    judge: nn.Module = discriminator()
    guided = XAIGuidedGenerator(generator(), judge, explainer=Cheating())
    with pytest.raises(RuntimeError, match="attribute `fused` is true should not ask the discriminator"):
        judge(guided(noise())).sum().backward()
