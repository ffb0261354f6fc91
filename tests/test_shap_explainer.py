"""shap says of the isolated discriminator what it says of a plain one, with the right labels, and leaves nothing."""

import copy
import pickle
import subprocess
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from xaigrad import XAIGuidedGenerator
from xaigrad.explainers import Context
from xaigrad.explainers._shap import ShapExplainer
from xaigrad.references import HarvestedReferences

from .anatomy import anatomy
from .loops import noise, random_states, seed_everything
from .networks import DISCRIMINATORS, FEATURES, generator, with_statistics

with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
    warnings.simplefilter("ignore")  # Of the libraries that it imports.
    patch.setenv("NUMBA_DISABLE_JIT", "1")  # Compiling takes longer than all the tests.
    shap = pytest.importorskip("shap")

N, K = 3, 4
LABELS = 3

CASES: dict[str, dict[str, Any]] = {
    "DeepExplainer": {"check_additivity": True},
    "GradientExplainer": {"nsamples": 7, "batch_size": 4, "local_smoothing": 0.1},
    "KernelExplainer": {"nsamples": 30, "l1_reg": "num_features(6)"},
    "SamplingExplainer": {"nsamples": 40},
    "PartitionExplainer": {"max_evals": 40},
    "PermutationExplainer": {"max_evals": 40},
    "ExactExplainer": {},
}
MORE = {"KernelExplainer": {"nsamples": 300, "l1_reg": 0}, "PartitionExplainer": {"max_evals": 200}}
BY_MODULE = {"DeepExplainer", "GradientExplainer"}
BY_MASK = {"PartitionExplainer", "PermutationExplainer", "ExactExplainer"}


def plain(activation: Callable[[], nn.Module] = lambda: nn.ReLU(inplace=True)) -> nn.Module:
    return with_statistics(nn.Sequential(nn.Linear(FEATURES, 16), activation(), nn.Dropout(0.5), nn.Linear(16, 1)))


def context(judge: nn.Module | None, samples: Tensor, *further: Tensor, seed: int = 0) -> Context:
    rng = torch.Generator("cpu").manual_seed(seed)
    return Context(torch.zeros_like(samples), 0, 0, rng, (samples, *further), {}, judge)


