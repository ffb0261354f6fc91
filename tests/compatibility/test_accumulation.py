"""Accumulated gradients: micro-batches are guided each for itself, and together they are one update."""

from collections.abc import Callable
from functools import reduce
from operator import add
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import softplus

from xaigrad import XAIGuidedGenerator
from xaigrad.explainers import Context, DeepShap, Explainer, Saliency
from xaigrad.schedules import Alternate

from ..loops import bits, last_of, noise, real, seed_everything
from ..networks import FEATURES, PAIRS, Pair, discriminator, generator


def against_zero(samples: Tensor, context: Context) -> Tensor:
    return torch.zeros_like(samples)


EXPLAINERS: dict[str, Callable[[], Explainer]] = {
    "fused": Saliency,
    "exact": lambda: Saliency(exact=True),
    "DeepShap": lambda: DeepShap(torch.ones(20, FEATURES).cumsum(0)),
}
BATCHES = [[6, 6, 6, 6], [6, 6, 2]]


class Accumulating:
    """A guided pair from seed 0, whose gradients add up from micro-batch to micro-batch."""

    def __init__(self, explainer: Explainer, pair: Pair = PAIRS["plain norm"], **settings: Any) -> None:
        seed_everything(0)
        self.maker, self.judge = pair()
        self.guided = XAIGuidedGenerator(self.maker, self.judge, explainer=explainer, **settings)

    def backward(self, z: Tensor, divisor: float = 1) -> Tensor:
        """Add the gradients of a micro-batch, and return its mask."""
        (softplus(-self.judge(self.guided(z))).mean() / divisor).backward()
        return last_of(self.guided).mask

    def gradients(self) -> list[Tensor]:
        """Return what has been added up in either network, and begin anew."""
        parameters = [*self.maker.parameters(), *self.judge.parameters()]
        found = [parameter.grad for parameter in parameters]
        for parameter in parameters:
            parameter.grad = None
        return found


@pytest.mark.parametrize("batches", BATCHES, ids=str)
@pytest.mark.parametrize("explainer", EXPLAINERS)
def test_the_sum_of_micro_batches_guided_one_by_one(explainer: str, batches: list[int]) -> None:
    together, apart = (Accumulating(EXPLAINERS[explainer]()) for _ in range(2))
    seed_everything(1)
    masks = [bits(together.backward(noise(rows))) for rows in batches]
    seed_everything(1)
    parts = []
    for rows, mask in zip(batches, masks, strict=True):
        assert bits(apart.backward(noise(rows))) == mask
        parts.append(apart.gradients())
    expected = [reduce(add, gradients) for gradients in zip(*parts, strict=True)]
    assert list(map(bits, together.gradients())) == list(map(bits, expected))


@pytest.mark.parametrize("batches", BATCHES, ids=str)
def test_the_plain_implementation(batches: list[int]) -> None:
    """The method written out, `loss / k` for k micro-batches."""
    ours, plain = (Accumulating(Saliency()) for _ in range(2))
    plain.guided.detach()
    seed_everything(1)
    for rows in batches:
        ours.backward(noise(rows), len(batches))
    seed_everything(1)
    for rows in batches:
        fake = plain.maker(noise(rows))
        samples = fake.detach().requires_grad_()
        (softplus(-plain.judge(samples.clone())).mean() / len(batches)).backward()
        size = samples.grad.abs()
        fake.backward(samples.grad * (size / size.amax(1, keepdim=True)))
    assert list(map(bits, ours.gradients())) == list(map(bits, plain.gradients()))


@pytest.mark.parametrize("explainer", EXPLAINERS)
def test_masks_do_not_know_the_divisor(explainer: str) -> None:
    whole, divided = (Accumulating(EXPLAINERS[explainer]()) for _ in range(2))
    masks = []
    for loop, divisor in ((whole, 1), (divided, 4)):
        seed_everything(1)
        masks.append([bits(loop.backward(noise(), divisor)) for _ in range(4)])
    assert masks[0] == masks[1]
    assert all(torch.equal(one, 4 * other) for one, other in zip(whole.gradients(), divided.gradients(), strict=True))


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("rows", BATCHES, ids=str)
@pytest.mark.parametrize("explainer", [Saliency(), Saliency(exact=True), DeepShap(against_zero)], ids=EXPLAINERS)
def test_a_batch_in_parts_is_the_batch(explainer: Explainer, rows: list[int]) -> None:
    """Each sample's mask is its own, however many share its micro-batch."""
    whole, parts = (Accumulating(explainer, lambda: (generator(), discriminator())) for _ in range(2))
    z = noise(sum(rows))
    mask = whole.backward(z)
    masks = [parts.backward(part, len(z) / len(part)) for part in z.split(rows)]
    torch.testing.assert_close(torch.cat(masks), mask)
    torch.testing.assert_close(parts.gradients(), whole.gradients())


@pytest.mark.parametrize("by_optimizer", [False, True], ids=["by the weights", "by optimizer="])
@pytest.mark.parametrize(
    ("schedule", "strengths"),
    [(lambda update: 1 / (1 + update), [1, 1 / 2, 1 / 3, 1 / 4]), (Alternate(), [1, 0, 1, 0])],
    ids=["decaying", "alternate"],
)
def test_the_strength_changes_with_the_update(schedule: Any, strengths: list[float], by_optimizer: bool) -> None:
    """Not within it, whatever D does between its micro-batches; the last update has fewer of them."""
    maker, judge = generator(), discriminator()
    optimizer, other = (torch.optim.Adam(network.parameters()) for network in (maker, judge))
    settings = {"optimizer": optimizer} if by_optimizer else {}
    guided = XAIGuidedGenerator(maker, judge, schedule=schedule, **settings)
    for update, micro_batches in enumerate([3, 3, 3, 2]):
        before, seen = guided.explanations, []
        for _ in range(micro_batches):
            judge(real(6)).mean().backward()
            other.step()
            (softplus(-judge(guided(noise()))).mean() / micro_batches).backward()
            seen.append(last_of(guided).strength if guided.explanations > before + len(seen) else 0)
        assert seen == [strengths[update]] * micro_batches
        optimizer.step()
        optimizer.zero_grad()
        assert guided.updates == update + 1
