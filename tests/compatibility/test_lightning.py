"""PyTorch Lightning: a callback guides a fit as the wrapper guides the same loop written out, to the bit."""

import sys
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib import import_module, reload
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus
from torch.utils.data import DataLoader, TensorDataset

from xaigrad import Guidance, XAIGuidedGenerator
from xaigrad.explainers import DeepShap, Saliency
from xaigrad.schedules import Alternate, Constant

from ..anatomy import hook_count
from ..loops import assert_same_bits, flat_bits, random_states, seed_everything
from ..networks import FEATURES, LATENT, PAIRS, generator, smooth
from .documented import run

pl = pytest.importorskip("lightning.pytorch")
integration = import_module("xaigrad.integrations.lightning")
GuidanceCallback = integration.GuidanceCallback

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*does not have many workers"),
    pytest.mark.filterwarnings("ignore:.*LeafSpec.* is deprecated"),
]
BATCHES = 8
RECIPE = Guidance(
    DeepShap(torch.randn(200, FEATURES, generator=torch.Generator().manual_seed(2))), schedule=Alternate()
)


class Losses:
    """A GAN as a module that does not know of any guidance, dropout and BatchNorm included."""

    batches = BATCHES

    def __init__(self) -> None:
        super().__init__()
        seed_everything(0)
        self.generator, self.discriminator = PAIRS["plain norm"]()

    def make(self, z: Tensor) -> Tensor:
        return softplus(-self.discriminator(self.generator(z))).mean()

    def judge(self, z: Tensor, real: Tensor) -> Tensor:
        fake = self.generator(z).detach()
        return softplus(-self.discriminator(real)).mean() + softplus(self.discriminator(fake)).mean()

    def configure_optimizers(self) -> Any:
        return [torch.optim.Adam(network.parameters(), 1e-2) for network in (self.generator, self.discriminator)]

    def train_dataloader(self) -> Any:
        draws = torch.Generator().manual_seed(1)
        columns = [torch.randn(6 * self.batches, width, generator=draws) for width in (LATENT, FEATURES)]
        return DataLoader(TensorDataset(*columns), 6)

    val_dataloader = train_dataloader

    def validation_step(self, batch: list[Tensor], index: int) -> None:
        assert not self.make(batch[0]).requires_grad


