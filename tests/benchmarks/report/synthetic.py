"""Run folders that nobody trained: curves from a formula, noise from a seed, by the schema of a run folder."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

KINDS = {
    "standard": ("standard", None, None),
    "standard-again": ("twin", None, None),
    "saliency": ("guided", "saliency | abs | multiply", None),
    "saliency-shuffled": ("control", "saliency | abs | shuffle | multiply", "saliency"),
    "saliency-sample-mean": ("control", "saliency | abs | sample mean | multiply", "saliency"),
    "saliency-random": ("control", "random | multiply", "saliency"),
    "saliency-constant": ("control", "constant | multiply", "saliency"),
    "saliency-matched-rate": ("control", None, "saliency"),
    "top-k": ("control", "top half of the samples", None),
    "deep-shap": ("guided", "deep-shap | abs | multiply", None),
}
SHIFTS = {"saliency": 0.8, "deep-shap": 1.25, "top-k": 0.97, "saliency-constant": 1.1}
COSTS = {"saliency": 0.02, "deep-shap": 0.31}
SETTINGS = ("lr2e-05-beta0.9", "lr0.0002-beta0.5")


def run(
    folder: Path,
    *,
    arms: Sequence[str] = tuple(KINDS),
    settings: Sequence[str] = SETTINGS,
    seeds: Sequence[int] = (0, 1, 2),
    epochs: int = 20,
    diverged: Collection[tuple[str, int]] = (),
    unfinished: Mapping[tuple[str, int], int] | None = None,
    kinds: Mapping[str, tuple[str, str | None, str | None]] = KINDS,
    **facts: Any,
) -> Path:
    """Write a run folder.

    Args:
        folder: To be made.
        arms: Names in `kinds`.
        settings: Names.
        seeds: Of every arm.
        epochs: Of every trial; each is measured.
        diverged: (arm, seed) of those whose figures end half way.
        unfinished: The epochs that (arm, seed) has come to; 0 has not started.
        kinds: Kind, guidance and whose control, by the arm's name.
        **facts: In place of those of run.json.
    """
    unfinished = unfinished or {}
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps(_facts(arms, settings, seeds, epochs, kinds) | facts))
    (folder / "samples").mkdir()
    _strip(folder / "samples" / "real.png", 1.0, 0)
    lines: list[dict[str, Any]] = []
    for setting in settings:
        for seed in seeds:
            for arm in arms:
                trial = {"trial": f"{setting}--{arm}--seed{seed}", "setting": setting, "arm": arm, "seed": seed}
                come = unfinished.get((arm, seed), epochs)
                lines += _trial(trial, epochs, come, (arm, seed) in diverged, (arm, seed) not in unfinished)
                if come and seed == seeds[0]:
                    pictures = folder / "samples" / trial["trial"]
                    pictures.mkdir()
                    if arm.startswith("saliency"):
                        _strip(pictures / "masks.png", 0.5, 1)
                    for epoch in range(1, come + 1):
                        _strip(pictures / f"epoch-{epoch:04d}.png", epoch / epochs, _number(arm))
    (folder / "results.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def change(folder: Path, line: Callable[[dict[str, Any]], None]) -> None:
    """Change each line of a run's results."""
    path = folder / "results.jsonl"
    rows = [json.loads(text) for text in path.read_text().splitlines()]
    for row in rows:
        line(row)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def _facts(
    arms: Sequence[str],
    settings: Sequence[str],
    seeds: Sequence[int],
    epochs: int,
    kinds: Mapping[str, tuple[str, str | None, str | None]],
) -> dict[str, Any]:
    of = [dict(zip(("name", "kind", "guidance", "of"), (name, *kinds[name]), strict=True)) for name in arms]
    options = {name: {"lr": 2e-5 * 10**at, "beta1": 0.5} for at, name in enumerate(settings)}
    return {
        "format": 1,
        "command": f"xaigrad compare --preset mnist-single --seeds {len(seeds)}",
        "time": "2026-11-26T16:00:00+00:00",
        "xaigrad": {"version": "0.1.0", "commit": "0123abcd", "changed": False},
        "versions": {"torch": "2.13.0", "numpy": "2.4.6", "torch-fidelity": "0.4.0"},
        "machine": {"processor": "A processor", "cores": 2, "threads": 2, "gpu": None, "python": "3.12.1"},
        "preset": "mnist-single",
        "data": {"dataset": "mnist-5k", "digit": 7, "images": 500, "shape": [1, 28, 28], "hash": "da7a"},
        "extractor": "lenet-mnist-0f37f1e7",
        "plan": {
            "settings": [
                {
                    "name": name,
                    "model": "mlp",
                    "epochs": epochs,
                    "batch": 100,
                    "device": "cpu",
                    "options": options[name],
                }
                for name in settings
            ],
            "arms": of,
            "seeds": list(seeds),
            "every": 1,
            "evaluated": 500,
            "final": 1000,
        },
        "fingerprint": sha256(repr((arms, settings, seeds, epochs)).encode()).hexdigest(),
    }


