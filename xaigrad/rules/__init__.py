"""Rules: ``(gradient, mask, strength) -> gradient``, how an explanation changes what the generator learns from.

Both are homogeneous in the gradient, g'(cg) = c g'(g), so the scale of a loss (a GradScaler's, say) passes through.
"""

from xaigrad.rules._multiply import Multiply
from xaigrad.rules._residual import Residual

__all__ = ["Multiply", "Residual"]
