"""What a user's function returns is a pair, new at every call, or the mistake is one line that says its cure."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from xaigrad.benchmarks.errors import UsageError

from .pairs import Functional, Own, made_by, make_discriminator, make_generator

pytestmark = pytest.mark.usefixtures("single")


def test_networks_are_new_at_every_call(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = make_generator(), make_discriminator()
    training = Own()
    for function in (lambda: pair, lambda: training):
        found = made_by(function, monkeypatch)
        with pytest.raises(UsageError, match=r"returns the same ones again\. Construct them inside the function\."):
            found.make_pair()


class Without(Own):
    def __init__(self, name: str) -> None:
        super().__init__()
        setattr(self, name, None)


class Returning(Own):
    def __init__(self, losses: Any) -> None:
        super().__init__()
        self.losses = losses

    def step(self, images: Tensor) -> Any:
        return self.losses


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (
            lambda: None,
            r"`pair` should name a function that returns \(generator, .* returns an object of type NoneType",
        ),
        (lambda: make_generator(), r"Found that mine:make returns an object of type Sequential"),
        (lambda: (make_generator(),), r"Found that mine:make returns a tuple of \[an object of type Seq"),
        (lambda: (make_generator(), make_discriminator(), 100, "logits", 3), r"mine:make returns 5 things"),
        (
            lambda: (make_generator(7), make_discriminator()),
            r"RuntimeError when the generator was called with noise of shape",
        ),
        (lambda: (make_generator(7), make_discriminator()), r"Return \(generator, discriminator, latent\) if it wants"),
        (lambda: (make_discriminator(), make_generator()), r"RuntimeError when the generator .* and in this order\."),
        (
            lambda: (nn.Linear(100, 24), make_discriminator()),
            r"shape \(N, C, H, W\)\. Found a tensor of shape \(4, 24\)",
        ),
        (
            lambda: (make_generator(), nn.Linear(5, 1)),
            r"RuntimeError when the discriminator was called with samples of",
        ),
        (
            lambda: (make_generator(), nn.Sequential(nn.Flatten(), nn.Linear(24, 2))),
            r"Found a tensor of shape \(4, 2\)",
        ),
        (
            lambda: (make_generator(), nn.Linear(3, 1)),
            r"scores of shape \(N,\) or \(N, 1, \.\.\.\).* Found a tensor of",
        ),
        (lambda: (make_generator(), Functional(lambda s: (s, s))), r"Found a tuple of"),
        (lambda: (make_generator(), make_discriminator(), 0), r"as a size or a shape, .* Found 0 from mine:make"),
        (lambda: (make_generator(), make_discriminator(), "100"), r"Found '100' from mine:make"),
        (
            lambda: (make_generator(), make_discriminator(), 100, "odds"),
            r"\"logits\" or \"probabilities\"\. Found 'odds'",
        ),
        (
            lambda: 1 / 0,
            r"ZeroDivisionError when mine:make was called, at .*test_own_pairs\.py:\d+: division by zero\. Mend it",
        ),
        (3, r"Found an object of type int\. Write a function"),
        (lambda: Without("step"), r"returns an object of type Without without step"),
        (lambda: Without("g_optimizer"), r"without g_optimizer, the generator's optimizer"),
        (lambda: Without("generator"), r"returns an object of type Without\."),
        (
            lambda: Returning(None),
            r"should have a step that returns \(d_loss, g_loss\).* Found an object of type NoneType",
        ),
        (lambda: Returning((0.5, 0.5)), r"Return \(d_loss\.detach\(\), g_loss\.detach\(\)\)"),
        (lambda: Returning((torch.zeros(3), None)), r"tensors without dimensions"),
        (lambda: Returning((None, torch.zeros(()))), r"tensors without dimensions"),
    ],
)
def test_mistakes(function: Any, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        made_by(function, monkeypatch)
    assert "\n" not in str(caught.value)
