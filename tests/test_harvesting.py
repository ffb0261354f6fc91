"""Harvesting: real samples are told by what D's loss teaches it, whatever the loss, and nothing else changes."""

import copy
import gc
import io
import pickle
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.nn import functional as F

from xaigrad import XAIGuidedGenerator, guide
from xaigrad._bank import Bank
from xaigrad.explainers import Context, DeepShap, Explainer, Score
from xaigrad.references import HarvestedReferences, RandomReferences
from xaigrad.rules import Residual
from xaigrad.schedules import Constant, StartAfter

from .anatomy import anatomy, hook_count
from .loops import Training, assert_same_bits, bits, noise, seed_everything, train
from .networks import DISCRIMINATORS, FEATURES, LATENT, PAIRS, Lambda, discriminator, generator, smooth


@dataclass(frozen=True)
class Looking:
    """Gives the mask 1, and keeps what it was shown as real."""

    harvests: int = 8
    seen: list[Tensor] = field(default_factory=list)

    def __call__(self, score: Score, samples: Tensor, context: Context) -> Tensor:
        assert context.real is not None
        assert not context.real.requires_grad
        self.seen.append(context.real.clone())
        return torch.ones_like(samples)


Judge = Callable[[Tensor], Tensor]
Losses = tuple[Callable[[Tensor, Tensor], Tensor], Callable[[Tensor], Tensor]]

LOSSES: dict[str, Losses] = {
    "BCE": (lambda r, f: F.softplus(-r).mean() + F.softplus(f).mean(), lambda f: F.softplus(-f).mean()),
    "minimax": (lambda r, f: F.softplus(-r).mean() + F.softplus(f).mean(), lambda f: -F.softplus(f).mean()),
    "labels swapped": (lambda r, f: F.softplus(r).mean() + F.softplus(-f).mean(), lambda f: F.softplus(f).mean()),
    "hinge": (lambda r, f: F.relu(1 - r).mean() + F.relu(1 + f).mean(), lambda f: -f.mean()),
    "Wasserstein": (lambda r, f: f.mean() - r.mean(), lambda f: -f.mean()),
    "Wasserstein, as first released": (lambda r, f: r.mean() - f.mean(), lambda f: f.mean()),
    "least squares": (lambda r, f: (r - 1).square().mean() + f.square().mean(), lambda f: (f - 1).square().mean()),
}


