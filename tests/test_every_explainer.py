"""Every explainer and adapter under every rule: a neutral mask changes nothing, and D is never disturbed."""

from collections.abc import Callable
from functools import cache

import pytest
import torch
from torch import nn

from xaigrad import Guidance, XAIGuidedGenerator, explainers
from xaigrad.explainers import (
    CaptumExplainer,
    DeepLift,
    DeepShap,
    ExpectedGradients,
    Explainer,
    GradCam,
    Grid,
    InputXGradient,
    IntegratedGradients,
    KernelShap,
    Lime,
    Occlusion,
    Saliency,
    ShapExplainer,
    SmoothGrad,
)
from xaigrad.references import FixedReferences
from xaigrad.rules import Multiply, Residual

from .anatomy import anatomy
from .loops import assert_same_bits, noise, random_states, train
from .networks import FEATURES, PAIRS, Pair, generator

BANK = torch.randn(20, FEATURES, generator=torch.Generator().manual_seed(1))


def maps() -> tuple[nn.Module, nn.Module]:
    """A pair whose discriminator has a layer that gives a map."""
    features = nn.Sequential(nn.Unflatten(1, (1, 2, 4)), nn.Conv2d(1, 3, 3, padding=1), nn.LeakyReLU(0.2, inplace=True))
    judge = nn.Sequential(features, nn.BatchNorm2d(3), nn.Dropout(0.3), nn.Flatten(), nn.Linear(24, 1))
    maker = nn.Sequential(generator(), nn.BatchNorm1d(FEATURES), nn.Unflatten(1, (1, 2, 4)))
    return maker, nn.Sequential(nn.Flatten(), judge)


NATIVE: dict[str, Callable[[], Explainer]] = {
    "Saliency": Saliency,
    "Saliency, exact": lambda: Saliency(exact=True),
    "InputXGradient": InputXGradient,
    "InputXGradient, exact": lambda: InputXGradient(exact=True),
    "DeepLift": DeepLift,
    "DeepShap": lambda: DeepShap(BANK, samples=3),
    "DeepShap, references of each": lambda: DeepShap(lambda rows, context: torch.zeros_like(rows), samples=2),
    "DeepShap, harvested": DeepShap,
    "DeepShap, fixed": lambda: DeepShap(FixedReferences(BANK), samples=4),
    "IntegratedGradients": lambda: IntegratedGradients(steps=3),
    "ExpectedGradients": lambda: ExpectedGradients(BANK, samples=3),
    "SmoothGrad": lambda: SmoothGrad(samples=3),
    "Occlusion": lambda: Occlusion(window=3),
    "Lime": lambda: Lime(perturbations=10, regions=Grid(2)),
    "KernelShap": lambda: KernelShap(perturbations=10, regions=Grid(2)),
}
CAPTUM = {
    "Saliency": {},
    "InputXGradient": {},
    "IntegratedGradients": {"n_steps": 4},
    "DeepLift": {"check": "off"},
    "DeepLiftShap": {"references": BANK, "samples": 3, "check": "off"},
    "GradientShap": {"references": BANK, "samples": 3, "n_samples": 3},
    "Deconvolution": {},
    "GuidedBackprop": {},
    "LRP": {},
    "Occlusion": {"sliding_window_shapes": (3,)},
    "FeatureAblation": {},
    "FeaturePermutation": {},
    "ShapleyValueSampling": {"n_samples": 2},
    "Lime": {"n_samples": 8},
    "KernelShap": {"n_samples": 8},
    "NoiseTunnel": {"around": "Saliency", "nt_samples": 3},
}
SHAP = {
    "DeepExplainer": {"check_additivity": False},
    "GradientExplainer": {"nsamples": 4},
    "KernelExplainer": {"nsamples": 8},
    "PartitionExplainer": {"max_evals": 20},
    "PermutationExplainer": {"max_evals": 40},
}
RULES = {"Multiply": Multiply(), "Residual": Residual(0.5)}
NEUTRAL = {
    "Multiply": {"mask": torch.ones_like, "rule": RULES["Multiply"]},
    "Residual": {"rule": Residual(0.0)},
}

EVERY: dict[str, tuple[str, Callable[[], Explainer]]] = {name: ("plain norm", make) for name, make in NATIVE.items()}
EVERY["GradCam"] = "maps", lambda: GradCam("1.0.1")
EVERY |= {
    f"captum {name}": ("plain", lambda name=name, settings=settings: CaptumExplainer(name, **settings))  # type: ignore[misc]
    for name, settings in CAPTUM.items()
}
EVERY["captum LayerGradCam"] = "maps", lambda: CaptumExplainer("LayerGradCam", layer="1.0.1")
EVERY |= {
    f"shap {name}": ("plain", lambda name=name, settings=settings: ShapExplainer(name, BANK, 3, **settings))  # type: ignore[misc]
    for name, settings in SHAP.items()
}


def plain() -> tuple[nn.Module, nn.Module]:
    """A pair that captum and shap can take: modules, each used once, with statistics and dropout to disturb."""
    judge = nn.Sequential(
        nn.Linear(FEATURES, 16), nn.ReLU(inplace=True), nn.Dropout(0.3), nn.Linear(16, 6), nn.Tanh(), nn.Linear(6, 1)
    )
    return nn.Sequential(generator(), nn.BatchNorm1d(FEATURES)), judge


OF: dict[str, Pair] = {"plain norm": PAIRS["plain norm"], "plain": plain, "maps": maps}


@pytest.fixture(autouse=True)
def library(request: pytest.FixtureRequest) -> None:
    """Skip the adapters of a library that is not installed."""
    name = request.node.callspec.params.get("name", "").split()[0] if hasattr(request.node, "callspec") else ""
    if name in {"captum", "shap"}:
        pytest.importorskip(name)


@cache
def standard(pair: str) -> dict[str, bytes]:
    return train(OF[pair], updates=3)[0].state()


@pytest.mark.parametrize("rule", NEUTRAL)
@pytest.mark.parametrize("name", EVERY)
def test_neutral(name: str, rule: str) -> None:
    pair, make = EVERY[name]
    guidance = Guidance(make(), **NEUTRAL[rule])  # type: ignore[arg-type]
    training, guided = train(OF[pair], lambda maker, judge: XAIGuidedGenerator(maker, judge, guidance), updates=3)
    assert guided is not None
    assert guided.explanations == 3
    assert_same_bits(training.state(), standard(pair))


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", EVERY)
def test_undisturbed(name: str, rule: str) -> None:
    """With a real mask: D's every attribute, and every random state."""
    pair, make = EVERY[name]
    maker, judge = OF[pair]()
    judge(maker(noise()).detach()).sum().backward()
    guided = XAIGuidedGenerator(maker, judge, explainer=make(), rule=RULES[rule])
    judge(torch.randn_like(maker(noise()))).sum().neg().backward()  # A real batch, to be harvested.
    scores = judge(guided(noise()))
    before, states = anatomy(judge), random_states()
    torch.autograd.grad(-scores.sum(), list(guided.parameters()))
    assert anatomy(judge) == before
    assert random_states() == states
    assert guided.explanations == 1
    assert guided.last is not None
    assert guided.last.attribution.isfinite().all()


def test_every_explainer_is_listed() -> None:
    made = {type(make()).__name__ for name, (_, make) in EVERY.items() if not name.startswith(("captum", "shap"))}
    others = {"CaptumExplainer", "ShapExplainer", "Context", "Explainer", "Score", "CompletenessError"}
    assert made | others | {"Grid", "Superpixels"} == set(explainers.__all__)
