"""References: every strategy's law, drawn with the guidance's own random generator, and shared as promised."""

import copy
import math
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from xaigrad import XAIGuidedGenerator
from xaigrad.explainers import Context, DeepShap
from xaigrad.references import (
    BlurredReferences,
    ClassReferences,
    FixedReferences,
    HarvestedReferences,
    RandomReferences,
    ZeroReferences,
)
from xaigrad.references._draws import POOL, draw_distinct, draw_shared

from .anatomy import anatomy
from .loops import bits, noise, random_states, seed_everything
from .networks import DISCRIMINATORS, FEATURES, discriminator, generator
from .plain_images import plainly_blurred


def context(samples: int = 1, seed: int = 0, **settings: Any) -> Context:
    return Context(torch.zeros(samples, 1), 0, 0, torch.Generator().manual_seed(seed), **settings)


def rows_of(bank: Tensor, drawn: Tensor) -> Tensor:
    """Return which row of the bank each drawn one is."""
    found = (drawn.cpu()[:, None] == bank.cpu()).flatten(2).all(2)
    assert found.sum(1).eq(1).all()
    return found.int().argmax(1)


IMAGES = torch.arange(12.0)[:, None, None] + torch.zeros(2, 3)
LABELS = torch.tensor([4, 0, 0, 4, 7, 0, 4, 4, 0, 0, 0, 0])
SHARING: dict[str, tuple[Any, int]] = {
    "random": (RandomReferences(IMAGES), 12),
    "fixed": (FixedReferences(IMAGES), 12),
    "zero": (ZeroReferences(), 1),
    "one class": (ClassReferences(IMAGES, LABELS, classes=0), 7),
    "classes": (ClassReferences(IMAGES, LABELS, classes=lambda samples, context: torch.full((5,), 0)), 7),
    "harvested": (HarvestedReferences(), 12),
}


@pytest.mark.parametrize(("references", "distinct"), SHARING.values(), ids=SHARING)
@pytest.mark.parametrize("count", [1, 2, 7, 12, 30])
def test_shared_references(references: Any, distinct: int, count: int) -> None:
    """Shapes, kinds, and distinct references for each sample as far as the pool goes."""
    samples = torch.zeros(5, 2, 3, dtype=torch.float64)
    if count > 12 and isinstance(references, FixedReferences):
        pytest.skip("has no more than its batch")
    pool, index = references.share(samples, count, context(5, real=IMAGES))
    assert index.shape == (count, 5)
    assert (pool.shape[1:], pool.dtype, pool.device) == (samples.shape[1:], samples.dtype, samples.device)
    assert (index.dtype, index.device) == (torch.long, samples.device)
    assert 0 <= int(index.min()) <= int(index.max()) < len(pool) <= max(count, 16)
    for sample in range(5):
        assert len(set(index[:, sample].tolist())) == min(count, distinct, len(pool))


@pytest.mark.parametrize(("references", "distinct"), SHARING.values(), ids=SHARING)
def test_called_references(references: Any, distinct: int) -> None:
    rows = torch.ones(15, 2, 3, dtype=torch.float64, requires_grad=True)
    drawn = references(rows, context(5, real=IMAGES))
    assert (drawn.shape, drawn.dtype, drawn.device) == (rows.shape, rows.dtype, rows.device)
    assert not drawn.requires_grad


@pytest.mark.parametrize(("references", "distinct"), SHARING.values(), ids=SHARING)
def test_drawn_from_the_guidance_alone(references: Any, distinct: int) -> None:
    samples, states = torch.zeros(5, 2, 3), random_states()
    first = [references(samples, context(5, real=IMAGES)), *references.share(samples, 3, context(5, real=IMAGES))]
    torch.randn(3)
    again = [references(samples, context(5, real=IMAGES)), *references.share(samples, 3, context(5, real=IMAGES))]
    assert list(map(bits, first)) == list(map(bits, again))
    seed_everything(0)
    assert random_states() == states