def separate(judge: Judge, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    return judge(real), judge(fake.detach())


def concatenated(judge: Judge, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    scores = judge(torch.cat([fake.detach(), real]))
    return scores[len(fake) :], scores[: len(fake)]


def transformed(judge: Judge, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    """As with a differentiable augmentation, or a replay buffer: in new memory."""
    return judge(real), judge((fake.detach() * 1.1).flip(0))


def undetached(judge: Judge, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    return judge(real), judge(fake)


def part(judge: Judge, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    """A view of a detached fake shares its memory."""
    return judge(real), judge(fake.detach()[1:])


FORMS = {form.__name__: form for form in (separate, concatenated, transformed, undetached, part)}
FALLING = ["labels swapped", "Wasserstein, as first released"]
UNRECOGNISED = [("least squares", "concatenated"), ("least squares", "transformed")]  # The documented limit.
UNRECOGNISED += [(loss, "undetached") for loss in FALLING]
RECOGNISED = [(loss, form) for loss in LOSSES for form in FORMS if (loss, form) not in UNRECOGNISED]


class Playing:
    """A loop in progress, with all the real samples it has used."""

    def __init__(self, explainer: Explainer, judge: nn.Module | None = None, **settings: Any) -> None:
        self.maker, self.judge = generator(), judge or smooth()
        self.guided = XAIGuidedGenerator(self.maker, self.judge, explainer=explainer, **settings)
        networks = self.maker, self.judge
        self.optimizers = [torch.optim.SGD(network.parameters(), 0.1) for network in networks]
        self.reals: list[Tensor] = []

    def real(self, rows: int = 6) -> Tensor:
        self.reals.append(torch.randn(rows, FEATURES) + 1)
        return self.reals[-1].clone()

    def step(self, loss: str = "BCE", form: str = "separate", judged: int = 1) -> None:
        judging, making = LOSSES[loss]
        for _ in range(judged):
            self.optimizers[1].zero_grad()
            judging(*FORMS[form](self.judge, self.real(), self.guided(noise()))).backward()
            self.optimizers[1].step()
        self.optimizers[0].zero_grad()
        making(self.judge(self.guided(noise()))).backward()
        self.optimizers[0].step()

    def assert_harvested(self, rows: Tensor) -> None:
        known = {bits(row) for batch in self.reals for row in batch}
        assert len(rows)
        assert {bits(row) for row in rows} <= known


@pytest.mark.parametrize("judged", [1, 3])
@pytest.mark.parametrize(("loss", "form"), RECOGNISED)
def test_only_real_samples(loss: str, form: str, judged: int) -> None:
    looking = Looking()
    playing = Playing(looking)
    for _ in range(8):
        playing.step(loss, form, judged)
    for rows in looking.seen:
        playing.assert_harvested(rows)
    assert len(looking.seen[-1]) == 8
    assert playing.guided.explanations >= 6
    assert playing.guided.skipped.get("no real samples yet", 0) <= (2 * judged + 2 if form == "undetached" else 2)


@pytest.mark.parametrize("loss", FALLING)
def test_falling_scores_and_undetached_fakes(loss: str) -> None:
    """D's turn looks like the generator's of any other loss: nothing is harvested, unless the turn is known."""
    looking = Looking()
    playing = Playing(looking)
    for _ in range(4):
        playing.step(loss, "undetached")
    assert not looking.seen
    assert playing.guided.skipped == {"no real samples yet": 8}
    playing = Playing(looking)
    for _ in range(6):
        with playing.guided.paused():
            LOSSES[loss][0](*undetached(playing.judge, playing.real(), playing.guided(noise()))).backward()
        LOSSES[loss][1](playing.judge(playing.guided(noise()))).backward()
    assert len(looking.seen) == 5
    for rows in looking.seen:
        playing.assert_harvested(rows)


@pytest.mark.parametrize("form", [separate, part])
def test_least_squares_beyond_its_aim(form: Callable[..., tuple[Tensor, Tensor]]) -> None:
    """D scores fakes below 0, so that its loss raises them: they are still no real samples."""
    looking = Looking()
    judge = smooth()
    playing = Playing(looking, judge)
    with torch.no_grad():
        judge[-1].bias.fill_(-3)
    for _ in range(3):
        real, fake = form(judge, playing.real(), playing.guided(noise()))
        ((real - 1).square().mean() + fake.square().mean()).backward()
        judge(playing.guided(noise())).sub(1).square().mean().backward()
    assert looking.seen
    for rows in looking.seen:
        playing.assert_harvested(rows)


@pytest.mark.parametrize("turn", ["no_grad", "kept"])
def test_generated_without_a_graph(turn: str) -> None:
    looking = Looking()
    playing = Playing(looking)
    with torch.no_grad():
        playing.judge[-1].bias.fill_(-3)
    kept = playing.guided(noise()).detach()
    for _ in range(3):
        with torch.no_grad():
            fake = kept if turn == "kept" else playing.guided(noise())
        (playing.judge(playing.real()).sub(1).square().mean() + playing.judge(fake).square().mean()).backward()
        playing.judge(playing.guided(noise())).sub(1).square().mean().backward()
    for rows in looking.seen:
        playing.assert_harvested(rows)
    assert len(looking.seen) == 3


@pytest.mark.parametrize("together", [False, True])
def test_relativistic(together: bool) -> None:
    """In the generator's turn the real samples are judged too, and their scores are to fall."""
    looking = Looking()
    playing = Playing(looking)

    def difference(real: Tensor, fake: Tensor) -> Tensor:
        if together:
            scores = playing.judge(torch.cat([real, fake]))
            return scores[:6] - scores[6:]
        return playing.judge(real) - playing.judge(fake)

    for _ in range(5):
        F.softplus(-difference(playing.real(), playing.guided(noise()).detach())).mean().backward()
        stranger = torch.randn(6, FEATURES)
        F.softplus(difference(stranger, playing.guided(noise()))).mean().backward()
    for rows in looking.seen:
        playing.assert_harvested(rows)
    assert len(looking.seen) == 5


@pytest.mark.parametrize("judge", [smooth, lambda: nn.Sequential(smooth(), nn.Sigmoid())])
def test_penalty_on_real_samples(judge: Callable[[], nn.Module]) -> None:
    """R1 at every step, on the very call that the loss uses."""
    looking = Looking()
    playing = Playing(looking, judge())
    for _ in range(3):
        real = playing.real().requires_grad_()
        scores = playing.judge(real)
        (gradient,) = torch.autograd.grad(scores.sum(), real, create_graph=True)
        loss = playing.judge(playing.guided(noise()).detach()).mean() - scores.mean()
        (loss + 0.01 * gradient.square().sum()).backward()
        (-playing.judge(playing.guided(noise())).mean()).backward()
    for rows in looking.seen:
        playing.assert_harvested(rows)
    assert len(looking.seen) == 3


@pytest.mark.parametrize("judge", [smooth, lambda: nn.Sequential(smooth(), nn.Sigmoid())])
def test_penalty_between_real_and_generated(judge: Callable[[], nn.Module]) -> None:
    """Through a last nonlinearity the penalty reaches the scores of the points between, too."""
    looking = Looking(64)
    playing = Playing(looking, judge())
    for _ in range(6):
        real, fake = playing.real(), playing.guided(noise()).detach()
        points = (real + fake).div(2).requires_grad_()
        (gradient,) = torch.autograd.grad(playing.judge(points).sum(), points, create_graph=True)
        penalty = (gradient.norm(dim=1) - 1).square().mean()
        (playing.judge(fake).mean() - playing.judge(real).mean() + 10 * penalty).backward()
        (-playing.judge(playing.guided(noise())).mean()).backward()
    for rows in looking.seen:
        playing.assert_harvested(rows)
    assert [len(rows) for rows in looking.seen] == [6, 12, 18, 24, 30, 36]


def test_the_last_ones_are_kept() -> None:
    looking = Looking(harvests=8)
    playing = Playing(looking)
    for _ in range(5):
        playing.step()
    expected = {bits(row) for row in torch.cat(playing.reals)[-8:]}
    assert {bits(row) for row in looking.seen[-1]} == expected
    assert [len(rows) for rows in looking.seen] == [6, 8, 8, 8, 8]


def test_a_batch_larger_than_the_bank() -> None:
    looking = Looking(harvests=4)
    playing = Playing(looking)
    playing.step()
    assert {bits(row) for row in looking.seen[-1]} == {bits(row) for row in playing.reals[0][-4:]}


def test_only_the_rows_that_are_taught_up() -> None:
    """Row by row: hinge loss teaches nothing about what is far enough."""
    looking = Looking()
    playing = Playing(looking, Lambda(lambda layer, x: x[:, :1] + 0 * layer(x), nn.Linear(FEATURES, 1)))
    real = playing.real()
    real[:, 0] = torch.tensor([0.0, 2.0, 0.5, 3.0, -1.0, 1.5])
    F.relu(1 - playing.judge(real)).mean().backward()
    (-playing.judge(playing.guided(noise())).mean()).backward()
    assert torch.equal(looking.seen[0], real[[0, 2, 4]])


def taught(explainer: Looking, judge: nn.Module, loss: Callable[[Any], Tensor], **settings: Any) -> Playing:
    """Play two steps with a loss of D's output that is to fall with real samples."""
    playing = Playing(explainer, judge, **settings)
    for _ in range(2):
        loss(playing.judge(playing.real())).backward()
        (-loss(playing.judge(playing.guided(noise()).detach()))).backward()
        loss(playing.judge(playing.guided(noise()))).backward()
    return playing


def net(outputs: int = 1) -> nn.Module:
    return nn.Sequential(nn.Linear(FEATURES, 16), nn.Tanh(), nn.Linear(16, outputs))


def no_target(output: Any) -> Tensor:
    return -output.mean()


OUTPUTS: dict[str, tuple[Callable[..., Any], int, Callable[[Any], Tensor], Any]] = {
    "flat": (lambda d, x: d(x).view(-1), 1, no_target, None),
    "one number": (lambda d, x: d(x).mean(), 1, no_target, None),
    "patches": (lambda d, x: d(x).view(-1, 1, 2, 2), 4, no_target, None),
    "patches as rows": (lambda d, x: d(x).view(-1, 1), 4, no_target, lambda output, x: output.view(len(x), -1)),
    "packed": (lambda d, x: d(x).view(-1, 2).sum(1), 1, no_target, None),
    "tuple": (lambda d, x: (d(x)[:, 1:], d(x)[:, :1]), 4, lambda o: -o[1].mean() + o[0].mean(), lambda o, x: o[1]),
    "dict": (lambda d, x: {"a": d(x)}, 1, lambda o: -o["a"].mean(), lambda o, x: o["a"]),
    "column": (lambda d, x: d(x), 4, lambda o: -o[:, 0].mean() + o[:, 1:].mean(), lambda o, x: o[:, 0]),
    "two scales": (lambda d, x: [d(x), 2 * d(x)], 1, lambda o: -(o[0] + o[1]).mean(), lambda o, x: o[0] + o[1]),
    "energy": (lambda d, x: d(x), FEATURES, lambda o: o.square().mean(), lambda o, x: -o.square()),
}


@pytest.mark.parametrize(("function", "outputs", "loss", "target"), OUTPUTS.values(), ids=OUTPUTS)
def test_outputs(function: Callable[..., Any], outputs: int, loss: Callable[[Any], Tensor], target: Any) -> None:
    looking = Looking()
    playing = taught(looking, Lambda(function, net(outputs)), loss, target=target)
    assert len(looking.seen) == 2
    assert torch.equal(looking.seen[0], playing.reals[0])
    playing.assert_harvested(looking.seen[1])


def test_mixed_batch_of_packed_samples_is_left_out() -> None:
    """Without one score per row, a call counts as a whole, and only if all its scores agree."""
    looking = Looking()
    playing = Playing(looking, Lambda(lambda d, x: d(x).view(-1, 2).sum(1), net()))
    scores = playing.judge(torch.cat([playing.real(), playing.guided(noise()).detach()]))
    (scores[3:].mean() - 5 * scores[:3].mean()).backward()
    (-playing.judge(playing.guided(noise())).mean()).backward()
    assert not looking.seen
    assert playing.guided.skipped == {"no real samples yet": 1}


def test_output_that_the_target_does_not_know() -> None:
    """A call that nobody asked to be explained does not fail."""
    judge = Lambda(lambda d, x, plain=False: d(x) if plain else {"score": d(x)}, net())
    looking = Looking()
    playing = Playing(looking, judge, target=lambda output, samples: output["score"])
    (-judge(playing.real(), plain=True).mean()).backward()
    (-judge(playing.guided(noise()))["score"].mean()).backward()
    assert playing.guided.skipped == {"no real samples yet": 1}


def test_conditional_discriminators() -> None:
    """The samples are where the generated ones were: not the condition, though it comes first."""
    judge = Lambda(lambda d, condition, x, y: d(x * condition) + y[:, None], net())
    looking = Looking()
    playing = Playing(looking, judge)
    condition, label = torch.ones(6, FEATURES), torch.arange(6)
    for _ in range(3):
        real = playing.real()
        (
            -judge(condition, real, y=label).mean() + judge(condition, playing.guided(noise()).detach(), y=label).mean()
        ).backward()
        (-judge(condition, playing.guided(noise()), y=label).mean()).backward()
    assert torch.equal(looking.seen[0], condition)  # Nobody can know before a generated sample was seen.
    assert {bits(row) for row in looking.seen[2][-4:]} <= {bits(row) for batch in playing.reals for row in batch}


def test_condition_of_another_shape_is_forgotten() -> None:
    judge = Lambda(lambda d, condition, x: d(x) + condition.sum(1, keepdim=True), net())
    looking = Looking()
    playing = Playing(looking, judge)
    for _ in range(3):
        condition = torch.ones(6, 3)
        (-judge(condition, playing.real()).mean()).backward()
        (-judge(condition, playing.guided(noise())).mean()).backward()
    assert playing.guided.skipped == {"no real samples yet": 1}
    for rows in looking.seen:
        playing.assert_harvested(rows)


def test_in_place_first_layer() -> None:
    """What D was given is kept, not what it wrote there."""
    looking = Looking()
    playing = Playing(looking, DISCRIMINATORS["in-place first layer"]())
    playing.step()
    assert torch.equal(looking.seen[0], playing.reals[0])


def test_two_discriminators_have_a_bank_each() -> None:
    judges, looking = [smooth(), smooth()], Looking()
    guided = XAIGuidedGenerator(generator(), judges, explainer=looking)
    reals = [torch.randn(6, FEATURES) for _ in judges]
    for judge, real in zip(judges, reals, strict=True):
        (-judge(real).mean()).backward()
    samples = guided(noise())
    for judge, real in zip(judges, reals, strict=True):
        (-judge(samples).mean()).backward(retain_graph=True)
        assert torch.equal(looking.seen[-1], real)


def test_discriminators_of_different_shapes() -> None:
    """A half-sized one, as in multi-scale training."""
    judges, looking = [smooth(), nn.Linear(FEATURES // 2, 1)], Looking()
    guided = XAIGuidedGenerator(generator(), judges, explainer=looking)
    real = torch.randn(6, FEATURES)
    (-judges[0](real).mean() - judges[1](real[:, ::2]).mean()).backward()
    samples = guided(noise())
    (-judges[0](samples).mean() - judges[1](samples[:, ::2]).mean()).backward()
    assert {tuple(rows.shape) for rows in looking.seen} == {(6, FEATURES), (6, FEATURES // 2)}


def test_discriminator_that_is_not_called_as_a_module() -> None:
    """Nothing can be harvested of it, but its hooked calls on real samples serve."""
    looking = Looking()
    playing = Playing(looking)
    samples = playing.guided.intercept(playing.guided(noise()), playing.judge)
    playing.judge[0](samples).sum().backward()
    assert playing.guided.skipped == {"no real samples yet": 1}
    (-playing.judge(playing.real()).mean()).backward()
    samples = playing.guided.intercept(playing.guided(noise()), playing.judge)
    playing.judge[0](samples).sum().backward()
    assert torch.equal(looking.seen[0], playing.reals[0])


def test_the_discriminator_s_turn_in_a_pause() -> None:
    """With undetached fakes nothing is missed, as the generator's turn is known."""
    looking = Looking()
    playing = Playing(looking)
    for _ in range(2):
        with playing.guided.paused():
            LOSSES["BCE"][0](*undetached(playing.judge, playing.real(), playing.guided(noise()))).backward()
        LOSSES["BCE"][1](playing.judge(playing.guided(noise()))).backward()
    assert len(looking.seen) == 2
    assert playing.guided.skipped == {"paused": 2}


def test_schedule_that_rests() -> None:
    """Real samples are there when the guidance begins."""
    looking = Looking()
    playing = Playing(looking, schedule=StartAfter(2))
    for _ in range(3):
        playing.step()
    assert len(looking.seen) == 1
    assert len(looking.seen[0]) == 8


@pytest.mark.parametrize("freeze", [False, True])
def test_strangers(freeze: bool) -> None:
    """What D is not taught about is not real: frozen, without a gradient, or in an evaluation."""
    looking = Looking()
    playing = Playing(looking)
    playing.judge.requires_grad_(not freeze)
    stranger = torch.randn(6, FEATURES, requires_grad=True)
    scores = playing.judge(stranger)
    if freeze:
        (-scores.mean()).backward()
    with torch.no_grad():
        playing.judge(stranger)
    playing.judge(playing.guided(noise())).sum().backward()
    assert not looking.seen


def test_explanations_are_no_source() -> None:
    """D's calls inside an explanation, whatever is differentiated there."""

    @dataclass(frozen=True)
    class Asking(Looking):
        def __call__(self, score: Score, samples: Tensor, context: Context) -> Tensor:
            points = torch.zeros_like(samples).requires_grad_()
            for sign in (1, -1):
                torch.autograd.grad(sign * score(points).sum(), points)
            return super().__call__(score, samples, context)

    looking = Asking()
    playing = Playing(looking)
    for _ in range(4):
        playing.step()
    for rows in looking.seen:
        playing.assert_harvested(rows)


def test_one_warning_if_nothing_can_be_harvested() -> None:
    playing = Playing(Looking())

    def update() -> None:
        playing.judge(playing.guided(noise())).sum().backward()

    for _ in range(9):
        update()
    with pytest.warns(UserWarning, match=r"No real samples could be harvested .*10 times in a row.*references=real"):
        update()
    for _ in range(30):
        update()
    assert playing.guided.skipped == {"no real samples yet": 40}
    assert playing.guided.explanations == 0


def test_no_warning_if_the_first_ones_come_late() -> None:
    looking = Looking()
    playing = Playing(looking)
    for _ in range(9):
        (-playing.judge(playing.guided(noise())).mean()).backward()
    playing.step()
    assert len(looking.seen) == 1


def test_gradient_without_real_samples_is_the_standard_one() -> None:
    gradients = []
    for explainer in (None, Looking()):
        seed_everything(0)
        maker, judge = generator(), smooth()
        guided = XAIGuidedGenerator(maker, judge, explainer=explainer, mask=torch.zeros_like) if explainer else maker
        judge(guided(noise())).sum().backward()
        gradients.append([bits(parameter.grad) for parameter in maker.parameters()])
    assert gradients[0] == gradients[1]


NEUTRAL: dict[str, dict[str, Any]] = {
    "mask of ones": {"mask": torch.ones_like},
    "strength 0": {"schedule": Constant(0)},
    "residual 0": {"rule": Residual(0)},
}


@pytest.mark.parametrize("settings", NEUTRAL.values(), ids=NEUTRAL)
@pytest.mark.parametrize("pair", ["plain norm", "new spectral norm"])
def test_neutral(pair: str, settings: dict[str, Any]) -> None:
    """Both networks, their optimizers and the random states are to the bit what they are without it."""
    bare, _ = train(PAIRS[pair], updates=8)
    explainer = DeepShap(HarvestedReferences(16), check="off")
    ours, guided = train(PAIRS[pair], lambda g, d: XAIGuidedGenerator(g, d, explainer=explainer, **settings), updates=8)
    assert_same_bits(ours.state(), bare.state())
    assert guided is not None
    assert guided.explanations == (0 if "schedule" in settings else 8)


@pytest.fixture
def without_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("without_collector")
@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize("target", [None, lambda output, samples: output[:, 0]])
def test_real_batches_are_freed(backward: bool, target: Any) -> None:
    playing = Playing(Looking(), target=target)
    playing.step()
    real = torch.randn(6, FEATURES)
    scores = playing.judge(real)
    held, storage = [weakref.ref(real), weakref.ref(scores)], StorageWeakRef(real.untyped_storage())
    if backward:
        F.softplus(-scores).mean().backward(retain_graph=True)
    del real, scores
    assert [reference() for reference in held] == [None, None]
    assert storage.expired()


@pytest.mark.usefixtures("without_collector")
def test_no_reference_cycle() -> None:
    playing = Playing(Looking())
    playing.step()
    playing.step()
    gc.collect()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        playing.step()
        gc.collect()
        assert not any("xaigrad" in str(getattr(value, "__module__", type(value).__module__)) for value in gc.garbage)
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
    harvest = weakref.ref(playing.guided.interception._harvest)
    scores = playing.judge(playing.real())
    playing.guided = None
    assert harvest() is None
    scores.sum().backward()  # A graph that outlives its guidance learns nothing, and does not fail.


def test_rows_of_a_pending_graph_are_let_go() -> None:
    """A graph that is kept after its backward pass does not keep a copy of the batch."""
    looking = Looking()
    playing = Playing(looking)
    scores = playing.judge(playing.real())
    (-scores.mean()).backward(retain_graph=True)
    (-scores.mean()).backward()  # Nor is the batch kept twice.
    (-playing.judge(playing.guided(noise())).mean()).backward()
    assert torch.equal(looking.seen[0], playing.reals[0])


def test_what_was_made_is_forgotten_with_its_memory() -> None:
    playing = Playing(Looking())
    for _ in range(500):
        playing.guided(noise())
    assert len(playing.guided.interception._harvest._made) <= 65


def test_no_trace() -> None:
    maker, judge = generator(), discriminator()
    before = [anatomy(network) for network in (maker, judge)], pickle.dumps((maker, judge))
    with guide(maker, judge, explainer=Looking()) as guided:
        assert (hook_count(maker), hook_count(judge)) == (1, 2)
        judge(torch.randn(6, FEATURES))
        del guided
    assert ([anatomy(network) for network in (maker, judge)], pickle.dumps((maker, judge))) == before


def test_nothing_is_registered_for_other_explainers() -> None:
    maker, judge = generator(), discriminator()
    guided = XAIGuidedGenerator(maker, judge, explainer=DeepShap(torch.zeros(3, FEATURES)))
    assert (hook_count(maker), hook_count(judge)) == (0, 2)
    scores = judge(torch.randn(6, FEATURES))
    assert scores._backward_hooks is None
    assert guided.interception._harvest is None
    assert set(guided.interception.state_dict()) == {"updates", "explanations", "rng"}


def through_torch(value: Any) -> Any:
    buffer = io.BytesIO()
    torch.save(value, buffer)
    buffer.seek(0)
    return torch.load(buffer, weights_only=False)


@pytest.mark.parametrize(
    "make",
    [copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value)), through_torch],
    ids=["copy", "pickle", "save"],
)
def test_copies_are_not_harvested(make: Callable[[Any], Any]) -> None:
    looking = Looking()
    playing = Playing(looking)
    playing.step()
    maker, judge = make((playing.maker, playing.judge))
    wrapper = make(playing.guided)
    (-judge(torch.randn(6, FEATURES)).mean()).backward()
    made = len(playing.guided.interception._harvest._made)
    averaged, kept = maker(z := noise()), wrapper(noise())
    assert torch.equal(averaged, playing.maker(z))
    assert len(playing.guided.interception._harvest._made) <= made + 1
    assert kept.shape == averaged.shape
    assert b"xaigrad" not in pickle.dumps((maker, judge, playing.maker, playing.judge))
    playing.step()
    playing.assert_harvested(looking.seen[-1])


def resumed_state(state: Any) -> Any:
    buffer = io.BytesIO()
    torch.save(state, buffer)
    buffer.seek(0)
    return torch.load(buffer, weights_only=True)


@pytest.mark.parametrize("size", [16, 100])
def test_resumed(size: int) -> None:
    """A saved guidance goes on with the real samples it had, bit for bit."""

    def guided_by(maker: nn.Module, judge: nn.Module) -> XAIGuidedGenerator:
        return XAIGuidedGenerator(maker, judge, explainer=DeepShap(HarvestedReferences(size), samples=2, check="off"))

    straight, _ = train(PAIRS["plain norm"], guided_by, updates=10)
    half, guided = train(PAIRS["plain norm"], guided_by, updates=5)
    assert guided is not None
    networks = half.generator, half.discriminator
    state = resumed_state(
        [
            [network.state_dict() for network in networks],
            [optimizer.state_dict() for optimizer in half.optimizers],
            guided.interception.state_dict(),
            torch.get_rng_state(),
        ]
    )
    seed_everything(99)
    training = Training(*PAIRS["plain norm"]())
    training.play = again = guided_by(training.generator, training.discriminator)
    for network, saved in zip((training.generator, training.discriminator), state[0], strict=True):
        network.load_state_dict(saved)
    for optimizer, saved in zip(training.optimizers, state[1], strict=True):
        optimizer.load_state_dict(saved)
    again.interception.load_state_dict(state[2])
    torch.set_rng_state(state[3])
    for _ in range(5):
        training.step()
    ours = {name: value for name, value in training.state().items() if not name.startswith("random")}
    assert_same_bits(ours, {name: value for name, value in straight.state().items() if not name.startswith("random")})


def test_state_is_a_copy_and_old_states_load() -> None:
    looking = Looking()
    playing = Playing(looking)
    playing.step()
    state = playing.guided.interception.state_dict()
    saved = [bits(bank["rows"]) for banks in state["real"] for bank in banks]
    for _ in range(3):
        playing.step()
    assert [bits(bank["rows"]) for banks in state["real"] for bank in banks] == saved
    del state["real"]
    playing.guided.interception.load_state_dict(state)
    playing.step()
    assert len(looking.seen[-1]) == 8


def test_state_without_any_real_sample() -> None:
    playing = Playing(Looking())
    state = resumed_state(playing.guided.interception.state_dict())
    playing.guided.interception.load_state_dict(state)
    playing.judge(playing.guided(noise())).sum().backward()
    assert playing.guided.skipped == {"no real samples yet": 1}


@pytest.mark.parametrize("size", [2, 4, 6, 9])
def test_bank_of_another_size_loads(size: int) -> None:
    first, second = Bank(6), Bank(size)
    first.learn(rows := torch.randn(4, 3), -torch.ones(4))
    first.learn(more := torch.randn(5, 3), -torch.ones(5))
    second.load_state_dict(first.state_dict())
    known = {bits(row) for row in torch.cat([rows, more])}
    assert second.rows is not None
    assert len(second.rows) == min(size, 6)
    second.learn(last := torch.randn(1, 3), -torch.ones(1))
    assert {bits(row) for row in second.rows} <= known | {bits(last[0])}
    assert bits(last[0]) in {bits(row) for row in second.rows}


def test_bank_follows_the_samples() -> None:
    """Their shape and precision may change, as in progressive growing."""
    bank = Bank(6)
    bank.learn(torch.zeros(4, 3), -torch.ones(4))
    assert bank.fits(torch.zeros(1, 3))
    bank.learn(torch.zeros(2, 5), -torch.ones(2))
    assert not bank.fits(torch.zeros(1, 3))
    assert bank.rows is not None
    assert bank.rows.shape == (2, 5)
    bank.learn(torch.zeros(1, 5, dtype=torch.float16), -torch.ones(1))
    assert bank.rows.dtype == torch.float16


def test_evidence_for_the_rarer_way_is_withdrawn() -> None:
    """Undetached fakes in D's turn look like a generator that lowers its samples' scores, until it raises them."""
    bank = Bank(6)
    bank.learn(None, torch.ones(3))
    bank.learn(torch.ones(2, 3), torch.ones(2))
    assert bank.rows is not None
    bank.learn(None, -torch.ones(3))
    assert bank.rows is None
    assert bank.sure
    bank.learn(None, torch.ones(3))
    bank.learn(torch.zeros(2, 3), torch.tensor([1.0, -1.0]))
    assert bank.rows is not None
    assert len(bank.rows) == 1


@pytest.mark.parametrize("changes", [[0.0, 0.0], [1.0, -1.0], [float("nan"), 1.0], []])
def test_no_evidence(changes: list[float]) -> None:
    bank = Bank(6)
    if changes:
        bank.learn(None, torch.tensor(changes))
    bank.learn(torch.zeros(1, 3), torch.tensor([-1.0]))
    assert bank.rows is not None


def test_reader_of_the_bank() -> None:
    """Through DeepShap, the usual way: no argument at all."""
    playing = Playing(DeepShap(HarvestedReferences()))
    for _ in range(3):
        playing.step()
    assert playing.guided.explanations == 3
    same = Playing(DeepShap(RandomReferences(torch.randn(5, FEATURES))))
    same.step()
    assert same.guided.interception._harvest is None


def test_generator_that_returns_what_it_was_given() -> None:
    """A real image that passes through the generator stays real."""
    maker = Lambda(lambda layer, x: (layer(x), x), nn.Linear(FEATURES, FEATURES))
    judge, looking, real = smooth(), Looking(), torch.randn(6, FEATURES)
    guided = XAIGuidedGenerator(maker, judge, explainer=looking)
    _, same = guided(real)
    (-judge(same).mean()).backward()
    (-judge(guided(real)[0]).mean()).backward()
    assert torch.equal(looking.seen[0], real)


def test_functional_transforms() -> None:
    """``torch.vmap`` over either network goes on as ever."""
    playing = Playing(Looking())
    z = torch.randn(2, 6, LATENT)
    made = torch.vmap(playing.maker)(z)
    assert torch.equal(made, torch.vmap(copy.deepcopy(playing.maker))(z))
    expected = torch.vmap(copy.deepcopy(playing.judge))(made)
    assert torch.equal(torch.vmap(playing.judge)(made), expected)


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")  # Dynamo's own.
@pytest.mark.parametrize("wrap", [nn.DataParallel, lambda judge: torch.compile(judge, backend="eager")])
def test_wrapped_discriminators(wrap: Callable[[nn.Module], Any]) -> None:
    looking = Looking()
    playing = Playing(looking, wrap(smooth()))
    playing.step()
    assert torch.equal(looking.seen[0], playing.reals[0])


def test_a_discriminator_that_scores_real_samples_low() -> None:
    """Told so, the harvest is right from the first batch; untold, it finds out in the generator's first turn."""
    judge, images = discriminator(), torch.randn(6, FEATURES)
    guided = XAIGuidedGenerator(generator(), judge, explainer=Looking(), real="low")
    (judge(images).mean() - judge(guided(noise()).detach()).mean()).backward()
    judge(guided(noise())).mean().backward()
    assert torch.equal(guided.interception.guidance.explainer.seen[0], images)


def test_two_generated_inputs_have_references_of_their_own() -> None:
    """CoGAN and its like judge two samples in one call: each is compared with what D was shown in its place."""
    makers, judge = [generator(), generator()], Lambda(lambda score, a, b: score(a * b.tanh()), smooth())
    looking = Looking()
    guided = XAIGuidedGenerator(nn.ModuleList(makers), judge, explainer=looking)
    images = torch.randn(6, FEATURES), torch.randn(6, FEATURES) - 10
    for _ in range(2):
        F.softplus(-judge(*images)).mean().backward()
        F.softplus(-judge(*(maker(noise()) for maker in makers))).mean().backward()
    assert guided.explanations == 3  # The first update has not seen the second input's place before it.
    state = guided.interception.state_dict()
    guided.interception.load_state_dict(state)
    F.softplus(-judge(*(maker(noise()) for maker in makers))).mean().backward()
    for seen, wanted in zip(looking.seen[-2:], reversed(images), strict=True):
        assert {tuple(row.tolist()) for row in seen} == {tuple(row.tolist()) for row in wanted}


def test_both_losses_from_one_call() -> None:
    """D's own loss speaks first of a sample, and the generator's last."""
    maker, judge, looking = generator(), discriminator(), Looking()
    guided = XAIGuidedGenerator(maker, judge, explainer=looking)
    images = torch.randn(6, FEATURES)
    for _ in range(4):
        of_fake, of_real = judge(guided(noise())), judge(images)
        (F.softplus(-of_real).mean() + F.softplus(of_fake).mean()).backward(retain_graph=True)
        F.softplus(-of_fake).mean().backward()
    assert looking.seen
    assert {tuple(row.tolist()) for row in looking.seen[-1]} == {tuple(row.tolist()) for row in images}
