"""SmoothGrad: the score's gradient, averaged over noisy copies of the sample."""

from dataclasses import dataclass

import torch
from torch import Tensor

from xaigrad._checks import check_count, check_finite
from xaigrad._types import Context, Score
from xaigrad.explainers._streaming import accumulator, stream_gradients


@dataclass(frozen=True)
class SmoothGrad:
    r"""SmoothGrad (Smilkov et al. 2017, arXiv 1706.03825, section 3).

    .. math:: A = \frac1K \sum_{k=1}^K \nabla D(x + \varepsilon_k), \qquad
              \varepsilon_k \sim \mathcal N\big(0, \sigma^2 (\max x - \min x)^2\big)

    The absolute value is left to the mask transform.

    Args:
        sigma: The noise's standard deviation relative to each sample's own range, as in the paper; it found 0.1 to 0.2
            best.
        samples: K, the noisy copies; each is one forward and one backward pass of D.
        rows: As in :class:`IntegratedGradients`; the draws do not depend on it.

    Example:
        >>> import torch
        >>> from xaigrad.explainers import Context
        >>> x = torch.tensor([[1.0, 2.0]])
        >>> context = Context(gradient=x, update=0, explanation=0, rng=torch.Generator())
        >>> SmoothGrad()(lambda x: 3 * x[:, 0] - x[:, 1], x, context)
        tensor([[ 3., -1.]])
    """

    sigma: float = 0.1
    samples: int = 8
    rows: int | None = None

    def __post_init__(self) -> None:
        check_finite("sigma", self.sigma)
        if self.sigma < 0:
            raise ValueError(
                f"Parameter `sigma` should be at least 0. Found {self.sigma!r}. It is relative to each sample's range, "
                "for example 0.1."
            )
        check_count("samples", self.samples, 1)
        if self.rows is not None:
            check_count("rows", self.rows, 1)

    def __call__(self, score: Score, samples: Tensor, context: Context) -> Tensor:
        """Return the attribution, of the samples' shape."""
        total = accumulator(samples)
        features = tuple(range(1, samples.dim()))
        deviation = self.sigma * (samples.amax(features, keepdim=True) - samples.amin(features, keepdim=True))

        def write(draw: int, out: Tensor) -> None:
            noise = torch.randn(samples.shape, generator=context.rng, dtype=total.dtype, device="cpu")
            torch.addcmul(samples, deviation, noise.to(out), out=out)

        for gradient in stream_gradients(score, samples, self.samples, write, self.rows):
            total += gradient
        return total.div_(self.samples)
