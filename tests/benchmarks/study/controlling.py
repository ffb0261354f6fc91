"""Masks drawn at random with contexts for them, and a small training whose generator's rate a control may scale."""

import torch
from hypothesis import strategies as st
from torch import Tensor

from xaigrad import Guidance, XAIGuidedGenerator
from xaigrad.benchmarks.study.controls import BatchMean, RandomLike, SampleMean, Shuffled, scale_rate
from xaigrad.explainers import Context
from xaigrad.integrations import mlp

OF_MASKS = [Shuffled(), SampleMean(), RandomLike(), BatchMean()]
shapes = st.builds(
    lambda rows, features: (rows, *features),
    st.integers(1, 6),
    st.sampled_from([(1,), (7,), (1, 28, 28), (3, 4, 5)]),
)
masks = st.builds(
    lambda shape, dtype, seed: torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype),
    shapes,
    st.sampled_from([torch.float32, torch.float64]),
    st.integers(0, 2**32),
)


def context(mask: Tensor, seed: int = 0, like: Tensor | None = None) -> Context:
    gradient = mask if like is None else like
    scores = gradient.flatten(1).sum(1)
    rng = torch.Generator().manual_seed(seed)
    return Context(gradient, 3, 3, rng, samples=gradient, attribution=gradient, verdict=lambda: scores)


def images(seed: int = 5) -> Tensor:
    return torch.rand(6, 1, 28, 28, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def pair() -> tuple[mlp.Generator, mlp.Discriminator]:
    torch.manual_seed(0)
    return mlp.Generator(8), mlp.Discriminator(8)


def trained(guidance: Guidance, steps: int = 6) -> tuple[list[Tensor], XAIGuidedGenerator, list[Tensor | None]]:
    """Return the weights of G and D, the wrapper, and what was reported at each step."""
    generator, discriminator = pair()
    guided = XAIGuidedGenerator(generator, discriminator, guidance)
    training = mlp.Training(guided, discriminator)
    scale_rate(training.g_optimizer, guided)
    ratios: list[Tensor | None] = []
    for step in range(steps):
        explanations = guided.explanations
        training.step(images(step))
        last = guided.last if guided.explanations > explanations else None
        ratios.append(None if last is None else last.reports.get("norm ratio"))
        assert training.g_optimizer.param_groups[0]["lr"] == 2e-4
    return [*generator.state_dict().values(), *discriminator.state_dict().values()], guided, ratios
