"""Atoms of the user's own: a given region, or any property that a function or a network sees in the samples."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from xaigrad._checks import takes_context
from xaigrad._context import expanded
from xaigrad._images import as_images
from xaigrad._isolation import isolated
from xaigrad.logic._formula import Formula
from xaigrad.logic._identity import alike
from xaigrad.logic._world import World


@dataclass(frozen=True, repr=False, eq=False)
class Region(Formula):
    """A region or property of one's own: how much a feature belongs to it.

    Args:
        source: One of

            - a tensor with values in [0, 1] that broadcasts to the samples, such as an image of shape ``(H, W)``;
            - a function ``samples -> mask`` or ``(samples, context) -> mask``, whose mask broadcasts to the samples or
              has the shape ``(N,)``, one truth value per sample; what lies outside of [0, 1] is cut;
            - a network ``samples -> mask`` of the same kind; it is asked in eval mode and in isolation, so that nothing
              of it changes.

            Where the specification has a ``shape``, the samples are seen in it.
        name: What to print.

    Raises:
        TypeError: If the source is none of these.
        ValueError: If a tensor's values are not in [0, 1]; (when called) if the mask does not fit the samples.

    Example:
        >>> import torch
        >>> left = Region(torch.tensor([[1.0, 0.0], [1.0, 0.0]]), name="left")
        >>> dark = Region(lambda samples: samples < 0, name="dark")
        >>> left & ~dark
        left & ~dark
    """

    source: Tensor | nn.Module | Callable[..., Tensor]
    name: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        source: Any = self.source
        if isinstance(source, Tensor):
            object.__setattr__(self, "source", _checked(source))
        elif isinstance(source, type) or not callable(source):
            raise TypeError(
                "Parameter `source` should be a tensor, a function samples -> mask or a network. Found "
                f"{source!r}. For example Region(lambda samples: samples > 0)."
            )
        contextual = not isinstance(source, Tensor | nn.Module) and takes_context(source, 1)
        object.__setattr__(self, "_contextual", contextual)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Region) and alike(self.source, other.source)

    def __hash__(self) -> int:
        return hash((Region, type(self.source)))

    def __str__(self) -> str:
        source = self.source
        what = f"tensor of shape {tuple(source.shape)}" if isinstance(source, Tensor) else _name_of(source)
        return self.name or f"Region({what})"

    @property
    def written(self) -> bool:
        """Whether its text, read again, is the same: never, for there is no text of what the user has."""
        return False

    @property
    def fixed(self) -> bool:
        """Whether its value is the same for all samples of a shape: a tensor's is."""
        return isinstance(self.source, Tensor)

    @property
    def contextual(self) -> bool:
        """Whether the function is given the context."""
        contextual: bool = self._contextual  # type: ignore[attr-defined]
        return contextual

    @property
    def asks(self) -> bool:
        """Whether the function says that it asks D."""
        return bool(getattr(self.source, "asks", False))

    @property
    def harvests(self) -> int:
        """How many real samples the function says that it wants to be kept."""
        return int(getattr(self.source, "harvests", 0))

    def check_call(self, discriminator: nn.Module | None, samples: Tensor, shape: tuple[int, ...] | None) -> None:
        """Raise ``ValueError``, in the user's own call of D, if a tensor does not fit the samples."""
        if isinstance(self.source, Tensor):
            self._fitting(samples if shape is None else as_images(samples, shape))
        elif (check := getattr(self.source, "check_call", None)) is not None:
            check(discriminator, samples)

    def value(self, world: World, *operands: Tensor) -> Tensor:
        """Return the degrees."""
        if isinstance(self.source, Tensor):
            region = self._fitting(world.attribution).to(
                device=world.attribution.device, dtype=world.attribution.dtype, non_blocking=True, copy=True
            )
            return world.per_feature(region)
        found = self._asked(world)
        if isinstance(found, Tensor) and found.shape == (len(world.attribution),):
            found = world.per_sample(found)
        found = expanded("region", self, found, world.attribution)
        return found.detach().to(world.attribution).clamp(0, 1)

    def _asked(self, world: World) -> Any:
        source: Any = self.source
        with torch.no_grad():
            if not isinstance(source, nn.Module):
                return source(world.samples, *((world.context,) if self.contextual else ()))
            with isolated([source], world.samples.device, eval_mode=True):
                return source(world.samples.clone())

    def _fitting(self, samples: Tensor) -> Tensor:
        """Return the region's tensor, or raise ``ValueError`` if it does not broadcast to the samples."""
        region: Tensor = self.source  # type: ignore[assignment]
        if region.dim() > samples.dim() or any(
            side not in (1, whole) for side, whole in zip(reversed(region.shape), reversed(samples.shape), strict=False)
        ):
            raise ValueError(
                f"Parameter `source` of the region {self} should broadcast to the samples, of shape "
                f"{tuple(samples.shape)}. Found the shape {tuple(region.shape)}. Pass one of a sample's shape; for "
                "flat samples that are images, say so with shape=, for example shape=(1, 28, 28)."
            )
        return region


def _checked(region: Tensor) -> Tensor:
    """Return a copy of a region, floating and with values in [0, 1]."""
    if region.is_complex():
        raise TypeError(f"Parameter `source` should be a real tensor. Found {region.dtype}.")
    region = region.detach().clone()
    region = region if region.is_floating_point() else region.to(torch.get_default_dtype())
    if not bool(((region >= 0) & (region <= 1)).all()):
        raise ValueError(
            "Parameter `source` should have values in [0, 1]. Found values from "
            f"{float(region.min()):.4g} to {float(region.max()):.4g}. For an image from -1 to 1: (image + 1) / 2."
        )
    return region


def _name_of(source: Any) -> str:
    return getattr(source, "__name__", "") or (type(source).__name__ if isinstance(source, nn.Module) else repr(source))