@pytest.mark.parametrize(("references", "distinct"), SHARING.values(), ids=SHARING)
def test_default_device_is_not_asked(references: Any, distinct: int) -> None:
    """The draw happens on the CPU, whatever device new tensors are made on."""
    samples = torch.zeros(5, 2, 3, device="cpu")
    own = context(5, real=IMAGES)
    if isinstance(references, ClassReferences) and callable(references.classes):
        pytest.skip("its own function makes a tensor")
    with torch.device("meta"):
        assert references(samples, own).device.type == "cpu"
        assert {part.device.type for part in references.share(samples, 2, own)} == {"cpu"}


def test_tensors_on_the_meta_device() -> None:
    """Wherever the samples are, references are there too."""
    samples = torch.zeros(5, 2, 3, device="meta")
    for references in (RandomReferences(IMAGES), FixedReferences(IMAGES), ZeroReferences()):
        assert references(samples, context(5)).device.type == "meta"
        assert {part.device.type for part in references.share(samples, 2, context(5))} == {"meta"}


@given(st.integers(1, 400), st.data(), st.integers(0, 2**32))
def test_distinct(total: int, data: st.DataObject, seed: int) -> None:
    count = data.draw(st.integers(1, min(total, 20)))
    drawn = draw_distinct(total, count, torch.Generator().manual_seed(seed)).tolist()
    assert len(set(drawn)) == len(drawn) == count
    assert all(0 <= number < total for number in drawn)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 6), st.integers(0, 2**32))
def test_shared_draw(total: int, count: int, samples: int, seed: int) -> None:
    """Different rows in the pool; each sample has each as often as the others, give or take one."""
    members, index = draw_shared(total, count, samples, torch.Generator().manual_seed(seed))
    assert len(members) == len(set(members.tolist())) == min(total, max(count, POOL))
    assert index.shape == (count, samples)
    for sample in range(samples):
        times = index[:, sample].bincount(minlength=len(members))
        assert times.max() - times.min() <= 1


def assert_uniform(drawn: Tensor, total: int) -> None:
    """Within 5 standard deviations of what a uniform draw gives."""
    times, expected = drawn.flatten().bincount(minlength=total).double(), drawn.numel() / total
    assert len(times) == total
    assert (times - expected).abs().max() < 5 * expected**0.5


@pytest.mark.parametrize(("total", "count"), [(3, 5), (40, 1), (40, 20), (300, 1), (300, 3)])
def test_each_choice_is_uniform_over_the_bank(total: int, count: int) -> None:
    """So that an attribution against one reference is an unbiased estimate of that against all."""
    rng, drawn = torch.Generator().manual_seed(0), []
    for _ in range(4000):
        members, index = draw_shared(total, count, 4, rng)
        drawn.append(members[index[:, 2]].cpu())
    for k in (0, count - 1):
        assert_uniform(torch.stack(drawn)[:, k], total)


def test_distinct_draws_are_uniform() -> None:
    for total in (20, 300):
        rng = torch.Generator().manual_seed(0)
        drawn = torch.stack([draw_distinct(total, 5, rng) for _ in range(4000)])
        for place in range(5):
            assert_uniform(drawn[:, place], total)


def test_every_row_is_one_of_the_bank() -> None:
    bank = torch.randn(5, 3, 2)
    drawn = RandomReferences(bank)(torch.zeros(200, 3, 2), context())
    assert_uniform(rows_of(bank, drawn), 5)


def test_drawn_afresh_and_reproducibly() -> None:
    references, samples = RandomReferences(torch.randn(1000, 2)), torch.zeros(20, 2)
    own = context()
    first, second = references(samples, own), references(samples, own)
    assert not torch.equal(first, second)
    assert torch.equal(first, references(samples, context()))
    assert not torch.equal(first, references(samples, context(seed=1)))
    assert not torch.equal(references.share(samples, 1, own)[0], references.share(samples, 1, own)[0])


def test_mean_of_shared_references() -> None:
    """K = 1 against the whole bank: the mean over many draws is the bank's."""
    bank, own = torch.randn(50, 2, dtype=torch.float64), context()
    shared = [RandomReferences(bank).share(torch.zeros(8, 2, dtype=torch.float64), 1, own) for _ in range(4000)]
    mean = torch.stack([pool[index[0]] for pool, index in shared]).mean(0)
    torch.testing.assert_close(mean, bank.mean(0).expand(8, 2), atol=5 * 4000**-0.5, rtol=0)


