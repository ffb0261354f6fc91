"""Interception: the gradient between discriminator and generator, caught at D's input.

There is no magic: while attached, a forward pre-hook on D replaces each input that the generator made by a clone, and
a tensor hook on the clone re-weights the gradient that arrives there. D carries two hooks and nothing else (and G one,
where real samples are harvested), and everything about one call of D lives in the closure of that call.
"""

import threading
import weakref
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.optimizer import register_optimizer_step_post_hook
from torch.utils._pytree import tree_flatten, tree_unflatten
from torch.utils.hooks import RemovableHandle

from xaigrad._answers import Answers
from xaigrad._call import DiscriminatorCall, Question, without_graph
from xaigrad._guidance import Guidance
from xaigrad._harvest import Harvest
from xaigrad._hook import WeakHook, prune
from xaigrad._isolation import unwrapped
from xaigrad._origin import Origin, mark_guided, origin
from xaigrad._recomputation import Recomputation
from xaigrad._reweighting import GuidedUpdate, Reweighting
from xaigrad._types import Score
from xaigrad._updates import Updates
from xaigrad._vigilance import Vigilance
from xaigrad._watch import Watch


class Interception:
    """The attachment of a guidance to a generator and its discriminators.

    It holds the networks weakly. An update is over when an optimizer of the generator's parameters has stepped, or they
    have been written to otherwise; with ``optimizer``, only when that one has stepped.

    Args:
        generator: G, any module with parameters.
        discriminators: The modules whose verdicts train it.
        guidance: The recipe.
        question: What explainers ask about D.
        optimizer: The generator's optimizer, to count updates by its steps.

    Attributes:
        skipped: How many gradients were left as they were, by reason: ``"paused"``, ``"strength 0"``,
            ``"zero gradient"``, ``"create_graph"``, ``"detached"``, ``"no real samples yet"``, ``"guided already"``.
        vigilance: What D's calls and the first updates were like.

    Raises:
        ValueError: If the generator is guided on one of the discriminators already.
    """

    def __init__(
        self,
        generator: nn.Module,
        discriminators: Sequence[nn.Module],
        guidance: Guidance,
        question: Question,
        optimizer: torch.optim.Optimizer | None = None,
    ) -> None:
        _check_unguided(generator, discriminators)
        self.skipped: Counter[str] = Counter()
        self._generator = weakref.ref(generator)
        self._parameters = partial(_living_parameters, self._generator)
        self._discriminators = [weakref.ref(discriminator) for discriminator in discriminators]
        # Reading the user's seed draws nothing from the user's random state.
        self._reweighting = Reweighting(guidance, torch.Generator().manual_seed(torch.initial_seed()), discriminators)
        self._question = question
        self._active = True
        self._explaining = False
        self._lock = threading.RLock()
        # The unbound function: a bound one would keep the interception alive.
        self._uncompiled = torch.compiler.disable(Interception._reweight)  # type: ignore[no-untyped-call]
        self._updates = Updates(self._parameters, optimizer)
        self.vigilance = Vigilance()
        self._recomputation = Recomputation()
        self._answers = Answers(guidance)
        before, after, stepped = WeakHook(self._before), WeakHook(self._after), WeakHook(self._stepped)
        handles: list[RemovableHandle] = []
        self._finalizer = weakref.finalize(self, _remove, handles)
        for module in discriminators:
            handles.append(module.register_forward_pre_hook(before, with_kwargs=True))
            handles.append(module.register_forward_hook(after))
        self._steps = register_optimizer_step_post_hook(stepped)
        prune(self._steps)
        self._watch = Watch(question) if guidance.watches else None
        harvests = guidance.harvests
        self._harvest = Harvest(harvests, discriminators, question.sign) if harvests else None
        if self._harvest is not None:
            handles.append(generator.register_forward_hook(WeakHook(self._harvest.made)))

    @property
    def updates(self) -> int:
        """The number of generator updates since the attachment."""
        return self._updates.count

    @property
    def guidance(self) -> Guidance:
        """The recipe."""
        return self._reweighting.guidance

    @property
    def explanations(self) -> int:
        """How many gradients have been guided."""
        return self._reweighting.explanations

    @property
    def fallbacks(self) -> int:
        """How many samples had a mask that was not finite and got the neutral mask 1."""
        return self._reweighting.fallbacks

    @property
    def last(self) -> GuidedUpdate | None:
        """What the last guided update did."""
        return self._reweighting.last

    def detach(self) -> None:
        """Remove the hooks, and with them every trace; a second call does nothing."""
        self._finalizer()
        self._steps.remove()

    def paused(self) -> AbstractContextManager[None]:
        """Return a context that leaves gradients alone: the discriminator's turn, or an evaluation."""
        return self._switched(False)

    @contextmanager
    def guided(self) -> Iterator[None]:
        """Make the context exactly one update of the generator, guided also inside :meth:`paused`."""
        with self._updates.exactly_one(), self._switched(True):
            yield

    @contextmanager
    def _switched(self, active: bool) -> Iterator[None]:
        before, self._active = self._active, active
        try:
            yield
        finally:
            self._active = before

    def intercept(self, samples: Tensor, score: Score) -> Tensor:
        """Return the samples under guidance, for a discriminator that is not called as a module.

        Args:
            samples: What the generator made; ask the discriminator with what this method returns.
            score: ``samples -> score``, one row per sample: what the explainer asks.
        """
        strength = self._strength(origin(self._parameters, samples) is Origin.GENERATOR)
        if strength == 0:
            return samples
        leaves, spec = tree_flatten(((samples.detach(),), {}))
        return self._alias(
            samples, DiscriminatorCall(score, leaves, spec, 0, replace(self._question, target=None)), strength
        )

    def state_dict(self) -> dict[str, Any]:
        """Return what resuming needs: the counts, the random state, and what is carried from one call to the next."""
        state = {"updates": self.updates, **self._reweighting.state_dict(self._modules)}
        if self._watch is not None:
            state["verdicts"] = self._watch.verdicts.state_dict()
        if self._harvest is not None:
            state["real"] = self._harvest.state_dict(self._modules)
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where a saved guidance stopped; load the generator's weights first."""
        self._updates.count = int(state["updates"])
        self._reweighting.load_state_dict(self._modules, state)
        if self._watch is not None and "verdicts" in state:
            self._watch.verdicts.load_state_dict(state["verdicts"])
        if self._harvest is not None and "real" in state:
            self._harvest.load_state_dict(self._modules, state["real"])

    @property
    def _modules(self) -> list[nn.Module | None]:
        """The discriminators, in their order; ``None`` for those that are no more."""
        return [reference() for reference in self._discriminators]

    def _strength(self, generated: bool) -> float:
        """Return how strongly to guide: 0 for what G did not make, in pauses, and where the schedule rests."""
        update = self.updates  # At every call of D, so that no update is missed.
        if not (generated and torch.is_grad_enabled() and self._finalizer.alive):
            return 0.0
        self.vigilance.judges()
        if not self._active:
            self.skipped["paused"] += 1
            return 0.0
        strength = self._scheduled(update)
        if strength == 0:
            self.skipped["strength 0"] += 1
        return strength

    def _scheduled(self, update: int) -> float:
        return self.guidance.strength(update, None if self._watch is None else self._watch.verdicts)

    def _stepped(self, optimizer: torch.optim.Optimizer, *_: Any) -> None:
        """Count an update.

        Before D has judged anything it ends where a parameter is moved once more; later, with D's next judgement.
        """
        updated, others = self._updates.stepped(optimizer, ends=not self.vigilance.judged)
        self.vigilance.others |= others
        if updated and self._active and self._scheduled(self._updates.known) > 0:
            self.vigilance.updated(self.skipped)

    def _before(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Replace what the generator made, in a call of the discriminator, by clones that guide."""
        if self._explaining:
            return None
        leaves, spec = tree_flatten((args, kwargs))
        origins = [origin(self._parameters, leaf) for leaf in leaves]
        if not torch.is_grad_enabled():
            self._recomputation.expect(leaves[slot] for slot, found in enumerate(origins) if found is Origin.GENERATOR)
            return None
        self.vigilance.calls += 1
        generated = [
            slot
            for slot, leaf in enumerate(leaves)
            if origins[slot] is not Origin.ELSEWHERE or self._recomputation.expects(leaf)
        ]
        if self._harvest is not None:
            self._harvest.before(module, leaves, generated, self._active)
        if self._watch is not None:
            self._watch.before(module, leaves, generated)
        strength = self._strength(bool(generated))
        if strength == 0:
            return None
        held = [without_graph(leaf) for leaf in leaves]
        calls: list[DiscriminatorCall] = []
        for slot in generated:
            if origins[slot] is Origin.GUIDED:
                self.skipped["guided already"] += 1
                continue
            call = DiscriminatorCall(module, held, spec, slot, self._question)
            leaves[slot] = self._alias(leaves[slot], call, strength)
            calls.append(call)
        self._answers.before(module, calls)
        return tree_unflatten(leaves, spec)

    def _after(self, module: nn.Module, args: tuple[Any, ...], output: Any) -> None:
        """Check at its first guided call, in the user's own line, that the output can be explained; watch; harvest."""
        if self._explaining:
            return
        self._answers.after(module, output)
        if self._watch is not None:
            self._watch.after(module, output)
        if self._harvest is not None:
            self._harvest.after(module, output, self._question.target)

    def _alias(self, samples: Tensor, call: DiscriminatorCall, strength: float) -> Tensor:
        alias = samples.clone()
        mark_guided(alias)
        alias.register_hook(partial(self._uncompiled, self, call, strength, self._updates.known))  # type: ignore[no-untyped-call]
        return alias

    def _reweight(self, call: DiscriminatorCall, strength: float, update: int, gradient: Tensor) -> Tensor | None:
        """Return the guided gradient; ``None`` leaves it as it is."""
        harvest, real = self._harvest, None
        if torch.is_grad_enabled():  # create_graph=True: a penalty, whose gradient is no feedback.
            self.skipped["create_graph"] += 1
        elif not self._finalizer.alive:
            self.skipped["detached"] += 1
        elif not self._active:
            self.skipped["paused"] += 1
        elif _is_zero(gradient) and not self.guidance.slopes:
            self.skipped["zero gradient"] += 1
        elif harvest is not None and (real := harvest.real(call.discriminator, call.samples, call.slot)) is None:
            self.skipped["no real samples yet"] += 1
        else:
            return self._explain(gradient, call, strength, update, real)
        return None

    def _explain(
        self, gradient: Tensor, call: DiscriminatorCall, strength: float, update: int, real: Tensor | None
    ) -> Tensor:
        living = [module for module in self._modules if module is not None]
        # A replica that DataParallel made shares buffers with D, and is asked in a thread of its own.
        modules = living if call.discriminator is None else [*living, call.discriminator]
        with self._lock:
            before, self._explaining = self._explaining, True
            try:
                self.vigilance.guided = True
                return self._reweighting(gradient, call, modules, strength, update, real)
            finally:
                self._explaining = before


def _living_parameters(reference: weakref.ref[nn.Module]) -> list[nn.Parameter]:
    generator = reference()
    return [] if generator is None else list(generator.parameters())


def _is_zero(gradient: Tensor) -> bool:
    """Return whether nothing arrived; not known elsewhere than on a CPU, where the question would wait."""
    # The first sample nearly always knows, in a tenth of the time.
    return gradient.device.type == "cpu" and not gradient[:1].any() and not gradient.any()


def _check_unguided(generator: nn.Module, discriminators: Iterable[nn.Module]) -> None:
    for module in discriminators:
        for hook in [*module._forward_pre_hooks.values(), *unwrapped(module)._forward_pre_hooks.values()]:
            owner = hook.owner if isinstance(hook, WeakHook) else None
            guided = owner._generator() if isinstance(owner, Interception) else None
            if guided is not None and unwrapped(guided) is unwrapped(generator):
                raise ValueError(
                    "Parameter `generator` should be guided once. Found that it is guided on this discriminator "
                    "already. Use the wrapper that there is, or end its guidance first with detach()."
                )


def _remove(handles: list[Any]) -> None:
    for handle in handles:
        handle.remove()
