"""Completeness: an attribution sums to the score's difference from the reference, or the user is told."""

import warnings
from collections.abc import Collection

import torch
from torch import Tensor


class CompletenessError(RuntimeError):
    """An attribution that does not sum to the score's difference from the reference."""


def completeness_error(attribution: Tensor, difference: Tensor) -> float:
    r"""Return :math:`\max_n |\sum_i A_{ni} - \Delta_n|`, relative to the largest of the terms that should cancel.

    The scale is :math:`\max_n \max(|\Delta_n|, \sum_i |A_{ni}|)`: rounding grows with the sum's terms. Where a score
    depends on several samples (packed scores, minibatch statistics), the equation holds for the batch as a whole.
    Where a score is not finite there is nothing to miss.
    """
    if not difference.isfinite().all():
        return 0.0
    rows = attribution.flatten(1)
    whole = _relative(rows.sum() - difference.sum(), difference.sum(), rows.abs().sum())
    if difference.shape != rows.shape[:1]:
        return whole
    return min(whole, _relative(rows.sum(1) - difference, difference, rows.abs().sum(1)))


def _relative(error: Tensor, difference: Tensor, size: Tensor) -> float:
    scale = torch.maximum(difference.abs(), size).max()
    return float((error.abs().max() / scale.clamp(min=torch.finfo(scale.dtype).tiny)).nan_to_num(torch.inf))


def tolerance(precision: torch.dtype) -> float:
    """Return the relative error that rounding explains: the square root of the machine epsilon.

    That is 1.5e-8 in float64, 3.5e-4 in float32.
    """
    return float(torch.finfo(precision).eps ** 0.5)


def report(error: float, unknown: Collection[str], check: str) -> None:
    """Raise or warn of an attribution that misses the score's difference by more than rounding explains.

    Args:
        error: The relative error.
        unknown: The functions that were taken to be linear without being known as such.
        check: ``"raise"`` or ``"warn"``.

    Raises:
        CompletenessError: If asked to.
    """
    suspects = ", ".join(f"`{name}`" for name in sorted(unknown)) or "a function of another library"
    message = (
        f"The DeepLIFT attribution should sum to the score's difference from the reference. Found a relative error of "
        f"{error:.1e}: this discriminator has a nonlinearity that is not known, among {suspects}. Use "
        'Saliency(exact=True) for it, or check="warn" or check="off" to go on with an approximate explanation.'
    )
    if check == "raise":
        raise CompletenessError(message)
    warnings.warn(message, stacklevel=2)
