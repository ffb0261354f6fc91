"""The discriminator, and every random state, is after an explanation what it was before, whatever the explainer did."""

import random
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils import checkpoint

from xaigrad import XAIGuidedGenerator
from xaigrad._isolation import without_reentrant_checkpoints
from xaigrad.explainers import Context, DeepShap, Explainer, InputXGradient, Saliency, Score

from .anatomy import anatomy
from .loops import bits, noise, random_states, seed_everything
from .networks import DISCRIMINATORS, FEATURES, LATENT, Checkpointed, Counting, discriminator, generator


def raising(score: Score, samples: Tensor, context: Context) -> Tensor:
    score(samples)
    raise KeyError("the explainer's own error")


def training_it(score: Score, samples: Tensor, context: Context) -> Tensor:
    """Differentiates all that it can reach, and draws random numbers."""
    points = samples.detach().requires_grad_()
    score(points + torch.randn_like(points)).sum().backward()
    assert points.grad is not None
    return points.grad


EXPLAINERS: dict[str, Explainer] = {
    "Saliency": Saliency(exact=True),
    "InputXGradient": InputXGradient(exact=True),
    "DeepShap": DeepShap(torch.randn(20, FEATURES), samples=2, check="off"),
    "training it": training_it,
    "raising": raising,
}


def in_mixed_modes(make: Callable[[], nn.Module]) -> nn.Module:
    """A discriminator that has been used and trained, every second submodule in eval mode."""
    discriminator = make()
    discriminator(torch.randn(6, FEATURES)).sum().backward()
    for index, submodule in enumerate(discriminator.modules()):
        submodule.training = index % 2 == 0
    next(discriminator.parameters()).requires_grad_(False)
    return discriminator


def explain(discriminator: nn.Module, explainer: Explainer, eval_mode: bool) -> None:
    """Let a gradient arrive at a sample, and nothing of it at D's parameters; compare before and after."""
    guided = XAIGuidedGenerator(generator(), discriminator, explainer=explainer, eval_mode=eval_mode)
    scores = discriminator(guided(noise()))
    before, states = anatomy(discriminator), random_states()
    try:
        torch.autograd.grad(scores.sum(), list(guided.parameters()))
    except KeyError:
        assert explainer is raising
    assert anatomy(discriminator) == before
    assert random_states() == states
    assert guided.explanations == (explainer is not raising)


@pytest.mark.parametrize("eval_mode", [True, False])
@pytest.mark.parametrize("explainer", EXPLAINERS.values(), ids=EXPLAINERS)
@pytest.mark.parametrize("make", DISCRIMINATORS.values(), ids=DISCRIMINATORS)
def test_anatomy(make: Callable[[], nn.Module], explainer: Explainer, eval_mode: bool) -> None:
    explain(in_mixed_modes(make), explainer, eval_mode)


@pytest.mark.parametrize("make", DISCRIMINATORS.values(), ids=DISCRIMINATORS)
def test_gradients_of_a_step(make: Callable[[], nn.Module]) -> None:
    """A neutral mask: D's gradients are those of the step without xaigrad, to the bit."""
    found = []
    for guided in (False, True):
        seed_everything(1)
        maker, judge = generator(), make()
        if guided:
            keep = XAIGuidedGenerator(maker, judge, explainer=training_it, mask=torch.ones_like)
        judge(maker(noise())).sum().backward()
        found.append([bits(parameter.grad) for parameter in judge.parameters()])
    assert keep.explanations == 1
    assert found[0] == found[1]


def test_a_discriminator_that_raises_when_it_is_asked() -> None:
    class Once(Counting):
        def forward(self, samples: Tensor) -> Tensor:
            scores = super().forward(samples)
            if self.calls > 1:
                raise KeyError("the discriminator's own error")
            return scores

    discriminator = Once()
    guided = XAIGuidedGenerator(nn.Linear(LATENT, FEATURES), discriminator, explainer=Saliency(exact=True))
    scores = discriminator(guided(noise()))
    before, states = anatomy(discriminator), random_states()
    with pytest.raises(KeyError, match="the discriminator's own error"):
        torch.autograd.grad(scores.sum(), list(guided.parameters()))
    assert anatomy(discriminator) == before
    assert random_states() == states


def test_every_discriminator_is_undisturbed() -> None:
    """An explainer of one may ask all of them: the score of another is a method of the same network."""
    first, second = DISCRIMINATORS["BatchNorm"](), DISCRIMINATORS["counts its calls"]()

    def asks_both(score: Score, samples: Tensor, context: Context) -> Tensor:
        second(samples)
        return Saliency(exact=True)(score, samples, context)

    guided = XAIGuidedGenerator(generator(), [first, second], explainer=asks_both)
    first(guided(noise())).sum().backward()
    assert second.calls == 0
    assert "features" not in vars(second)


