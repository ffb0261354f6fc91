"""captum says of the isolated discriminator what it says of a plain one, with the right labels, and leaves nothing."""

import copy
import dataclasses
import pickle
import random
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from xaigrad import XAIGuidedGenerator
from xaigrad.explainers import CompletenessError, Context, Score
from xaigrad.explainers._captum import CaptumExplainer
from xaigrad.integrations import dcgan
from xaigrad.references import HarvestedReferences

from .anatomy import anatomy
from .loops import noise, random_states, seed_everything
from .networks import DISCRIMINATORS, FEATURES, discriminator, generator, with_statistics

attr = pytest.importorskip("captum.attr")
linear_models = pytest.importorskip("captum._utils.models.linear_model")

N = 5
LABELS = 3

# Settings of the constructor, and of `attribute`.
Case = tuple[dict[str, Any], dict[str, Any]]
BY_SCORE: dict[str, Case] = {
    "Saliency": ({}, {"abs": False}),
    "InputXGradient": ({}, {}),
    "IntegratedGradients": ({"multiply_by_inputs": False}, {"n_steps": 4, "internal_batch_size": 10}),
    "GradientShap": ({}, {"n_samples": 3, "stdevs": 0.1}),
    "Occlusion": ({}, {"sliding_window_shapes": (3,), "strides": 2, "perturbations_per_eval": 2}),
    "FeatureAblation": ({}, {"feature_mask": torch.arange(FEATURES)[None] // 2, "perturbations_per_eval": 3}),
    "FeaturePermutation": ({}, {"perturbations_per_eval": 2}),
    "ShapleyValueSampling": ({}, {"n_samples": 2, "perturbations_per_eval": 3}),
    "ShapleyValues": ({}, {"feature_mask": torch.arange(FEATURES)[None] // 3}),
    "Lime": ({}, {"n_samples": 20, "perturbations_per_eval": 7}),
    "KernelShap": ({}, {"n_samples": 20, "perturbations_per_eval": 7}),
}
BY_HOOKS: dict[str, Case] = {
    "DeepLift": ({}, {}),
    "DeepLiftShap": ({}, {}),
    "Deconvolution": ({}, {}),
    "GuidedBackprop": ({}, {}),
    "LRP": ({}, {}),
}
CASES = BY_SCORE | BY_HOOKS
COMPARING = {
    "IntegratedGradients", "GradientShap", "Occlusion", "FeatureAblation", "ShapleyValueSampling", "ShapleyValues",
    "Lime", "KernelShap", "DeepLift", "DeepLiftShap",
}  # fmt: skip
DISTRIBUTIONS = {"GradientShap", "DeepLiftShap"}
LAYERED: dict[str, Case] = {
    "LayerGradCam": ({}, {}),
    "LayerActivation": ({}, {}),
    "LayerConductance": ({}, {"n_steps": 3}),
    "LayerDeepLift": ({}, {}),
    "LayerDeepLiftShap": ({}, {}),
    "LayerFeatureAblation": ({}, {"layer_mask": torch.arange(3)[None, :, None, None]}),
    "LayerFeaturePermutation": ({}, {"layer_mask": torch.arange(3)[None, :, None, None]}),
    "LayerGradientShap": ({}, {"n_samples": 3}),
    "LayerGradientXActivation": ({"multiply_by_inputs": False}, {}),
    "LayerIntegratedGradients": ({}, {"n_steps": 3}),
    "InternalInfluence": ({}, {"n_steps": 3}),
    "LayerLRP": ({}, {}),
}


def plain(activation: Callable[[], nn.Module] = lambda: nn.ReLU(inplace=True)) -> nn.Module:
    layers = nn.Sequential(nn.Linear(FEATURES, 16), activation(), nn.Dropout(0.5), nn.Linear(16, 1))
    return with_statistics(layers)


def convolutional() -> nn.Module:
    features = nn.Sequential(nn.Conv2d(2, 3, 3, padding=1, stride=2), nn.ReLU(inplace=True))
    return with_statistics(nn.Sequential(features, nn.Conv2d(3, 1, 2)))


def images(rows: int = N) -> Tensor:
    return torch.randn(rows, 2, 4, 4)


def context(judge: nn.Module | None, samples: Tensor, *further: Tensor, seed: int = 0) -> Context:
    rng = torch.Generator("cpu").manual_seed(seed)
    return Context(torch.zeros_like(samples), 0, 0, rng, (samples, *further), {}, judge)


def explained(explainer: CaptumExplainer, judge: nn.Module, samples: Tensor, *further: Tensor, seed: int = 0) -> Tensor:
    """Explain by a discriminator that tiles its further arguments in whole blocks, as the guidance does."""

    def score(rows: Tensor) -> Tensor:
        scores: Tensor = judge(rows, *(leaf.repeat(max(len(rows) // len(samples), 1)) for leaf in further))
        return scores.flatten()

    return explainer(score, samples, context(judge, samples, *further, seed=seed))


class Flat(nn.Module):
    """A twin without in-place activations, of one score per sample."""

    def __init__(self, judge: nn.Module) -> None:
        super().__init__()
        self.judge = copy.deepcopy(judge)
        for submodule in self.judge.modules():
            if hasattr(submodule, "inplace"):
                submodule.inplace = False

    def forward(self, rows: Tensor) -> Tensor:
        scores: Tensor = self.judge(rows)
        return scores.flatten()


def by_hand(name: str, case: Case, judge: nn.Module, samples: Tensor, bank: Tensor | None, *layer: nn.Module) -> Tensor:
    """Call captum on a plain discriminator, drawing from the same generator in the same order."""
    rng, settings = torch.Generator("cpu").manual_seed(0), dict(case[1])
    if bank is not None:
        count = 4 if name.removeprefix("Layer") in DISTRIBUTIONS else len(samples)
        settings["baselines"] = bank[torch.randint(len(bank), (count,), generator=rng, device="cpu")]
    seed = int(torch.randint(2**31 - 1, (), generator=rng, device="cpu"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        seed_everything(seed)
        attribution: Tensor = getattr(attr, name)(judge, *layer, **case[0]).attribute(samples.clone(), **settings)
    return attribution.detach()


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("name", CASES)
def test_as_by_hand(name: str) -> None:
    judge, samples, bank = plain().eval(), torch.randn(N, FEATURES), torch.randn(20, FEATURES)
    compared = {"references": bank, "samples": 4} if name in COMPARING else {}
    explainer = CaptumExplainer(getattr(attr, name), **compared, **CASES[name][0], **CASES[name][1])
    found = explained(explainer, judge, samples)
    expected = by_hand(name, CASES[name], Flat(judge), samples, bank if compared else None)
    assert found.shape == samples.shape
    assert found.dtype == samples.dtype
    assert not found.requires_grad
    torch.testing.assert_close(found, expected.to(found.dtype))


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("name", sorted(COMPARING - DISTRIBUTIONS))
def test_zeros_are_the_default_references(name: str) -> None:
    judge, samples = plain().eval(), torch.randn(N, FEATURES)
    found = explained(CaptumExplainer(name, **CASES[name][0], **CASES[name][1]), judge, samples)
    torch.testing.assert_close(found, by_hand(name, CASES[name], Flat(judge), samples, None).to(found.dtype))


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("name", LAYERED)
def test_layer_as_by_hand(name: str) -> None:
    judge, samples, bank = convolutional().eval(), images(), images(20)
    compared = name in {"LayerDeepLiftShap", "LayerGradientShap"}
    settings: dict[str, Any] = {"references": bank, "samples": 4} if compared else {}
    explainer = CaptumExplainer(getattr(attr, name), layer="0.0", **settings, **LAYERED[name][0], **LAYERED[name][1])
    found = explained(explainer, judge, samples)
    twin = Flat(judge)
    said = by_hand(name, LAYERED[name], twin, samples, bank if compared else None, twin.judge.get_submodule("0.0"))
    upsampled = attr.LayerAttribution.interpolate(said.sum(1, keepdim=True), (4, 4))
    torch.testing.assert_close(found, upsampled.expand_as(samples).to(found.dtype))


@pytest.mark.usefixtures("double")
def test_guided_grad_cam_as_by_hand() -> None:
    judge, samples = convolutional().eval(), images()
    found = explained(CaptumExplainer(attr.GuidedGradCam, layer="0.0"), judge, samples)
    twin = Flat(judge)
    torch.testing.assert_close(
        found, by_hand("GuidedGradCam", ({}, {}), twin, samples, None, twin.judge.get_submodule("0.0"))
    )


@pytest.mark.usefixtures("double")
def test_noise_tunnel_as_by_hand() -> None:
    judge, samples, bank = plain().eval(), torch.randn(N, FEATURES), torch.randn(20, FEATURES)
    around = {"multiply_by_inputs": False, "n_steps": 3}
    explainer = CaptumExplainer(
        attr.NoiseTunnel, around="IntegratedGradients", references=bank, nt_samples=4, stdevs=0.1, **around
    )
    found = explained(explainer, judge, samples)
    rng = torch.Generator("cpu").manual_seed(0)
    references = bank[torch.randint(20, (N,), generator=rng, device="cpu")]
    seed_everything(int(torch.randint(2**31 - 1, (), generator=rng, device="cpu")))
    tunnel = attr.NoiseTunnel(attr.IntegratedGradients(Flat(judge), multiply_by_inputs=False))
    expected = tunnel.attribute(samples, baselines=references, nt_samples=4, stdevs=0.1, n_steps=3)
    torch.testing.assert_close(found, expected)


class Labelled(nn.Module):
    """Linear in the samples, with other weights for each label; the label is an argument, or held from the user's call.

    One that holds it can be asked in whole blocks only.
    """

    def __init__(self, labels: Tensor, held: bool) -> None:
        super().__init__()
        self.scale = nn.Embedding(LABELS, FEATURES)
        self.labels = labels if held else None
        self.last = nn.Linear(FEATURES, 1)

    def forward(self, rows: Tensor, labels: Tensor | None = None) -> Tensor:
        if self.labels is not None:
            if len(rows) % len(self.labels):
                raise ValueError("part of a block")
            labels = self.labels.repeat(len(rows) // len(self.labels))
        scores: Tensor = self.last(rows * self.scale(labels))
        return scores.flatten()


linear_regression = linear_models.SkLearnLinearRegression()
CONDITIONAL: dict[str, dict[str, Any]] = {name: constructor | call for name, (constructor, call) in CASES.items()} | {
    "Lime": {"n_samples": 40, "perturbations_per_eval": 7, "interpretable_model": linear_regression},
    "KernelShap": {"n_samples": 60, "perturbations_per_eval": 7},
    "IntegratedGradients": {"n_steps": 4},
    "GradientShap": {"n_samples": 3},
    "Occlusion": {"sliding_window_shapes": (1,)},
    "FeatureAblation": {"perturbations_per_eval": 3},
    "ShapleyValues": {"feature_mask": torch.arange(FEATURES)[None] // 2},
    "FeaturePermutation": {"perm_func": lambda samples, mask: torch.where(mask, samples.flip(0), samples)},
    "NoiseTunnel": {"around": "IntegratedGradients", "n_steps": 2, "nt_samples": 3, "stdevs": 0.0},
}
del CONDITIONAL["LRP"]  # It knows no product with a label's scale.


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("name", CONDITIONAL)
def test_each_sample_with_its_own_label(name: str, held: bool) -> None:
    """Against the closed form: a score that is linear for each label."""
    labels, samples, reference = torch.tensor([0, 2, 1, 1, 0]), torch.randn(N, FEATURES), torch.randn(1, FEATURES)
    judge = Labelled(labels, held)
    compared = name in COMPARING or name == "NoiseTunnel"
    explainer = CaptumExplainer(name, references=reference if compared else None, **CONDITIONAL[name])
    found = explained(explainer, judge, samples, *([] if held else [labels]))
    slope = (judge.scale.weight[labels] * judge.last.weight).detach()
    factor = {"FeaturePermutation": samples - samples.flip(0), "InputXGradient": samples}.get(name, torch.ones(()))
    expected = slope * (samples - reference if compared else factor)
    if name == "ShapleyValues":  # It says the group's sum of each feature in the group.
        expected = expected.reshape(N, -1, 2).sum(2).repeat_interleave(2, 1)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("name", ["DeepLiftShap", "GradientShap", "KernelShap", "NoiseTunnel", "ShapleyValueSampling"])
def test_labels_of_the_user_s_own_call(name: str) -> None:
    """From the guided step: the label is a keyword of the discriminator's call."""
    labels, reference = torch.tensor([0, 2, 1, 1, 0]), torch.randn(1, FEATURES)
    judge = Labelled(labels, held=False)
    explainer = CaptumExplainer(name, references=reference, **CONDITIONAL[name])
    guided = XAIGuidedGenerator(generator(), judge, explainer=explainer)
    judge(guided(noise(N)), labels=labels).sum().backward()
    assert guided.last is not None
    slope = (judge.scale.weight[labels] * judge.last.weight).detach()
    torch.testing.assert_close(guided.last.attribution, slope * (guided.last.samples - reference), rtol=1e-4, atol=1e-4)


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("name", ["GradientShap", "KernelShap"])
def test_function_with_labels(name: str) -> None:
    """Where there is no module to give the right labels to, blocks are filled up."""
    labels, samples, reference = torch.tensor([0, 2, 1, 1, 0]), torch.randn(N, FEATURES), torch.randn(1, FEATURES)
    slope = torch.randn(LABELS, FEATURES)
    explainer = CaptumExplainer(name, references=reference, **CONDITIONAL[name])
    for further in ([], [labels]):
        found = explainer(
            lambda rows: (rows * slope[labels.repeat(len(rows) // N)]).sum(1), samples, context(None, samples, *further)
        )
        torch.testing.assert_close(found, slope[labels] * (samples - reference), rtol=1e-4, atol=1e-4)


def test_no_false_alarm() -> None:
    judge, samples = dcgan.Discriminator(width=8).float().eval(), torch.randn(4, 1, 28, 28).float()
    explained(CaptumExplainer("DeepLiftShap", references=samples.flip(0), samples=2), judge, samples)
    with torch.autocast(samples.device.type, torch.bfloat16):
        explained(CaptumExplainer("DeepLift"), judge, samples)


class Deep(nn.Module):
    """An MLP of the sample and its label; the minibatch's spread is a feature where asked."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(LABELS, 4)
        self.layers = plain(nn.LeakyReLU)
        self.layers[0] = nn.Linear(FEATURES + 4, 16)

    def forward(self, rows: Tensor, labels: Tensor) -> Tensor:
        scores: Tensor = self.layers(torch.cat([rows, 5 * self.embedding(labels)], 1))
        return scores


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("given", ["bank", "callable"])
@pytest.mark.parametrize("name", ["DeepLift", "DeepLiftShap"])
def test_hooks_with_labels_as_sample_by_sample(name: str, given: str) -> None:
    labels, samples, bank = torch.tensor([0, 2, 1, 1, 0]), torch.randn(N, FEATURES), torch.randn(4, FEATURES)
    judge, taken = Deep().eval(), []

    def references(rows: Tensor, context: Context) -> Tensor:
        taken.append(bank.repeat_interleave(len(rows) // 4 + 1, 0)[: len(rows)])
        return taken[0]

    explainer = CaptumExplainer(name, references=references if given == "callable" else bank[:1], samples=3)
    found = explained(explainer, judge, samples, labels)
    for number in range(N):

        class One(nn.Module):
            def __init__(self, label: Tensor) -> None:
                super().__init__()
                self.judge, self.label = judge, label

            def forward(self, rows: Tensor) -> Tensor:
                scores: Tensor = self.judge(rows, self.label.expand(len(rows)))
                return scores.flatten()

        own = taken[0].reshape(-1, N, FEATURES)[:, number] if taken else bank[:1].repeat(1 + 2 * (name[-1] == "p"), 1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            method = getattr(attr, name)(One(labels[number]))
            expected = method.attribute(samples[number : number + 1], own)
        torch.testing.assert_close(found[number : number + 1], expected.detach())


@pytest.mark.usefixtures("double")
def test_hooks_among_the_other_samples() -> None:
    """Blocks keep the order in which DeepLIFT's references follow the samples."""

    class Spread(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = plain(nn.LeakyReLU)

        def forward(self, rows: Tensor) -> Tensor:
            if len(rows) % N:
                raise ValueError("part of a block")
            scores: Tensor = self.layers(rows)
            return scores

    judge, samples, bank = Spread().eval(), torch.randn(N, FEATURES), torch.randn(4, FEATURES)
    explainer = CaptumExplainer("DeepLiftShap", references=bank, samples=3)
    torch.testing.assert_close(
        explained(explainer, judge, samples), explained(explainer, judge.layers, samples), rtol=1e-12, atol=1e-12
    )


def test_rows_that_see_each_other_keep_their_company() -> None:
    """A perturbed sample is scored among the other samples of the batch."""
    seen = []

    def score(rows: Tensor) -> Tensor:
        seen.append(len(rows))
        return rows.sum(1) + rows.reshape(-1, N, FEATURES).std(1).sum(1).repeat_interleave(N)

    samples = torch.randn(N, FEATURES)
    CaptumExplainer("KernelShap", n_samples=6, perturbations_per_eval=2)(score, samples, context(None, samples))
    together, probed, *asked = seen
    assert (together, probed) == (N, 1)
    assert all(rows % N == 0 for rows in asked)


@pytest.mark.parametrize("name", ["KernelShap", "DeepLiftShap"])
def test_labels_cost_no_further_rows(name: str) -> None:
    """Where rows do not see each other, the rows of one sample are asked without the others."""
    asked, labels, samples = [], torch.tensor([0, 2, 1, 1, 0]), torch.randn(N, FEATURES)

    class Asked(Deep):
        def forward(self, *args: Any, **kwargs: Any) -> Tensor:
            output = super().forward(*args, **kwargs)
            asked.append(len(output))
            return output

    judge = Asked().eval()
    settings = {"n_samples": 6, "perturbations_per_eval": 3} if name == "KernelShap" else {}
    references = lambda rows, context: torch.zeros_like(rows)  # noqa: E731
    explained(CaptumExplainer(name, references=references, samples=2, check="off", **settings), judge, samples, labels)
    together, probed, *rest = asked
    assert (together, probed) == (N, 1)
    assert sum(rest) <= 9 * N


def versions(judge: nn.Module) -> list[int]:
    """How often the parameters have been written into: a graph that waits for its backward pass would not have it."""
    return [parameter._version for parameter in judge.parameters()]


def in_mixed_modes(make: Callable[[], nn.Module]) -> nn.Module:
    judge = make()
    judge(torch.randn(6, FEATURES)).sum().backward()
    for index, submodule in enumerate(judge.modules()):
        submodule.training = index % 2 == 0
    next(judge.parameters()).requires_grad_(False)
    return judge


def guided_step(judge: nn.Module, explainer: Any, error: type[Exception] | None = None) -> None:
    """Let one gradient arrive; compare all of D, and the random states, before and after."""
    guided = XAIGuidedGenerator(generator(), judge, explainer=explainer)
    scores = judge(guided(noise()))
    before, states, written = anatomy(judge), random_states(), versions(judge)
    if error is None:
        torch.autograd.grad(scores.sum(), list(guided.parameters()))
        assert guided.explanations == 1
        assert guided.fallbacks == 0
    else:
        with pytest.raises(error):
            torch.autograd.grad(scores.sum(), list(guided.parameters()))
    assert anatomy(judge) == before
    assert random_states() == states
    assert versions(judge) == written


@pytest.mark.parametrize("name", CASES)
def test_undisturbed(name: str) -> None:
    references = torch.randn(20, FEATURES) if name in COMPARING else None
    judge = in_mixed_modes(lambda: nn.Sequential(nn.ReLU(inplace=True), discriminator()[:1], nn.Linear(16, 1)))
    guided_step(judge, CaptumExplainer(name, references=references, **CASES[name][0], **CASES[name][1]))


@pytest.mark.parametrize("name", ["DeepLift", "DeepLiftShap", "GuidedBackprop", "KernelShap", "GradientShap"])
@pytest.mark.parametrize("make", DISCRIMINATORS.values(), ids=DISCRIMINATORS)
def test_undisturbed_however_it_is_built(make: Callable[[], nn.Module], name: str) -> None:
    references = torch.randn(20, FEATURES) if name in COMPARING else None
    call = {"n_samples": 12} if name in BY_SCORE else {}
    guided_step(in_mixed_modes(make), CaptumExplainer(name, references=references, check="off", samples=2, **call))


def test_undisturbed_by_an_error() -> None:
    def careless(*args: Any) -> Tensor:
        raise KeyError("the user's own error")

    explainer = CaptumExplainer("DeepLift", custom_attribution_func=careless)
    guided_step(in_mixed_modes(DISCRIMINATORS["BatchNorm"]), explainer, KeyError)


def test_undisturbed_without_a_guidance() -> None:
    """The discriminator need not be isolated before."""
    judge, samples = plain(), torch.randn(N, FEATURES)
    before = anatomy(judge)
    for name in ("LRP", "DeepLift", "GuidedBackprop"):
        explained(CaptumExplainer(name, check="off"), judge, samples)
        assert anatomy(judge) == before


def test_hooks_of_the_user_are_left_out() -> None:
    judge, samples, fired = plain().eval(), torch.randn(N, FEATURES), []
    without = explained(CaptumExplainer("DeepLift"), judge, samples)
    judge[1].register_full_backward_hook(lambda *args: fired.append(args))
    assert torch.equal(explained(CaptumExplainer("DeepLift"), judge, samples), without)
    assert not fired
    assert len(judge[1]._backward_hooks) == 1


def test_randomness_is_the_guidance_s_own() -> None:
    judge, samples = plain().eval(), torch.randn(N, FEATURES)
    explainer = CaptumExplainer("GradientShap", references=torch.randn(20, FEATURES), stdevs=0.5)
    first = explained(explainer, judge, samples)
    seed_everything(7)
    assert torch.equal(explained(explainer, judge, samples), first)
    assert not torch.equal(explained(explainer, judge, samples, seed=1), first)


def test_every_generator_is_seeded() -> None:
    def draws(score: Score, seed: int) -> list[float]:
        found: list[float] = []

        def noisy(rows: Tensor) -> Tensor:
            found.append(float(torch.rand(()) + random.random() + np.random.rand()))  # noqa: NPY002
            return rows.sum(1)

        samples = torch.zeros(N, FEATURES)
        seed_everything(seed)
        CaptumExplainer("Saliency")(noisy, samples, context(None, samples))
        return found

    assert draws(plain(), 0) == draws(plain(), 1)


def test_warnings_are_silent_inside_and_as_before_outside() -> None:
    filters = list(warnings.filters)
    explained(CaptumExplainer("DeepLift"), plain().eval(), torch.randn(N, FEATURES))
    assert warnings.filters == filters


def test_autocast() -> None:
    judge, samples = plain().eval().float(), torch.randn(N, FEATURES).float()
    with torch.autocast(samples.device.type, torch.bfloat16):
        found = explained(CaptumExplainer("KernelShap", n_samples=12), judge, samples)
        assert explained(CaptumExplainer("DeepLift"), judge, samples).dtype == torch.float32
    assert found.dtype == torch.float32


@pytest.mark.parametrize("name", ["DeepLift", "DeepLiftShap"])
def test_harvested_references(name: str) -> None:
    """What D was trained on: shared as a tensor is."""
    judge, samples, bank = plain().eval(), torch.randn(N, FEATURES), torch.randn(20, FEATURES)
    explainer = CaptumExplainer(name, references=HarvestedReferences(7), samples=3)
    assert explainer.harvests == 7
    assert CaptumExplainer("Saliency").harvests == 0
    found = explainer(
        lambda rows: judge(rows).flatten(), samples, dataclasses.replace(context(judge, samples), real=bank)
    )
    assert torch.equal(found, explained(CaptumExplainer(name, references=bank, samples=3), judge, samples))


def test_image_settings() -> None:
    judge, samples = convolutional().eval(), images()
    mask = torch.arange(4).reshape(2, 2).repeat_interleave(2, 0).repeat_interleave(2, 1)[None, None]
    found = explained(CaptumExplainer("KernelShap", feature_mask=mask, n_samples=12), judge, samples)
    assert torch.equal(found[:, :, ::2, ::2], found[:, :, 1::2, 1::2])
    explained(CaptumExplainer("Occlusion", sliding_window_shapes=(2, 2, 2), strides=(2, 2, 2)), judge, samples)


@pytest.mark.usefixtures("double")
def test_complete_or_loud() -> None:
    """captum knows nothing of an activation that is a function."""

    class Functional(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = plain()

        def forward(self, rows: Tensor) -> Tensor:
            scores: Tensor = self.layers[3](F.leaky_relu(self.layers[0](rows), 0.2)).flatten()
            return scores

    judge, samples, bank = Functional().eval(), torch.randn(N, FEATURES), torch.randn(20, FEATURES)
    message = r"captum's DeepLift should sum to the score's difference .* error of .*DeepShap.*check=\"warn\""
    with pytest.raises(CompletenessError, match=message):
        explained(CaptumExplainer("DeepLift"), judge, samples)
    with pytest.warns(UserWarning, match="captum's DeepLiftShap should sum"):
        explained(CaptumExplainer("DeepLiftShap", references=bank, check="warn"), judge, samples)
    explained(CaptumExplainer("DeepLift", check="off"), judge, samples)


def test_function_has_no_layers() -> None:
    samples = torch.randn(N, FEATURES)
    for name, settings in [("DeepLift", {}), ("LayerGradCam", {"layer": "0"}), ("NoiseTunnel", {"around": "LRP"})]:
        with pytest.raises(
            ValueError, match=r"The discriminator should be a module for captum's .* Found a function\."
        ):
            CaptumExplainer(name, **settings)(lambda x: x.sum(1), samples, context(None, samples))


def test_score_of_several_samples() -> None:
    samples = torch.randn(6, FEATURES)
    message = r"should be one number per sample for an adapted explainer. Found the shape \(3,\) .* \(6, 8\)\. Pick one"
    with pytest.raises(ValueError, match=message):
        CaptumExplainer("Saliency")(lambda x: x.reshape(3, -1).sum(1), samples, context(None, samples))


ERRORS: dict[str, tuple[type[Exception], str, Callable[[], Any]]] = {
    "no class": (TypeError, r"Parameter `attribution` should be a class of captum.attr .* 3\. Pass one of Deconv", 3),
    "unknown name": (TypeError, r"Found 'DeepLifts'\. Did you mean DeepLift(Shap)?\?", "DeepLifts"),
    "another class": (TypeError, r"attributes a score .* Found <class .*Linear'>\. Pass one of", nn.Linear),
    "a neuron": (TypeError, r"Found 'NeuronGradient'\. Did you mean", "NeuronGradient"),
    "a language model": (TypeError, r"Found 'LLMAttribution'", "LLMAttribution"),
    "abstract": (TypeError, r"Found 'Attribution'", "Attribution"),
}  # type: ignore[assignment]


@pytest.mark.parametrize(("error", "message", "found"), ERRORS.values(), ids=ERRORS)
def test_wrong_class(error: type[Exception], message: str, found: Any) -> None:
    with pytest.raises(error, match=message):
        CaptumExplainer(found)


def test_instance() -> None:
    with pytest.raises(TypeError, match=r"Pass the class and its settings: CaptumExplainer\(Saliency, \.\.\.\)"):
        CaptumExplainer(attr.Saliency(plain()))


BANK = torch.zeros(4, FEATURES)
WRONG: dict[str, tuple[type[Exception], str, dict[str, Any]]] = {
    "IntegratedGradients n_step": (
        TypeError,
        "Settings of captum's IntegratedGradients should be among `multiply_by_inputs`, `n_steps`, `method`, "
        "`internal_batch_size`. Found `n_step`. Did you mean `n_steps`?",
        {"n_step": 3},
    ),
    "Saliency zzz": (TypeError, "should be among `abs`. Found `zzz`. Leave it out.", {"zzz": 3}),
    "Saliency target": (TypeError, "Found `target`. Leave it out.", {"target": 3}),
    "InputXGradient abs": (TypeError, "should be among none. Found `abs`", {"abs": True}),
    "Occlusion": (TypeError, "Parameter `sliding_window_shapes` should be given for captum's Occlusion.", {}),
    "LayerGradCam": (TypeError, "Parameter `layer` should be given for captum's LayerGradCam.", {}),
    "LayerGradCam module": (
        TypeError,
        "Parameter `layer` should be the name of a submodule",
        {"layer": nn.Linear(1, 1)},
    ),
    "Saliency layer": (TypeError, "Found `layer`", {"layer": "0"}),
    "NoiseTunnel": (TypeError, "Parameter `around` should be given for captum's NoiseTunnel.", {}),
    "NoiseTunnel twice": (TypeError, "Parameter `around` should be a class of captum.attr", {"around": "NoiseTunnel"}),
    "NoiseTunnel around": (
        ValueError,
        "Parameter `around` should be a class that compares with one reference per sample. Found GradientShap.",
        {"around": "GradientShap", "references": BANK},
    ),
    "Saliency around": (TypeError, "Found `around`", {"around": "Saliency"}),
    "DeepLift baselines": (TypeError, "Parameter `references` should hold what captum calls", {"baselines": BANK}),
    "Saliency references": (ValueError, "Parameter `references` should be None for captum's", {"references": BANK}),
    "DeepLiftShap": (ValueError, "Parameter `references` should be given for captum's DeepLiftShap. Found None.", {}),
    "DeepLift list": (TypeError, "Parameter `references` should be a tensor of real samples", {"references": [0]}),
    "DeepLiftShap samples": (
        ValueError,
        "Parameter `samples` should be a whole number of at least 2. Found 1.",
        {"samples": 1, "references": BANK},
    ),
    "DeepLift check": (ValueError, 'Parameter `check` should be "raise" or "warn" or "off". Found 3.', {"check": 3}),
}


@pytest.mark.parametrize(("error", "message", "settings"), WRONG.values(), ids=WRONG)
def test_wrong_settings(
    error: type[Exception], message: str, settings: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    name = request.node.callspec.id.split()[0]
    with pytest.raises(error) as raised:
        CaptumExplainer(name, **settings)
    assert message in str(raised.value)


@pytest.mark.parametrize("name", ["DeepLift", "DeepLiftShap"])
def test_wrong_shape_of_references(name: str) -> None:
    explainer = CaptumExplainer(name, references=torch.zeros(4, 3), samples=2)
    message = r"Parameter `references` should give references of shape \([25], 8\)\. Found \([25], 3\)\. Reshape"
    with pytest.raises(ValueError, match=message):
        explained(explainer, plain().eval(), torch.randn(N, FEATURES))


def test_unknown_layer() -> None:
    with pytest.raises(ValueError, match=r"Parameter `layer` should be .* Found '0\.9'\. Did you mean '0\.[01]'\?"):
        explained(CaptumExplainer("LayerGradCam", layer="0.9"), convolutional(), images())
    with pytest.raises(ValueError, match=r"Found 'body'\. It has '0', '0\.0', '0\.1', '1'\."):
        explained(CaptumExplainer("LayerGradCam", layer="body"), convolutional(), images())


def test_layer_without_a_map() -> None:
    message = r"should have the samples' shape \(5, 2, 4, 4\), .* Found \(5, 32\)\. Pick a `layer` that gives a map"
    judge = nn.Sequential(nn.Flatten(), nn.Linear(32, 1))
    with pytest.raises(ValueError, match=message):
        explained(CaptumExplainer("LayerActivation", layer="0"), judge, images())


def test_layer_of_rows_that_see_each_other() -> None:
    class Mean(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = convolutional()

        def forward(self, rows: Tensor) -> Tensor:
            scores: Tensor = self.layers(rows)
            return scores - scores.mean()

    explainer = CaptumExplainer("LayerGradientShap", layer="layers.0.0", references=images())
    with pytest.raises(ValueError, match="should score each row by itself for captum's LayerGradientShap with a layer"):
        explained(explainer, Mean().eval(), images())


def test_missing_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "captum", None)
    monkeypatch.setitem(__import__("sys").modules, "captum.attr", None)
    with pytest.raises(ImportError, match=r"needs captum\. Install it: pip install xaigrad\[captum\]"):
        CaptumExplainer("Saliency")


def test_strategy() -> None:
    """Printed, compared, copied and saved as the other explainers are."""
    explainer = CaptumExplainer(attr.NoiseTunnel, around=attr.IntegratedGradients, n_steps=8, nt_samples=4)
    assert repr(explainer) == "CaptumExplainer(NoiseTunnel, around=IntegratedGradients, n_steps=8, nt_samples=4)"
    assert repr(CaptumExplainer("DeepLift", references=BANK)) == (
        "CaptumExplainer(DeepLift, references=RandomReferences(4 samples of shape (8,)))"
    )
    for twin in (pickle.loads(pickle.dumps(explainer)), copy.deepcopy(explainer)):
        assert twin == explainer
        assert hash(twin) == hash(explainer)
    assert explainer != CaptumExplainer("Saliency")
