"""A user's own networks as a model of the benchmarks, from a function of theirs that makes them."""

import inspect
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import torch
from torch import Tensor, nn

from xaigrad._checks import structure
from xaigrad._isolation import forked_rng
from xaigrad.benchmarks.data import Digits
from xaigrad.benchmarks.errors import UsageError
from xaigrad.benchmarks.models import Model
from xaigrad.benchmarks.yours._imported import imported, users_code
from xaigrad.benchmarks.yours._training import SCORES, Training, check_scores, kind_of, shape_of

_PARAMETER = "pair"
_TRIED = 4
_WANTED = (
    f"Parameter `{_PARAMETER}` should name a function that returns (generator, discriminator), or these and the size "
    "of a sample's noise, or a training with the attributes generator, discriminator, g_optimizer and step."
)


@dataclass(frozen=True)
class OwnModel(Model):
    """A model that a user brought.

    Attributes:
        shape: That of an image that the generator makes.
    """

    shape: tuple[int, ...] = ()
    side: int | None = None

    def check_fits(self, digits: Digits) -> None:
        """Raise ``UsageError`` unless the images are such as the networks make, with classes if they are told them."""
        found = tuple(digits.images.shape[1:])
        if found != self.shape:
            raise UsageError(
                f"Parameter `{_PARAMETER}` should make images such as those of the data, {found}. Found {self.shape} "
                "(channels, height, width). Resize the images, or change the networks."
            )
        if self.labelled and not digits.labels.any():
            raise UsageError(
                f"Parameter `{_PARAMETER}` should stand beside images with labels, as its step takes these. Found no "
                "labels but 0. Return (images, labels)."
            )


@cache
def model(text: str) -> OwnModel:
    """Return the model that a function of a user's makes; it is tried once, with networks that are then thrown away.

    The function takes no arguments and returns fresh networks at every call, initialised from torch's random state. It
    returns one of these:

    - ``(generator, discriminator)``: they train as the standard GAN does, with a choice of loss, learning rate and
      Adam's moments. G makes images of shape ``(N, C, H, W)`` of ``torch.randn(N, 100)``; D returns one score per
      image, or one per patch. Whether these are logits or probabilities is read off D's last operation.
    - ``(generator, discriminator, latent)``: the noise is ``torch.randn(N, latent)``, or of a shape: ``(100, 1, 1)``.
    - ``(generator, discriminator, latent, scores)``: scores is ``"logits"`` or ``"probabilities"``, where that cannot
      be read off D.
    - an object with the attributes ``generator``, ``discriminator`` and ``g_optimizer``, the generator's optimizer, and
      a method ``step(images)``, or ``step(images, labels)``, which trains on one batch of real images and returns
      ``(d_loss, g_loss)``, two tensors without dimensions, the second ``None`` if G did not learn in that step. With
      methods ``state_dict`` and ``load_state_dict``, which gets its tensors on the CPU, it goes on where it was cut
      off; without them it starts anew. It may have ``latent``, too. For guided arms ``generator`` is replaced by the
      guided one, whose parameters are the same.

    Args:
        text: ``module:function`` or ``file.py:function``.

    Raises:
        UsageError: If it does none of this; in one line, with the line of the user's code.

    Example:
        >>> found = model("xaigrad.integrations.dcgan:make_pair")
        >>> found.shape, found.latent, found.threshold, found.options["loss"]
        ((1, 28, 28), (100,), 0.5, 'non-saturating')
    """
    function = imported(_PARAMETER, text)
    if not callable(function):
        raise UsageError(f"{_WANTED} Found {structure(function)}. Write a function that returns it.")
    make = _Maker(function, text)
    with forked_rng(torch.device("cpu")), torch.enable_grad():
        made = make()
        return _model_of_pair(made, make, text) if isinstance(made, tuple) else _model_of_training(made, make, text)


class _Maker:
    """A user's function, which has to make something new at each call."""

    def __init__(self, function: Callable[[], Any], text: str) -> None:
        self._function = function
        self._text = text
        self._last: Callable[[], Any] = lambda: None

    def __call__(self) -> Any:
        """Return what it makes, checked: a tuple that begins with two networks, or a training."""
        with users_code(_PARAMETER, f"{self._text} was called"):
            made = self._function()
        made = tuple(made) if isinstance(made, list) else made
        of_training = (getattr(made, name, None) for name in ("generator", "discriminator"))
        generator, discriminator, *_ = (*made, None, None) if isinstance(made, tuple) else of_training
        if not isinstance(generator, nn.Module) or not isinstance(discriminator, nn.Module):
            raise UsageError(f"{_WANTED} Found that {self._text} returns {structure(made)}.")
        if generator is self._last():
            raise UsageError(
                f"Parameter `{_PARAMETER}` should name a function that makes new networks at every call. Found that "
                f"{self._text} returns the same ones again. Construct them inside the function."
            )
        self._last = weakref.ref(generator)
        return made


