"""Rules around rules: what passes through them, and what is refused."""

from contextlib import nullcontext
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from xaigrad import Guidance, XAIGuidedGenerator
from xaigrad.explainers import Context
from xaigrad.rules import Additive, Blend, Multiply, NormPreserving, Project, Residual, SampleWeight, _around

from .loops import bits, last_of, noise
from .networks import discriminator, generator
from .ruling import attributed, guided, halved, name_of

AROUND = {
    "Blend": lambda rule: Blend(0.25, rule),
    "NormPreserving": NormPreserving,
    "Project": Project,
    "nested": lambda rule: NormPreserving(Project(Blend(0.3, rule))),
}
around_every = pytest.mark.parametrize("around", AROUND.values(), ids=AROUND)


class Wanting:
    """A rule that wants all that a rule can want, and counts."""

    asks = True
    harvests = 7
    slopes = True

    def __init__(self) -> None:
        self.checked: list[Any] = []

    def check_call(self, module: nn.Module | None, samples: Tensor) -> None:
        self.checked.append((module, samples))

    def __call__(self, gradient: Tensor, mask: Tensor, strength: float, context: Context) -> Tensor:
        context.state["calls"] = context.state.get("calls", 0) + 1
        context.reports["scores"] = context.scores
        return gradient + context.samples


@around_every
def test_what_the_rule_inside_wants(around: Any) -> None:
    guidance = Guidance(rule=around(Wanting()))
    assert guidance.asks
    assert guidance.harvests == 7
    assert guidance.rule.slopes  # type: ignore[union-attr]


@around_every
@pytest.mark.parametrize("rule", [Multiply(), halved, torch.mul, Additive()], ids=name_of)
def test_what_the_rule_inside_does_not_want(around: Any, rule: Any) -> None:
    guidance = Guidance(rule=around(rule))
    assert not guidance.asks
    assert guidance.harvests == 0
    assert not guidance.rule.slopes  # type: ignore[union-attr]
    around(rule).check_call(None, torch.ones(1))


@around_every
def test_the_context_of_the_rule_inside(around: Any) -> None:
    gradient = torch.randn(3, 4)
    scores = torch.arange(3.0)
    context = Context(
        gradient=gradient, update=0, explanation=0, rng=torch.Generator(), samples=torch.ones(3, 4),
        asking=lambda: nullcontext(lambda samples: scores), verdict=lambda: scores,
    )  # fmt: skip
    for _ in range(2):
        around(Wanting())(gradient, torch.ones(3, 4), 1.0, context)
    assert torch.equal(context.reports["scores"], scores)
    depth = {"rule": {"rule": {"rule": {"calls": 2}}}} if around is AROUND["nested"] else {"rule": {"calls": 2}}
    assert context.state == depth


@around_every
def test_in_training(around: Any) -> None:
    """The rule is checked in the user's call, asked where nothing arrives, and its state is saved."""
    rule = Wanting()
    rule.harvests = 0
    judge = discriminator()
    guided = XAIGuidedGenerator(generator(), judge, rule=around(rule))
    samples = guided(noise())
    scores = judge(samples)
    ((module, seen),) = rule.checked
    assert module is judge
    assert torch.equal(seen, samples)
    (scores * 0).sum().backward()
    assert guided.explanations == 1
    assert torch.equal(last_of(guided).reports["scores"], scores[:, 0].detach())
    assert "'calls': 1" in repr(guided.interception.state_dict()["parts"])


