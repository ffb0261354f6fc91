"""Grad-CAM is its definition and captum's, whatever follows the layer, and leaves no hook behind."""

import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from xaigrad import XAIGuidedGenerator
from xaigrad.explainers import Context
from xaigrad.explainers._grad_cam import GradCam
from xaigrad.integrations import dcgan

from .anatomy import anatomy
from .loops import last_of, noise, raised_in
from .networks import FEATURES, Lambda, discriminator, generator, smooth, with_statistics

pytestmark = pytest.mark.usefixtures("double")


def images(rows: int = 4) -> Tensor:
    return torch.rand(rows, 1, 28, 28) * 2 - 1


def judge() -> nn.Module:
    return with_statistics(dcgan.Discriminator(width=4)).eval().requires_grad_(False)


def attribute(discriminator: nn.Module | None, samples: Tensor, layer: str, relu: bool = True) -> Tensor:
    context = Context(torch.zeros(1), 0, 0, torch.Generator(), discriminator=discriminator)
    ask = discriminator or judge()
    return GradCam(layer, relu)(lambda rows: ask(rows.clone()).flatten(1).sum(1), samples, context)


def by_loops(features: Callable[[Tensor], Tensor], head: Callable[[Tensor], Tensor], samples: Tensor) -> Tensor:
    """The definition, one sample and one channel at a time, before the ReLU and the interpolation."""
    maps = []
    for sample in samples:
        activation = features(sample[None]).detach().requires_grad_()
        (gradient,) = torch.autograd.grad(head(activation).sum(), activation)
        maps.append(sum(gradient[0, c].mean() * activation[0, c].detach() for c in range(activation.shape[1])))
    return torch.stack(maps)  # type: ignore[arg-type]


@pytest.mark.parametrize("relu", [True, False])
@pytest.mark.parametrize(("layer", "cut"), [("layers.0", 1), ("layers.2", 3), ("layers.3", 4)])
def test_by_loops(layer: str, cut: int, relu: bool) -> None:
    """Also where an activation works in place on the layer's output."""
    discriminator, samples = judge(), images()
    layers = discriminator.layers
    expected = by_loops(layers[:cut], lambda x: layers[cut:](x.clone()), samples)[:, None]
    expected = F.interpolate(expected.relu() if relu else expected, (28, 28), mode="bilinear")
    found = attribute(discriminator, samples, layer, relu)
    assert found.shape == samples.shape
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("relu", [True, False])
def test_equal_to_captum_s(relu: bool) -> None:
    captum = pytest.importorskip("captum.attr")
    discriminator, samples = judge(), images()
    for module in discriminator.modules():
        if isinstance(module, nn.LeakyReLU):
            module.inplace = False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        explainer = captum.LayerGradCam(discriminator, discriminator.layers[2])
        small = explainer.attribute(samples, target=0, relu_attributions=relu)
        expected = captum.LayerAttribution.interpolate(small, (28, 28), interpolate_mode="bilinear").detach()
    torch.testing.assert_close(attribute(discriminator, samples, "layers.2", relu), expected)


def test_same_for_all_channels() -> None:
    discriminator = nn.Sequential(nn.Conv2d(3, 5, 3), nn.Tanh(), nn.Flatten(), nn.LazyLinear(1))
    samples = torch.randn(2, 3, 6, 6)
    discriminator(samples)
    found = attribute(discriminator, samples, "1", relu=False)
    assert found.shape == samples.shape
    assert torch.equal(found[:, 0], found[:, 2])
    assert found.any()


@pytest.mark.parametrize("spatial", [(12,), (6, 8), (4, 6, 4)])
def test_any_number_of_spatial_dimensions(spatial: tuple[int, ...]) -> None:
    """A 1x1 layer of one channel keeps the size: the map is the activation times its mean gradient."""
    convolution = [nn.Conv1d, nn.Conv2d, nn.Conv3d][len(spatial) - 1](1, 1, 1)
    discriminator, samples = nn.Sequential(convolution, nn.Flatten()), torch.randn(2, 1, *spatial)
    found = attribute(discriminator, samples, "0", relu=False)
    torch.testing.assert_close(found, convolution(samples).detach())


def test_last_call_counts() -> None:
    def twice(convolution: nn.Module, samples: Tensor) -> Tensor:
        return torch.tanh(convolution(torch.tanh(convolution(samples))))

    discriminator, samples = Lambda(twice, nn.Conv2d(1, 1, 3, padding=1)), torch.randn(2, 1, 5, 5)
    convolution = discriminator.parts[0]
    expected = by_loops(lambda x: convolution(torch.tanh(convolution(x))), torch.tanh, samples)[:, None]
    torch.testing.assert_close(attribute(discriminator, samples, "parts.0", relu=False), expected)


def test_discriminator_is_undisturbed() -> None:
    maker, discriminator = dcgan.Generator(width=2), dcgan.Discriminator(width=2)
    guided = XAIGuidedGenerator(maker, discriminator, explainer=GradCam("layers.2", relu=False))
    fake = guided(torch.randn(3, dcgan.LATENT))
    scores = discriminator(fake)
    before = anatomy(discriminator)
    torch.autograd.grad(scores.sum(), fake)
    assert anatomy(discriminator) == before
    assert last_of(guided).attribution.any()


