"""Explainers: ``(score, samples, context) -> attribution``, why D gave each sample its score.

A plain function is as good as any class here. It may call ``score(samples)`` as often as it likes, with gradients: D is
asked in isolation and nothing of it changes. An explainer with a true attribute ``fused`` never asks D at all: it reads
``context.gradient``, and costs nothing.

- gradients: :class:`Saliency`, :class:`InputXGradient` (both free), :class:`SmoothGrad`, :class:`GradCam`;
- differences from references: :class:`DeepLift`, :class:`DeepShap`, :class:`IntegratedGradients`,
  :class:`ExpectedGradients`;
- perturbations: :class:`Occlusion`, :class:`Lime`, :class:`KernelShap`, on the regions of :class:`Grid` or
  :class:`Superpixels`;
- everything else: :class:`CaptumExplainer`, :class:`ShapExplainer`.
"""

from xaigrad._types import Context, Explainer, Score
from xaigrad.explainers._captum import CaptumExplainer
from xaigrad.explainers._completeness import CompletenessError
from xaigrad.explainers._deep_lift import DeepLift
from xaigrad.explainers._deep_shap import DeepShap
from xaigrad.explainers._expected_gradients import ExpectedGradients
from xaigrad.explainers._grad_cam import GradCam
from xaigrad.explainers._gradients import InputXGradient, Saliency
from xaigrad.explainers._grid import Grid
from xaigrad.explainers._integrated_gradients import IntegratedGradients
from xaigrad.explainers._kernel_shap import KernelShap
from xaigrad.explainers._lime import Lime
from xaigrad.explainers._occlusion import Occlusion
from xaigrad.explainers._shap import ShapExplainer
from xaigrad.explainers._smooth_grad import SmoothGrad
from xaigrad.explainers._superpixels import Superpixels

__all__ = [
    "CaptumExplainer",
    "CompletenessError",
    "Context",
    "DeepLift",
    "DeepShap",
    "ExpectedGradients",
    "Explainer",
    "GradCam",
    "Grid",
    "InputXGradient",
    "IntegratedGradients",
    "KernelShap",
    "Lime",
    "Occlusion",
    "Saliency",
    "Score",
    "ShapExplainer",
    "SmoothGrad",
    "Superpixels",
]
