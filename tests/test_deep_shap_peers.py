"""Beside captum and shap: equal where they are right, complete where captum's DeepLIFT is known to be wrong.

What captum says of the discriminators of ``FAILURES`` is recorded in the test report and never asserted.
"""

from collections.abc import Callable
from copy import deepcopy

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations

from xaigrad.explainers import Score

from .explaining import error_over_batch, error_per_sample, explain, quiet
from .layers import Chain, minibatch_deviation, minibatch_deviation_in_groups, old, with_running_statistics
from .plain_deep_lift import Part, plain_deep_lift

captum = pytest.importorskip("captum.attr")

pytestmark = pytest.mark.usefixtures("double")

SHAPE = (2, 8, 8)


def images(rows: int) -> Tensor:
    return torch.randn(rows, *SHAPE)


def convolutional(*between: Callable[[Tensor], Tensor]) -> nn.Module:
    """Layers between a convolution and a linear layer."""
    torch.manual_seed(3)
    features = Chain(nn.Conv2d(2, 4, 3, padding=1), *between)
    size = features(images(2))[0].numel()
    return Chain(features, nn.Flatten(), nn.Linear(size, 1)).eval().requires_grad_(False)


def score_of(judge: nn.Module) -> Score:
    return lambda samples: judge(samples.clone()).flatten()


class Functional(nn.Module):
    """Activations by functions, of which a module hook sees nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(2, 4, 3, 2, 1), nn.Conv2d(4, 4, 3, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(self.second(F.leaky_relu(self.first(x), 0.2)))


class Reusing(nn.Module):
    """One activation module after every layer."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.activation = nn.Conv2d(2, 4, 3, 2, 1), nn.Conv2d(4, 4, 3, 2, 1), nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.activation(self.second(self.activation(self.first(x))))


def in_train_mode() -> nn.Module:
    judge = convolutional(nn.BatchNorm2d(4, momentum=0.0), nn.LeakyReLU(0.2))
    return judge.train()


FAILURES: dict[str, Callable[[], nn.Module]] = {
    "ReLU before max pool": lambda: convolutional(nn.ReLU(), nn.MaxPool2d(2)),
    "ReLU after max pool": lambda: convolutional(nn.MaxPool2d(2), nn.ReLU()),
    "overlapping max pool": lambda: convolutional(nn.MaxPool2d(3, 2, 1)),
    "functional activations": lambda: Chain(Functional(), nn.Flatten(), nn.Linear(16, 1)).requires_grad_(False),
    "GELU": lambda: convolutional(nn.GELU()),
    "SiLU": lambda: convolutional(nn.SiLU()),
    "PReLU": lambda: convolutional(nn.PReLU(4)),
    "InstanceNorm": lambda: convolutional(nn.InstanceNorm2d(4, affine=True), nn.LeakyReLU(0.2)),
    "LayerNorm": lambda: convolutional(nn.LayerNorm((4, 8, 8)), nn.LeakyReLU(0.2)),
    "minibatch standard deviation": lambda: convolutional(minibatch_deviation, nn.LeakyReLU(0.2)),
    "minibatch standard deviation, StyleGAN2": lambda: convolutional(minibatch_deviation_in_groups, nn.LeakyReLU(0.2)),
    "BatchNorm in train mode": in_train_mode,
    "reused activation module": lambda: Chain(Reusing(), nn.Flatten(), nn.Linear(16, 1)).requires_grad_(False),
}
OVER_THE_BATCH = {
    "minibatch standard deviation", "minibatch standard deviation, StyleGAN2", "BatchNorm in train mode",
}  # fmt: skip


def what_captum_does(judge: nn.Module, samples: Tensor, references: Tensor, error: Callable[..., float]) -> str:
    """Return captum's completeness error or its exception, in words."""
    judge = deepcopy(judge)
    try:
        with quiet():
            attribution = captum.DeepLift(judge).attribute(samples, references, target=0)
    except Exception as exception:
        return f"raises {type(exception).__name__}: {exception}"
    return f"relative error {error(score_of(judge), samples, references, attribution.detach()):.2g}"


@pytest.mark.parametrize("name", FAILURES)
def test_complete_where_captum_is_known_to_fail(name: str, request: pytest.FixtureRequest) -> None:
    judge, samples, references = FAILURES[name](), images(4), images(4)
    error = error_over_batch if name in OVER_THE_BATCH else error_per_sample
    score = score_of(judge)
    assert error(score, samples, references, explain(score, samples, references)) < 1e-12
    request.node.user_properties.append(("captum", what_captum_does(judge, samples, references, error)))


@pytest.mark.parametrize("name", [name for name in FAILURES if name not in OVER_THE_BATCH])
def test_complete_with_several_references_where_captum_is_known_to_fail(name: str) -> None:
    score, samples, references = score_of(FAILURES[name]()), images(4), images(12)
    assert error_per_sample(score, samples, references, explain(score, samples, references)) < 1e-12


