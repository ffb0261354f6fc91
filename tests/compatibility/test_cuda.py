"""What only a CUDA device can show: loss scaling in half precision, CUDA graphs, steps that never wait."""

from collections.abc import Callable, Iterator

import pytest
import torch
from torch import nn
from torch.nn.functional import softplus

from xaigrad import XAIGuidedGenerator
from xaigrad.explainers import DeepShap, Explainer, InputXGradient, Saliency
from xaigrad.schedules import Constant

from ..loops import assert_same_bits, bits, last_of, noise, train
from ..networks import FEATURES, PAIRS, Lambda, discriminator, generator

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]

EXPLAINERS: dict[str, Callable[[], Explainer]] = {
    "fused": Saliency,
    "exact": lambda: Saliency(exact=True),
    "DeepShap": lambda: DeepShap(torch.ones(20, FEATURES).cumsum(0)),
}


@pytest.fixture(autouse=True)
def on_the_device(start: None) -> Iterator[None]:
    before = torch.get_default_device()
    torch.set_default_device("cuda")
    torch.manual_seed(0)
    yield
    torch.set_default_device(before)


def test_strength_0() -> None:
    states = []
    for guide in (None, lambda *networks: XAIGuidedGenerator(*networks, schedule=Constant(0))):
        training, _ = train(PAIRS["plain norm"], guide)
        states.append(training.state() | {"random.cuda": bits(torch.cuda.get_rng_state())})
    assert_same_bits(states[1], states[0])


@pytest.mark.usefixtures("single")
@pytest.mark.parametrize("explainer", EXPLAINERS)
def test_loss_scaling_in_half_precision(explainer: str) -> None:
    maker, judge = generator(), discriminator()
    guided = XAIGuidedGenerator(maker, judge, explainer=EXPLAINERS[explainer]())
    optimizer, scaler, taken = torch.optim.Adam(maker.parameters()), torch.amp.GradScaler("cuda"), 0
    for update in range(20):
        optimizer.zero_grad()
        with torch.autocast("cuda", torch.float16):
            loss = softplus(-judge(guided(noise()))).mean()
        scaler.scale(loss * (float("inf") if update == 10 else 1)).backward()
        scale = scaler.get_scale()
        scaler.step(optimizer)
        scaler.update()
        taken += scaler.get_scale() >= scale
        assert (last_of(guided).gradient.dtype, last_of(guided).mask.dtype) == (torch.float16, torch.float32)
    assert 0 < taken < 20
    assert (guided.updates, guided.explanations, guided.fallbacks) == (taken, 20, 0)
    assert all(parameter.isfinite().all() for parameter in maker.parameters())


@pytest.mark.parametrize("explainer", [Saliency(), InputXGradient()], ids=str)
def test_a_captured_step_replays(explainer: Explainer) -> None:
    maker, judge = generator(), discriminator()
    guided = XAIGuidedGenerator(maker, judge, explainer=explainer)
    parameters, z = [*maker.parameters(), *judge.parameters()], noise()

    def backward() -> None:
        for parameter in parameters:
            parameter.grad = None
        softplus(-judge(guided(z))).mean().backward()

    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(3):
            backward()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        backward()
    z.copy_(noise())
    captured = [parameter.grad for parameter in parameters]
    graph.replay()
    replayed = [gradient.clone() for gradient in captured]
    backward()
    torch.testing.assert_close(replayed, [parameter.grad for parameter in parameters])


@pytest.mark.parametrize("explainer", [Saliency(), InputXGradient(), Saliency(exact=True)], ids=str)
def test_a_guided_step_does_not_wait_for_the_device(explainer: Explainer) -> None:
    """But for the count of fallbacks, which is read at every power of two."""
    maker, judge = generator(), discriminator()
    guided = XAIGuidedGenerator(maker, judge, explainer=explainer)
    optimizer = torch.optim.SGD(maker.parameters(), 0.1)

    def step() -> None:
        optimizer.zero_grad()
        softplus(-judge(guided(noise()))).mean().backward()
        optimizer.step()

    for _ in range(4):
        step()
    torch.cuda.set_sync_debug_mode("error")
    try:
        for _ in range(3):
            step()
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert guided.explanations == 7


@pytest.mark.filterwarnings("ignore")  # The compiler's own, of the device.
@pytest.mark.parametrize("explainer", EXPLAINERS)
def test_compiled_by_inductor(explainer: str) -> None:
    def gradients(compiled: Callable[[nn.Module], Callable[..., torch.Tensor]]) -> list[torch.Tensor]:
        torch.manual_seed(0)
        maker, judge = (Lambda(lambda layers, x: layers(x), make()) for make in (generator, discriminator))
        guided = XAIGuidedGenerator(maker, judge, explainer=EXPLAINERS[explainer]())
        softplus(-compiled(judge)(compiled(guided)(noise()))).mean().backward()
        return [last_of(guided).mask, *(parameter.grad for parameter in (*maker.parameters(), *judge.parameters()))]

    torch.testing.assert_close(gradients(torch.compile), gradients(lambda network: network), rtol=1e-4, atol=1e-5)


def test_a_recurrent_discriminator_is_asked_in_eval_mode() -> None:
    """In which cuDNN has no gradient for it."""

    def last_state(recurrent: nn.Module, score: nn.Module, samples: torch.Tensor) -> torch.Tensor:
        scores: torch.Tensor = score(recurrent(samples[:, :, None])[0][:, -1])
        return scores

    judge = Lambda(last_state, nn.GRU(1, 4, batch_first=True), nn.Linear(4, 1))
    guided = XAIGuidedGenerator(generator(), judge, explainer=Saliency(exact=True))
    judge(guided(noise())).sum().backward()
    torch.testing.assert_close(last_of(guided).attribution, last_of(guided).gradient)