def explained(explainer: ShapExplainer, judge: nn.Module, samples: Tensor, *further: Tensor, seed: int = 0) -> Tensor:
    """Explain by a discriminator that tiles its further arguments in whole blocks, as the guidance does."""

    def score(rows: Tensor) -> Tensor:
        scores: Tensor = judge(rows, *(leaf.repeat(max(len(rows) // len(samples), 1)) for leaf in further))
        return scores.flatten()

    return explainer(score, samples, context(judge, samples, *further, seed=seed))


def by_hand(name: str, judge: nn.Module, samples: Tensor, bank: Tensor) -> Tensor:
    """Call shap on a plain discriminator without in-place activations, drawing from the same generator in order."""
    judge = copy.deepcopy(judge)
    for submodule in judge.modules():
        if hasattr(submodule, "inplace"):
            submodule.inplace = False
    rng, settings = torch.Generator("cpu").manual_seed(0), dict(CASES[name])
    references = bank[torch.randint(len(bank), (K * N,), generator=rng, device="cpu")].reshape(K, N, FEATURES)
    seed_everything(int(torch.randint(2**31 - 1, (), generator=rng, device="cpu")))

    def function(rows: Any) -> Any:
        with torch.no_grad():
            return judge(torch.as_tensor(rows, device=samples.device).to(samples.dtype)).flatten().cpu().numpy()

    found = []
    for number in range(N):
        sample, background = samples[number : number + 1].clone(), references[:, number]
        kind = getattr(shap, name)
        constructor = {key: settings[key] for key in ("batch_size", "local_smoothing") if key in settings}
        call = {key: value for key, value in settings.items() if key not in constructor}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if name in BY_MODULE:
                values = kind(judge, background, **constructor).shap_values(sample, **call)
            elif name in BY_MASK:
                plain_background, seed = background.cpu().numpy(), {}
                masker = shap.maskers.Independent(plain_background)
                if name == "PartitionExplainer":
                    masker = shap.maskers.Partition(plain_background, clustering=neighbours())
                if name == "PermutationExplainer":
                    seed = {"seed": int(torch.randint(2**31 - 1, (), device="cpu"))}
                values = kind(function, masker, **seed)(sample.cpu().numpy(), silent=True, **call).values
            else:
                values = kind(function, background.cpu().numpy()).shap_values(sample.cpu().numpy(), silent=True, **call)
        found.append(torch.as_tensor(np.asarray(values)).reshape(FEATURES))
    return torch.stack(found).to(samples)


def neighbours() -> Any:
    """The tree of features by their places."""
    from scipy.cluster.hierarchy import linkage

    tree = linkage(np.arange(FEATURES, dtype=float)[:, None], method="complete")
    tree[:, 2] /= tree[:, 2].max()
    return tree


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("name", CASES)
def test_as_by_hand(name: str) -> None:
    judge, samples, bank = plain().eval(), torch.randn(N, FEATURES), torch.randn(20, FEATURES)
    found = explained(ShapExplainer(getattr(shap, name), bank, K, **CASES[name]), judge, samples)
    assert found.shape == samples.shape
    assert found.dtype == samples.dtype
    assert not found.requires_grad
    torch.testing.assert_close(found, by_hand(name, judge, samples, bank))


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
        return scores


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_each_sample_with_its_own_label(name: str, held: bool) -> None:
    """Against the closed form: a score that is linear for each label."""
    labels, samples, reference = torch.tensor([2, 0, 1]), torch.randn(N, FEATURES), torch.randn(1, FEATURES)
    judge = Labelled(labels, held)
    settings = CASES[name] | MORE.get(name, {})
    settings.pop("local_smoothing", None)
    found = explained(ShapExplainer(name, reference, 2, **settings), judge, samples, *([] if held else [labels]))
    slope = (judge.scale.weight[labels] * judge.last.weight).detach()
    # GradientExplainer puts its points into single precision, unless that is the default.
    torch.testing.assert_close(found, slope * (samples - reference), rtol=1e-6, atol=1e-6)


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("held", [False, True])
def test_hooks_with_labels_as_sample_by_sample(held: bool) -> None:
    class Deep(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding, self.layers = nn.Embedding(LABELS, FEATURES), plain(nn.LeakyReLU)

        def forward(self, rows: Tensor, labels: Tensor) -> Tensor:
            if held and len(rows) % N:
                raise ValueError("part of a block")
            scores: Tensor = self.layers(rows + self.embedding(labels))
            return scores

    labels, samples, bank = torch.tensor([2, 0, 1]), torch.randn(N, FEATURES), torch.randn(20, FEATURES)
    judge = Deep().eval()
    found = explained(ShapExplainer("DeepExplainer", bank, K), judge, samples, labels)
    drawn = torch.randint(20, (K * N,), generator=torch.Generator("cpu").manual_seed(0), device="cpu")
    backgrounds = bank[drawn].reshape(K, N, FEATURES)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number in range(N):
            shift = judge.embedding.weight[labels[number]].detach()
            deep = shap.DeepExplainer(judge.layers, backgrounds[:, number] + shift)
            expected = torch.as_tensor(deep.shap_values(samples[number : number + 1] + shift))
            torch.testing.assert_close(found[number], expected.reshape(FEATURES).to(found))


def test_rows_that_see_each_other_keep_their_company() -> None:
    seen = []

    def score(rows: Tensor) -> Tensor:
        seen.append(len(rows))
        return rows.sum(1) + rows.reshape(-1, N, FEATURES).std(1).sum(1).repeat_interleave(N)

    samples = torch.randn(N, FEATURES)
    ShapExplainer("KernelExplainer", samples, 2, nsamples=20)(score, samples, context(None, samples))
    together, probed, *asked = seen
    assert (together, probed) == (N, 1)
    assert all(rows % N == 0 for rows in asked)


def test_references_of_each_sample() -> None:
    """A callable that looks at the sample: each is compared with its own."""
    samples = torch.randn(N, FEATURES)
    explainer = ShapExplainer("PermutationExplainer", lambda rows, context: rows - 1, 2, max_evals=40)
    found = explainer(lambda rows: rows.sum(1), samples, context(None, samples))
    torch.testing.assert_close(found, torch.ones_like(samples))


def test_harvested_references() -> None:
    assert ShapExplainer("KernelExplainer", HarvestedReferences(7)).harvests == 7
    assert ShapExplainer("KernelExplainer", torch.zeros(4, FEATURES)).harvests == 0


def test_images() -> None:
    """Features are flattened and put back; the partition's tree merges the channels of a pixel, then neighbours."""
    samples, reference = torch.randn(N, 2, 2, 2), torch.randn(1, 2, 2, 2)
    slope = torch.randn(2, 2, 2)
    for name in ("PartitionExplainer", "PermutationExplainer", "ExactExplainer", "GradientExplainer"):
        settings = CASES[name] | ({} if name in {"ExactExplainer", "GradientExplainer"} else {"max_evals": 100})
        settings.pop("local_smoothing", None)
        explainer = ShapExplainer(name, reference, 1, **settings)
        found = explainer(lambda rows: (rows * slope).flatten(1).sum(1), samples, context(None, samples))
        torch.testing.assert_close(found, slope * (samples - reference), rtol=1e-4, atol=1e-4)


def test_partition_of_an_image() -> None:
    """With few evaluations, the two channels of a pixel share what the pixel gets."""
    seen = []

    def masker(background: Any) -> Any:
        seen.append(background.shape)
        return shap.maskers.Partition(background, clustering=neighbours())

    samples = torch.randn(N, FEATURES)
    explainer = ShapExplainer("PartitionExplainer", samples, 2, masker=masker, max_evals=40)
    explainer(lambda rows: rows.sum(1), samples, context(None, samples))
    assert seen == [(2, FEATURES)] * N
    images, zeros = torch.ones(1, 2, 1, 2), torch.zeros(1, 2, 1, 2)
    explainer = ShapExplainer("PartitionExplainer", zeros, 1, max_evals=4)
    found = explainer(lambda rows: rows[:, 0, 0, 0] + rows[:, 1, 0, 1] * 3, images, context(None, images))
    torch.testing.assert_close(found[0], torch.tensor([[[0.5, 1.5]], [[0.5, 1.5]]]))


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
    scores = judge(guided(noise(3)))
    before, states = anatomy(judge), random_states()
    if error is None:
        torch.autograd.grad(scores.sum(), list(guided.parameters()))
        assert guided.explanations == 1
        assert guided.fallbacks == 0
    else:
        with pytest.raises(error):
            torch.autograd.grad(scores.sum(), list(guided.parameters()))
    assert anatomy(judge) == before
    assert random_states() == states


@pytest.mark.parametrize("name", CASES)
def test_undisturbed(name: str) -> None:
    judge = in_mixed_modes(plain)
    guided_step(judge, ShapExplainer(name, torch.randn(20, FEATURES), 2, **CASES[name]))


@pytest.mark.parametrize("name", ["DeepExplainer", "GradientExplainer", "PermutationExplainer"])
@pytest.mark.parametrize("make", DISCRIMINATORS.values(), ids=DISCRIMINATORS)
def test_undisturbed_however_it_is_built(make: Callable[[], nn.Module], name: str) -> None:
    settings = {"DeepExplainer": {"check_additivity": False}, "GradientExplainer": {"nsamples": 3}}
    explainer = ShapExplainer(name, torch.randn(20, FEATURES), 2, **settings.get(name, {"max_evals": 20}))
    guided_step(in_mixed_modes(make), explainer)


@pytest.mark.parametrize("last", [2, 3, 4, 5])
def test_undisturbed_by_an_error(last: int) -> None:
    """shap leaves its hooks where the discriminator raises."""

    class Tired(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers, self.calls = plain(), 0

        def forward(self, rows: Tensor) -> Tensor:
            self.calls += 1
            if self.calls > last:
                raise KeyError("the discriminator's own error")
            scores: Tensor = self.layers(rows)
            return scores

    explainer = ShapExplainer("DeepExplainer", torch.randn(20, FEATURES), 2)
    judge = in_mixed_modes(Tired)
    judge.calls = 0  # type: ignore[assignment]
    guided_step(judge, explainer, KeyError)


def test_undisturbed_without_a_guidance() -> None:
    """The discriminator need not be isolated before."""
    judge, samples = plain(), torch.randn(N, FEATURES)
    before = anatomy(judge)
    explained(ShapExplainer("DeepExplainer", samples, 2), judge, samples)
    assert anatomy(judge) == before


@pytest.mark.parametrize("name", ["GradientExplainer", "PermutationExplainer", "KernelExplainer"])
def test_randomness_is_the_guidance_s_own(name: str) -> None:
    judge, samples = plain().eval(), torch.randn(N, FEATURES)
    settings = {"GradientExplainer": {"nsamples": 5}, "PermutationExplainer": {"max_evals": 20}}
    explainer = ShapExplainer(name, torch.randn(20, FEATURES), 2, **settings.get(name, {"nsamples": 20}))
    first = explained(explainer, judge, samples)
    seed_everything(7)
    assert torch.equal(explained(explainer, judge, samples), first)
    assert not torch.equal(explained(explainer, judge, samples, seed=1), first)


def test_importing_it_draws_no_random_number(tmp_path: Any) -> None:
    """The library is imported where the explainer is made."""
    program = """
import random, numpy, torch, sys, pickle
import xaigrad.explainers, xaigrad.explainers._shap, xaigrad.explainers._captum
assert not {"shap", "captum"} & set(sys.modules)
states = lambda: pickle.dumps((random.getstate(), numpy.random.get_state(), torch.get_rng_state().tolist()))
before = states()
xaigrad.explainers._shap.ShapExplainer("ExactExplainer", torch.zeros(1, 2))
xaigrad.explainers._captum.CaptumExplainer("Saliency")
assert states() == before
assert {"shap", "captum"} <= set(sys.modules)
"""
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, cwd=tmp_path, timeout=100)


def test_silent(capsys: pytest.CaptureFixture[str]) -> None:
    samples = torch.randn(N, FEATURES)
    filters = list(warnings.filters)
    for name, settings in CASES.items():
        explained(ShapExplainer(name, samples, 2, **settings), plain().eval(), samples)
    printed = capsys.readouterr()
    assert printed.out == printed.err == ""
    assert warnings.filters == filters


@pytest.mark.parametrize("name", CASES)
def test_autocast(name: str) -> None:
    judge, samples = plain().eval().float(), torch.randn(N, FEATURES).float()
    settings = CASES[name] | ({"check_additivity": False} if name == "DeepExplainer" else {})
    with torch.autocast(samples.device.type, torch.bfloat16):
        assert explained(ShapExplainer(name, samples, 2, **settings), judge, samples).dtype == torch.float32


@pytest.mark.usefixtures("double")
def test_complete_or_loud() -> None:
    """shap knows nothing of an activation that is a function, and says so."""

    class Functional(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.ModuleList([nn.Linear(FEATURES, 16), nn.Linear(16, 1)])

        def forward(self, rows: Tensor) -> Tensor:
            scores: Tensor = self.layers[1](F.leaky_relu(self.layers[0](rows), 0.2))
            return scores

    judge, samples, bank = with_statistics(Functional()), 3 * torch.randn(N, FEATURES), torch.randn(20, FEATURES)
    with pytest.raises(AssertionError, match="do not sum up to the model's output"):
        explained(ShapExplainer("DeepExplainer", bank, K), judge, samples)


def test_function_has_no_layers() -> None:
    samples = torch.randn(N, FEATURES)
    message = (
        r"The discriminator should be a module for shap's DeepExplainer.* Found a function\. Use GradientExplainer"
    )
    with pytest.raises(ValueError, match=message):
        ShapExplainer("DeepExplainer", samples)(lambda x: x.sum(1), samples, context(None, samples))


@pytest.mark.parametrize("name", ["GradientExplainer", "KernelExplainer"])
def test_score_of_several_samples(name: str) -> None:
    samples = torch.randn(6, FEATURES)
    message = r"The score should be one number per sample for an adapted explainer\. Found the shape"
    with pytest.raises(ValueError, match=message):
        ShapExplainer(name, samples, 2)(lambda x: x.reshape(len(x) // 2, -1).sum(1), samples, context(None, samples))


@pytest.mark.parametrize("found", [3, nn.Linear, "TreeExplainer", "Deep"])
def test_wrong_class(found: Any) -> None:
    message = r"Parameter `explainer` should be a class of shap .*: DeepExplainer, .*\. Found .* Pass the class itself"
    with pytest.raises(TypeError, match=message):
        ShapExplainer(found, torch.zeros(4, FEATURES))


WRONG: dict[str, tuple[type[Exception], str, dict[str, Any]]] = {
    "KernelExplainer nsample": (
        TypeError,
        "Settings of shap's KernelExplainer should be among `link`, `nsamples`, `l1_reg`, `gc_collect`. Found "
        "`nsample`. Did you mean `nsamples`?",
        {"nsample": 3},
    ),
    "DeepExplainer ranked_outputs": (
        TypeError,
        "should be among `check_additivity`. Found `ranked_outputs`. Leave it out.",
        {"ranked_outputs": 1},
    ),
    "GradientExplainer samples": (
        ValueError,
        "Parameter `samples` should be a whole number of at least 1. Found 0.",
        {"samples": 0},
    ),
    "GradientExplainer masker": (
        TypeError,
        "Parameter `masker` should be a callable (background of shape (K, F)) -> masker, and only for",
        {"masker": len},
    ),
    "PartitionExplainer masker": (TypeError, "Found 3 for PartitionExplainer.", {"masker": 3}),
}


@pytest.mark.parametrize(("error", "message", "settings"), WRONG.values(), ids=WRONG)
def test_wrong_settings(
    error: type[Exception], message: str, settings: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    name = request.node.callspec.id.split()[0]
    with pytest.raises(error) as raised:
        ShapExplainer(name, torch.zeros(4, FEATURES), **settings)
    assert message in str(raised.value)


def test_wrong_references() -> None:
    with pytest.raises(TypeError, match="Parameter `references` should be a tensor of real samples or a callable"):
        ShapExplainer("KernelExplainer", [0])
    message = r"Parameter `references` should give references of shape \(6, 8\)\. Found \(6, 3\)\. Reshape"
    with pytest.raises(ValueError, match=message):
        explained(ShapExplainer("KernelExplainer", torch.zeros(4, 3), 2), plain(), torch.zeros(N, FEATURES))


def test_missing_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "shap", None)
    with pytest.raises(ImportError, match=r"needs shap\. Install it: pip install xaigrad\[shap\]"):
        ShapExplainer("KernelExplainer", torch.zeros(4, FEATURES))


def test_strategy() -> None:
    """Printed, compared, copied and saved as the other explainers are."""
    explainer = ShapExplainer(shap.KernelExplainer, torch.zeros(4, FEATURES), nsamples=64)
    expected = "ShapExplainer(KernelExplainer, RandomReferences(4 samples of shape (8,)), samples=10, nsamples=64)"
    assert repr(explainer) == expected
    assert repr(pickle.loads(pickle.dumps(explainer))) == repr(copy.deepcopy(explainer)) == expected
    twin = ShapExplainer("KernelExplainer", explainer.references, nsamples=64)
    assert explainer == twin
    assert hash(explainer) == hash(twin)
    assert explainer != ShapExplainer("KernelExplainer", explainer.references, nsamples=65)
