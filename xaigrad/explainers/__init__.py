"""Explainers: ``(score, samples, context) -> attribution``, why D gave each sample its score.

A plain function is as good as any class here. It may call ``score(samples)`` as often as it likes, with gradients: D is
asked in isolation and nothing of it changes. An explainer with a true attribute ``fused`` never asks D at all: it reads
``context.gradient``, and costs nothing.
"""

from xaigrad._types import Context, Explainer, Score
from xaigrad.explainers._completeness import CompletenessError
from xaigrad.explainers._deep_shap import DeepShap
from xaigrad.explainers._gradients import InputXGradient, Saliency

__all__ = ["CompletenessError", "Context", "DeepShap", "Explainer", "InputXGradient", "Saliency", "Score"]