def test_explained_in_eval_mode_unless_asked_otherwise() -> None:
    """In train mode, too, the score is one function: a dropout's mask is the same at every question."""
    discriminator, seen = DISCRIMINATORS["dropout"](), []

    def look(score: Score, samples: Tensor, context: Context) -> Tensor:
        scores = score(samples)
        discriminator.eval()
        seen.append((torch.equal(scores, score(samples)), torch.equal(scores, discriminator(samples)[:, 0])))
        return samples

    for eval_mode in (True, False):
        guided = XAIGuidedGenerator(generator(), discriminator, explainer=look, eval_mode=eval_mode)
        discriminator.train()(guided(noise())).sum().backward()
        guided.detach()
    assert seen == [(True, True), (False, False)]


def test_every_question_starts_from_the_same_state() -> None:
    """Outside eval mode, where a call changes what the next one answers."""
    for name in ("dropout", "BatchNorm", "old spectral norm", "new spectral norm", "draws at random"):
        discriminator, seen = DISCRIMINATORS[name](), []

        def look(score: Score, samples: Tensor, context: Context, seen: list[Tensor] = seen) -> Tensor:
            seen.extend([score(samples), score(samples)])
            return samples

        guided = XAIGuidedGenerator(generator(), discriminator, explainer=look, eval_mode=False)
        discriminator(guided(noise())).sum().backward()
        assert torch.equal(*seen), name


def test_containers_that_it_keeps() -> None:
    """What a discriminator collects in a list, a dictionary or a plain tensor of its own."""

    class Collecting(Counting):
        def __init__(self) -> None:
            super().__init__()
            self.history: list[float] = []
            self.layer: dict[str, Tensor] = {}
            self.total = torch.zeros(())

        def forward(self, samples: Tensor) -> Tensor:
            scores = super().forward(samples)
            self.history.append(0.0)
            self.layer["last"] = samples
            self.total += scores.detach().sum()
            return scores

    explain(Collecting(), Saliency(exact=True), eval_mode=True)


def test_hooks_that_an_explainer_leaves() -> None:
    discriminator = DISCRIMINATORS["BatchNorm"]()

    def careless(score: Score, samples: Tensor, context: Context) -> Tensor:
        discriminator[0].register_forward_hook(lambda module, args, output: None)
        raise KeyError("after its hook")

    explain_raising(discriminator, careless)


def explain_raising(discriminator: nn.Module, explainer: Explainer) -> None:
    guided = XAIGuidedGenerator(generator(), discriminator, explainer=explainer)
    scores = discriminator(guided(noise()))
    before = anatomy(discriminator)
    with pytest.raises(KeyError, match="after its hook"):
        scores.sum().backward(inputs=list(guided.parameters()))
    assert anatomy(discriminator) == before


def test_a_whole_discriminator_that_is_checkpointed() -> None:
    """The recomputation calls D again, which is no further explanation."""
    discriminator = Checkpointed()
    guided = XAIGuidedGenerator(generator(), discriminator, explainer=Saliency(exact=True))
    torch.utils.checkpoint.checkpoint(discriminator, guided(noise()), use_reentrant=False).sum().backward()
    assert guided.explanations == 1


def test_random_generators_of_its_own() -> None:
    class Drawing(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers, self.torch, self.python = discriminator(), torch.Generator().manual_seed(1), random.Random(1)
            self.numpy = np.random.default_rng(1)

        def forward(self, samples: Tensor) -> Tensor:
            noise = torch.randn(samples.shape, generator=self.torch, device="cpu").to(samples)
            scores: Tensor = self.layers(samples + 0.1 * noise * self.python.random() * self.numpy.random())
            return scores

        def states(self) -> list[object]:
            return [self.torch.get_state().tolist(), self.python.getstate(), self.numpy.bit_generator.state]

    judge = Drawing()
    guided = XAIGuidedGenerator(generator(), judge, explainer=Saliency(exact=True))
    scores = judge(guided(noise()))
    before = judge.states()
    scores.sum().backward()
    assert guided.explanations == 1
    assert judge.states() == before


def test_explanations_in_several_threads() -> None:
    """What isolation changes for all of torch is put back by the last one out."""
    before = checkpoint.CheckpointFunction
    first, second = without_reentrant_checkpoints(), without_reentrant_checkpoints()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert checkpoint.CheckpointFunction is not before
    second.__exit__(None, None, None)
    assert checkpoint.CheckpointFunction is before