def test_bank_with_a_graph() -> None:
    assert not RandomReferences(torch.randn(4, 2, requires_grad=True))(torch.zeros(3, 2), context()).requires_grad


@pytest.mark.parametrize("bank", [[torch.zeros(2)], 3])
def test_bank_that_is_no_tensor(bank: object) -> None:
    message = rf"Parameter `references` should be a tensor of real samples.* Found {type(bank).__name__}\. Stack"
    with pytest.raises(TypeError, match=message):
        DeepShap(bank)


@pytest.mark.parametrize("bank", [torch.zeros(0, 3), torch.zeros(3), torch.zeros(())])
def test_bank_without_a_sample(bank: Tensor) -> None:
    message = r"Parameter `references` should hold at least one sample, in shape \(M, \.\.\.\)\. Found the shape "
    with pytest.raises(ValueError, match=message):
        DeepShap(bank)


def test_bank_of_integers() -> None:
    """Pixels of 0 to 255 are not in the range of a generator's samples."""
    with pytest.raises(TypeError, match=r"Parameter `references` should be .*floating"):
        DeepShap(torch.zeros(3, 2, dtype=torch.uint8))


@pytest.mark.parametrize(
    ("make", "name"), [(FixedReferences, "batch"), (lambda bank: ClassReferences(bank, LABELS), "images")]
)
def test_banks_of_the_others(make: Callable[[Any], Any], name: str) -> None:
    with pytest.raises(TypeError, match=rf"Parameter `{name}` should be a tensor of real samples\. Found list\. Stack"):
        make([torch.zeros(2)])
    with pytest.raises(TypeError, match=rf"Parameter `{name}` should be floating.*{name}\.float\(\) / 127\.5 - 1\."):
        make(torch.zeros(3, 2, dtype=torch.uint8))
    with pytest.raises(ValueError, match=rf"Parameter `{name}` should hold at least one sample"):
        make(torch.zeros(3))


@pytest.mark.parametrize(
    ("references", "expected"),
    [
        (RandomReferences(torch.zeros(7, 1, 2)), "RandomReferences(7 samples of shape (1, 2))"),
        (FixedReferences(torch.zeros(7, 1, 2)), "FixedReferences(7 samples of shape (1, 2))"),
        (ZeroReferences(), "ZeroReferences()"),
        (BlurredReferences(1.5), "BlurredReferences(sigma=1.5, shape=None)"),
        (ClassReferences(IMAGES, LABELS, 7), "ClassReferences(12 samples of 3 classes, classes=7)"),
        (ClassReferences(IMAGES, LABELS, nn.Flatten()), "ClassReferences(12 samples of 3 classes, classes=Flatten)"),
        (HarvestedReferences(8), "HarvestedReferences(size=8)"),
    ],
)
def test_repr_and_copies(references: Any, expected: str) -> None:
    for made in (references, copy.deepcopy(references), pickle.loads(pickle.dumps(references))):
        assert repr(made) == expected


class Recording(RandomReferences):
    """Random references that are remembered."""

    def __call__(self, samples: Tensor, context: Context) -> Tensor:
        drawn = super().__call__(samples, context)
        self.drawn.append(bits(drawn))
        return drawn

    def share(self, samples: Tensor, count: int, context: Context) -> tuple[Tensor, Tensor]:
        pool, index = super().share(samples, count, context)
        self.drawn.append(bits(pool[index]))
        return pool, index


def drawn_in_updates(seed: int, start: int = 0) -> list[bytes]:
    seed_everything(seed)
    references = Recording(torch.randn(1000, FEATURES))
    object.__setattr__(references, "drawn", [])
    judge = discriminator()
    guided = XAIGuidedGenerator(generator(), judge, explainer=DeepShap(references))
    torch.randn(start)
    states = random_states()
    for _ in range(3):
        judge(guided(torch.ones(6, 4))).sum().backward()
    assert random_states() == states
    return references.drawn


