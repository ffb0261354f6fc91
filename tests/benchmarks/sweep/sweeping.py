"""Workers of a sweep that train nothing: ``sweeping.py STORAGE FOLDER SAMPLER TRIALS SLEEP WORKERS``.

Each is a fork of this process, so that all begin at once, and leaves its points in FOLDER.
"""

import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xaigrad.benchmarks.sweep import Space, Worker, opened

CHOICES = {"explainer": ["none", "saliency", "deep-shap"], "rule": ["multiply", "residual:0.2"], "offset": ["0", "0.5"]}


def work(storage: str, folder: Path, sampler: str, trials: int | None, sleep: float, name: str) -> None:
    space = Space(CHOICES)
    study = opened(storage, "sweep", "the same", sampler, space, trials)
    points = []

    def train(point: Mapping[str, str], report: Any) -> float:
        (folder / f"began-{name}").write_text(json.dumps(point))
        time.sleep(sleep)
        points.append(point)
        return float(len(point["explainer"]))

    worker = Worker(study, space, folder, train)
    worker.work(trials)
    (folder / f"{name}.json").write_text(json.dumps({"points": points, "trained": worker.trained}))


def main() -> None:
    storage, folder, sampler, trials, sleep, workers = sys.argv[1:]
    children = []
    for number in range(int(workers)):
        pid = os.fork()
        if pid == 0:
            work(storage, Path(folder), sampler, int(trials) or None, float(sleep), f"worker-{number}")
            os._exit(0)
        children.append(pid)
    sys.exit(max(os.waitpid(pid, 0)[1] for pid in children) and 1)


if __name__ == "__main__":
    main()
