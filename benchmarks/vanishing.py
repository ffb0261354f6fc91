"""The vanishing gradient of the original loss, and feedback that does not vanish.

The minimax loss log(1 - D(G(z))) is flat where D is sure that a sample is generated; the non-saturating loss was
invented against that (Goodfellow et al. 2014, arXiv 1406.2661, section 3). Here the original loss is kept, and its
slope is taken elsewhere than at the sample. First D alone is trained until it is sure, and the slopes are measured;
then G is trained against such a D. ``python -m xaigrad.benchmarks.vanishing [OUT]`` runs it, and with ``--publish OUT``
keeps what came out.
"""

import copy
import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import product
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from torch import Tensor, nn

from xaigrad import Guidance, XAIGuidedGenerator
from xaigrad._isolation import forked_rng
from xaigrad.benchmarks import data, readme, results, vanishing_report
from xaigrad.benchmarks.choices import LOSSES, choose
from xaigrad.benchmarks.metrics import Evaluator
from xaigrad.benchmarks.setting import Setting
from xaigrad.benchmarks.training import Training
from xaigrad.integrations.dcgan import LATENT
from xaigrad.integrations.losses import discriminator_loss
from xaigrad.rules import Minimax, PathFeedback, SecantFeedback

PAGE = readme.ROOT / "docs" / "control.md"
FIRST = readme.RESULTS / "vanishing-first.json"
PICTURE = readme.ROOT / "docs" / "images" / "vanishing.png"

PLAIN = "SGD 0.1, momentum 0.5"
OPTIMIZERS: dict[str, Callable[[Sequence[nn.Parameter]], torch.optim.Optimizer]] = {
    # The GAN paper's, where a step is as long as the gradient.
    PLAIN: lambda parameters: torch.optim.SGD(parameters, 0.1, 0.5),
    # The MLP pair's own, which divides by the gradient's size.
    "Adam 2e-4": lambda parameters: torch.optim.Adam(parameters, 2e-4, (0.5, 0.999)),
}


@dataclass(frozen=True)
class Way:
    """One way to feedback.

    Attributes:
        loss: The generator's, by its name.
        guidance: The recipe; ``None`` for the loss's own gradient.
    """

    loss: str
    guidance: Guidance | None = None


def ways(images: Tensor) -> dict[str, Way]:
    """Return what is compared, by name.

    Args:
        images: Real images, the references.
    """
    loss = Minimax(probabilities=True)
    return {
        "minimax": Way("minimax"),
        "non-saturating": Way("non-saturating"),
        "minimax, SecantFeedback": Way("minimax", Guidance(rule=SecantFeedback(loss, images))),
        "minimax, PathFeedback (0, 0.3)": Way("minimax", Guidance(rule=PathFeedback(loss, images))),
        "minimax, PathFeedback (0, 1)": Way("minimax", Guidance(rule=PathFeedback(loss, images, stretch=(0.0, 1.0)))),
    }


@dataclass(frozen=True)
class Asked:
    """What is measured.

    Attributes:
        steps: After how many steps of D alone the slopes are measured.
        start: After how many steps of D alone the training of both begins.
        epochs: Of that training, for each optimizer of G's, a name of :data:`OPTIMIZERS`; D's is Adam.
        seeds: Of weights, data, noise and references; the same in every arm.
        batch: Images per step, and samples whose slopes are measured.
        images: Real images, of all classes.
        evaluated: Generated images for each FID.
    """

    steps: tuple[int, ...] = (0, 10, 25, 50, 100, 200, 400)
    start: int = 400
    epochs: Mapping[str, int] = field(default_factory=lambda: {PLAIN: 6, "Adam 2e-4": 3})
    seeds: tuple[int, ...] = (0, 1, 2)
    batch: int = 100
    images: int = 5000
    evaluated: int = 2000


class SureDiscriminator:
    """A discriminator that is trained alone, against a generator that stays as it was initialised.

    Args:
        setting: The networks, and all that they start from.
        images: Real images.

    Attributes:
        training: G, D and their optimizers.
        steps: Of D so far.
    """

    def __init__(self, setting: Setting, images: Tensor) -> None:
        self.training = Training(setting, images)
        self.steps = 0
        self._setting = setting
        self._images = images

    def train(self, steps: int) -> None:
        """Go on until that many steps."""
        gan = self.training.gan
        for step in range(self.steps, steps):
            with _seeded(self._setting.seed, 1 + step):
                batch = self._images[torch.randint(len(self._images), (self._setting.batch,))]
                with torch.no_grad():
                    generated = gan.generator(torch.randn(len(batch), LATENT))
                loss = discriminator_loss(gan.discriminator(batch), gan.discriminator(generated))
                gan.d_optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                gan.d_optimizer.step()
        self.steps = steps

    def arm(self, way: Way, optimizer: str) -> Training:
        """Return a training of both that starts from here, with optimizers that know nothing yet.

        Adam's second moments are tiny after so many steps in which D was sure: the first steps against a G that learns
        would be many times as long as ever again, and were seen to end where D says exactly 1 of all, for good.
        """
        training = Training(replace(self._setting, loss=way.loss), self._images, way.guidance)
        training.discriminator.load_state_dict(self.training.discriminator.state_dict())
        training.gan.g_optimizer = OPTIMIZERS[optimizer](list(training.generator.parameters()))
        return training


