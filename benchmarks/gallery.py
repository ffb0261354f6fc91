"""The pictures of the documentation: ``python -m xaigrad.benchmarks.gallery``.

Real digits, the explanation of a discriminator that has learned for a while, and what each mask transform, rule and
specification makes of it. The pictures and the tables of docs/control.md are written anew.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from matplotlib import colormaps
from PIL import Image
from torch import Tensor, nn

from xaigrad import Guidance, XAIGuidedGenerator, recipes
from xaigrad._reweighting import GuidedUpdate
from xaigrad.benchmarks import data
from xaigrad.benchmarks.readme import ROOT, filled
from xaigrad.benchmarks.setting import Setting
from xaigrad.benchmarks.training import Training
from xaigrad.explainers import DeepShap
from xaigrad.logic import parse
from xaigrad.rules import NonSaturating

PAGE = ROOT / "docs" / "control.md"
PICTURES = ROOT / "docs" / "images"
DIGITS = 6
_EPOCHS = 2
_REFERENCES = 16
_ZOOM = 2

MASKS = (
    "AbsNormalize()",
    "(Abs(), Normalize(by='quantile', quantile=0.9))",
    "(PositivePart(), Normalize())",
    "(NegativePart(), Normalize())",
    "(AbsNormalize(), Offset(base=0.5, scale=0.5))",
    "(AbsNormalize(), Power(0.5))",
    "(AbsNormalize(), Clamp(low=0.2, high=0.6))",
    "(AbsNormalize(), Invert())",
    "(Abs(), TopK(0.1))",
    "(AbsNormalize(), TopK(0.1, soft=True))",
    "(AbsNormalize(), Blur(sigma=1.5))",
    "(AbsNormalize(), Patchwise(size=4))",
    "(AbsNormalize(), MeanOne())",
    "(AbsNormalize(), ChannelMean())",
    "(AbsNormalize(), EMA(decay=0.9))",
    "(AbsNormalize(), RejectedOnly(threshold=0.08))",
    "(AbsNormalize(), AcceptedOnly(threshold=0.08))",
)
RULES = (
    "Multiply()",
    "Residual(alpha=1.0)",
    "Blend(share=0.5)",
    "Additive(alpha=1.0)",
    "NormPreserving()",
    "SampleWeight()",
    "Project(Additive(alpha=2.0))",
    "PathFeedback(NonSaturating(probabilities=True), real, stretch=(0.0, 1.0), steps=16)",
    "SecantFeedback(NonSaturating(probabilities=True), real, samples=8)",
)
LOGIC = (
    "explanation",
    "explanation > 0.3",
    "explanation & ~border(6)",
    "explanation & centre(0.5)",
    "explanation & intensity",
    "agree(saliency, deepshap)",
    "explanation & ~border(2) | agree(saliency, deepshap)",
    "intensity -> explanation",
    "explanation & ~label(7)",
    "explanation & exists(explanation > 0.3, centre(0.3))",
    "mostly(explanation, centre(0.5))",
)


TEXTS = {"masks": MASKS, "rules": RULES, "logic": LOGIC}
"""What there is a picture of, by table."""


class Given(nn.Module):
    """A generator that makes the images it was given."""

    def __init__(self, images: Tensor) -> None:
        super().__init__()
        self.images = nn.Parameter(images.clone())

    def forward(self) -> Tensor:
        """Return them."""
        return self.images * 1


@dataclass(frozen=True)
class Scene:
    """Real digits and a discriminator that has an opinion of them.

    Attributes:
        digits: Shape ``(6, 1, 28, 28)``.
        labels: Shape ``(6,)``.
        bank: Real samples, to compare with.
        discriminator: In eval mode, ``(samples, labels) -> probability``.
    """

    digits: Tensor
    labels: Tensor
    bank: Tensor
    discriminator: nn.Module

    def update(self, guidance: Guidance) -> GuidedUpdate:
        """Return what a guidance does at the digits, in its second update; the first sees others."""
        generator = Given(self.digits)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            guided = XAIGuidedGenerator(generator, self.discriminator, guidance)
        for images in (self.bank[:DIGITS], self.digits):
            generator.images.data = images
            loss = NonSaturating(probabilities=True)(self.discriminator(guided(), self.labels).squeeze(1))
            torch.autograd.backward(loss.sum())
        if guided.last is None:
            raise RuntimeError(f"{guidance} should guide. Found that it did not: {dict(guided.skipped)}.")
        return guided.last


class _Told(nn.Module):
    """A discriminator that is called with labels and does not look at them."""

    def __init__(self, discriminator: nn.Module) -> None:
        super().__init__()
        self.discriminator = discriminator

    def forward(self, samples: Tensor, labels: Tensor) -> Any:
        return self.discriminator(samples)


def scene(epochs: int = _EPOCHS, images: int | None = None) -> Scene:
    """Train the standard DCGAN pair for a while on the embedded digits.

    Args:
        epochs: Passes over the data.
        images: How many of the digits; ``None``: all.
    """
    digits = data.load("mnist-5k")
    order = torch.randperm(len(digits), generator=torch.Generator().manual_seed(0))[:images]
    training = Training(Setting(model="dcgan", epochs=epochs), digits.images[order], labels=digits.labels[order])
    for _ in range(epochs):
        training.epoch()
    shown = torch.tensor([int((digits.labels == label).nonzero()[7]) for label in (7, 0, 2, 4, 3, 9)])
    judge = _Told(training.discriminator).eval().requires_grad_(False)
    return Scene(digits.images[shown], digits.labels[shown], digits.images[order], judge)


def picture(rows: Sequence[tuple[Tensor, str]], path: Path) -> None:
    """Write images below each other, one column per digit.

    Args:
        rows: Images of shape ``(6, 1, 28, 28)`` and how to colour them: ``gray`` for samples and ``signed`` for other
            numbers in [-1, 1], ``mask`` for numbers from 0, scaled by 1 or what is more.
        path: The PNG file.
    """
    lines = [torch.cat([_coloured(image[0], kind) for image in images], 1) for images, kind in rows]
    pixels = torch.cat(lines).repeat_interleave(_ZOOM, 0).repeat_interleave(_ZOOM, 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels.numpy()).convert("RGB").quantize(128).save(path, optimize=True)


def _coloured(image: Tensor, kind: str) -> Tensor:
    scaled = image / image.max().clamp(min=1) if kind == "mask" else (image + 1) / 2
    colours = colormaps[{"gray": "gray", "signed": "RdBu_r", "mask": "magma"}[kind]]
    coloured = torch.from_numpy(colours((scaled.clamp(0, 1) * 255).round().to(torch.uint8).numpy(), bytes=True))
    framed = coloured.new_full((30, 30, 4), 255)
    framed[1:-1, 1:-1] = coloured
    return framed


def pictures(scene: Scene, folder: Path) -> None:
    """Draw every picture of :data:`TEXTS`, in the place of those of an earlier time.

    Args:
        scene: What is seen.
        folder: Where the files are put.
    """
    for kind in TEXTS:
        for earlier in folder.glob(f"{kind}-*.png"):
            earlier.unlink()
    explainer = DeepShap(scene.bank, samples=_REFERENCES)
    names = {"real": scene.bank}
    made: dict[str, Callable[[str], Guidance]] = {
        "masks": lambda text: Guidance(explainer, recipes.read(text, names)),
        "rules": lambda text: Guidance(explainer, rule=recipes.read(text, names)),
        # The discriminator is not in training here, so there is nothing to harvest.
        "logic": lambda text: Guidance(explainer, parse(text, deepshap=explainer)),
    }
    for kind, texts in TEXTS.items():
        for text in texts:
            update = scene.update(made[kind](text))
            picture(_rows_of_rule(update) if kind == "rules" else _rows_of_mask(update), folder / file_of(kind, text))


def _rows_of_mask(update: GuidedUpdate) -> list[tuple[Tensor, str]]:
    return [(update.samples, "gray"), (_scaled(update.attribution), "signed"), (update.mask, "mask")]


def _rows_of_rule(update: GuidedUpdate) -> list[tuple[Tensor, str]]:
    standard, guided = _scaled(-update.gradient), _scaled(-update.guided, update.gradient)
    return [(update.samples, "gray"), (standard, "signed"), (guided, "signed")]


def _scaled(images: Tensor, like: Tensor | None = None) -> Tensor:
    """Return images, each divided by its largest value, or by that of another."""
    return images / (images if like is None else like).abs().amax((1, 2, 3), keepdim=True)


def file_of(kind: str, text: str) -> str:
    """Return the name of a picture's file.

    Example:
        >>> file_of("masks", "(Abs(), TopK(0.1))")
        'masks-abs-topk-0-1.png'
    """
    words = "".join(letter if letter.isalnum() else " " for letter in text).split()
    return f"{kind}-{'-'.join(words).lower()[:60]}.png"


def tables() -> dict[str, str]:
    """Return the tables of the page by name, in Markdown."""
    rows = {
        kind: [f"| `{_cell(text)}` | ![{_cell(text)}](images/{file_of(kind, text)}) |" for text in texts]
        for kind, texts in TEXTS.items()
    }
    found = {kind: "\n".join(["| | |", "| --- | --- |", *lines]) for kind, lines in rows.items()}
    return found | {"recipes": _recipes()}


def _recipes() -> str:
    rows = [f"| `{name}` | {summary} |" for name, summary in recipes.NAMES.items()]
    return "\n".join(["| recipe | |", "| --- | --- |", *rows])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main(page: Path = PAGE, folder: Path = PICTURES) -> None:
    """Draw the pictures and fill the page's tables."""
    pictures(scene(), folder)
    for name, table in tables().items():
        page.write_text(filled(page.read_text(), name, table))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
