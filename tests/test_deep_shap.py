"""DeepSHAP is complete, the same however the activations are written, equal to captum's, and loud where it is not."""

import warnings
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from xaigrad.explainers import CompletenessError, Context, DeepLift, DeepShap, Score
from xaigrad.integrations import dcgan, mlp
from xaigrad.references import BlurredReferences

from .networks import FEATURES, with_statistics

captum = pytest.importorskip("captum.attr")

pytestmark = pytest.mark.usefixtures("double")


def attribute(score: Score, samples: Tensor, references: Tensor, check: str = "raise") -> Tensor:
    """One reference per sample, given."""
    count = len(references) // len(samples)
    return DeepShap(lambda rows, context: references, samples=count, check=check)(score, samples, context())


def context(explanation: int = 0) -> Context:
    rng = torch.Generator().manual_seed(0)
    return Context(torch.zeros(1), 0, explanation, rng, discriminator=nn.Identity())


def assert_complete(score: Score, samples: Tensor, references: Tensor) -> None:
    attribution = attribute(score, samples, references)
    difference = score(samples) - score(references).reshape(-1, len(samples)).mean(0)
    size = attribution.abs().flatten(1).sum(1)
    assert size.min() > 1e-3
    assert ((attribution.flatten(1).sum(1) - difference).abs() / size).max() < 1e-10


def images(rows: int) -> Tensor:
    return torch.rand(rows, 1, 28, 28) * 2 - 1


def rows(count: int = 6) -> Tensor:
    return torch.randn(count, FEATURES)


SHIPPED: dict[str, Callable[[], nn.Module]] = {
    "mlp": mlp.Discriminator,
    "dcgan": lambda: dcgan.Discriminator(width=4),
}


def frozen(make: Callable[[], nn.Module], scale: float = 0.3) -> nn.Module:
    """A discriminator as an explainer meets it: trained for a while, in eval mode, its weights detached."""
    judge = with_statistics(make()).eval().requires_grad_(False)
    for parameter in judge.parameters():
        parameter.mul_(scale)
    return judge


def score_of(judge: nn.Module) -> Score:
    return lambda samples: judge(samples.clone()).flatten(1).sum(1)


@pytest.mark.parametrize("references", [1, 3])
@pytest.mark.parametrize("make", SHIPPED.values(), ids=SHIPPED)
def test_complete_on_shipped_discriminators(make: Callable[[], nn.Module], references: int) -> None:
    assert_complete(score_of(frozen(make)), images(4), images(4 * references))


class OutOfPlace(dcgan.Discriminator):
    """The shipped discriminator with activations that captum can take."""

    def __init__(self) -> None:
        super().__init__(width=4)
        for layer in self.modules():
            if isinstance(layer, nn.LeakyReLU):
                layer.inplace = False


