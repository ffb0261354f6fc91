"""A guidance that has no part in the training says so, and one that has, or waits for its turn, keeps quiet.

What the mistakes look like, and where they raise: tests/compatibility/test_wrong_use.py.
"""

import warnings
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from xaigrad import XAIGuidedGenerator
from xaigrad.rules import Residual
from xaigrad.schedules import Alternate, Constant, StartAfter

from .loops import noise, real
from .networks import discriminator, generator


def train(guided: XAIGuidedGenerator, loss: Callable[[Tensor], Tensor], updates: int, alone: bool = False) -> None:
    """Update the generator by a loss of its samples, and beside it, if it is not alone, some other network."""
    optimizer = torch.optim.SGD(guided.parameters(), 0.01)
    other = discriminator()
    of_other = torch.optim.SGD(other.parameters(), 0.01)
    for _ in range(updates):
        loss(guided(noise())).backward()
        optimizer.step()
        optimizer.zero_grad()
        if not alone:
            other(real()).mean().backward()
            of_other.step()


def pixels(samples: Tensor) -> Tensor:
    return samples.square().mean()


def test_a_discriminator_that_is_never_called() -> None:
    guided = XAIGuidedGenerator(generator(), discriminator())
    train(guided, pixels, 9)
    with pytest.raises(RuntimeError, match=r"judges what `generator` makes\. Found that 10 updates .* called 0 times"):
        train(guided, pixels, 1)


def test_a_generator_that_is_trained_alone_waits_for_its_discriminator() -> None:
    """As super resolution does it: some hundred updates by pixels, then the GAN."""
    judge = discriminator()
    guided = XAIGuidedGenerator(generator(), judge)
    train(guided, pixels, 9, alone=True)
    with pytest.warns(
        UserWarning, match="None of 10 updates .* D was not called. Guidance begins with the first sampl"
    ):
        train(guided, pixels, 1, alone=True)
    train(guided, pixels, 20, alone=True)
    train(guided, lambda samples: judge(samples).mean(), 20)
    assert guided.explanations == 20


def test_one_optimizer_for_both_networks() -> None:
    maker, judge = generator(), discriminator()
    guided = XAIGuidedGenerator(maker, discriminator())
    optimizer = torch.optim.SGD([*maker.parameters(), *judge.parameters()], 0.01)

    def update() -> None:
        judge(guided(noise())).mean().backward()
        optimizer.step()

    for _ in range(9):
        update()
    with pytest.raises(RuntimeError, match="not a copy"):
        update()


def test_later_errors_of_the_generator_are_its_own() -> None:
    judge = discriminator()
    guided = XAIGuidedGenerator(generator(), judge)
    judge(guided(noise()))
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied") as raised:
        guided(torch.randn(6, 3))
    assert not hasattr(raised.value, "__notes__")


@pytest.mark.parametrize("schedule", [Constant(0.0), StartAfter(30)], ids=str)
def test_rest_is_no_mistake(schedule: Callable[[int], float]) -> None:
    train(XAIGuidedGenerator(generator(), discriminator(), schedule=schedule), pixels, 25)


def test_updates_at_rest_do_not_count() -> None:
    guided = XAIGuidedGenerator(generator(), discriminator(), schedule=Alternate(1, 1))
    train(guided, pixels, 18)
    with pytest.raises(RuntimeError, match="10 updates"):
        train(guided, pixels, 1)


def test_a_generator_that_is_trained_alone_at_first() -> None:
    judge = discriminator()
    guided = XAIGuidedGenerator(generator(), judge)
    with guided.paused():
        train(guided, pixels, 25)
    train(guided, lambda samples: judge(samples).mean(), 25)
    assert guided.explanations == 25


def test_one_call_is_enough() -> None:
    judge = discriminator()
    guided = XAIGuidedGenerator(generator(), judge)
    train(guided, lambda samples: judge(samples).mean(), 1)
    train(guided, pixels, 25)
    assert guided.explanations == 1


