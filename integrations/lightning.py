"""PyTorch Lightning: a callback that guides the generator of a LightningModule for as long as it is fitted.

One line in the Trainer, none in the module: ``Trainer(callbacks=[GuidanceCallback(explainer=DeepShap())])``. It holds
for manual and for automatic optimisation, whatever the precision, the strategy or the accumulation.
"""

import inspect
from collections.abc import Sequence
from typing import Any

from torch import nn

from xaigrad import Guidance, XAIGuidedGenerator

try:
    from lightning.pytorch import Callback, LightningModule, Trainer
except ImportError:
    from pytorch_lightning import Callback, LightningModule, Trainer  # type: ignore[assignment]


class GuidanceCallback(Callback):
    """Guides a generator from the start of a fit until it ends or raises, and leaves no trace in the module.

    The module's checkpoints are those of an unguided fit. What resuming the guidance needs (the count of updates, its
    random state) is the callback's own state in them, so that ``fit(..., ckpt_path=...)`` goes on where it stopped. So
    does a second fit of the same module; the fit of another one starts anew.

    Args:
        generator: Where the module has its generator: an attribute's name, or a path such as ``"networks.g"``.
        discriminator: Where it has its discriminator, or several: ``"discriminators"`` (a list of modules), or
            ``["local", "global"]``.
        guidance: As in :class:`~xaigrad.XAIGuidedGenerator`.
        **settings: The other keywords of :class:`~xaigrad.XAIGuidedGenerator`.

    Raises:
        TypeError: If a keyword is unknown.
        ValueError: At the start of the fit, if the module has no network of that name.

    Example:
        >>> from xaigrad.explainers import DeepShap
        >>> callback = GuidanceCallback("networks.g", ["local", "global"], explainer=DeepShap())
        >>> callback.state_key
        "GuidanceCallback{'generator': 'networks.g', 'discriminator': ['local', 'global']}"
    """

    def __init__(
        self,
        generator: str = "generator",
        discriminator: str | Sequence[str] = "discriminator",
        guidance: Guidance | None = None,
        **settings: Any,
    ) -> None:
        super().__init__()
        inspect.signature(XAIGuidedGenerator).bind(generator, discriminator, guidance, **settings)
        self._generator = generator
        self._discriminator = discriminator
        self._settings = settings | {"guidance": guidance}
        self._guided: XAIGuidedGenerator | None = None
        self._fitting = False
        self._state: dict[str, Any] | None = None

    @property
    def guided(self) -> XAIGuidedGenerator:
        """The guided generator of the last fit: its counters, and :meth:`~xaigrad.XAIGuidedGenerator.paused`.

        Raises:
            RuntimeError: Before the first fit.
        """
        if self._guided is None:
            raise RuntimeError(
                "A GuidanceCallback should be asked about its guidance once a fit has started. Found none. "
                "Call trainer.fit(module) with the callback in the Trainer's `callbacks`."
            )
        return self._guided

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin to guide, the networks being where and what they will be in training."""
        generator = _network(pl_module, "generator", self._generator)
        names = [self._discriminator] if isinstance(self._discriminator, str) else self._discriminator
        found = [_network(pl_module, "discriminator", name) for name in names]
        discriminator = found[0] if isinstance(self._discriminator, str) else found
        if self._guided is not None and self._guided.bare is not generator:
            self._state = None
        self._guided = XAIGuidedGenerator(generator, discriminator, **self._settings)
        self._fitting = True
        if self._state is not None:
            self._guided.interception.load_state_dict(self._state)

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """End the guidance with the fit."""
        self._end()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """End the guidance where the fit raised or was interrupted."""
        self._end()

    def _end(self) -> None:
        if self._fitting:
            self._state = self.guided.interception.state_dict()
            self.guided.detach()
            self._fitting = False

    @property
    def state_key(self) -> str:
        """The callback's key in a checkpoint, which several of them do not share."""
        return self._generate_state_key(generator=self._generator, discriminator=self._discriminator)

    def state_dict(self) -> dict[str, Any]:
        """Return what resuming the guidance needs, ``None`` where there was no fit."""
        return {"guidance": self.guided.interception.state_dict() if self._fitting else self._state}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where a saved guidance stopped; the Trainer calls it, after the networks' own."""
        self._state = state_dict["guidance"]
        if not self._fitting:
            self._guided = None
        elif self._state is not None:  # Strategies that restore a checkpoint once everything is set up.
            self.guided.interception.load_state_dict(self._state)


def _network(module: LightningModule, parameter: str, path: str) -> Any:
    """Return what the module has at a path; ``ValueError`` with the names that there are, if it has nothing."""
    found: Any = module
    for name in path.split("."):
        if not hasattr(found, name):
            children = [child for child, _ in found.named_children()] if isinstance(found, nn.Module) else []
            raise ValueError(
                f"Parameter `{parameter}` should name a network of {type(module).__name__}. Found {path!r}, and no "
                f"{name!r} in {type(found).__name__}, which has {children}. "
                "Pass names or paths: GuidanceCallback(generator=..., discriminator=...)."
            )
        found = getattr(found, name)
    return found
