"""The features that matter most, and no others."""

from dataclasses import dataclass

import torch
from torch import Tensor

from xaigrad._checks import check_positive, check_share
from xaigrad.masks._rows import count_of, of_rank, rows_of


@dataclass(frozen=True)
class TopK:
    r"""1 on the share f of a sample's F features that have the largest values, 0 on the others.

    .. math:: M' = [M \ge t_k], \qquad k = \lceil f F \rceil

    where :math:`t_k` is the k-th largest value. Features that tie with it are all kept, so that none wins by its
    place: then there are more than k, and a constant mask becomes ones. (After :class:`PositivePart` about half of the
    values are 0, and a larger share keeps all of them.)

    .. math:: M' = \operatorname{sigmoid}\left(\frac{M - t}{T}\right) \quad (\texttt{soft=True})

    where t lies half-way between the smallest value that is kept and the largest that is not, so that the hard mask is
    the limit for T to 0. Where all values are kept, both are 1.

    Args:
        fraction: f, in (0, 1].
        soft: Whether to go from 0 to 1 smoothly.
        temperature: T, in the mask's units: from 0.27 to 0.73 is as far as from t - T to t + T.

    Raises:
        ValueError: If the fraction is not in (0, 1], or the temperature not positive.

    Example:
        >>> import torch
        >>> mask = torch.tensor([[0.1, 0.8, 0.4, 0.2]])
        >>> TopK(0.5)(mask)
        tensor([[0., 1., 1., 0.]])
        >>> TopK(0.5, soft=True, temperature=0.1)(mask)
        tensor([[0.1192, 0.9933, 0.7311, 0.2689]])
    """

    fraction: float
    soft: bool = False
    temperature: float = 0.05

    def __post_init__(self) -> None:
        check_share("fraction", self.fraction)
        check_positive("temperature", self.temperature)

    def __call__(self, mask: Tensor) -> Tensor:
        """Return the mask of the largest values, of the mask's shape and dtype."""
        rows = rows_of(mask).detach()
        features = rows.shape[1]
        threshold = of_rank(rows, features - count_of(self.fraction, features) + 1)
        # As numbers at once: comparisons that give truth values take five times as long.
        kept = torch.ge(rows, threshold, out=torch.empty_like(rows))
        if self.soft:
            most = torch.finfo(rows.dtype).max
            below = torch.add(rows, kept, alpha=-most).amax(1, keepdim=True)
            kept = ((rows - (threshold + below) / 2) / self.temperature).sigmoid_()
        # Keeps what is not finite so.
        return (kept + 0 * rows.sum(1, keepdim=True)).view_as(mask)
