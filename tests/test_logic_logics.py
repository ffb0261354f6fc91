"""The laws of the three logics: t-norms, their duals, the negation, the implication."""

import pickle
from typing import Any

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import Tensor

from xaigrad.logic import GOEDEL, LUKASIEWICZ, PRODUCT, Logic, parse
from xaigrad.logic._logics import as_logic

LOGICS = [GOEDEL, PRODUCT, LUKASIEWICZ]

values = st.integers(0, 2**32).map(
    lambda seed: torch.rand(7, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
)
"""Seven truth values."""

every_logic = pytest.mark.parametrize("logic", LOGICS, ids=str)
ZERO, ONE = torch.zeros(7, dtype=torch.float64), torch.ones(7, dtype=torch.float64)


def assert_equal(found: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-15)


def assert_at_most(found: Tensor, bound: Tensor) -> None:
    assert (found <= bound + 1e-15).all()


@every_logic
@given(a=values, b=values, c=values)
def test_t_norm(logic: Logic, a: Tensor, b: Tensor, c: Tensor) -> None:
    meet = logic.conjunction
    assert_equal(meet(a, b), meet(b, a))
    assert_equal(meet(a, meet(b, c)), meet(meet(a, b), c))
    assert_at_most(meet(a, torch.minimum(b, c)), meet(a, c))
    assert_at_most(meet(torch.minimum(a, c), b), meet(c, b))
    assert_at_most(meet(a, b), torch.minimum(a, b))
    assert (meet(a, b) >= 0).all()


@every_logic
@given(a=values, b=values, c=values)
def test_t_conorm(logic: Logic, a: Tensor, b: Tensor, c: Tensor) -> None:
    join = logic.disjunction
    assert_equal(join(a, b), join(b, a))
    assert_equal(join(a, join(b, c)), join(join(a, b), c))
    assert_at_most(join(a, torch.minimum(b, c)), join(a, c))
    assert_at_most(torch.maximum(a, b), join(a, b))
    assert (join(a, b) <= 1).all()


@every_logic
@given(a=values)
def test_true_and_false(logic: Logic, a: Tensor) -> None:
    """On one side to the bit: what a crisp region leaves alone is what it was."""
    assert torch.equal(logic.conjunction(a, ONE), a)
    assert_equal(logic.conjunction(ONE, a), a)
    assert torch.equal(logic.conjunction(a, ZERO), ZERO)
    assert torch.equal(logic.conjunction(ZERO, a), ZERO)
    assert torch.equal(logic.disjunction(a, ZERO), a)
    assert torch.equal(logic.disjunction(ZERO, a), a)
    assert torch.equal(logic.disjunction(a, ONE), ONE)
    assert torch.equal(logic.disjunction(ONE, a), ONE)


@every_logic
@given(a=values, b=values)
def test_de_morgan(logic: Logic, a: Tensor, b: Tensor) -> None:
    no = logic.negation
    assert_equal(no(logic.conjunction(a, b)), logic.disjunction(no(a), no(b)))
    assert_equal(no(logic.disjunction(a, b)), logic.conjunction(no(a), no(b)))
    assert_equal(Logic.disjunction(logic, a, b), logic.disjunction(a, b))


@every_logic
@given(a=values, b=values)
def test_negation(logic: Logic, a: Tensor, b: Tensor) -> None:
    no = logic.negation
    assert_equal(no(no(a)), a)
    assert torch.equal(no(ZERO), ONE)
    assert torch.equal(no(ONE), ZERO)
    assert ((a < b) <= (no(a) >= no(b))).all()


@every_logic
@given(a=values, b=values, c=values)
def test_implication(logic: Logic, a: Tensor, b: Tensor, c: Tensor) -> None:
    implies, no = logic.implication, logic.negation
    assert_equal(implies(a, b), logic.disjunction(no(a), b))
    assert torch.equal(implies(ONE, b), b)
    assert torch.equal(implies(ZERO, b), ONE)
    assert torch.equal(implies(a, ONE), ONE)
    assert torch.equal(implies(a, ZERO), no(a))
    assert_equal(implies(a, b), implies(no(b), no(a)))
    assert_equal(implies(a, implies(b, c)), implies(b, implies(a, c)))
    assert_equal(implies(logic.conjunction(a, b), c), implies(a, implies(b, c)))
    assert_at_most(implies(torch.maximum(a, c), b), implies(a, b))
    assert_at_most(implies(a, torch.minimum(b, c)), implies(a, b))


@given(a=values, b=values, c=values)
def test_the_residuum_of_lukasiewicz(a: Tensor, b: Tensor, c: Tensor) -> None:
    """There the implication is also the t-norm's residuum: c & a <= b if and only if c <= a -> b."""
    between = LUKASIEWICZ.implication(a, b)
    decided = (c - between).abs() > 1e-12
    assert torch.equal((LUKASIEWICZ.conjunction(c, a) <= b + 1e-15)[decided], (c <= between)[decided])
    assert torch.equal(LUKASIEWICZ.implication(a, torch.maximum(a, b)), ONE)


@given(a=values, b=values)
def test_order_of_the_logics(a: Tensor, b: Tensor) -> None:
    """Gödel's conjunction is the largest, Łukasiewicz's the smallest of the three; disjunctions the other way round."""
    assert_at_most(LUKASIEWICZ.conjunction(a, b), PRODUCT.conjunction(a, b))
    assert_at_most(PRODUCT.conjunction(a, b), GOEDEL.conjunction(a, b))
    assert_at_most(GOEDEL.disjunction(a, b), PRODUCT.disjunction(a, b))
    assert_at_most(PRODUCT.disjunction(a, b), LUKASIEWICZ.disjunction(a, b))


@given(a=values)
def test_what_is_special_to_each(a: Tensor) -> None:
    assume(bool(((a > 1e-6) & (a < 1 - 1e-6)).all()))
    assert torch.equal(GOEDEL.conjunction(a, a), a)
    assert torch.equal(GOEDEL.disjunction(a, a), a)
    assert (PRODUCT.conjunction(a, a) < a).all()
    assert torch.equal(LUKASIEWICZ.conjunction(a, 1 - a), ZERO)
    assert torch.equal(LUKASIEWICZ.disjunction(a, 1 - a), ONE)


GOLDEN = {GOEDEL: (0.25, 0.5, 0.5), PRODUCT: (0.125, 0.625, 0.625), LUKASIEWICZ: (0.0, 0.75, 0.75)}


@pytest.mark.parametrize(("logic", "expected"), GOLDEN.items(), ids=map(str, GOLDEN))
def test_golden_values(logic: Logic, expected: tuple[float, float, float]) -> None:
    a, b = torch.tensor(0.5), torch.tensor(0.25)
    found = logic.conjunction(a, b), logic.disjunction(a, b), logic.implication(a, b)
    assert tuple(map(float, found)) == expected


@every_logic
def test_nothing_is_written_into_the_operands(logic: Logic) -> None:
    a, b = torch.rand(3, 1), torch.rand(1, 4)
    before = a.clone(), b.clone()
    for connective in (logic.conjunction, logic.disjunction, logic.implication):
        assert connective(a, b).shape == connective(b, a).shape == (3, 4)
    assert torch.equal(a, before[0])
    assert torch.equal(b, before[1])


@every_logic
def test_what_is_not_a_number_stays_so(logic: Logic) -> None:
    nan, b = torch.tensor(float("nan")), torch.tensor(0.5)
    for connective in (logic.conjunction, logic.disjunction, logic.implication):
        assert connective(nan, b).isnan()
        assert connective(b, nan).isnan()


@pytest.mark.parametrize("text", ["goedel", "Gödel", "GOEDEL"])
def test_goedel_by_name(text: str) -> None:
    assert as_logic(text) == GOEDEL


@pytest.mark.parametrize("text", ["lukasiewicz", "Łukasiewicz", "łukasiewicz"])
def test_lukasiewicz_by_name(text: str) -> None:
    assert as_logic(text) == LUKASIEWICZ == as_logic(LUKASIEWICZ)


@pytest.mark.parametrize(
    ("logic", "kind", "message"),
    [
        ("boole", ValueError, 'Parameter `logic` should be "goedel" or "product" or "lukasiewicz", or a Logic. Found'),
        (torch.minimum, TypeError, "Parameter `logic` should be a logic or its name. Found <built-in"),
        (None, TypeError, "Parameter `logic` should be a logic or its name. Found None. For example GOEDEL or"),
    ],
)
def test_errors(logic: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=f"^{message}"):
        parse("explanation", logic=logic)


def test_repr_equality_and_pickle() -> None:
    assert [*map(repr, LOGICS)] == ["GOEDEL", "PRODUCT", "LUKASIEWICZ"]
    assert len({*LOGICS, as_logic("gödel")}) == 3
    for logic in LOGICS:
        assert pickle.loads(pickle.dumps(logic)) == logic
