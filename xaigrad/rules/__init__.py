"""Rules: ``(gradient, mask, strength) -> gradient``, how an explanation changes what the generator learns from.

A strength of 0 gives the gradient itself, bit for bit. Those that re-weight the gradient are homogeneous in it,
g'(cg) = c g'(g), so the scale of a loss (a GradScaler's, say) passes through: :class:`Multiply`, :class:`Residual`,
:class:`SampleWeight`; :class:`Additive` for c > 0 alone, as it goes along the attribution whichever way the gradient
points. :class:`Blend`, :class:`NormPreserving` and :class:`Project` are made of another rule, a plain function or one
another, and are homogeneous as far as it is. :class:`PathFeedback` and :class:`SecantFeedback` put another slope of the
loss in the gradient's place, and read the loss's scale off what comes back to the scores.
"""

from xaigrad.rules._additive import Additive
from xaigrad.rules._blend import Blend
from xaigrad.rules._feedback import Feedback
from xaigrad.rules._losses import Minimax, NonSaturating
from xaigrad.rules._multiply import Multiply
from xaigrad.rules._norm_preserving import NormPreserving
from xaigrad.rules._path_feedback import PathFeedback
from xaigrad.rules._project import Project
from xaigrad.rules._residual import Residual
from xaigrad.rules._sample_weight import SampleWeight
from xaigrad.rules._secant_feedback import SecantFeedback

__all__ = [
    "Additive",
    "Blend",
    "Feedback",
    "Minimax",
    "Multiply",
    "NonSaturating",
    "NormPreserving",
    "PathFeedback",
    "Project",
    "Residual",
    "SampleWeight",
    "SecantFeedback",
]
