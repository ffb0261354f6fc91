"""Grad-CAM: a layer's channels, each weighed by the score's mean gradient on it."""

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from xaigrad._types import Context, Score

_MODES = {1: "linear", 2: "bilinear", 3: "trilinear"}


@dataclass(frozen=True)
class GradCam:
    r"""Grad-CAM at a layer of D (Selvaraju et al. 2017, arXiv 1610.02391, equations 1 and 2).

    .. math:: A = \mathrm{ReLU}\Big(\sum_c w_c\, a_c\Big), \qquad
              w_c = \frac1{|P|} \sum_{p \in P} \frac{\partial D(x)}{\partial a_{cp}}

    with :math:`a` the layer's output, of shape ``(N, C, *spatial)``. The map is interpolated linearly to the samples'
    spatial size and is the same for all of their channels. One forward pass of D, and the part of the backward pass
    above the layer.

    Args:
        layer: The layer's name in the discriminator, as ``discriminator.named_modules()`` lists it. Where the layer is
            called several times in one pass, its last call counts.
        relu: Whether to keep only what raises the score.

    Raises:
        TypeError: If the layer is no name.
        ValueError: (when called) if the discriminator has no such layer, or the layer's output cannot be explained.

    Example:
        >>> import torch
        >>> from xaigrad.explainers import Context
        >>> D = torch.nn.Sequential(torch.nn.Conv2d(1, 1, 1, bias=False), torch.nn.Flatten(), torch.nn.Linear(4, 1))
        >>> _ = [torch.nn.init.ones_(weight) for weight in D.parameters()]
        >>> x = torch.tensor([[[[1.0, 2.0], [-1.0, 0.0]]]])
        >>> context = Context(gradient=x, update=0, explanation=0, rng=torch.Generator(), discriminator=D)
        >>> GradCam("0")(lambda x: D(x)[:, 0], x, context)
        tensor([[[[1., 2.],
                  [0., 0.]]]])
    """

    layer: str
    relu: bool = True

    def __post_init__(self) -> None:
        if not isinstance(self.layer, str):
            raise TypeError(
                "Parameter `layer` should be a layer's name in the discriminator. Found "
                f"{type(self.layer).__name__}. The names are those of discriminator.named_modules()."
            )

    def __call__(self, score: Score, samples: Tensor, context: Context) -> Tensor:
        """Return the attribution, of the samples' shape."""
        activations, gradient = self._differentiate(score, samples, self._find(context.discriminator))
        if activations.dim() < 3 or len(activations) != len(samples) or activations.dim() != samples.dim():
            raise ValueError(
                f"Parameter `layer` should name a layer whose output has the shape (N, C, *spatial) with as many "
                f"spatial dimensions as the samples, of shape {tuple(samples.shape)}. Found the shape "
                f"{tuple(activations.shape)} of `{self.layer}`. Name a convolution or what follows it; for samples "
                "without spatial dimensions use another explainer, for example Saliency()."
            )
        spatial = tuple(range(2, activations.dim()))
        weight = gradient.mean(spatial, keepdim=True)
        cam = (weight * activations).sum(1, keepdim=True)
        if self.relu:
            cam = cam.relu()
        cam = F.interpolate(cam, samples.shape[2:], mode=_MODES[len(spatial)], align_corners=False)
        return cam.expand_as(samples)

    def check_call(self, discriminator: nn.Module | None, samples: Tensor) -> None:
        """Raise ``ValueError``, in the user's own call of D, if it has no such layer."""
        self._find(discriminator)

    def _find(self, discriminator: nn.Module | None) -> nn.Module:
        """Return the layer of that name."""
        if discriminator is None:
            raise ValueError(
                f"Parameter `layer` should name a layer of a discriminator module. Found {self.layer!r} where the "
                "discriminator is a function. Pass the module, or use an explainer that looks into no layer, for "
                "example Saliency()."
            )
        layers: dict[str, nn.Module] = dict(discriminator.named_modules())
        if not self.layer or self.layer not in layers:
            names = [name for name in layers if name]
            listed = get_close_matches(self.layer, names, n=5, cutoff=0.4) or names[:10]
            raise ValueError(
                f"Parameter `layer` should name a layer of the discriminator. Found {self.layer!r}, which "
                f"`{type(discriminator).__name__}` lacks. Try {' or '.join(map(repr, listed)) or 'Saliency()'}."
            )
        return layers[self.layer]

    def _differentiate(self, score: Score, samples: Tensor, layer: nn.Module) -> tuple[Tensor, Tensor]:
        """Return the layer's output and the gradient of the summed scores on it, in float32 at least."""
        calls: list[Any] = []

        def keep(module: nn.Module, args: Any, output: Any) -> Any:
            calls.append(output)
            # What follows gets a clone: an in-place activation would write into the output.
            return output.clone() if isinstance(output, Tensor) else output

        handle = layer.register_forward_hook(keep)
        try:
            with torch.enable_grad():
                scores = score(samples.detach().requires_grad_())
            output = calls[-1] if calls else None
            gradient = None
            if isinstance(output, Tensor) and output.requires_grad:
                (gradient,) = torch.autograd.grad(scores.sum(), output, allow_unused=True)
        finally:
            handle.remove()
        if gradient is None or not isinstance(output, Tensor):
            found = "it was never called" if not calls else f"the score does not depend on its {_kind(output)}"
            raise ValueError(
                f"Parameter `layer` should name a layer through which the samples reach the score. Found that of "
                f"`{self.layer}` {found}. Name a layer that is called as a module and gives one tensor."
            )
        full = torch.promote_types(output.dtype, torch.float32)
        return output.detach().to(full), gradient.to(full)


def _kind(output: Any) -> str:
    return "output" if isinstance(output, Tensor) else f"output, a {type(output).__name__}"
