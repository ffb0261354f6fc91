"""How far generated images are from real ones, in the space of some features and as torch-fidelity computes it.

FID is the Fréchet distance between the normal distributions fitted to the two sets of features; KID is the squared
maximum mean discrepancy of the features under a cubic kernel; precision is the share of generated images that are near
a real one, recall the share of real images that are near a generated one.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from xaigrad._checks import check_count
from xaigrad.benchmarks import _fidelity
from xaigrad.benchmarks.data import to_pixels
from xaigrad.benchmarks.features import Features, LeNet

KID_UNIT = "x1000"


@dataclass(frozen=True)
class Scores:
    """What an evaluation found.

    Attributes:
        fid: At least 0 up to rounding, lower is better. Its bias falls as 1 / N: compare figures of the same N only.
        kid: KID times 1,000, lower is better. It has no bias and may therefore be slightly below 0.
        precision: From 0 to 1, higher is better: do generated images look real? Never to be read alone: images that
            all resemble one odd real image have a high one, as even noise may.
        recall: From 0 to 1, higher is better: is every kind of real image generated?
    """

    fid: float
    kid: float
    precision: float
    recall: float


class Evaluator:
    """Compares generated images with a fixed set of real ones, whose features are computed once and kept in memory.

    Images are rounded to 256 grey levels, as if they had been saved. Nothing is printed, no file is written and no
    random state is touched; the same images give the same scores on the same machine.

    Figures of different extractors are not comparable: publish ``extractor`` beside them.

    Args:
        real: Images of shape (N, C, H, W) in [-1, 1], at least 4.
        features: What they are compared by; or the name of the data set whose LeNet extracts the features, one of
            ``xaigrad.benchmarks.data.NAMES``, which takes grey squares.
        device: Where the features are extracted; the rest happens on the CPU.
        kid_subsets: How many pairs of random subsets of 1,000 samples KID is averaged over, where there are more
            samples: each costs as much, and the fewer, the noisier the figure.

    Attributes:
        extractor: The name of the features; that of a LeNet ends in the hash of the weights, and torch-fidelity knows
            it, too.

    Raises:
        ValueError: If the images are none, too few, outside [-1, 1] or not of a shape that the features are made for.
    """

    def __init__(
        self,
        real: Tensor,
        features: str | Features,
        *,
        device: torch.device | str = "cpu",
        kid_subsets: int = _fidelity.SUBSETS,
    ) -> None:
        self._extract = (LeNet(features) if isinstance(features, str) else features).to(device)
        self.extractor = self._extract.name
        self._device = device
        check_count("kid_subsets", kid_subsets, 1)
        self._kid_subsets = kid_subsets
        _check(real, "real")
        self._shape = real.shape[1:]
        if not (real.abs() <= 1).all():
            raise ValueError(
                f"Parameter `real` should lie in [-1, 1]. Found values from {real.min():g} to {real.max():g}. Scale it "
                f"as `xaigrad.benchmarks.data.from_pixels` does."
            )
        self._real = self._features(real)
        self._real_statistics = _fidelity.statistics(self._real)

    def __call__(self, generated: Tensor) -> Scores:
        """Return FID, KID, precision and recall.

        Args:
            generated: Images of the real ones' shape in [-1, 1], at least 4; values outside are clipped. If a value is
                NaN or infinite, so that nothing can be said, all scores are NaN.
        """
        _check(generated, "generated", self._shape)
        if not generated.isfinite().all():
            return Scores(math.nan, math.nan, math.nan, math.nan)
        features = self._features(generated)
        precision, recall = _fidelity.precision_recall(features, self._real)
        kid = _fidelity.kid(features, self._real, self._kid_subsets)
        return Scores(self._fid(features), 1000 * kid, precision, recall)

    def fid(self, generated: Tensor) -> float:
        """Return FID alone, some ten times faster: for a look during training. Takes what a call takes."""
        _check(generated, "generated", self._shape)
        return self._fid(self._features(generated)) if generated.isfinite().all() else math.nan

    def _fid(self, features: Tensor) -> float:
        return _fidelity.fid(_fidelity.statistics(features), self._real_statistics)

    @torch.no_grad()
    def _features(self, images: Tensor) -> Tensor:
        batches = (to_pixels(batch.to(self._device)) for batch in torch.split(images, self._extract.batch))
        return torch.cat([self._extract(pixels).cpu() for pixels in batches])


def _check(images: Tensor, name: str, shape: torch.Size | None = None) -> None:
    least = _fidelity.NEIGHBOURS + 1
    wrong = images.dim() != 4 if shape is None else images.shape[1:] != shape
    if wrong or not images.is_floating_point() or len(images) < least:
        wanted = "C, H, W" if shape is None else ", ".join(map(str, shape))
        raise ValueError(
            f"Parameter `{name}` should be floating images of shape (N, {wanted}) in [-1, 1], with N >= {least}. "
            f"Found {images.dtype} of shape {tuple(images.shape)}. Reshape or convert them, or take more."
        )
