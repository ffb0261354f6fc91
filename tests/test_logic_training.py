"""Specifications at work: in a training, with what they report, carry and need."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from xaigrad import Guidance, XAIGuidedGenerator
from xaigrad.explainers import Context, DeepShap, Saliency
from xaigrad.integrations import mlp
from xaigrad.logic import Specification, explanation, parse, rejected
from xaigrad.masks import AbsNormalize, Offset

from .loops import Training, assert_same_bits

WIDTH = 4


def small_pair() -> tuple[nn.Module, nn.Module]:
    return mlp.Generator(WIDTH), mlp.Discriminator(WIDTH)


def trained(mask: Any, steps: int = 3, explainer: Any = None, **settings: Any) -> tuple[Training, XAIGuidedGenerator]:
    torch.manual_seed(0)
    generator, discriminator = small_pair()
    guided = XAIGuidedGenerator(generator, discriminator, mask=mask, explainer=explainer, **settings)
    training = Training(generator, discriminator, play=guided)
    for _ in range(steps):
        training.step()
    return training, guided


def bits_of(training: Training) -> Any:
    return training.state()


TEXTS = [
    "explanation & ~border(2) | agree(saliency, deepshap)",
    "(supports -> intensity) & exists(intensity, centre(0.5))",
    "rejected(0.5) & explanation | 0.1",
    "forall(explanation > 0.1 | saliency < 0.9, batch) <-> realness(0, 1)",
    "mostly(integrated_gradients, disc(9)) & box(4, 4, 20, 20)",
]


@pytest.mark.parametrize("logic", ["goedel", "product", "lukasiewicz"])
@pytest.mark.parametrize("text", TEXTS)
def test_training(text: str, logic: str) -> None:
    _, guided = trained(parse(text, logic))
    assert guided.explanations == 3 or "deepshap" in text
    last = guided.last
    assert last is not None
    assert ((last.mask >= 0) & (last.mask <= 1)).all()
    torch.testing.assert_close(last.reports["satisfaction"], last.mask.mean())
    torch.testing.assert_close(last.guided, last.gradient * last.mask)
    assert guided.fallbacks == 0


def test_the_default_mask_as_a_specification() -> None:
    """To the bit the same training."""
    assert_same_bits(bits_of(trained(parse("explanation"))[0]), bits_of(trained(AbsNormalize())[0]))


def test_what_is_true_everywhere_is_neutral() -> None:
    torch.manual_seed(0)
    generator, discriminator = small_pair()
    standard = Training(generator, discriminator)
    for _ in range(3):
        standard.step()
    assert_same_bits(bits_of(trained(parse("explanation | 1 -> saliency | ~0"))[0]), bits_of(standard))


def test_in_a_sequence() -> None:
    _, guided = trained((AbsNormalize(), Specification(explanation & rejected(0.5)), Offset(0.5, 0.5)))
    assert guided.last is not None
    assert guided.last.mask.min() >= 0.5


def test_with_atoms_of_one_s_own() -> None:
    seen: list[Tensor] = []

    def ink(samples: Tensor) -> Tensor:
        seen.append(samples)
        return samples > 0

    _, guided = trained(parse("explanation & ink & ~face", ink=ink, face=torch.eye(28)))
    assert len(seen) == 3
    assert guided.last is not None
    assert guided.last.mask[:, :, torch.arange(28), torch.arange(28)].abs().sum() == 0
    assert torch.equal(guided.last.mask > 0, (guided.last.mask > 0) & (seen[-1] > 0))


def test_real_samples_are_kept_for_the_explainers_inside() -> None:
    _, guided = trained(parse("explanation & deepshap"), steps=3)
    assert guided.explanations > 0
    _, other = trained(parse("explanation & shap", shap=DeepShap(torch.randn(20, 1, 28, 28))), steps=3)
    assert other.explanations == 3


def test_resuming_a_property_with_a_memory() -> None:
    def new(samples: Tensor, context: Context) -> Tensor:
        before = context.state.get("before", torch.zeros(()))
        context.state["before"] = samples.mean()
        return samples > before

    _, guided = trained(parse("explanation & new", new=new))
    state = guided.interception.state_dict()
    generator, discriminator = small_pair()
    resumed = XAIGuidedGenerator(generator, discriminator, mask=parse("explanation & new", new=new))
    resumed.interception.load_state_dict(deepcopy(state))
    assert_same_bits({"parts": state["parts"]}, {"parts": resumed.interception.state_dict()["parts"]})


class Flat(nn.Module):
    """A discriminator of flat images with labels."""

    def __init__(self) -> None:
        super().__init__()
        self.layers, self.embedding = nn.Linear(784, 1), nn.Embedding(10, 784)

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        return self.layers(images + self.embedding(labels))


def conditional(mask: Any) -> tuple[Callable[[Tensor], Tensor], XAIGuidedGenerator]:
    torch.manual_seed(0)
    generator, discriminator = nn.Sequential(nn.Linear(3, 784), nn.Tanh()), Flat()
    guided = XAIGuidedGenerator(generator, discriminator, explainer=Saliency(exact=True), mask=mask)

    def play(labels: Tensor) -> Tensor:
        return softplus(-discriminator(guided(torch.randn(6, 3)), labels)).mean()

    return play, guided


def test_flat_images_with_labels() -> None:
    play, guided = conditional(
        parse("explanation & ~border(3) & (label(1) | exists(explanation, label))", shape=(1, 28, 28))
    )
    play(torch.tensor([1, 1, 0, 5, 5, 5])).backward()
    assert guided.last is not None
    inside = guided.last.mask.view(6, 28, 28)
    assert inside[:, :3].abs().sum() == 0
    assert (inside[:, 3:-3, 3:-3] > 0).any(1).any(1).all()


def test_mistakes_are_raised_in_the_user_s_own_line() -> None:
    play, _ = conditional(parse("explanation & ~border(3)"))
    with pytest.raises(ValueError, match=r"^Parameter `shape` should say the shape of one sample"):
        play(torch.zeros(6, dtype=torch.long))
    play, _ = conditional(parse("explanation & deepshap"))
    assert Guidance(mask=parse("explanation & deepshap")).harvests > 0
    play, _ = conditional(parse("explanation & shap", shap=DeepShap(torch.randn(5, 3, 3))))
    with pytest.raises(ValueError, match=r"^Parameter `references` should give references of shape"):
        play(torch.zeros(6, dtype=torch.long))
