"""What generated images are compared with: the same real ones in every trial of a run."""

from dataclasses import dataclass

import torch

from xaigrad.benchmarks import yours
from xaigrad.benchmarks.data import Digits
from xaigrad.benchmarks.metrics import Evaluator
from xaigrad.benchmarks.study.plan import Plan

LOOK_SUBSETS = 10


@dataclass(frozen=True)
class Measures:
    """An evaluator for looks during the training, and one for its end.

    Attributes:
        look: During the training; its KID is averaged over ten pairs of subsets.
        final: At its end; the same one, if it is of as many images.
        evaluated: The generated images of the one, and as many real ones.
        ended: Those of the other.
    """

    look: Evaluator
    final: Evaluator
    evaluated: int
    ended: int


def measures_of(plan: Plan, digits: Digits, device: str, features: str | None = None) -> Measures:
    """Return them; the real images are the same random ones for every seed.

    Args:
        plan: How many images are compared.
        digits: The real images.
        device: Where features are extracted.
        features: Whose, if not LeNet's.
    """
    evaluated, ended = (min(count, len(digits)) for count in (plan.evaluated, plan.final))
    order = torch.randperm(len(digits), generator=torch.Generator().manual_seed(0))
    extractor = yours.features(features, digits)
    look = Evaluator(digits.images[order[:evaluated]], extractor, device=device, kid_subsets=LOOK_SUBSETS)
    if evaluated == ended:
        return Measures(look, look, evaluated, ended)
    return Measures(look, Evaluator(digits.images[order[:ended]], extractor, device=device), evaluated, ended)