def _trial(trial: dict[str, Any], budget: int, come: int, diverged: bool, finished: bool) -> list[dict[str, Any]]:
    if not come:
        return []
    arm, seed, setting = trial["arm"], trial["seed"], trial["setting"]
    rng = np.random.default_rng([_number(arm), seed, _number(setting)])
    luck = np.exp(0.15 * np.random.default_rng([seed, _number(setting)]).normal() + 0.03 * rng.normal())
    guided = KINDS.get(arm, ("guided",))[0] in ("guided", "control") and arm not in ("saliency-matched-rate", "top-k")
    rows: list[dict[str, Any]] = [trial | {"kind": "start", "paired": _hash("weights", setting, seed)}]
    fid, scores = float("nan"), None
    for epoch in range(1, come + 1):
        lost = diverged and epoch > budget // 2
        fid = float(
            SHIFTS.get(arm, 1.0) * luck * (30 + 300 * np.exp(-4 * epoch / budget)) * np.exp(0.05 * rng.normal())
        )
        scores = _scores(fid, epoch / budget, lost)
        rows.append(
            trial
            | {
                "kind": "epoch",
                "epoch": epoch,
                "d_loss": None if lost else 1.2 - 0.3 * epoch / budget + 0.05 * float(rng.normal()),
                "g_loss": None if lost else 0.8 + 0.5 * epoch / budget + 0.05 * float(rng.normal()),
                "explanations": 5 if guided else 0,
                "gradient_norm": None if lost else float(0.3 * np.exp(0.2 * rng.normal())),
                "sample_gradient_norm": 0.01 * SHIFTS.get(arm, 1.0) if guided and not lost else None,
                "norm_ratio": 0.4 + 0.02 * float(rng.normal()) if guided and not lost else None,
                "mask_mean": 0.2 + 0.01 * float(rng.normal()) if guided and not lost else None,
                "mask_sd": 0.1 if guided and not lost else None,
                "d_accuracy": None if lost else 0.9 - 0.2 * epoch / budget,
                "diverged": lost,
                "seconds": {"training": 0.4 + COSTS.get(arm, 0.0), "explainer": COSTS.get(arm, 0.0), "evaluation": 0.2},
                "draws": _hash("draws", setting, seed, epoch, "twin" if arm == "standard-again" else ""),
                "scores": scores,
                "ema": _scores(0.9 * fid, epoch / budget, lost),
            }
        )
    if finished:
        seconds = {name: come * value for name, value in rows[-1]["seconds"].items()}
        done = {"kind": "done", "epochs": come, "diverged": diverged, "seconds": seconds, "weights": _hash(*trial)}
        rows.append(trial | done | {"scores": scores, "ema": rows[-1]["ema"]})
    return rows


def _scores(fid: float, share: float, lost: bool) -> dict[str, float | None]:
    if lost:
        return dict.fromkeys(("fid", "kid", "precision", "recall"))
    return {"fid": fid, "kid": 0.02 * fid, "precision": 0.3 + 0.4 * share, "recall": 0.2 + 0.3 * share}


def _number(name: str) -> int:
    return int(_hash(name)[:6], 16)


def _hash(*of: Any) -> str:
    return sha256(repr(of).encode()).hexdigest()[:16]


def _strip(path: Path, share: float, seed: int) -> None:
    """Draw 20 sevens that come out of the noise."""
    rng, seven = np.random.default_rng(seed), np.zeros((28, 28))
    seven[6:8, 6:20] = 1
    for row in range(8, 23):
        seven[row, 18 - row // 2 : 21 - row // 2] = 1
    strip = np.zeros((28, 20 * 29))
    for at in range(20):
        noise = rng.random((28, 28))
        strip[:, 29 * at : 29 * at + 28] = share * np.roll(seven, rng.integers(-2, 3, 2), (0, 1)) + (1 - share) * noise
    Image.fromarray(np.uint8(255 * strip.clip(0, 1))).save(path)
