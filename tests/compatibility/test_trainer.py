"""A loop inside somebody else's trainer is guided by ``with guide(...)``, however the trainer runs and is left."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
import torch
from torch import Tensor

from xaigrad import guide
from xaigrad.explainers import Saliency
from xaigrad.schedules import Constant

from ..anatomy import hook_count
from ..loops import assert_same_bits, differing, real, seed_everything
from ..networks import smooth
from .by_hand import ARMS, Feel, Habit, by_hand

BY_HAND = by_hand(ARMS["exact"][1])
EXACT = {"explainer": Saliency(exact=True)}


class Trainer(Habit):
    """It owns the networks and the loop, and calls back at the end of each step."""

    def __init__(self) -> None:
        super().__init__()
        self.callback: Callable[[int], None] = lambda step: None

    def fit(self, steps: int) -> None:
        for step in range(steps):
            self.step()
            self.callback(step)


class WithClosures(Trainer):
    """The optimizer calls the loss."""

    def turn(self, which: int) -> None:
        def closure() -> Tensor:
            self.optimizers[which].zero_grad()
            loss = (self.make, self.judge)[which](self.fake(), real(6))
            loss.backward()
            return loss

        self.optimizers[which].step(closure)


class SearchingLines(WithClosures):
    """L-BFGS asks for the loss several times before it is content."""

    def __init__(self) -> None:
        super().__init__()
        self.optimizers[0] = torch.optim.LBFGS(self.generator.parameters(), 1e-2, max_iter=3)


class Yielding(Trainer):
    """The user's code yields losses, and the trainer drives it, as with hooks for each stage."""

    def losses(self) -> Iterator[tuple[int, Tensor]]:
        while True:
            for which in (1, 0):
                yield which, (self.make, self.judge)[which](self.fake(), real(6))

    def fit(self, steps: int) -> None:
        losses = self.losses()
        for _ in range(2 * steps):
            which, loss = next(losses)
            self.optimizers[which].zero_grad()
            loss.backward()
            self.optimizers[which].step()
        losses.close()


def assert_bare(trainer: Trainer) -> None:
    assert hook_count(trainer.generator) + hook_count(trainer.discriminator) == 0


TRAINERS = [Trainer, WithClosures, SearchingLines, Yielding]


def fitted(kind: type[Trainer], steps: int = 6, feel: Feel | None = None) -> Trainer:
    seed_everything(0)
    trainer = kind()
    trainer.feel = feel or trainer.feel
    trainer.fit(steps)
    return trainer


@pytest.mark.parametrize("kind", TRAINERS)
def test_strength_0(kind: type[Trainer]) -> None:
    seed_everything(0)
    trainer = kind()
    with guide(trainer.generator, trainer.discriminator, schedule=Constant(0), **EXACT) as guided:
        trainer.fit(12)
    assert_same_bits(trainer.state(), fitted(kind, 12).state())
    assert guided.explanations == 0


@pytest.mark.parametrize("kind", TRAINERS)
def test_guided(kind: type[Trainer]) -> None:
    seed_everything(0)
    trainer = kind()
    with guide(trainer.generator, trainer.discriminator, **EXACT) as guided:
        trainer.fit(6)
    assert_same_bits(trainer.state(), fitted(kind, 6, BY_HAND).state())
    assert differing(trainer.state(), fitted(kind).state())
    asked = 3 if kind is SearchingLines else 1
    assert (guided.updates, guided.explanations) == (6 * asked, 6 * asked)


def test_a_line_search_is_one_update_of_its_optimizer() -> None:
    trainer = SearchingLines()
    with guide(trainer.generator, trainer.discriminator, optimizer=trainer.optimizers[0]) as guided:
        trainer.fit(6)
    assert (guided.updates, guided.explanations) == (6, 18)


def test_the_counts_outlive_the_context() -> None:
    trainer = Trainer()
    with guide(trainer.generator, trainer.discriminator) as guided:
        trainer.fit(2)
    last = guided.last
    trainer.fit(2)
    assert (guided.explanations, guided.skipped) == (2, {})
    assert guided.last is last


