"""What the generators draw from the same noise, at first and at convergence (Figures 2 to 6 and 8 of the paper)."""

from base64 import b64encode
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from xaigrad.benchmarks.report.gather import Section
from xaigrad.benchmarks.report.tables import times
from xaigrad.benchmarks.report.trial import Trial
from xaigrad.benchmarks.study.folder import picture_of

IMAGES, LINES = 20, 2


@dataclass(frozen=True)
class Grid:
    """A picture of samples, or a word on why there is none.

    Attributes:
        name: Of its file.
        title: Which epoch.
        alt: What one sees.
        png: The file's bytes; ``None`` if it is missing.
        width: Of it, in pixels.
        height: The same.
    """

    name: str
    title: str
    alt: str
    png: bytes | None
    width: int = 0
    height: int = 0

    @property
    def address(self) -> str:
        """The picture as an address that holds it."""
        return "data:image/png;base64," + b64encode(self.png or b"").decode()


@dataclass(frozen=True)
class Samples:
    """The pictures of a section.

    Attributes:
        id: In the page.
        caption: What they show.
        real: Of the data, if they are to be compared with them.
        arms: Pictures by arm.
    """

    id: str
    caption: str
    real: Grid | None
    arms: tuple[tuple[str, tuple[Grid, ...]], ...]

    @property
    def grids(self) -> tuple[Grid, ...]:
        """All of them."""
        return (*filter(None, [self.real]), *(grid for _, grids in self.arms for grid in grids))


def samples(section: Section) -> Samples:
    """Return the samples of each arm's training from the first seed."""
    seed = section.seeds[0]
    real = section.trials[section.standard.name, seed].folder / "samples" / "real.png"
    caption = (
        f"Samples (Figures 2 to 6 and 8 of the paper), seed {seed}: what G draws from the same noise after the first "
        "epoch, and when it has converged by the rule of Table 1 or, where it has not, after its last epoch."
    )
    rows = []
    for arm in section.arms:
        trial = section.trials[arm.name, seed]
        rows.append((arm.name, (_grid(section, trial, 1, "epoch 1"), _last(section, trial))))
    return Samples(
        f"samples-{section.number}",
        caption,
        _read(real, f"real-{section.number}", "real images", "Real images."),
        tuple(rows),
    )


def masks(section: Section) -> Samples | None:
    """Return the masks of the last guided update of each arm, from the first seed; ``None`` if none were kept."""
    seed, rows = section.seeds[0], []
    for at, arm in enumerate(section.arms, 1):
        trial = section.trials[arm.name, seed]
        path = picture_of(trial.folder, trial.name, None)
        if path.exists():
            name, alt = f"masks-{section.number}-{at}", f"Samples of {arm.name} above their masks."
            rows.append((arm.name, (_read(path, name, "samples above their masks", alt),)))
    caption = (
        f"The masks of the last guided update, seed {seed}: each under its sample; white is 1, black is 0 or below."
    )
    return Samples(f"masks-{section.number}", caption, None, tuple(rows)) if rows else None


def _last(section: Section, trial: Trial) -> Grid:
    arm = next(arm for arm in section.arms if arm.name == trial.arm)
    settled = times(section, arm, trial.seed).settled
    if settled is not None:
        return _grid(section, trial, settled.epoch, f"epoch {settled.epoch}, converged")
    last = max((row["epoch"] for row in trial.epochs if row["epoch"] in trial.grid), default=trial.budget)
    words = {"diverged": "diverged", "finished": "not converged"}.get(trial.state, "unfinished")
    return _grid(section, trial, last, f"epoch {last}, {words}")


def _grid(section: Section, trial: Trial, epoch: int, title: str) -> Grid:
    path = picture_of(trial.folder, trial.name, epoch)
    at = next(at for at, arm in enumerate(section.arms) if arm.name == trial.arm)
    name = f"samples-{section.number}-{at + 1}-epoch-{epoch:04d}"
    return _read(path, name, title, f"Samples of {trial.arm} at {title}.")


def _read(path: Path, name: str, title: str, alt: str) -> Grid:
    """Cut the strip into lines, so that a narrow page can show it."""
    try:
        with Image.open(path) as opened:
            strip = opened.convert("L" if opened.mode == "L" else "RGB")
    except (OSError, UnidentifiedImageError):
        return Grid(name, title, f"{alt} There is no picture of them.", None)
    each, columns = strip.width // IMAGES, IMAGES // LINES
    grid = Image.new(strip.mode, (columns * each, LINES * (strip.height + 1)))
    for line in range(LINES):
        part = strip.crop((line * columns * each, 0, (line + 1) * columns * each, strip.height))
        grid.paste(part, (0, line * (strip.height + 1)))
    written = BytesIO()
    grid.save(written, "png", optimize=True)
    return Grid(name, title, alt, written.getvalue(), *grid.size)
