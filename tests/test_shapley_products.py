"""The rule for products gives Shapley values: checked against their definition, over all coalitions."""

from collections.abc import Callable
from itertools import product
from math import factorial

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from xaigrad.explainers import Score

from .explaining import explain

pytestmark = pytest.mark.usefixtures("double")


def shapley_values(score: Score, sample: Tensor, reference: Tensor) -> Tensor:
    """Return the Shapley values of one sample's features, of shape (F,).

    The worth of a coalition is the score of the sample's values for its members and the reference's for all others.
    """
    count = len(sample)
    coalitions = torch.tensor(list(product([False, True], repeat=count)))
    worth = score(torch.where(coalitions, sample, reference))
    values = torch.zeros_like(sample)
    for player in range(count):
        place = 2 ** (count - 1 - player)
        for index, members in enumerate(coalitions):
            if not members[player]:
                size = int(members.sum())
                weight = factorial(size) * factorial(count - size - 1) / factorial(count)
                values[player] += weight * (worth[index + place] - worth[index])
    return values


def assert_shapley(score: Score, samples: Tensor, references: Tensor) -> None:
    expected = torch.stack([shapley_values(score, *pair) for pair in zip(samples, references, strict=True)])
    found = explain(score, samples, references)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-10 * float(1 + expected.abs().max()))


def test_shapley_values_of_a_known_game() -> None:
    """Gloves: one left and two right ones, a pair is worth 1."""
    values = shapley_values(lambda x: torch.minimum(x[:, 0], x[:, 1:].sum(1)), torch.ones(3), torch.zeros(3))
    torch.testing.assert_close(values, torch.tensor([4 / 6, 1 / 6, 1 / 6]))


FACTORS: dict[str, Callable[[Tensor], Tensor]] = {
    "itself": lambda x: x,
    "twice": lambda x: 2 * x - 1,
    "tanh": torch.tanh,
    "relu": lambda x: torch.relu(x) + 0.1,
    "square": lambda x: x**2,
    "gelu": F.gelu,
    "sigmoid": lambda x: x.sigmoid(),
    "abs": torch.abs,
    "sin": torch.sin,
    "exp": lambda x: torch.exp(x / 2),
}
POSITIVE: dict[str, Callable[[Tensor], Tensor]] = {
    "exp": torch.exp,
    "square": lambda x: 0.5 + x.square(),
    "softplus": lambda x: F.softplus(x) + 0.2,
    "abs": lambda x: 1 + x.abs(),
    "negative": lambda x: -1 - x.square(),
}
MULTIPLY: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "operator": lambda a, b: a * b,
    "mul": torch.mul,
    "method": lambda a, b: a.mul(b),
    "in place": lambda a, b: (a + 0).mul_(b),
    "matmul": lambda a, b: (a[:, None, None] @ b[:, None, None]).flatten(),
    "bmm": lambda a, b: torch.bmm(a[:, None, None], b[:, None, None])[:, 0, 0],
    "einsum": lambda a, b: torch.einsum("n,n->n", a, b),
    "of three": lambda a, b: torch.einsum("n,n,->n", a, b, torch.tensor(1.0)),
    "vecdot": lambda a, b: (a[:, None] * b[:, None]).sum(-1),
    "addcmul": lambda a, b: torch.addcmul(torch.zeros(()), a, b),
}
DIVIDE: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "operator": lambda a, b: a / b,
    "div": torch.div,
    "method": lambda a, b: a.true_divide(b),
    "in place": lambda a, b: (a + 0).div_(b),
    "product": lambda a, b: a * (1 / b),
    "reciprocal": lambda a, b: b.reciprocal() * a,
    "power": lambda a, b: a * b**-1,
}
values = st.floats(-3, 3).map(lambda value: round(value, 3))
pairs = st.lists(st.tuples(values, values, values, values), min_size=1, max_size=4).map(torch.tensor)
"""Rows of two features of a sample and two of its reference."""


def apart(rows: Tensor) -> tuple[Tensor, Tensor]:
    return rows[:, :2].double(), rows[:, 2:].double()


@given(st.sampled_from(sorted(FACTORS)), st.sampled_from(sorted(FACTORS)), st.sampled_from(sorted(MULTIPLY)), pairs)
def test_product_of_two_inputs(first: str, second: str, way: str, rows: Tensor) -> None:
    multiply = MULTIPLY[way]
    assert_shapley(lambda x: multiply(FACTORS[first](x[:, 0]), FACTORS[second](x[:, 1])), *apart(rows))