@pytest.mark.parametrize(
    "kind", [KeyboardInterrupt, SystemExit, GeneratorExit, StopIteration, RuntimeError, AssertionError]
)
def test_an_interrupted_trainer_goes_on_bare(kind: type[BaseException]) -> None:
    """The very exception arrives; what was trained before it is guided, what comes after is not."""
    error = kind("enough")

    def interrupt(step: int) -> None:
        if step == 2:
            raise error

    seed_everything(0)
    trainer = Trainer()
    trainer.callback = interrupt
    found = None
    try:
        with guide(trainer.generator, trainer.discriminator, **EXACT):
            trainer.fit(6)
    except kind as caught:
        found = caught
    assert found is error
    assert_bare(trainer)
    trainer.callback = lambda step: None
    trainer.fit(3)
    assert_same_bits(trainer.state(), half_guided().state())


def half_guided() -> Trainer:
    """Three steps by hand, then three bare ones."""
    trainer = fitted(Trainer, 3, BY_HAND)
    trainer.feel = lambda judge, samples: samples
    trainer.fit(3)
    return trainer


@pytest.mark.parametrize("where", ["generator", "discriminator"])
def test_an_error_in_the_middle_of_a_step(where: str) -> None:
    def fail(*_: Any) -> None:
        raise KeyboardInterrupt

    trainer = Trainer()
    with suppress(KeyboardInterrupt), guide(trainer.generator, trainer.discriminator, **EXACT) as guided:
        trainer.fit(1)
        # In the backward pass of G's turn, before or after the explanation.
        parameter = next(getattr(trainer, where).parameters())
        handle = parameter.register_hook(fail)
        trainer.turn(0)
    handle.remove()
    assert_bare(trainer)
    before = guided.explanations
    trainer.fit(2)
    assert guided.explanations == before


def test_a_graph_that_outlives_the_context_is_bare() -> None:
    trainer = Trainer()
    with guide(trainer.generator, trainer.discriminator, mask=torch.zeros_like) as guided:
        loss = trainer.make(trainer.fake(), real(6))
    loss.backward()
    assert all(parameter.grad.any() for parameter in trainer.generator.parameters())
    assert (guided.explanations, guided.skipped) == (0, {"detached": 1})


def epoch_by_epoch(trainer: Trainer) -> None:
    for _ in range(3):
        with guide(trainer.generator, trainer.discriminator, **EXACT):
            trainer.fit(2)


def as_a_decorator(trainer: Trainer) -> None:
    @guide(trainer.generator, trainer.discriminator, **EXACT)
    def train() -> None:
        trainer.fit(2)

    for _ in range(3):
        train()


def from_a_generator_function(trainer: Trainer) -> None:
    """The context is left while its function is suspended."""

    def rounds() -> Iterator[None]:
        with guide(trainer.generator, trainer.discriminator, **EXACT):
            while True:
                yield trainer.step()

    running = rounds()
    for _ in range(6):
        next(running)
    running.close()


@pytest.mark.parametrize("fit", [epoch_by_epoch, as_a_decorator, from_a_generator_function])
def test_contexts_of_all_kinds(fit: Callable[[Trainer], None]) -> None:
    seed_everything(0)
    trainer = Trainer()
    fit(trainer)
    assert_bare(trainer)
    assert_same_bits(trainer.state(), fitted(Trainer, 6, BY_HAND).state())


def test_nested_contexts_of_two_discriminators() -> None:
    trainer, critic = Trainer(), smooth()
    samples = trainer.fake
    with guide(trainer.generator, trainer.discriminator) as outer:
        with guide(trainer.generator, critic) as inner:
            (trainer.discriminator(samples()).sum() + critic(samples()).sum()).backward()
        (trainer.discriminator(samples()).sum() + critic(samples()).sum()).backward()
    assert (outer.explanations, inner.explanations) == (2, 1)


def test_nested_contexts_of_the_same_networks() -> None:
    """The second is refused, and the first goes on."""
    trainer = Trainer()
    with guide(trainer.generator, trainer.discriminator) as outer:
        with (
            pytest.raises(ValueError, match="guided on this discriminator already"),
            guide(trainer.generator, trainer.discriminator),
        ):
            pass
        trainer.fit(2)
    assert outer.explanations == 2
    assert_bare(trainer)


def test_a_context_serves_once() -> None:
    trainer = Trainer()
    context = guide(trainer.generator, trainer.discriminator)
    with context as guided:
        trainer.fit(1)
    with pytest.raises((AttributeError, RuntimeError)), context:
        pass
    trainer.fit(1)
    assert guided.explanations == 1
    assert_bare(trainer)