def strided(activation: Callable[[], nn.Module]) -> nn.Module:
    layers = activation(), nn.Conv2d(4, 4, 4, 2, 1), activation(), nn.Flatten(), nn.Linear(64, 6), activation()
    return convolutional(*layers)


def normed(norm: Callable[[nn.Module], nn.Module]) -> nn.Module:
    return convolutional(norm(nn.Conv2d(4, 4, 3)), nn.LeakyReLU(0.2), nn.Flatten(), norm(nn.Linear(144, 5)), nn.Tanh())


EQUAL: dict[str, Callable[[], nn.Module]] = {
    "LeakyReLU": lambda: strided(lambda: nn.LeakyReLU(0.2)),
    "ReLU": lambda: strided(nn.ReLU),
    "sigmoid": lambda: strided(nn.Sigmoid),
    "tanh": lambda: strided(nn.Tanh),
    "softplus": lambda: strided(nn.Softplus),
    "ELU": lambda: strided(nn.ELU),
    "max pool": lambda: convolutional(nn.MaxPool2d(2)),
    "max pools between": lambda: convolutional(nn.MaxPool2d(2), nn.Conv2d(4, 3, 3), nn.Tanh()),
    "max pool in 1d": lambda: convolutional(nn.Flatten(2), nn.MaxPool1d(3)),
    "max pool in 3d": lambda: convolutional(lambda x: x[:, None], nn.Conv3d(1, 2, 1), nn.MaxPool3d(2)),
    "BatchNorm in eval": lambda: convolutional(with_running_statistics(nn.BatchNorm2d(4)), nn.LeakyReLU(0.2)),
    "old spectral norm": lambda: normed(old(nn.utils.spectral_norm)),
    "new spectral norm": lambda: normed(parametrizations.spectral_norm),
    "new weight norm": lambda: normed(parametrizations.weight_norm),
}


@pytest.mark.parametrize("name", EQUAL)
def test_equal_to_captum_s_deep_lift(name: str) -> None:
    judge, samples, references = EQUAL[name](), images(4), images(4)
    with quiet():
        expected = captum.DeepLift(judge).attribute(samples, references, target=0).detach()
    assert error_per_sample(score_of(judge), samples, references, expected) < 1e-8
    torch.testing.assert_close(explain(score_of(judge), samples, references), expected, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("name", EQUAL)
def test_equal_to_captum_s_deep_lift_shap(name: str) -> None:
    judge, samples, bank = EQUAL[name](), images(3), images(5)
    with quiet():
        expected = captum.DeepLiftShap(judge).attribute(samples, bank, target=0).detach()
    found = explain(score_of(judge), samples, bank.repeat_interleave(3, 0))
    torch.testing.assert_close(found, expected, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("activation", [nn.ReLU, nn.LeakyReLU, nn.Tanh, nn.Sigmoid, nn.Softplus, nn.ELU])
def test_equal_to_shap_s_deep_explainer(activation: Callable[[], nn.Module]) -> None:
    shap = pytest.importorskip("shap")
    judge = nn.Sequential(nn.Linear(6, 16), activation(), nn.Linear(16, 8), activation(), nn.Linear(8, 1))
    samples, bank = torch.randn(3, 6), torch.randn(5, 6)
    with quiet():
        values = shap.DeepExplainer(deepcopy(judge), bank).shap_values(samples.clone(), check_additivity=False)
    expected = torch.as_tensor(values).reshape(3, 6)
    found = explain(score_of(judge.requires_grad_(False)), samples, bank.repeat_interleave(3, 0))
    torch.testing.assert_close(found, expected.to(found), rtol=1e-5, atol=1e-6)


PLAIN: dict[str, list[Callable[[], Part]]] = {
    "one layer": [lambda: nn.Linear(8, 1)],
    "ReLU": [lambda: nn.Linear(8, 6), lambda: torch.relu, lambda: nn.Linear(6, 1)],
    "two layers": [
        lambda: nn.Linear(8, 6), lambda: F.gelu, lambda: nn.Linear(6, 4), lambda: torch.tanh, lambda: nn.Linear(4, 1),
    ],
    "largest of two": [lambda: nn.Linear(8, 6), lambda: 2, lambda: nn.Linear(3, 1)],
    "largest of three after ReLU": [
        lambda: nn.Linear(8, 9), lambda: torch.sigmoid, lambda: 3, lambda: nn.Linear(3, 4), lambda: F.silu,
        lambda: nn.Linear(4, 1),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", PLAIN)
def test_equal_to_the_paper_s_rules_by_loops(name: str) -> None:
    parts = [make() for make in PLAIN[name]]
    for part in parts:
        if isinstance(part, nn.Module):
            part.requires_grad_(False)

    def score(values: Tensor) -> Tensor:
        for part in parts:
            values = F.max_pool1d(values[:, None], part)[:, 0] if isinstance(part, int) else part(values)
        return values.squeeze(1)

    samples, references = torch.randn(3, 8), torch.randn(4, 8)
    found = explain(score, samples, references.repeat_interleave(3, 0))
    torch.testing.assert_close(found, plain_deep_lift(parts, samples, references), rtol=1e-10, atol=1e-12)
