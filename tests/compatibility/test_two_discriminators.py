"""Several discriminators: each one's feedback is re-weighted by its own explanation, and the results add up."""

from collections.abc import Iterable
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..networks import FEATURES, discriminator, generator
from .habits import EXPLAINERS, Habit, assert_as_written_out, assert_neutral


class Two(Habit):
    """Two networks without anything in common."""

    calls = 2

    def networks(self) -> tuple[nn.Module, nn.Module]:
        return generator(), nn.ModuleList(self.judges())

    def judges(self) -> Iterable[nn.Module]:
        return discriminator(), nn.Sequential(nn.Linear(FEATURES, 8), nn.Tanh(), nn.Linear(8, 1))

    def views(self, samples: Tensor) -> list[Tensor]:
        """Return what each discriminator sees."""
        return [samples, samples]

    def judge(self, fake: Tensor, real: Tensor, *given: Tensor) -> Tensor:
        pairs = zip(self.discriminator, self.views(real), self.views(fake), strict=True)
        return sum(F.softplus(-judge(right)).mean() + F.softplus(judge(wrong)).mean() for judge, right, wrong in pairs)

    def make(self, shown: Tensor, real: Tensor, *given: Tensor) -> Tensor:
        losses = (F.softplus(-judge(view)) for judge, view in zip(self.discriminator, self.views(shown), strict=True))
        return sum(loss.mean() for loss in losses)

    def write_out(self, fake: Tensor, real: Tensor, *given: Tensor) -> None:
        views, weighted = self.views(fake), []
        points = [view.detach().requires_grad_() for view in views]
        sum(
            F.softplus(-judge(point)).mean() for judge, point in zip(self.discriminator, points, strict=True)
        ).backward()
        for judge, point in zip(self.discriminator, points, strict=True):
            weighted.append(point.grad * self.mask(point, lambda judge=judge, point=point: judge(point)))
        torch.autograd.backward(views, weighted)


class Scales(Two):
    """Of an image and of its half, which is made before the second is asked."""

    def judges(self) -> Iterable[nn.Module]:
        for side in (4, 2):
            yield nn.Sequential(
                nn.Conv2d(1, 3, 3, 1, 1), nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(3 * side * side, 1)
            )

    def networks(self) -> tuple[nn.Module, nn.Module]:
        maker, judges = super().networks()
        return nn.Sequential(maker[:-1], nn.Linear(16, 16), nn.Unflatten(1, (1, 4, 4))), judges

    def views(self, samples: Tensor) -> list[Tensor]:
        return [samples, F.avg_pool2d(samples, 2)]


class SharedTrunk(Two):
    """Two heads on the same layers."""

    def judges(self) -> Iterable[nn.Module]:
        trunk = nn.Sequential(nn.Linear(FEATURES, 16), nn.LeakyReLU(0.2))
        return [nn.Sequential(trunk, nn.Linear(16, 1)) for _ in range(2)]


class Pyramid(nn.Module):
    """pix2pixHD's: for each scale a list of the layers' features, the patches' scores last."""

    def __init__(self) -> None:
        super().__init__()
        self.scales = nn.ModuleList(
            nn.ModuleList([nn.Sequential(nn.Conv2d(1, 3, 3, 1, 1), nn.LeakyReLU(0.2)), nn.Conv2d(3, 1, 2)])
            for _ in range(2)
        )

    def forward(self, image: Tensor) -> list[list[Tensor]]:
        found = []
        for layers in self.scales:
            features = [image]
            for layer in layers:
                features.append(layer(features[-1]))
            found.append(features[1:])
            image = F.avg_pool2d(image, 2)
        return found


def of_all_scales(output: list[list[Tensor]], samples: Tensor) -> Tensor:
    return torch.stack([features[-1].flatten(1).mean(1) for features in output], 1)


class MultiScale(Habit):
    """One module of two scales, with nested outputs; the generator also matches the features of real samples."""

    settings: ClassVar[dict[str, Any]] = {"target": of_all_scales}

    def networks(self) -> tuple[nn.Module, nn.Module]:
        return nn.Sequential(generator()[:-1], nn.Linear(16, 16), nn.Unflatten(1, (1, 4, 4))), Pyramid()

    def scores(self, shown: Tensor, *given: Tensor) -> Tensor:
        return of_all_scales(self.discriminator(shown), shown)

    def make(self, shown: Tensor, real: Tensor, *given: Tensor) -> Tensor:
        output = self.discriminator(shown)
        with torch.no_grad():
            aims = self.discriminator(real)
        matched = sum(F.l1_loss(*pair) for scale in zip(output, aims, strict=True) for pair in zip(*scale, strict=True))
        return F.softplus(-of_all_scales(output, shown)).mean() + 10 * matched


HABITS = [Two, Scales, SharedTrunk, MultiScale]


@pytest.mark.parametrize("habit", HABITS)
def test_strength_0(habit: type[Habit]) -> None:
    assert_neutral(habit)


@pytest.mark.parametrize("explainer", EXPLAINERS)
@pytest.mark.parametrize("habit", HABITS)
def test_guided(habit: type[Habit], explainer: str) -> None:
    assert_as_written_out(habit, explainer)


class InTurns(Two):
    """The generator asks one of the two at a time, as progressive and ensemble training do."""

    calls = 1

    def make(self, shown: Tensor, real: Tensor, *given: Tensor) -> Tensor:
        return F.softplus(-self.asked(shown)).mean()

    def asked(self, shown: Tensor) -> Tensor:
        verdict: Tensor = self.discriminator[shown.detach().sum().gt(0).long()](shown)
        return verdict

    scores = asked
    write_out = Habit.write_out


def test_one_at_a_time() -> None:
    assert_neutral(InTurns)
    for explainer in EXPLAINERS:
        assert_as_written_out(InTurns, explainer)
