"""References: drawn from real samples with the guidance's own random generator."""

import pytest
import torch
from torch import Tensor

from xaigrad import XAIGuidedGenerator
from xaigrad.explainers import Context, DeepShap
from xaigrad.references import RandomReferences

from .loops import bits, noise, random_states, seed_everything
from .networks import FEATURES, discriminator, generator


def context(seed: int = 0) -> Context:
    return Context(torch.zeros(1), 0, 0, torch.Generator().manual_seed(seed))


def test_every_row_is_one_of_the_bank() -> None:
    bank = torch.randn(5, 3, 2)
    drawn = RandomReferences(bank)(torch.zeros(200, 3, 2), context())
    assert drawn.shape == (200, 3, 2)
    matches = (drawn[:, None] == bank).flatten(2).all(2)
    assert matches.any(1).all()
    assert matches.any(0).all()


def test_drawn_afresh_and_reproducibly() -> None:
    references, samples = RandomReferences(torch.randn(1000, 2)), torch.zeros(20, 2)
    own = context()
    first, second = references(samples, own), references(samples, own)
    assert not torch.equal(first, second)
    assert torch.equal(first, references(samples, context()))
    assert not torch.equal(first, references(samples, context(seed=1)))


def test_precision_of_the_samples() -> None:
    drawn = RandomReferences(torch.randn(4, 2))(torch.zeros(3, 2, dtype=torch.float64), context())
    assert drawn.dtype == torch.float64
    assert not RandomReferences(torch.randn(4, 2, requires_grad=True))(torch.zeros(3, 2), context()).requires_grad


def test_default_device_is_not_asked() -> None:
    """The draw happens on the CPU, whatever device new tensors are made on."""
    references = RandomReferences(torch.randn(4, 2, device="cpu"))
    with torch.device("meta"):
        drawn = references(torch.zeros(3, 2, device="cpu"), context())
    assert drawn.device.type == "cpu"


@pytest.mark.parametrize("bank", [[torch.zeros(2)], None, 3])
def test_bank_that_is_no_tensor(bank: object) -> None:
    message = rf"Parameter `references` should be a tensor of real samples.* Found {type(bank).__name__}\. Stack"
    with pytest.raises(TypeError, match=message):
        DeepShap(bank)


@pytest.mark.parametrize("bank", [torch.zeros(0, 3), torch.zeros(3), torch.zeros(())])
def test_bank_without_a_sample(bank: Tensor) -> None:
    message = r"Parameter `references` should hold at least one sample, in shape \(M, \.\.\.\)\. Found the shape "
    with pytest.raises(ValueError, match=message):
        DeepShap(bank)


def test_bank_of_integers() -> None:
    """Pixels of 0 to 255 are not in the range of a generator's samples."""
    with pytest.raises(TypeError, match=r"Parameter `references` should be .*floating"):
        DeepShap(torch.zeros(3, 2, dtype=torch.uint8))


def test_repr() -> None:
    assert repr(RandomReferences(torch.zeros(7, 1, 2))) == "RandomReferences(7 samples of shape (1, 2))"


class Recording(RandomReferences):
    """Random references that are remembered."""

    def __call__(self, samples: Tensor, context: Context) -> Tensor:
        drawn = super().__call__(samples, context)
        self.drawn.append(bits(drawn))
        return drawn


def drawn_in_updates(seed: int, start: int = 0) -> list[bytes]:
    seed_everything(seed)
    references = Recording(torch.randn(1000, FEATURES))
    object.__setattr__(references, "drawn", [])
    judge = discriminator()
    guided = XAIGuidedGenerator(generator(), judge, explainer=DeepShap(references))
    torch.randn(start)
    states = random_states()
    for _ in range(3):
        judge(guided(torch.ones(6, 4))).sum().backward()
    assert random_states() == states
    return references.drawn


def test_reproducible_by_the_user_s_seed() -> None:
    first = drawn_in_updates(3)
    assert len(set(first)) == 3
    assert drawn_in_updates(3) == first
    assert drawn_in_updates(3, start=7) == first
    assert drawn_in_updates(4) != first


def test_noise_of_the_user_is_left_alone() -> None:
    seed_everything(0)
    expected = noise()
    seed_everything(0)
    DeepShap(torch.zeros(3, 2), samples=2)(lambda samples: samples.sum(1), torch.zeros(4, 2), context())
    assert torch.equal(noise(), expected)