def test_reproducible_by_the_user_s_seed() -> None:
    first = drawn_in_updates(3)
    assert len(set(first)) == 3
    assert drawn_in_updates(3) == first
    assert drawn_in_updates(3, start=7) == first
    assert drawn_in_updates(4) != first


def test_noise_of_the_user_is_left_alone() -> None:
    seed_everything(0)
    expected = noise()
    seed_everything(0)
    DeepShap(torch.zeros(3, 2), samples=2)(lambda samples: samples.sum(1), torch.zeros(4, 2), context(4))
    assert torch.equal(noise(), expected)


def test_fixed_references() -> None:
    references = FixedReferences(IMAGES)
    drawn = rows_of(IMAGES, references(torch.zeros(15, 2, 3), context(5)))
    assert drawn.tolist() == [0] * 5 + [1] * 5 + [2] * 5
    pool, index = references.share(torch.zeros(5, 2, 3), 3, context(5))
    assert torch.equal(pool, IMAGES[:3])
    assert index.tolist() == [[0] * 5, [1] * 5, [2] * 5]


def test_fixed_references_that_are_too_few() -> None:
    message = r"Parameter `batch` should hold as many references as each sample is compared with, 3\. Found 2\. Pass"
    references = FixedReferences(IMAGES[:2])
    with pytest.raises(ValueError, match=message):
        references(torch.zeros(15, 2, 3), context(5))
    with pytest.raises(ValueError, match=message):
        references.share(torch.zeros(5, 2, 3), 3, context(5))


@pytest.mark.parametrize(
    "references", [FixedReferences(IMAGES), BlurredReferences(), ClassReferences(IMAGES, LABELS, 0)]
)
def test_rows_that_are_no_blocks(references: Any) -> None:
    message = r"whole blocks of the 5 samples\. Found 7 rows\. Tile"
    with pytest.raises(ValueError, match=message):
        references(torch.zeros(7, 2, 3), context(5))


def test_zeros() -> None:
    references, samples = ZeroReferences(), torch.ones(4, 2, 3)
    pool, index = references.share(samples, 3, context(4))
    assert torch.equal(references(samples, context(4)), torch.zeros(4, 2, 3))
    assert torch.equal(pool[index], torch.zeros(3, 4, 2, 3))
    assert len(pool) == 1