@pytest.mark.parametrize("make", [mlp.Discriminator, OutOfPlace])
def test_equal_to_captum_s_deep_lift(make: Callable[[], nn.Module]) -> None:
    judge, samples, references = frozen(make), images(4), images(4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = captum.DeepLift(judge).attribute(samples, references)
    torch.testing.assert_close(attribute(score_of(judge), samples, references), expected, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("make", [mlp.Discriminator, OutOfPlace])
def test_equal_to_captum_s_deep_lift_shap(make: Callable[[], nn.Module]) -> None:
    judge, samples, bank = frozen(make), images(3), images(5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = captum.DeepLiftShap(judge).attribute(samples, bank)
    found = attribute(score_of(judge), samples, bank.repeat_interleave(3, 0))
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-8)


def test_mean_over_references() -> None:
    judge, samples, references = frozen(mlp.Discriminator), images(2), images(6)
    apart = [attribute(score_of(judge), samples, part) for part in references.split(2)]
    torch.testing.assert_close(attribute(score_of(judge), samples, references), sum(apart) / 3)


def test_linear_discriminator() -> None:
    weight, samples, references = torch.randn(FEATURES), rows(), rows()
    torch.testing.assert_close(attribute(lambda x: x @ weight, samples, references), weight * (samples - references))


def test_sample_equal_to_its_reference() -> None:
    samples = rows()
    assert not attribute(lambda x: torch.tanh(x).sum(1), samples, samples.clone()).any()


def test_secant_slope() -> None:
    """The rescale rule's definition, for one neuron."""
    weight, samples, references = torch.randn(FEATURES), rows(), rows()
    inner = (samples - references) @ weight
    slope = (torch.relu(samples @ weight) - torch.relu(references @ weight)) / inner
    expected = slope[:, None] * weight * (samples - references)
    torch.testing.assert_close(attribute(lambda x: torch.relu(x @ weight), samples, references), expected)


def test_derivative_where_the_slope_is_undefined() -> None:
    """Only one of two features differs, and the neuron of the other has the same input twice."""
    samples, references = torch.tensor([[2.0, 1.0]]), torch.tensor([[2.0, 3.0]])
    found = attribute(lambda x: (x[:, 0] * 1).exp() * 1 + x.square()[:, 1], samples, references)
    torch.testing.assert_close(found, torch.tensor([[0.0, -8.0]]))


WEIGHTS = torch.randn(2, FEATURES, FEATURES, generator=torch.Generator().manual_seed(0), dtype=torch.float64) / 3


def layered(activation: Callable[[Tensor], Tensor]) -> Score:
    def score(samples: Tensor) -> Tensor:
        first, second = WEIGHTS.to(samples.device)
        return (activation(activation(samples @ first) @ second)).sum(1)

    return score


SPELLINGS: dict[str, list[Callable[[Tensor], Tensor]]] = {
    "leaky ReLU": [
        nn.LeakyReLU(0.2),
        nn.LeakyReLU(0.2, inplace=True),
        lambda x: F.leaky_relu(x, 0.2),
        lambda x: F.leaky_relu(x, 0.2, True),
        lambda x: F.leaky_relu_(x, 0.2),
        lambda x: F.leaky_relu(x, negative_slope=0.2, inplace=True),
    ],
    "ReLU": [nn.ReLU(), nn.ReLU(inplace=True), F.relu, torch.relu, torch.relu_, Tensor.relu, lambda x: x.clamp(min=0)],
    "tanh": [nn.Tanh(), torch.tanh, F.tanh, Tensor.tanh, Tensor.tanh_],
    "sigmoid": [nn.Sigmoid(), torch.sigmoid, Tensor.sigmoid_, lambda x: 1 / (1 + torch.exp(-x))],
    "square": [torch.square, lambda x: x**2, lambda x: x.pow(2), lambda x: x * x, lambda x: x.mul_(x.clone())],
    "gate": [lambda x: x * torch.tanh(x), lambda x: torch.tanh(x).mul(x), lambda x: torch.tanh(x).mul_(x)],
    "shifted": [
        lambda x: torch.tanh(x) + 1,
        lambda x: torch.tanh(x).add_(1),
        lambda x: 1 - torch.tanh(-x),
        lambda x: -(-1 - torch.tanh(x)),
    ],
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_independent_of_the_spelling(name: str) -> None:
    samples, references = rows(), rows()
    first, *others = (attribute(layered(spelling), samples, references) for spelling in SPELLINGS[name])
    for other in others:
        torch.testing.assert_close(other, first, rtol=1e-12, atol=1e-12)


def swapped(x: Tensor) -> Tensor:
    x[:, 0] = torch.tanh(x[:, 1])
    return x


def by_operators(x: Tensor) -> Tensor:
    hidden = torch.tanh(x)
    hidden += 0.1
    hidden *= x
    hidden /= 1 + x.abs()
    hidden -= x
    hidden **= 2
    return hidden


def attention(x: Tensor) -> Tensor:
    tokens = x.view(-1, 4, 2)
    size = torch.exp(tokens @ tokens.transpose(1, 2))
    return (size / size.sum(-1, keepdim=True) @ tokens).flatten(1)


COMPLETE: dict[str, Callable[[Tensor], Tensor]] = {
    "product": lambda x: torch.relu(x) * torch.tanh(x),
    "product of three": lambda x: torch.relu(x) * torch.tanh(x) * x,
    "quotient": lambda x: torch.relu(x) / (1 + x.abs()),
    "softsign by hand": lambda x: x / (1 + x.abs()),
    "reciprocal": lambda x: 1 / (1 + x**2),
    "divided in place": lambda x: torch.tanh(x).div_(1 + x.abs()),
    "layer norm by hand": lambda x: (
        (x - x.mean(1, keepdim=True)) / ((x - x.mean(1, keepdim=True)).square().mean(1, keepdim=True) + 1e-5).sqrt()
    ),
    "softmax by hand": lambda x: torch.exp(x) / torch.exp(x).sum(1, keepdim=True),
    "attention by hand": attention,
    "matrix product": lambda x: (x.view(-1, 4, 2) @ x.view(-1, 2, 4)).flatten(1)[:, :FEATURES],
    "batched matrix product": lambda x: torch.bmm(x.view(-1, 4, 2), torch.tanh(x).view(-1, 2, 4)).flatten(1)[:, 8:],
    "a leaky ReLU after a tanh, in place": lambda x: F.leaky_relu(torch.tanh(x), 0.2, inplace=True),
    "operators in place": by_operators,
    "added in place": lambda x: torch.relu(x).add_(x),
    "scaled in place": lambda x: F.leaky_relu(x, 0.2).mul_(2**0.5),
    "written to by index": lambda x: swapped(torch.relu(x)),
    "PReLU": lambda x: F.prelu(x, torch.tensor([0.3], dtype=x.dtype)),
    "log sigmoid": F.logsigmoid,
    "powers": lambda x: 2 ** torch.tanh(x) + x**2 + x.abs().add(0.1) ** torch.sigmoid(x),
    "maximum": lambda x: torch.maximum(x, torch.zeros(())) + torch.min(x, torch.tanh(x)),
    "largest": lambda x: x.view(-1, 4, 2).amax(1).repeat(1, 4) + x.max(1, keepdim=True).values + x.amin(-1)[:, None],
    "clamp by keyword": lambda x: torch.clamp(input=x, min=0.0),
    "floor": lambda x: x.floor() + x,
    "where": lambda x: torch.where(x > 0, x, 0.1 * x),
    "gated by a comparison": lambda x: x * (x > 0) + (x.tanh() < 0.1).to(x.dtype) + x.masked_fill(~(x >= 0), 0.5),
    "einsum": lambda x: torch.einsum("ni,nj->nij", x, x).flatten(1)[:, :FEATURES],
    "baddbmm": lambda x: torch.baddbmm(x.view(-1, 4, 2)[..., :1].tanh(), x.view(-1, 4, 2), x.view(-1, 2, 4)).flatten(1)[
        :, ::2
    ],
    "softmax": lambda x: torch.softmax(3 * x, 1) + F.log_softmax(x, 1) + torch.logsumexp(x, 1, keepdim=True),
    "norms": lambda x: F.normalize(x) + x.norm(dim=1, keepdim=True) + torch.linalg.vector_norm(x, 1, dim=1)[:, None],
    "layer norm": lambda x: F.layer_norm(x, (FEATURES,)) + F.group_norm(x, 2),
}


def weighted(activation: Callable[[Tensor], Tensor]) -> Score:
    """Two layers of an activation, and a score that weighs each of the last one's features differently."""

    def score(samples: Tensor) -> Tensor:
        first, second = WEIGHTS.to(samples.device)
        hidden = activation(activation(samples @ first) @ second)
        return (torch.arange(1.0, hidden.shape[1] + 1) * hidden).sum(1)

    return score


@pytest.mark.parametrize("references", [1, 2])
@pytest.mark.parametrize("activation", COMPLETE.values(), ids=COMPLETE)
def test_complete(activation: Callable[[Tensor], Tensor], references: int) -> None:
    assert_complete(weighted(activation), rows(), rows(6 * references))


def spread(x: Tensor) -> Tensor:
    """Minibatch statistics: every sample's features beside how much the batch spreads."""
    variance = (x - x.mean(0)).square().mean(0) + 1e-8
    return torch.cat([x[:, :4], variance.sqrt()[:4].expand(len(x), 4)], 1)


SCORES_OF_BATCHES: dict[str, Score] = {
    "batch statistics": weighted(lambda x: torch.tanh(F.batch_norm(x, None, None, training=True) + 1)),
    "a batch turned over": weighted(lambda x: torch.tanh(x + x.flip(0))),
    "minibatch statistics": weighted(spread),
    "batch mean": lambda samples: weighted(torch.tanh)(samples).mean(),
    "packed": lambda samples: torch.tanh(weighted(torch.tanh)(samples).view(-1, 2).sum(1)),
}


@pytest.mark.parametrize("score", SCORES_OF_BATCHES.values(), ids=SCORES_OF_BATCHES)
def test_complete_over_the_batch(score: Score) -> None:
    """Where a score depends on several samples, the attributions of all sum to the difference of all."""
    samples, references = rows(), rows()
    attribution = attribute(score, samples, references)
    torch.testing.assert_close(attribution.sum(), (score(samples) - score(references)).sum())


@pytest.mark.parametrize("inplace", [True, False])
def test_reused_module(inplace: bool) -> None:
    activation = nn.LeakyReLU(0.2, inplace=inplace)
    layers = [nn.Linear(FEATURES, FEATURES) for _ in range(3)]
    once = nn.Sequential(*(part for layer in layers for part in (layer, nn.LeakyReLU(0.2)))).requires_grad_(False)
    again = nn.Sequential(*(part for layer in layers for part in (layer, activation)))
    samples, references = rows(), rows()
    assert_complete(score_of(again), samples, references)
    found, expected = (attribute(score_of(judge), samples, references) for judge in (again, once))
    assert torch.equal(found, expected)


UNKNOWN: dict[str, Callable[[Tensor], Tensor]] = {
    "sort": lambda x: torch.sort(x, 1).values * torch.arange(1.0, 9.0),
    "topk": lambda x: x.topk(2, 1).values,
    "median": lambda x: x.median(1, keepdim=True).values,
    "prod": lambda x: x.prod(1, keepdim=True),
    "cumprod": lambda x: x.cumprod(1),
    "cdist": lambda x: torch.cdist(x.view(-1, 4, 2), x.view(-1, 4, 2).tanh()).flatten(1),
    "detach": lambda x: x * x.detach(),
    "atan2": lambda x: torch.atan2(x, x + 3),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_unknown_nonlinearity_is_named(name: str) -> None:
    def score(samples: Tensor) -> Tensor:
        return UNKNOWN[name](samples @ WEIGHTS[0].to(samples.device)).sum(1) + torch.sigmoid(samples).sum(1)

    with pytest.raises(CompletenessError, match=rf"not known, among (`\w+`, )*`{name}`"):
        attribute(score, rows(), rows())


def test_unknown_function_of_another_library() -> None:
    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx: torch.autograd.function.FunctionCtx, x: Tensor) -> Tensor:
            ctx.save_for_backward(x)
            return x**2

        @staticmethod
        def backward(ctx: torch.autograd.function.FunctionCtx, *gradients: Tensor) -> Tensor:
            (x,) = ctx.saved_tensors  # type: ignore[attr-defined]
            return 2 * x * gradients[0]

    message = r"should sum to the score's difference.*relative error of .*exact=True.*check=\"warn\" or check=\"off\""
    with pytest.raises(CompletenessError, match=message):
        attribute(lambda x: Square.apply(x).sum(1), rows(), rows())


def test_warn() -> None:
    with pytest.warns(UserWarning, match="The DeepLIFT attribution should sum .* among `prod`"):
        attribute(lambda x: x.prod(1), rows(), rows(), check="warn")


def test_off() -> None:
    attribute(lambda x: x.prod(1), rows(), rows(), check="off")


@pytest.mark.parametrize(("explanation", "loud"), [(0, True), (1, False), (99, False), (100, True), (200, True)])
def test_checked_at_the_first_explanation_and_every_hundredth(explanation: int, loud: bool) -> None:
    explainer = DeepShap(rows(20))
    if loud:
        with pytest.raises(CompletenessError):
            explainer(lambda x: x.prod(1), rows(), context(explanation))
    else:
        explainer(lambda x: x.prod(1), rows(), context(explanation))


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_no_false_alarm(precision: torch.dtype) -> None:
    judge = frozen(lambda: dcgan.Discriminator(width=8)).float()
    samples, references = images(8).float(), images(8).float()
    with torch.autocast(samples.device.type, precision, enabled=precision != torch.float32):
        attribute(lambda x: judge(x.clone()).float().sum(1), samples, references)


@pytest.mark.parametrize("shape", [(5, FEATURES), (6, FEATURES + 1), (6, 2, 4), (6,)])
def test_wrong_shape_of_references(shape: tuple[int, ...]) -> None:
    message = r"Parameter `references` should give references of shape \(6, 8\)\. Found "
    with pytest.raises(ValueError, match=message):
        DeepShap(lambda samples, context: torch.zeros(shape))(lambda x: x.sum(1), rows(), context())


def test_bank_of_another_feature_shape() -> None:
    with pytest.raises(
        ValueError,
        match=r"of shape \(8, 8\)\. Found \(8, 3\)\. Reshape the real samples",
    ):
        DeepShap(torch.zeros(20, 3))(lambda x: x.sum(1), rows(), context())


def test_path_that_depends_on_the_sample() -> None:
    def forked(samples: Tensor) -> Tensor:
        return torch.tanh(samples).sum(1) if samples.sum() > 0 else torch.sigmoid(samples).sum(1)

    message = "should call the same functions for samples and references. Found `tanh` where it called `sigmoid` before"
    with pytest.raises(RuntimeError, match=message):
        attribute(forked, torch.ones(2, FEATURES), -torch.ones(2, FEATURES))


def test_more_functions_at_the_samples() -> None:
    with pytest.raises(RuntimeError, match="Found `tanh` where it called `nothing` before"):
        attribute(lambda x: torch.tanh(x).sum(1) if x.sum() > 0 else x.sum(1), torch.ones(2, 2), -torch.ones(2, 2))


def test_fewer_functions_at_the_samples() -> None:
    with pytest.raises(RuntimeError, match="should call the same functions for samples and references"):
        attribute(lambda x: x.sum(1) if x.sum() > 0 else torch.tanh(x).sum(1), torch.ones(2, 2), -torch.ones(2, 2))


@pytest.mark.parametrize("samples", [0, -1, 1.0, True, "1"])
def test_samples_setting(samples: object) -> None:
    message = rf"Parameter `samples` should be a whole number of at least 1\. Found {samples!r}\."
    with pytest.raises(ValueError, match=message):
        DeepShap(rows(), samples)  # type: ignore[arg-type]


def test_check_setting() -> None:
    message = r'Parameter `check` should be "raise" or "warn" or "off"\. Found \'always\'\.'
    with pytest.raises(ValueError, match=message):
        DeepShap(rows(), check="always")


def test_references_that_nobody_passed() -> None:
    """D's own real samples are harvested: see test_harvesting.py."""
    assert DeepShap().harvests == 256
    assert DeepShap(rows()).harvests == 0


def test_deep_lift() -> None:
    """It is DeepShap against one reference, zeros by default."""
    samples, score = rows(), weighted(torch.tanh)
    found = DeepLift()(score, samples, context())
    torch.testing.assert_close(found, attribute(score, samples, torch.zeros_like(samples)))
    own = DeepLift(BlurredReferences(shape=(1, 2, 4)))(score, samples, context())
    expected = attribute(score, samples, BlurredReferences(shape=(1, 2, 4))(samples, context()))
    torch.testing.assert_close(own, expected)
    with pytest.raises(CompletenessError):
        DeepLift()(lambda x: x.prod(1), samples, context())
    DeepLift(check="off")(lambda x: x.prod(1), samples, context())


def test_repr() -> None:
    expected = "DeepShap(references=RandomReferences(6 samples of shape (8,)), samples=1, check='raise')"
    assert repr(DeepShap(rows())) == expected


def test_samples_and_references_are_left_alone() -> None:
    samples, references = rows(), rows()
    before = samples.clone(), references.clone()
    attribute(lambda x: F.relu(x.clone(), inplace=True).sum(1), samples, references)
    assert torch.equal(samples, before[0])
    assert torch.equal(references, before[1])
    assert not samples.requires_grad
