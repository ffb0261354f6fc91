"""The two losses of the original GAN paper (Goodfellow et al. 2014, arXiv 1406.2661), for scores in [0, 1]."""

import torch
import torch.nn.functional as F
from torch import Tensor


def discriminator_loss(real: Tensor, generated: Tensor) -> Tensor:
    r"""Return :math:`-\mathbb E \log D(x) - \mathbb E \log(1 - D(G(z)))` (equation 1), for scores of shape ``(N, 1)``.

    Logarithms are cut at -100, as ``binary_cross_entropy`` does.

    Example:
        >>> round(discriminator_loss(torch.tensor([[0.5]]), torch.tensor([[0.5]])).item(), 4)
        1.3863
    """
    return F.binary_cross_entropy(real, torch.ones_like(real)) + F.binary_cross_entropy(
        generated, torch.zeros_like(generated)
    )


def minimax(generated: Tensor) -> Tensor:
    r"""Return :math:`\mathbb E \log(1 - D(G(z)))` (equation 1), the saturating loss: flat where D is sure.

    Example:
        >>> round(minimax(torch.tensor([[0.5]])).item(), 4)
        -0.6931
    """
    return -F.binary_cross_entropy(generated, torch.zeros_like(generated))


def non_saturating(generated: Tensor) -> Tensor:
    r"""Return :math:`-\mathbb E \log D(G(z))` (section 3), steep where D is sure.

    Example:
        >>> round(non_saturating(torch.tensor([[0.5]])).item(), 4)
        0.6931
    """
    return F.binary_cross_entropy(generated, torch.ones_like(generated))