def test_an_optimizer_of_others_does_not_count() -> None:
    judge, stranger = discriminator(), nn.Linear(2, 1)
    guided = XAIGuidedGenerator(generator(), judge)
    optimizer = torch.optim.SGD(stranger.parameters(), 0.01)
    for _ in range(25):
        stranger(torch.randn(3, 2)).mean().backward()
        optimizer.step()
    assert guided.updates == 0


@pytest.mark.filterwarnings("ignore:Using backward.. with create_graph=True")
def test_a_loss_whose_gradient_is_differentiated_is_never_guided() -> None:
    judge = discriminator()
    guided = XAIGuidedGenerator(generator(), judge, rule=Residual())
    optimizer = torch.optim.SGD(guided.parameters(), 0.01)

    def update() -> None:
        judge(guided(noise())).mean().backward(create_graph=True)
        optimizer.step()
        optimizer.zero_grad()

    for _ in range(9):
        update()
    with pytest.warns(UserWarning, match=r"None of 10 updates .* by reason \{'create_graph': 10\}") as caught:
        update()
    assert next(entry for entry in caught if "None of" in str(entry.message)).filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message="Using backward")
        for _ in range(20):
            update()


def test_a_discriminator_that_falls_silent() -> None:
    """As in progressive growing, where a later stage has a discriminator of its own."""
    judge, successor = discriminator(), discriminator()
    guided = XAIGuidedGenerator(generator(), judge)
    train(guided, lambda samples: judge(samples).mean(), 3)
    train(guided, lambda samples: successor(samples).mean(), 99)
    train(guided, lambda samples: judge(samples).mean(), 3)
    train(guided, lambda samples: successor(samples).mean(), 99)
    with pytest.warns(
        UserWarning, match="not judged the generator for 100 updates.* wrap the generator again"
    ) as caught:
        train(guided, lambda samples: successor(samples).mean(), 1)
    assert caught[0].filename == __file__
    train(guided, lambda samples: judge(samples).mean(), 1)
    train(guided, lambda samples: successor(samples).mean(), 200)
    assert guided.explanations == 7


def test_several_optimizers_of_one_generator_make_one_update() -> None:
    """One for each layer, as where optimizers step inside the backward pass."""
    maker = generator()
    guided = XAIGuidedGenerator(maker, discriminator())
    optimizers = [torch.optim.SGD([parameter], 0.01) for parameter in maker.parameters()]
    for update in range(9):
        assert guided.updates == update
        pixels(guided(noise())).backward()
        for optimizer in optimizers:
            optimizer.step()
    assert guided.updates == 9


def test_others_that_are_trained_before_it_are_no_mistake() -> None:
    """A discriminator that is warmed up by itself, and then the generator by itself."""
    judge, maker = discriminator(), generator()
    guided = XAIGuidedGenerator(maker, judge)
    optimizer = torch.optim.SGD(judge.parameters(), 0.01)
    for _ in range(20):
        judge(real()).mean().backward()
        optimizer.step()
    with pytest.warns(UserWarning, match="D was not called"):
        train(guided, pixels, 20, alone=True)


def test_a_resumed_guidance_is_watched_too() -> None:
    judge = discriminator()
    guided = XAIGuidedGenerator(generator(), judge)
    train(guided, lambda samples: judge(samples).mean(), 3)
    state = guided.interception.state_dict()
    resumed = XAIGuidedGenerator(guided.detach(), discriminator())
    resumed.interception.load_state_dict(state)
    with pytest.raises(RuntimeError, match="not a copy"):
        train(resumed, lambda samples: judge(samples).mean(), 10)


def test_the_first_call_that_succeeds_was_no_swap() -> None:
    guided = XAIGuidedGenerator(generator(), discriminator())
    guided(noise())
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied") as raised:
        guided(torch.randn(6, 3))
    assert not hasattr(raised.value, "__notes__")
