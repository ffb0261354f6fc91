"""A user's own training is tried once, guided from outside by its own step, and fits its images or says so."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from xaigrad import Guidance
from xaigrad.benchmarks.data import Digits
from xaigrad.benchmarks.errors import UsageError
from xaigrad.benchmarks.yours import _model, model

from .pairs import IMAGES, Own, made_by, make_generator, same, started

pytestmark = pytest.mark.usefixtures("single")


class OfBare(Own):
    """Its step does not look at the attribute."""

    def __init__(self) -> None:
        super().__init__()
        bare = self.generator
        self._bare = lambda noise: bare(noise)

    def step(self, images: Tensor) -> tuple[Tensor, Tensor | None]:
        guided, self.generator = self.generator, self._bare  # type: ignore[assignment]
        try:
            return super().step(images)
        finally:
            self.generator = guided


class OfTwo(nn.Module):
    """The generator of classes."""

    def __init__(self) -> None:
        super().__init__()
        self.images = make_generator(6)

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        made: Tensor = self.images(noise + labels[:, None])
        return made


class Labelled(Own):
    def __init__(self) -> None:
        super().__init__()
        self.generator = OfTwo()
        self.g_optimizer = torch.optim.SGD(self.generator.parameters(), 0.1)

    def step(self, images: Tensor, labels: Tensor, extra: int = 0) -> tuple[Tensor, Tensor | None]:
        of_classes = self.generator
        self.generator = lambda noise: of_classes(noise, labels)  # type: ignore[assignment]
        try:
            return super().step(images)
        finally:
            self.generator = of_classes


@pytest.mark.parametrize("kind", [Own, OfBare, Labelled])
def test_a_training_of_their_own_is_guided_from_outside(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    found = made_by(kind, monkeypatch)
    assert (found.latent, found.shape, found.threshold) == ((6,), (2, 4, 3), None)
    assert found.labelled == (kind is Labelled)
    assert found.options == {}
    given = (IMAGES, *([torch.arange(8)] if found.labelled else []))
    standard, guided = started(found), started(found, Guidance())
    assert type(standard) is type(guided) is kind
    assert standard.steps == 0
    for training in (standard, guided):
        torch.manual_seed(2)
        assert [training.step(*given)[1] is None for _ in range(4)] == [True, False, True, False]
    torch.manual_seed(0)
    alone = kind()
    torch.manual_seed(2)
    for _ in range(4):
        alone.step(*given)
    assert same(standard, alone)
    assert not same(guided, alone)
    assert guided.generator.explanations == 2
    assert guided.generator.bare is not standard.generator


def test_trying_draws_nobodys_random_numbers_and_is_done_once(monkeypatch: pytest.MonkeyPatch) -> None:
    before = torch.get_rng_state()
    calls = []
    monkeypatch.setattr(_model, "imported", lambda parameter, text: lambda: (calls.append(1), Own())[1])
    model.cache_clear()
    assert model("mine:make") is model("mine:make")
    assert calls == [1]
    model.cache_clear()
    assert torch.equal(before, torch.get_rng_state())


def test_images_fit_the_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    found = made_by(Own, monkeypatch)
    found.check_fits(Digits(IMAGES, torch.zeros(8), "mine"))
    with pytest.raises(UsageError, match=r"such as those of the data, \(1, 28, 28\)\. Found \(2, 4, 3\)"):
        found.check_fits(Digits(torch.zeros(8, 1, 28, 28), torch.zeros(8), "mine"))
    labelled = made_by(Labelled, monkeypatch)
    labelled.check_fits(Digits(IMAGES, torch.arange(8), "mine"))
    with pytest.raises(UsageError, match=r"Found no labels but 0\. Return \(images, labels\)\."):
        labelled.check_fits(Digits(IMAGES, torch.zeros(8), "mine"))