def look(training: Training, way: Way, setting: Setting) -> dict[str, float]:
    """Return the mean norm of the gradients at the samples, and D's mean score of them; the training stays as it is.

    The noise, and D's dropout, are the same at every call. A norm is that of the sample's own loss, as if it were alone
    in its batch.

    Args:
        training: Whose G and D.
        way: The loss and the recipe.
        setting: The batch and the seed.
    """
    bare = getattr(training.generator, "bare", training.generator)
    generator, discriminator = copy.deepcopy((bare, training.discriminator))
    with _seeded(setting.seed, 0):
        noise = torch.randn(setting.batch, LATENT)
        seen = Guidance(rule=_Untouched()) if way.guidance is None else way.guidance
        guided = XAIGuidedGenerator(generator, discriminator, seen)
        choose("loss", LOSSES, way.loss)(discriminator(guided(noise))).backward()
        gradients = guided.last.guided.flatten(1)  # type: ignore[union-attr]
        guided.detach()
        with torch.no_grad():
            score = discriminator.eval()(generator(noise)).mean().item()
    return {"norm": setting.batch * gradients.norm(dim=1).mean().item(), "score": score}


class _Untouched:
    """The rule that changes nothing, also asked where the gradient is zero everywhere."""

    slopes = True

    def __call__(self, gradient: Tensor, mask: Tensor, strength: float) -> Tensor:
        return gradient


def run(asked: Asked, out: Path, console: Console) -> dict[str, Any]:
    """Measure, draw and save; return the record.

    Args:
        asked: What is measured.
        out: A new folder for the results.
        console: Where to write.
    """
    folder, started = results.new_folder(out), time.process_time()
    digits = data.load()
    chosen = torch.randperm(len(digits), generator=torch.Generator().manual_seed(0))[: asked.images]
    images = digits.images[chosen]
    evaluator = Evaluator(images, digits.name)
    compared = ways(images)
    norms: list[dict[str, Any]] = []
    training: list[dict[str, Any]] = []
    record: dict[str, Any] = {
        "command": "python -m xaigrad.benchmarks.vanishing",
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "asked": asdict(asked) | {"dataset": digits.name, "extractor": evaluator.extractor},
        "machine": results.machine(),
        "versions": {name: version(name) for name in ("xaigrad", "torch", "torch-fidelity")},
        "ways": {name: {"loss": way.loss, "guidance": repr(way.guidance)} for name, way in compared.items()},
        "norms": norms,
        "training": training,
    }
    for seed in asked.seeds:
        setting = Setting(batch=asked.batch, seed=seed)
        sure = SureDiscriminator(setting, images)
        for steps in sorted({*asked.steps, asked.start}):
            sure.train(steps)
            if steps in asked.steps:
                norms += [
                    {"seed": seed, "steps": steps, "way": name, **look(sure.training, way, setting)}
                    for name, way in compared.items()
                ]
                console.print(f"seed {seed}: {steps} steps of D alone", highlight=False)
            if steps == asked.start:
                for optimizer, (name, way) in product(asked.epochs, compared.items()):
                    arm = sure.arm(way, optimizer)
                    for epoch in range(asked.epochs[optimizer] + 1):
                        if epoch > 0:
                            arm.epoch()
                        fid = evaluator.fid(arm.samples(asked.evaluated))
                        here = {"seed": seed, "optimizer": optimizer, "way": name, "epoch": epoch, "fid": fid}
                        training.append(here | look(arm, way, setting))
                    console.print(f"seed {seed}: {optimizer}, {name}: FID {fid:.1f}", highlight=False)
                    _save(folder, record)
    record["cpu_seconds"] = time.process_time() - started
    _save(folder, record)
    vanishing_report.draw(record, folder / "vanishing.png")
    return record


def publish(folder: Path) -> None:
    """Keep the results and the picture of a run, and write the tables into the page, that of the first run too.

    The first run, of a design that was given up, is kept in ``vanishing-first.json``.
    """
    readme.RESULTS.mkdir(exist_ok=True)
    PICTURE.parent.mkdir(exist_ok=True)
    shutil.copy(folder / "vanishing.json", readme.RESULTS)
    shutil.copy(folder / "vanishing.png", PICTURE)
    record = json.loads((readme.RESULTS / "vanishing.json").read_text())
    first = json.loads(FIRST.read_text())
    page = readme.filled(PAGE.read_text(), "vanishing", vanishing_report.markdown(record))
    PAGE.write_text(readme.filled(page, "vanishing-first", vanishing_report.trainings(first)))


def _save(folder: Path, record: Mapping[str, Any]) -> None:
    (folder / "vanishing.json").write_text(json.dumps(record, indent=1) + "\n")


@contextmanager
def _seeded(seed: int, number: int) -> Iterator[None]:
    """Seed the random state that noise and dropout draw from, and give the caller's back."""
    with forked_rng(torch.device("cpu")):
        torch.manual_seed(2**32 * seed + number)
        yield


if __name__ == "__main__":
    torch.set_num_threads(1)  # The networks are small: a second thread only waits.
    if sys.argv[1:2] == ["--publish"]:
        publish(Path(sys.argv[2]))
    else:
        run(Asked(), Path(*sys.argv[1:2]) if sys.argv[1:] else results.default_folder("vanishing"), Console())