@given(st.sampled_from(sorted(FACTORS)), st.sampled_from(sorted(POSITIVE)), st.sampled_from(sorted(DIVIDE)), pairs)
def test_quotient_of_two_inputs(first: str, second: str, way: str, rows: Tensor) -> None:
    divide = DIVIDE[way]
    assert_shapley(lambda x: divide(FACTORS[first](x[:, 0]), POSITIVE[second](x[:, 1])), *apart(rows))


@given(st.sampled_from(sorted(FACTORS)), st.sampled_from(sorted(MULTIPLY)), pairs)
def test_exchanged_factors_exchange_their_attributions(name: str, way: str, rows: Tensor) -> None:
    def score(x: Tensor) -> Tensor:
        return MULTIPLY[way](FACTORS[name](x[:, 0]), FACTORS[name](x[:, 1]))

    samples, references = apart(rows)
    found, exchanged = explain(score, samples, references), explain(score, samples.flip(1), references.flip(1))
    torch.testing.assert_close(found, exchanged.flip(1))


@given(st.sampled_from(sorted(FACTORS)), st.sampled_from(sorted(FACTORS)), st.sampled_from(sorted(MULTIPLY)), pairs)
def test_products_commute(first: str, second: str, way: str, rows: Tensor) -> None:
    def there(x: Tensor) -> Tensor:
        return MULTIPLY[way](FACTORS[first](x[:, 0]), FACTORS[second](x[:, 1]))

    def back(x: Tensor) -> Tensor:
        return MULTIPLY[way](FACTORS[second](x[:, 1]), FACTORS[first](x[:, 0]))

    torch.testing.assert_close(explain(there, *apart(rows)), explain(back, *apart(rows)))


def test_a_textbook_product() -> None:
    """3 · 5 against 1 · 2: each factor is worth its own difference times the mean of the other's two values."""
    samples, references = torch.tensor([[3.0, 5.0]]), torch.tensor([[1.0, 2.0]])
    found = explain(lambda x: x[:, 0] * x[:, 1], samples, references)
    torch.testing.assert_close(found, torch.tensor([[7.0, 6.0]]))


BILINEAR: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "matmul": lambda a, b: torch.matmul(a.view(-1, 2, 2), b.view(-1, 2, 2)),
    "operator": lambda a, b: a.view(-1, 2, 2) @ b.view(-1, 2, 2),
    "of a transpose": lambda a, b: a.view(-1, 2, 2) @ b.view(-1, 2, 2).transpose(1, 2),
    "bmm": lambda a, b: torch.bmm(a.view(-1, 2, 2), b.view(-1, 2, 2)),
    "baddbmm": lambda a, b: torch.baddbmm(torch.zeros(1, 2, 2), a.view(-1, 2, 2), b.view(-1, 2, 2)),
    "einsum": lambda a, b: torch.einsum("nij,njk->nik", a.view(-1, 2, 2), b.view(-1, 2, 2)),
    "einsum, outer": lambda a, b: torch.einsum("ni,nj->nij", a, b),
    "einsum, inner": lambda a, b: torch.einsum("ni,ni->n", a, b),
    "einsum in sublist form": lambda a, b: torch.einsum(a, [0, 1], b, [0, 2], [0, 1, 2]),
    "broadcast": lambda a, b: a[:, :, None] * b[:, None, :],
    "of all pairs": lambda a, b: (a[:, None, :] * b[:, :, None]).sum(2),
}


@pytest.mark.parametrize("name", BILINEAR)
def test_sums_of_products(name: str) -> None:
    """Eight players: the entries of two matrices, each through a function of its own."""
    torch.manual_seed(1)
    weight = torch.randn_like(BILINEAR[name](torch.zeros(1, 4), torch.zeros(1, 4)))[0]

    def score(x: Tensor) -> Tensor:
        terms = BILINEAR[name](torch.tanh(x[:, :4]), x[:, 4:] ** 2)
        return (terms * weight).flatten(1).sum(1) if terms.dim() > 1 else terms * weight

    assert_shapley(score, torch.randn(3, 8), torch.randn(3, 8))


@pytest.mark.parametrize("count", [2, 3])
def test_sums_of_one_variable_functions(count: int) -> None:
    """Without products every player's value is its own difference."""
    samples, references = torch.randn(3, count), torch.randn(3, count)
    assert_shapley(lambda x: torch.tanh(x).sum(1) + F.gelu(x).sum(1), samples, references)


@given(pairs)
def test_square_of_a_sum_is_a_product_of_itself(rows: Tensor) -> None:
    """However it is written, both factors are the same function of the players."""
    first, second, third = (
        explain(score, *apart(rows))
        for score in (
            lambda x: x.sum(1) * x.sum(1),
            lambda x: x.sum(1) ** 2,
            lambda x: torch.einsum("ni,nj->n", x, x),
        )
    )
    torch.testing.assert_close(second, first, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(third, first, rtol=1e-9, atol=1e-9)