class Manual(Losses):
    """Manual optimisation with toggled optimizers, validated on the way."""

    automatic_optimization = False

    def turn(self, optimizer: Any) -> AbstractContextManager[None]:
        return self.toggled_optimizer(optimizer)

    def training_step(self, batch: list[Tensor], index: int) -> None:
        seed_everything(self.global_step // 2)
        z, real = batch
        for optimizer, loss in zip(self.optimizers(), (lambda: self.make(z), lambda: self.judge(z, real)), strict=True):
            with self.turn(optimizer):
                optimizer.zero_grad()
                self.manual_backward(loss())
                optimizer.step()


class Toggling(Manual):
    @contextmanager
    def turn(self, optimizer: Any) -> Any:
        self.toggle_optimizer(optimizer)
        yield
        self.untoggle_optimizer(optimizer)


class Untoggled(Manual):
    turn = nullcontext


class Automatic(Losses):
    """Automatic optimisation of the generator against a discriminator that stays."""

    def configure_optimizers(self) -> Any:
        return super().configure_optimizers()[0]

    def training_step(self, batch: list[Tensor], index: int) -> Tensor:
        seed_everything(self.global_step)
        return self.make(batch[0])


def module_of(losses: type[Losses] = Manual, base: Any = pl.LightningModule) -> Any:
    return type(losses.__name__, (losses, base), {})()


def fit(module: Any, *callbacks: Any, trainer: Any = pl.Trainer, resume: Path | None = None, **settings: Any) -> Any:
    quiet = dict.fromkeys(["logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"], False)
    defaults = quiet | {"accelerator": "cpu", "max_epochs": 1, "limit_val_batches": 1}
    made = trainer(callbacks=list(callbacks), **defaults | settings)
    made.fit(module, ckpt_path=resume)
    return made


def state(module: nn.Module) -> dict[str, bytes]:
    return flat_bits("", module.state_dict())


def written_out(losses: Losses, guidance: Guidance, mixed: bool) -> XAIGuidedGenerator:
    """The fit of one epoch in plain PyTorch; autocast where Lightning has it, around all of a `training_step`."""
    optimizers, manual = losses.configure_optimizers(), isinstance(losses, Manual)
    guided = XAIGuidedGenerator(losses.generator, losses.discriminator, guidance)
    for step, (z, real) in enumerate(losses.train_dataloader()):
        seed_everything(step)
        turns = [lambda z=z: losses.make(z), lambda z=z, real=real: losses.judge(z, real)]
        with torch.autocast("cpu", torch.bfloat16, enabled=mixed and manual, cache_enabled=False):
            for optimizer, loss in zip(optimizers if manual else [optimizers], turns, strict=False):
                optimizer.zero_grad()
                with torch.autocast("cpu", torch.bfloat16, enabled=mixed, cache_enabled=False):
                    value = loss()
                value.backward()
                optimizer.step()
    return guided


def networks(losses: Any) -> dict[str, bytes]:
    return state(losses.generator) | {f"D{name}": value for name, value in state(losses.discriminator).items()}


@pytest.mark.usefixtures("single")
@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
@pytest.mark.parametrize("losses", [Manual, Toggling, Untoggled, Automatic])
def test_a_fit_is_the_loop_written_out(losses: type[Losses], precision: str) -> None:
    module, callback = module_of(losses), GuidanceCallback(guidance=RECIPE)
    fit(module, callback, precision=precision)
    plain = losses()
    guided = written_out(plain, RECIPE, precision == "bf16-mixed")
    assert_same_bits(networks(module), networks(plain))
    assert (callback.guided.updates, callback.guided.explanations) == (BATCHES, BATCHES / 2)
    assert callback.guided.skipped == guided.skipped


@pytest.mark.parametrize("losses", [Manual, Automatic])
def test_strength_0_is_the_fit_without_the_callback(losses: type[Losses]) -> None:
    states = []
    for callbacks in [], [GuidanceCallback(explainer=DeepShap(), schedule=Constant(0))]:
        module = module_of(losses)
        module.batches = 50
        optimizers = fit(module, *callbacks).optimizers
        states.append(state(module) | flat_bits("O", [each.state_dict() for each in optimizers]) | random_states())
    assert_same_bits(*states)
    assert callbacks[0].guided.skipped == {"strength 0": 50}


def test_automatic_accumulation_is_one_update() -> None:
    callback = GuidanceCallback(guidance=RECIPE)
    fit(module_of(Automatic), callback, accumulate_grad_batches=4)
    assert (callback.guided.updates, callback.guided.explanations) == (BATCHES / 4, BATCHES / 2)


def test_real_samples_are_harvested() -> None:
    callback = GuidanceCallback(explainer=DeepShap())
    fit(module_of(), callback)
    assert callback.guided.skipped == {"no real samples yet": 1}
    assert callback.guided.explanations == BATCHES - 1


@pytest.mark.filterwarnings("ignore:Checkpoint directory .* is not empty")
def test_a_resumed_fit_goes_on_to_the_bit(tmp_path: Path) -> None:
    found = []
    for resume in None, tmp_path / "epoch=0.ckpt":
        module, callback = module_of(), GuidanceCallback(guidance=RECIPE)
        saving = pl.callbacks.ModelCheckpoint(tmp_path, "{epoch}", save_top_k=-1)
        fit(module, callback, saving, max_epochs=2, enable_checkpointing=True, resume=resume)
        found.append(networks(module))
        assert (callback.guided.updates, callback.guided.explanations) == (2 * BATCHES, BATCHES)
    assert_same_bits(*found)


def test_checkpoints_are_interchangeable(tmp_path: Path) -> None:
    guidance = [GuidanceCallback()]
    for name, callbacks in ("plain", []), ("guided", guidance):
        fit(module_of(), *callbacks).save_checkpoint(tmp_path / name)
    plain, guided = (torch.load(tmp_path / name, weights_only=True) for name in ("plain", "guided"))
    assert list(guided["state_dict"]) == list(plain["state_dict"])
    assert guided["callbacks"].keys() - plain["callbacks"].keys() == {guidance[0].state_key}
    with pytest.warns(UserWarning, match="Please add the following callbacks"):
        fit(module_of(), max_epochs=2, resume=tmp_path / "guided")
    fit(module_of(), callback := GuidanceCallback(), max_epochs=2, resume=tmp_path / "plain")
    assert callback.guided.updates == BATCHES


class Raising(Manual):
    def training_step(self, batch: list[Tensor], index: int) -> None:
        super().training_step(batch, index)
        assert hook_count(self) > 0
        if index == 5:
            raise KeyError("raised by the user")


@pytest.mark.parametrize("losses", [Manual, Raising])
def test_the_fit_leaves_no_trace(losses: type[Losses]) -> None:
    module, callback = module_of(losses), GuidanceCallback(explainer=DeepShap())
    before = [(name, list(vars(part)), list(part.state_dict())) for name, part in module.named_modules()][1:]
    raises = nullcontext() if losses is Manual else pytest.raises(KeyError, match="raised by the user")
    with raises:
        fit(module, callback)
    assert [(name, list(vars(part)), list(part.state_dict())) for name, part in module.named_modules()][1:] == before
    assert hook_count(module) == 0
    assert callback.guided.explanations == (BATCHES if losses is Manual else 6) - 1
    module.make(torch.randn(6, LATENT)).backward()
    assert callback.guided.explanations == (BATCHES if losses is Manual else 6) - 1


def test_fitting_again_goes_on_and_another_module_starts_anew() -> None:
    module, callback = module_of(), GuidanceCallback()
    trainer = fit(module, callback)
    trainer.fit_loop.max_epochs = 3
    trainer.fit(module)
    assert callback.guided.updates == callback.guided.explanations == 3 * BATCHES
    trainer.validate(module, verbose=False)
    assert callback.state_dict()["guidance"]["updates"] == 3 * BATCHES
    fit(module_of(), callback)
    assert callback.guided.updates == callback.guided.explanations == BATCHES


class Cycle(Losses):
    """Two generators, and two discriminators each, under names of their own."""

    automatic_optimization = False

    def __init__(self) -> None:
        super().__init__()
        del self.generator, self.discriminator
        self.networks = nn.ModuleDict({name: generator() for name in ("there", "back")})
        self.judges = nn.ModuleList([smooth(), smooth()])
        self.last = smooth()

    def make(self, z: Tensor) -> Tensor:
        return self.last(self.networks["there"](z))

    def configure_optimizers(self) -> Any:
        return torch.optim.Adam(self.networks.parameters(), 1e-2)

    def training_step(self, batch: list[Tensor], index: int) -> None:
        for maker, judges in (
            (self.networks["there"], self.judges),
            (self.networks["back"], [self.judges[0], self.last]),
        ):
            self.manual_backward(sum(judge(maker(batch[0])).mean() for judge in judges))
        self.optimizers().step()


def test_networks_by_their_paths() -> None:
    there = GuidanceCallback("networks.there", "judges", explainer=Saliency(exact=True))
    back = GuidanceCallback("networks.back", ["judges.0", "last"])
    trainer = fit(module := module_of(Cycle), there, back)
    assert [callback.guided.explanations for callback in (there, back)] == [2 * BATCHES, 2 * BATCHES]
    assert there.guided.detach() is module.networks["there"]
    assert len({callback.state_key for callback in trainer.callbacks}) == 2


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "generator": ({"generator": "netG"}, r"Found 'netG', and no 'netG' in Manual, which has \['generator', 'discrimi"),
    "path": ({"generator": "generator.9"}, r"Found 'generator.9', and no '9' in Sequential, which has \['0', '1'"),
    "discriminator": ({"discriminator": ["discriminator", "b"]}, r"`discriminator` should name a network of Manual\. "),
    "no network": ({"generator": "global_step"}, "Parameter `generator` should be an nn.Module. Found 0"),
}


@pytest.mark.parametrize(("settings", "message"), WRONG.values(), ids=WRONG)
def test_wrong_names(settings: dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        fit(module := module_of(), GuidanceCallback(**settings))
    assert hook_count(module) == 0


def test_a_wrong_keyword_is_told_at_once() -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'explainers'"):
        GuidanceCallback(explainers=Saliency())


def test_asked_before_a_fit() -> None:
    with pytest.raises(RuntimeError, match=r"Found none\. Call trainer\.fit\(module\)"):
        _ = GuidanceCallback().guided


def test_under_the_package_s_former_name(monkeypatch: pytest.MonkeyPatch) -> None:
    former = pytest.importorskip("pytorch_lightning")
    for absent in (False, True):
        if absent:
            monkeypatch.setitem(sys.modules, "lightning.pytorch", None)
            reload(integration)
            assert issubclass(integration.GuidanceCallback, former.Callback)
        callback = integration.GuidanceCallback()
        fit(module_of(base=former.LightningModule), callback, trainer=former.Trainer)
        assert callback.guided.explanations == BATCHES
    monkeypatch.undo()
    reload(integration)


def test_documentation(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run("Lightning")
    assert capsys.readouterr().out.endswith("12 12\n")
