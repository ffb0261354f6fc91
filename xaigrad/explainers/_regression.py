"""Weighted ridge regression of all samples at once."""

import torch
from torch import Tensor


def ridge_regression(design: Tensor, outcome: Tensor, weight: Tensor, penalty: Tensor) -> Tensor:
    r"""Return :math:`\arg\min_\beta \sum_p w_p (y_p - z_p^\top \beta)^2 + \lambda \|\beta\|^2` for each sample.

    By the normal equations of the smaller side: memory is N times the square of P or M, whichever is less.

    Args:
        design: z, shape ``(N, P, M)``, float64.
        outcome: y, shape ``(N, P)``.
        weight: w, shape ``(N, P)``, at least 0.
        penalty: :math:`\lambda`, shape ``(N,)``, larger than 0.

    Returns:
        The coefficients, shape ``(N, M)``.

    Example:
        >>> ridge_regression(torch.ones(1, 2, 1), torch.tensor([[1.0, 3.0]]), torch.ones(1, 2), torch.tensor([2.0]))
        tensor([[1.]])
    """
    root = weight.sqrt()
    scaled, outcome = design * root[..., None], (outcome * root)[..., None]
    across = scaled.transpose(1, 2)
    _, perturbations, variables = design.shape
    if perturbations < variables:
        return torch.bmm(across, _solve(torch.bmm(scaled, across), outcome, penalty))[..., 0]
    return _solve(torch.bmm(across, scaled), torch.bmm(across, outcome), penalty)[..., 0]


def _solve(matrix: Tensor, right: Tensor, penalty: Tensor) -> Tensor:
    r"""Return :math:`(A + \lambda I)^{-1} b`; what is not finite stays so, and does not raise."""
    matrix.diagonal(dim1=1, dim2=2).add_(penalty[:, None])
    return torch.cholesky_solve(right, torch.linalg.cholesky_ex(matrix)[0])