def _model_of_pair(made: tuple[Any, ...], make: _Maker, text: str) -> OwnModel:
    generator, discriminator, *rest = made
    if len(rest) > 2:
        raise UsageError(f"{_WANTED} Found that {text} returns {len(made)} things.")
    latent = _latent(rest[0] if rest else 100, text)
    samples = _samples(generator, latent)
    with users_code(_PARAMETER, f"the discriminator was called with samples of shape {tuple(samples.shape)}"):
        found = discriminator(samples)
    try:
        check_scores(found, _TRIED)
    except ValueError as error:
        raise UsageError(str(error)) from None
    scores = rest[1] if len(rest) == 2 else kind_of(found)
    if scores not in SCORES:
        asked = "what cannot be told from its last operation" if len(rest) < 2 else repr(scores)
        raise UsageError(
            f'Parameter `{_PARAMETER}` should say whether the discriminator returns "logits" or "probabilities". Found '
            f"{asked}. Return (generator, discriminator, {latent[0] if len(latent) == 1 else latent}, "
            '"logits"), or the same with "probabilities".'
        )
    return OwnModel(
        make_pair=lambda: make()[:2],
        training=partial(Training, latent=latent, scores=scores),
        summary=f"{text}, trained as the standard GAN",
        threshold=0.0 if scores == "logits" else 0.5,
        latent=latent,
        shape=tuple(samples.shape[1:]),
    )


def _model_of_training(made: Any, make: _Maker, text: str) -> OwnModel:
    step, optimizer = getattr(made, "step", None), getattr(made, "g_optimizer", None)
    if not callable(step) or not isinstance(optimizer, torch.optim.Optimizer):
        missing = "step" if not callable(step) else "g_optimizer, the generator's optimizer"
        raise UsageError(f"{_WANTED} Found that {text} returns {structure(made)} without {missing}.")
    latent = _latent(getattr(made, "latent", 100), text)
    labelled = len([one for one in inspect.signature(step).parameters.values() if one.default is one.empty]) > 1
    labels = (torch.zeros(_TRIED, dtype=torch.int64),) if labelled else ()
    samples = _samples(made.generator, latent, *labels)
    with users_code(_PARAMETER, f"step was called with images of shape {tuple(samples.shape)}"):
        losses = step(samples.detach(), *(one.to(samples.device) for one in labels))
    d_loss, g_loss = losses if isinstance(losses, tuple | list) and len(losses) == 2 else (None, None)
    if not _is_number(d_loss) or not (g_loss is None or _is_number(g_loss)):
        raise UsageError(
            f"Parameter `{_PARAMETER}` should have a step that returns (d_loss, g_loss), tensors without dimensions, "
            f"the second None if there is none. Found {structure(losses)}. Return (d_loss.detach(), g_loss.detach())."
        )
    waiting: dict[int, Any] = {}

    def make_pair() -> tuple[nn.Module, nn.Module]:
        theirs = make()
        waiting[id(theirs.generator)] = theirs
        return theirs.generator, theirs.discriminator

    def training(generator: nn.Module, discriminator: nn.Module) -> Any:
        theirs = waiting.pop(id(getattr(generator, "bare", generator)))
        theirs.generator = generator
        return theirs

    return OwnModel(
        make_pair=make_pair,
        training=training,
        summary=f"{text}, a training of its own",
        labelled=labelled,
        threshold=None,
        latent=latent,
        own_step=True,
        shape=tuple(samples.shape[1:]),
    )


def _is_number(loss: Any) -> bool:
    return isinstance(loss, Tensor) and loss.dim() == 0


def _latent(latent: Any, text: str) -> tuple[int, ...]:
    shape = shape_of(latent) if isinstance(latent, int | tuple | list | torch.Size) else ()
    if not shape or not all(isinstance(size, int) and size > 0 for size in shape):
        raise UsageError(
            f"Parameter `{_PARAMETER}` should give the noise of a sample as a size or a shape, 100 or (100, 1, 1). "
            f"Found {latent!r} from {text}. Return it behind the networks."
        )
    return shape


def _samples(generator: nn.Module, latent: tuple[int, ...], *labels: Tensor) -> Tensor:
    device = next((parameter.device for parameter in generator.parameters()), torch.device("cpu"))
    noise = torch.randn(_TRIED, *latent, device=device)
    doing = f"the generator was called with noise of shape {tuple(noise.shape)}"
    cure = "Return (generator, discriminator, latent) if it wants noise of another shape, and in this order."
    with users_code(_PARAMETER, doing, cure):
        samples: Any = generator(noise, *(one.to(device) for one in labels))
    if not isinstance(samples, Tensor) or samples.dim() != 4 or len(samples) != _TRIED:
        raise UsageError(
            f"Parameter `{_PARAMETER}` should have a generator that makes images of shape (N, C, H, W). Found "
            f"{structure(samples)} for N = {_TRIED}. End it in nn.Unflatten(1, (C, H, W)), for example, and let the "
            "discriminator begin with nn.Flatten()."
        )
    return samples
