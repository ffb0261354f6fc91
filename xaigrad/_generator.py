"""The generator, guided."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Self

import torch
from torch import Tensor, nn

from xaigrad._call import Question
from xaigrad._construction import check_optimizer, distinct_networks, one_recipe
from xaigrad._guidance import Guidance
from xaigrad._interception import Interception
from xaigrad._isolation import unwrapped
from xaigrad._reweighting import GuidedUpdate
from xaigrad._types import Explainer, MaskTransform, Rule, Schedule, Score, Target

_SHARED = ("_parameters", "_buffers", "_modules", "_non_persistent_buffers_set", "_load_state_dict_post_hooks")


class XAIGuidedGenerator(nn.Module):
    r"""A generator whose feedback from the discriminator is re-weighted by an explanation of the discriminator.

    Call it in place of the generator; losses, optimizers and the loop stay as they are. While it is attached, the
    gradient g that flows back from the discriminator into a generated sample becomes

    .. math:: g' = g \odot M, \qquad M = |A| / \max |A|

    (or whatever else the :class:`Guidance` says), with A the attribution of D's score to the sample's features. Only
    the path through D is guided: a pixel, cycle or identity loss on the same sample is left as it is. All that reaches
    the sample through D in the same call is guided together, an auxiliary classifier's loss too.

    As a module it is the generator's own view: same parameters, same names, same ``state_dict``, same mode. Other
    attributes are the generator's; what the wrapper has itself (``last``, ``updates`` ...) it has of its own, and
    ``bare`` leads past it. A copy (``deepcopy``, pickle) is not guided; the guidance ends with the wrapper, so hold it.

    Args:
        generator: G, any module with parameters.
        discriminator: D, any module; or several.
        guidance: The whole recipe; or give its parts:
        explainer: ``(score, samples, context) -> attribution``; default :class:`~xaigrad.explainers.Saliency`, which is
            free.
        mask: ``attribution -> mask``, or a sequence of such; default :class:`~xaigrad.masks.AbsNormalize`.
        schedule: ``update -> strength``; default :class:`~xaigrad.schedules.Constant`.
        rule: ``(gradient, mask, strength) -> gradient``; default :class:`~xaigrad.rules.Multiply`.
        target: ``(D's output, samples) -> what to explain``, one row per sample; default: a tensor's sum over all but
            the batch.
        optimizer: The generator's optimizer, to count updates by its steps alone. Without it an update is over when any
            optimizer of the generator's parameters has stepped, or they have been written to otherwise.
        eval_mode: Whether explainers ask D in eval mode (without dropout, with running statistics), whatever mode it
            trains in. Fused explainers see the training's own gradient.
        real: Whether D scores real samples ``"high"``, or ``"low"``, as energy-based ones do; explainers are then asked
            about the negated score, so that what speaks for a real sample is positive for every GAN.

    Attributes:
        bare: The generator itself. (Not ``module``, which is the generator's own inside DistributedDataParallel.)

    Raises:
        TypeError: If a network is no module, or a strategy cannot be called.
        ValueError: If the generator has no parameters, is guided already, or is not the optimizer's; if ``real`` is
            something else.
        RuntimeError: (from the optimizer's step) if ten updates have gone by without a call of D with a sample.

    Example:
        >>> import torch
        >>> from torch import nn
        >>> from xaigrad import XAIGuidedGenerator
        >>> generator, discriminator = nn.Linear(2, 3), nn.Linear(3, 1)
        >>> generator = XAIGuidedGenerator(generator, discriminator)
        >>> loss = -discriminator(generator(torch.randn(8, 2))).mean()
        >>> loss.backward()
        >>> generator.explanations
        1
        >>> list(generator.state_dict())
        ['weight', 'bias']
    """

    bare: nn.Module
    _called: bool
    _interception: Interception | None

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module | Iterable[nn.Module],
        guidance: Guidance | None = None,
        *,
        explainer: Explainer | None = None,
        mask: MaskTransform | Sequence[MaskTransform] | None = None,
        schedule: Schedule | None = None,
        rule: Rule | None = None,
        target: Target | None = None,
        optimizer: torch.optim.Optimizer | None = None,
        eval_mode: bool = True,
        real: str = "high",
    ) -> None:
        parts = {"explainer": explainer, "mask": mask, "schedule": schedule, "rule": rule}
        if isinstance(unwrapped(generator), XAIGuidedGenerator):
            raise ValueError(
                "Parameter `generator` should be a bare generator. Found one that is wrapped already. Pass several "
                "discriminators at once, or wrap generator.detach()."
            )
        recipe = one_recipe(guidance, parts)
        discriminators = distinct_networks(generator, discriminator)
        question = Question(target, eval_mode, real)
        check_optimizer(optimizer, generator)
        # The view is set up by hand: nn.Module would register G as a child, under names of its own.
        training = generator.training
        object.__setattr__(self, "bare", generator)
        super().__init__()
        generator.training = training
        for name in _SHARED:
            self.__dict__[name] = getattr(generator, name)
        self.__dict__["_called"] = False
        self.__dict__["_interception"] = Interception(generator, discriminators, recipe, question, optimizer)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Call the generator."""
        try:
            samples = self.bare(*args, **kwargs)
        except Exception as error:
            if not self._called and self._interception is not None:
                error.add_note(
                    "Parameter `generator` should be the network that makes samples. Found "
                    f"`{type(self.bare).__name__}`, whose first call failed. If it is the discriminator, swap the "
                    "two: XAIGuidedGenerator(generator, discriminator, ...)."
                )
            raise
        self.__dict__["_called"] = True
        return samples

    @property
    def interception(self) -> Interception:
        """The attachment to the discriminator; its ``state_dict`` is what resuming the guidance needs.

        Raises:
            RuntimeError: On a copy of the wrapper, which has none.
        """
        if self._interception is None:
            raise RuntimeError(
                "A copy of a guided generator should be wrapped before it is asked about its guidance. Found an "
                "unguided copy. Wrap it: XAIGuidedGenerator(copy.bare, discriminator, ...)."
            )
        return self._interception

    @property
    def updates(self) -> int:
        """The number of generator updates since the attachment."""
        return self.interception.updates

    @property
    def explanations(self) -> int:
        """How many gradients have been guided."""
        return self.interception.explanations

    @property
    def skipped(self) -> Mapping[str, int]:
        """How many gradients were left as they were, by reason."""
        return self.interception.skipped

    @property
    def fallbacks(self) -> int:
        """How many samples had a mask that was not finite and got the neutral mask 1."""
        return self.interception.fallbacks

    @property
    def last(self) -> GuidedUpdate | None:
        """What the last guided update did: samples, gradient, attribution, mask."""
        return self.interception.last

    def paused(self) -> AbstractContextManager[None]:
        """Return a context that leaves gradients alone: the discriminator's turn, or an evaluation."""
        return self.interception.paused()

    def guided(self) -> AbstractContextManager[None]:
        """Return a context that is exactly one update of the generator, guided also inside :meth:`paused`."""
        return self.interception.guided()

    def intercept(self, samples: Tensor, score: Score) -> Tensor:
        """Return the samples under guidance, for a discriminator that is not called as a module."""
        return self.interception.intercept(samples, score)

    def detach(self) -> nn.Module:
        """End the guidance, without a trace in either network, and return the bare generator."""
        if self._interception is not None:
            self._interception.detach()
        return self.bare

    # The view: all that is the generator's is asked of it.

    def parameters(self, *args: Any, **kwargs: Any) -> Iterator[nn.Parameter]:
        """Return the bare generator's parameters, as it lists them itself."""
        return self.bare.parameters(*args, **kwargs)

    def named_parameters(self, *args: Any, **kwargs: Any) -> Iterator[tuple[str, nn.Parameter]]:
        """Return the bare generator's parameters by their names."""
        return self.bare.named_parameters(*args, **kwargs)

    def get_submodule(self, target: str) -> nn.Module:
        """Return a submodule of the bare generator."""
        return self.bare.get_submodule(target)

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Move the generator in its own way."""
        self.bare.to(*args, **kwargs)
        return self

    def eval(self) -> Self:
        """Set the generator's mode in its own way."""
        self.bare.eval()
        return self

    @property
    def training(self) -> bool:
        """The generator's mode."""
        return self.bare.training

    @training.setter
    def training(self, mode: bool) -> None:
        self.bare.training = mode

    def train(self, mode: bool = True) -> Self:
        """Set the generator's mode."""
        self.bare.train(mode)
        return self

    def state_dict(self, *args: Any, **kwargs: Any) -> Any:
        """Return the bare generator's state."""
        return self.bare.state_dict(*args, **kwargs)

    def load_state_dict(self, *args: Any, **kwargs: Any) -> Any:
        """Load a bare generator's state."""
        return self.bare.load_state_dict(*args, **kwargs)

    def _load_from_state_dict(self, *args: Any, **kwargs: Any) -> None:
        self.bare._load_from_state_dict(*args, **kwargs)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        self.bare._apply(fn, recurse)  # type: ignore[no-untyped-call]
        return self

    def _replicate_for_data_parallel(self) -> nn.Module:
        replica: nn.Module = self.bare._replicate_for_data_parallel()  # type: ignore[no-untyped-call]
        return replica

    def apply(self, fn: Callable[[nn.Module], None]) -> Self:
        """Apply a function to the generator and its submodules."""
        self.bare.apply(fn)
        return self

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Compile the generator in place."""
        self.bare.compile(*args, **kwargs)

    def extra_repr(self) -> str:
        """Return the recipe."""
        return "" if self._interception is None else repr(self._interception.guidance)

    def __getattr__(self, name: str) -> Any:
        if "bare" not in self.__dict__:  # While a copy is being made.
            raise AttributeError(name)
        return getattr(self.bare, name)

    def __getitem__(self, key: Any) -> Any:
        return self.bare[key]  # type: ignore[index]

    def __setattr__(self, name: str, value: Any) -> None:
        # The wrapper's own is what its class defines, and its methods: Accelerate puts another `forward` in its place.
        if name in self.__dict__ or hasattr(type(self), name) or getattr(value, "__self__", None) is self:
            object.__setattr__(self, name, value)
        else:
            setattr(self.bare, name, value)

    def __delattr__(self, name: str) -> None:
        if name in self.__dict__:
            object.__delattr__(self, name)
        else:
            delattr(self.bare, name)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_interception": None}