@given(st.sampled_from([(1, 9), (2, 5, 8), (1, 1, 6), (2, 3, 4, 5)]), st.floats(0.3, 4), st.integers(0, 2**32))
def test_blur(shape: tuple[int, ...], sigma: float, seed: int) -> None:
    samples = torch.randn(3, *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    expected, own = plainly_blurred(samples, sigma), context(3)
    torch.testing.assert_close(BlurredReferences(sigma)(samples, own), expected)
    tiled = BlurredReferences(sigma)(samples.repeat(2, *[1] * len(shape)), own)
    torch.testing.assert_close(tiled, torch.cat([expected, expected]))
    flat = BlurredReferences(sigma, shape)(samples.flatten(1), own)
    torch.testing.assert_close(flat, expected.flatten(1))


def test_blur_of_a_constant_and_of_much() -> None:
    constant = torch.full((2, 3, 8, 8), 0.7)
    torch.testing.assert_close(BlurredReferences()(constant, context(2)), constant)
    samples = torch.randn(2, 1, 28, 28)
    spread = [float(BlurredReferences(sigma)(samples, context(2)).std()) for sigma in (0.1, 1, 3)]
    assert float(samples.std()) >= spread[0] > spread[1] > spread[2]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_blur_in_any_precision(dtype: torch.dtype) -> None:
    samples = torch.randn(2, 1, 8, 8, dtype=torch.float64)
    found = BlurredReferences()(samples.to(dtype), context(2))
    assert found.dtype == dtype
    tolerance = {torch.float16: 1e-3, torch.bfloat16: 1e-2}.get(dtype, 1e-6)
    torch.testing.assert_close(found.double(), plainly_blurred(samples, 2.0), atol=tolerance, rtol=tolerance)


def test_blur_is_not_computed_coarsely_under_autocast() -> None:
    samples = torch.randn(2, 1, 8, 8)
    expected = BlurredReferences()(samples, context(2))
    with torch.autocast(samples.device.type, torch.bfloat16):
        assert torch.equal(BlurredReferences()(samples, context(2)), expected)


@pytest.mark.parametrize("shape", [(4, 784), (4, 1, 2, 3, 4, 5)])
def test_blur_without_a_spatial_shape(shape: tuple[int, ...]) -> None:
    message = r"Parameter `shape` should say the shape of one sample.*Found samples of shape \(4, .*shape=\(1, 28, 28\)"
    with pytest.raises(ValueError, match=message):
        BlurredReferences()(torch.zeros(shape), context(4))


def test_blur_with_another_shape() -> None:
    message = (
        r"Parameter `shape` should have the samples' number of features, 784\. Found \(1, 27, 28\), which has 756\."
    )
    with pytest.raises(ValueError, match=message):
        BlurredReferences(shape=(1, 27, 28))(torch.zeros(2, 784), context(2))


@pytest.mark.parametrize("shape", [(784,), (1, 2, 3, 4, 5), (1, 0, 28), (1, 2.0)])
def test_blur_with_no_shape(shape: Any) -> None:
    with pytest.raises(ValueError, match=r"Parameter `shape` should be \(channels, \*spatial\).*Found \("):
        BlurredReferences(shape=shape)


@pytest.mark.parametrize("sigma", [0, -1.0, math.nan, math.inf, "wide"])
def test_blur_with_no_width(sigma: Any) -> None:
    with pytest.raises(ValueError, match=rf"Parameter `sigma` should be .*Found {sigma!r}\."):
        BlurredReferences(sigma)


def drawn_labels(references: ClassReferences, samples: Tensor, own: Context) -> Tensor:
    """Return the classes of called and of shared references, in that order."""
    called = references(samples.repeat(2, *[1] * (samples.dim() - 1)), own).reshape(2, *samples.shape)
    pool, index = references.share(samples, 3, own)
    return LABELS[rows_of(IMAGES, torch.cat([called, pool[index]]).flatten(0, 1))].reshape(5, len(samples))


class Classifier(nn.Module):
    """Knows a sample's class by its first feature; disturbed by any call in training mode."""

    def __init__(self, logits: bool = True) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(6)
        self.weight = nn.Parameter(torch.eye(10))
        self.logits = logits

    def forward(self, samples: Tensor) -> Tensor:
        self.norm(samples.flatten(1).to(self.weight.dtype))
        torch.randn(1)
        classes = samples.flatten(1)[:, 0].mul_(1).long()
        return self.weight[classes] if self.logits else classes


WANTED = [7, 0, 4, 0, 4, 4]
SAMPLES = torch.tensor(WANTED)[:, None, None] + torch.zeros(2, 3)


@pytest.mark.parametrize("logits", [True, False])
def test_classes_of_a_separate_classifier(logits: bool) -> None:
    """The paper's multi-class setting, section 5.4: asked in eval mode, and undisturbed."""
    classifier = Classifier(logits)
    before, states, own = anatomy(classifier), random_states(), context(6)
    classes = drawn_labels(ClassReferences(IMAGES, LABELS, classifier), SAMPLES, own)
    assert classes.tolist() == [WANTED] * 5
    assert (anatomy(classifier), random_states()) == (before, states)


def test_the_classifier_is_asked_of_the_samples_once() -> None:
    asked: list[int] = []

    def classes(samples: Tensor, context: Context) -> Tensor:
        asked.append(len(samples))
        assert not torch.is_grad_enabled()
        return torch.zeros(len(samples), dtype=torch.long)

    ClassReferences(IMAGES, LABELS, classes)(torch.zeros(12, 2, 3), context(3))
    assert asked == [3]


@pytest.mark.parametrize(
    "form",
    [
        lambda labels: labels,
        lambda labels: labels[:, None],
        lambda labels: labels.int(),
        lambda labels: nn.functional.one_hot(labels, 8),
        lambda labels: nn.functional.one_hot(labels, 8).float(),
        lambda labels: nn.functional.one_hot(labels, 8).bool(),
    ],
)
@pytest.mark.parametrize("keyword", [False, True])
def test_label_of_the_discriminator_s_call(form: Callable[[Tensor], Tensor], keyword: bool) -> None:
    given = form(torch.tensor(WANTED, device=SAMPLES.device))
    settings: dict[str, Any] = {"args": (SAMPLES, 3, None), "kwargs": {"y": given}}
    own = context(6, **(settings if keyword else {"args": (SAMPLES, given, torch.zeros(6, 4)), "kwargs": {}}))
    assert drawn_labels(ClassReferences(IMAGES, LABELS), SAMPLES, own).tolist() == [WANTED] * 5


def test_label_beside_one_hot_samples() -> None:
    """Samples that look like a label are none."""
    samples, labels = nn.functional.one_hot(torch.tensor([0, 1, 1])).float(), torch.tensor([7, 7, 0])
    images = LABELS[:, None] + torch.zeros(2)
    own = context(3, args=(samples, labels))
    assert ClassReferences(images, LABELS)(samples, own)[:, 0].tolist() == [7, 7, 0]


@pytest.mark.parametrize(
    ("args", "found"),
    [
        ((SAMPLES,), "no"),
        ((SAMPLES, torch.randn(6, 8)), "no"),
        ((SAMPLES, torch.tensor([1, 2])), "no"),
        ((SAMPLES, torch.ones(6, 8, dtype=torch.long)), "no"),
        ((SAMPLES, torch.rand(6)), "no"),
        ((SAMPLES, torch.tensor(WANTED), torch.tensor(WANTED)), "2"),
    ],
)
def test_label_that_is_not_one(args: tuple[Tensor, ...], found: str) -> None:
    message = (
        rf"Parameter `classes` should say each sample's class.*Found {found} tensors.*"
        r"classes=lambda samples, context: context\.args\[1\], or a classifier"
    )
    with pytest.raises(ValueError, match=message):
        ClassReferences(IMAGES, LABELS)(SAMPLES, context(6, args=args))


@pytest.mark.parametrize("labels", [LABELS, LABELS.tolist(), LABELS.byte()])
def test_one_class(labels: Any) -> None:
    """The paper's single-class setting: each of the class's samples is as likely as the others."""
    references, own = ClassReferences(IMAGES, labels, classes=0), context(100)
    members = (LABELS == 0).nonzero().flatten()
    drawn = rows_of(IMAGES, references(torch.zeros(5000, 2, 3), own))
    assert_uniform(torch.searchsorted(members, drawn), len(members))
    assert (LABELS[drawn] == 0).all()
    shared = [references.share(torch.zeros(1, 2, 3), 2, own) for _ in range(1500)]
    drawn = rows_of(IMAGES, torch.cat([pool[index[1]] for pool, index in shared]))
    assert_uniform(torch.searchsorted(members, drawn), len(members))


def test_classes_share_the_usual_pool() -> None:
    """One pass of D over a few of each class, not over one for each sample."""
    images, labels = torch.randn(1000, 3), torch.arange(10).repeat(100)
    references = ClassReferences(images, labels, lambda samples, context: torch.arange(10).repeat(8))
    assert [len(references.share(torch.zeros(80, 3), count, context(80))[0]) for count in (1, 5)] == [10, 50]


def test_class_that_has_no_image() -> None:
    message = r"Parameter `labels` should have every class.*no image of class 5; the classes are 0, 4, 7\. Add"
    with pytest.raises(ValueError, match=message):
        ClassReferences(IMAGES, LABELS, 5)
    for ask in (ClassReferences.__call__, lambda references, samples, own: references.share(samples, 1, own)):
        with pytest.raises(ValueError, match=message):
            ask(ClassReferences(IMAGES, LABELS, lambda *_: torch.tensor([0, 5, 9])), torch.zeros(3, 2, 3), context(3))


def test_many_classes_are_not_all_named() -> None:
    images, labels = torch.zeros(40, 2), torch.arange(40)
    with pytest.raises(ValueError, match=r"the classes are 0, 1, .*, 9, \.\.\.\. Add"):
        ClassReferences(images, labels, 99)


@pytest.mark.parametrize("found", [torch.zeros(6), torch.zeros(6, 1), torch.zeros(3, 10), torch.tensor(1), "cat", (1,)])
def test_classifier_that_gives_no_classes(found: Any) -> None:
    message = r"Parameter `classes` should give logits of shape \(6, C\) or whole numbers of shape \(6,\)\. Found .*"
    with pytest.raises(ValueError, match=message + r"classes=lambda samples, context: classifier\(samples\)\[0\]"):
        ClassReferences(IMAGES, LABELS, lambda *_: found)(SAMPLES, context(6))


@pytest.mark.parametrize("classes", ["seven", 3.0, True, Classifier, [1, 2]])
def test_classes_that_are_no_classes(classes: Any) -> None:
    with pytest.raises(TypeError, match=r"Parameter `classes` should be a class, a classifier, .* Found .*classes=3"):
        ClassReferences(IMAGES, LABELS, classes)


def test_labels_that_are_no_numbers() -> None:
    with pytest.raises(TypeError, match=r"Parameter `labels` should be whole numbers\. Found torch\.float.*argmax"):
        ClassReferences(IMAGES, LABELS.double())


@pytest.mark.parametrize("labels", [LABELS[:3], LABELS[:, None], LABELS[0]])
def test_labels_of_another_number(labels: Tensor) -> None:
    with pytest.raises(ValueError, match=r"Parameter `labels` should be of shape \(12,\), one for each image\. Found"):
        ClassReferences(IMAGES, labels)


def test_classes_while_the_discriminator_is_explained() -> None:
    """The classifier may be the discriminator itself: both isolations end as they began."""
    judge = DISCRIMINATORS["BatchNorm"]()
    judge[-1] = nn.Linear(16, 3)
    bank, labels = torch.randn(30, FEATURES), torch.arange(3).repeat(10)
    references = ClassReferences(bank, labels, judge)
    guided = XAIGuidedGenerator(generator(), judge, explainer=DeepShap(references, samples=2))
    scores = judge(guided(noise()))
    before = {name: value for name, value in anatomy(judge).items() if "_hooks" not in name}
    torch.autograd.grad(scores.sum(), list(guided.parameters()))
    assert {name: value for name, value in anatomy(judge).items() if "_hooks" not in name} == before
    assert guided.explanations == 1


def test_harvested_references_are_random_ones_of_the_context() -> None:
    harvested, random, samples = HarvestedReferences(), RandomReferences(IMAGES), torch.zeros(10, 2, 3)
    assert torch.equal(harvested(samples, context(5, real=IMAGES)), random(samples, context(5)))
    ours, theirs = harvested.share(samples, 2, context(5, real=IMAGES)), random.share(samples, 2, context(5))
    assert all(map(torch.equal, ours, theirs))
    assert (HarvestedReferences().harvests, HarvestedReferences(7).harvests) == (256, 7)


def test_harvested_references_without_any() -> None:
    message = r"should find real samples in `context\.real`\. Found none\. Give .*`harvests`.*RandomReferences\(real\)"
    with pytest.raises(ValueError, match=message):
        HarvestedReferences()(torch.zeros(3, 2), context(3))


def test_harvested_references_of_another_shape() -> None:
    message = r"should have the samples' shape \(2,\)\. Found real samples of shape \(2, 3\)\. Pass"
    with pytest.raises(ValueError, match=message):
        HarvestedReferences().share(torch.zeros(3, 2), 1, context(3, real=IMAGES))


@pytest.mark.parametrize("size", [0, -1, 2.0, True])
def test_harvest_of_no_size(size: Any) -> None:
    with pytest.raises(ValueError, match=rf"Parameter `size` should be a whole number of at least 1\. Found {size!r}"):
        HarvestedReferences(size)