@around_every
def test_the_signature_is_looked_at_once(around: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    rule = around(attributed)
    monkeypatch.setattr(_around, "takes_context", None)
    values = torch.randn(2, 3)
    guided(rule, values, values, 1.0)


@pytest.mark.parametrize(
    "rule", [Multiply(), Residual(0.4), halved, SampleWeight(), attributed, Additive()], ids=name_of
)
def test_plain_functions_and_ours_inside(rule: Any) -> None:
    gradient, mask, attribution = torch.randn(3, 4, 6)
    expected = 0.75 * gradient + 0.25 * guided(rule, gradient, mask, 1.0, attribution)
    torch.testing.assert_close(guided(Blend(0.25, rule), gradient, mask, 1.0, attribution), expected)


def refusing(gradient: Tensor, mask: Tensor, strength: float) -> Tensor:
    raise AssertionError


@around_every
def test_no_rule_is_asked_for_nothing(around: Any) -> None:
    gradient = torch.tensor([[1.0, torch.inf]])
    assert guided(around(refusing), gradient, gradient, 0.0) is gradient
    assert guided(Blend(0.0, refusing), gradient, gradient, 1.0) is gradient


ERRORS: dict[str, tuple[Any, type[Exception], str]] = {
    "a share above 1": (
        lambda: Blend(1.5),
        ValueError,
        r"Parameter `share` should be a number in \[0, 1\]\. Found 1.5\.",
    ),
    "a share that is none": (lambda: Blend(Multiply()), ValueError, r"Parameter `share` should be .* Found Multiply"),  # type: ignore[arg-type]
    "alpha": (lambda: Additive(float("nan")), ValueError, "Parameter `alpha` should be a finite number. Found nan"),
    "alpha of words": (lambda: Residual("0.2"), ValueError, "Parameter `alpha` should be a finite number. Found '0.2'"),  # type: ignore[arg-type]
    "alpha that is none": (lambda: Residual(None), ValueError, "Parameter `alpha` should be a finite number. Found No"),  # type: ignore[arg-type]
    "alpha without end": (lambda: Residual(float("-inf")), ValueError, "Parameter `alpha` should be .* Found -inf"),
    "per": (
        lambda: NormPreserving(per="feature"),  # type: ignore[arg-type]
        ValueError,
        'Parameter `per` should be "sample" or "batch". Found \'feature\'.',
    ),
    "a class": (
        lambda: Project(Multiply),
        TypeError,
        r"Parameter `rule` should be a callable instance. Found the class `Multiply`. Instantiate it before passing "
        r"it: Multiply\(\)\.",
    ),
    "no callable": (lambda: NormPreserving(3), TypeError, "Parameter `rule` should be a callable. Found 3"),  # type: ignore[arg-type]
    "no callable to blend": (lambda: Blend(0.5, "multiply"), TypeError, "Parameter `rule` should be a callable. Found"),  # type: ignore[arg-type]
    "a network": (lambda: Project(nn.Tanh()), TypeError, "Parameter `rule` should be a strategy. Found the module"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    make, kind, message = ERRORS[name]
    with pytest.raises(kind, match=message):
        make()


@around_every
def test_a_rule_inside_that_gives_no_gradient(around: Any) -> None:
    values = torch.randn(2, 3)
    with pytest.raises(TypeError, match=r"Parameter `rule` should give a tensor of the samples' shape \(2, 3\)"):
        guided(around(lambda gradient, mask, strength: None), values, values, 1.0)
    with pytest.raises(ValueError, match=r"Parameter `rule` should give .* Found the shape \(5,\)"):
        guided(around(lambda gradient, mask, strength: torch.ones(5)), values, values, 1.0)


@around_every
def test_a_rule_inside_may_compute_in_another_precision(around: Any) -> None:
    gradient = torch.randn(2, 3, dtype=torch.float32)
    expected = guided(around(lambda gradient, mask, strength: 2 * gradient), gradient, gradient, 1.0)
    found = guided(around(lambda gradient, mask, strength: 2 * gradient.double()), gradient, gradient, 1.0)
    assert bits(found) == bits(expected)


@around_every
def test_a_rule_inside_may_broadcast(around: Any) -> None:
    gradient = torch.randn(2, 3)
    found = guided(around(lambda gradient, mask, strength: torch.ones(2, 1)), gradient, gradient, 1.0)
    assert torch.equal(
        found, guided(around(lambda gradient, mask, strength: torch.ones(2, 3)), gradient, gradient, 1.0)
    )