@pytest.mark.parametrize("layer", ["layers.2", "nowhere"])
def test_no_hook_is_left_behind(layer: str) -> None:
    discriminator = judge()
    before = anatomy(discriminator)

    def score(samples: Tensor) -> Tensor:
        discriminator(samples)
        raise KeyboardInterrupt

    context = Context(torch.zeros(1), 0, 0, torch.Generator(), discriminator=discriminator)
    with pytest.raises((KeyboardInterrupt, ValueError)):
        GradCam(layer)(score, images(), context)
    assert anatomy(discriminator) == before


def test_half_precision() -> None:
    discriminator, samples = judge(), images()
    expected = attribute(discriminator, samples, "layers.2").float()
    found = attribute(discriminator.bfloat16(), samples.bfloat16(), "layers.2")
    assert found.dtype == torch.float32
    assert float((found - expected).norm() / expected.norm()) < 0.1


@pytest.mark.parametrize(
    ("layer", "cure"),
    [
        ("layer.2", r"Try ('layers(\.\d)?'( or )?)+\."),
        ("", "Try 'layers' or 'layers.0' or"),
        ("features", r"Try 'layers'\."),
        ("zzz", "Try 'layers' or 'layers.0' or"),
    ],
)
def test_unknown_layer(layer: str, cure: str) -> None:
    message = (
        rf"Parameter `layer` should name a layer of the discriminator\. Found '{layer}', which `Discriminator` lack"
    )
    with pytest.raises(ValueError, match=message) as raised:
        attribute(judge(), images(), layer)
    assert raised.match(cure)


def test_layer_that_is_a_module() -> None:
    message = r"Parameter `layer` should be a layer's name in the discriminator\. Found Conv2d\. The names are those of"
    with pytest.raises(TypeError, match=message):
        GradCam(nn.Conv2d(1, 1, 1))  # type: ignore[arg-type]


def test_discriminator_that_is_a_function() -> None:
    message = r"should name a layer of a discriminator module\. Found 'layers\.2' where the discriminator is a function"
    with pytest.raises(ValueError, match=message):
        attribute(None, images(), "layers.2")


UNUSABLE: dict[str, tuple[Callable[..., Any], str]] = {
    "never called": (lambda layer, x: x, "Found that of `parts.0` it was never called"),
    "of no tensor": (lambda layer, x: layer(x)[0], "the score does not depend on its output, a tuple"),
    "unused": (lambda layer, x: x + 0 * layer(x.detach())[0], "the score does not depend on its output, a tuple"),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_layer_without_a_way_to_the_score(name: str) -> None:
    ask, found = UNUSABLE[name]
    discriminator = Lambda(ask, Lambda(lambda x: (2 * x, x)))
    with pytest.raises(ValueError, match=r"layer through which the samples reach the score\. .*Name a layer") as raised:
        attribute(discriminator, images(), "parts.0")
    assert raised.match(found)


@pytest.mark.parametrize("ask", [lambda layer, x: x + layer(x.detach()), lambda layer, x: (layer(x), x)[1]])
def test_layer_beside_the_score(ask: Callable[..., Tensor]) -> None:
    with pytest.raises(ValueError, match=r"Found that of `parts\.0` the score does not depend on its output\. Name"):
        attribute(Lambda(ask, nn.Conv2d(1, 1, 1).requires_grad_(False)), images(), "parts.0")


@pytest.mark.parametrize(
    ("discriminator", "samples", "shape"),
    [
        (lambda: nn.Sequential(nn.Flatten(), nn.Linear(16, 3)), torch.zeros(2, 1, 4, 4), r"\(2, 16\)"),
        (lambda: nn.Sequential(nn.Unflatten(1, (1, 2, 4)), nn.Flatten()), torch.zeros(2, FEATURES), r"\(2, 1, 2, 4\)"),
        (lambda: nn.Sequential(nn.Flatten(0, 1), nn.Flatten(1)), torch.zeros(2, 3, 4, 4), r"\(6, 4, 4\)"),
        (smooth, torch.zeros(2, FEATURES), r"\(2, 16\)"),
    ],
)
def test_output_without_a_map(discriminator: Callable[[], nn.Module], samples: Tensor, shape: str) -> None:
    message = rf"whose output has the shape \(N, C, \*spatial\).*Found the shape {shape} of `0`\. Name a convolution"
    with pytest.raises(ValueError, match=message):
        attribute(discriminator(), samples.to(torch.get_default_dtype()), "0")


def test_a_layer_that_is_not_there_is_told_in_the_user_s_own_call() -> None:
    judge = discriminator()
    guided = XAIGuidedGenerator(generator(), judge, explainer=GradCam("features.3"))
    samples = guided(noise())
    with pytest.raises(ValueError, match=r"Parameter `layer` should name a layer of the discriminator") as raised:
        judge(samples)
    assert raised_in(raised.value, __file__, "judge(samples)")
