"""Trains the small plan, killed again and again: ``killed.py OUT KILLS``. It prints how often, as JSON.

Each process is a fork of this one, so that the moment of its death lies in the training and not in an import.
"""

import json
import os
import random
import shutil
import signal
import sys
import time
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import torch

from xaigrad.benchmarks.study.folder import read

_PATIENCE = 8


def plan() -> Any:
    spec = spec_from_file_location("small", Path(__file__).with_name("small.py"))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules["small"] = module
    spec.loader.exec_module(module)
    return module


def main(out: Path, kills: int) -> None:
    torch.set_num_threads(1)
    small = plan()
    moments, latest = random.Random(0), 0.35
    trials = len(list(small.plan().trials()))
    killed = middle = lines = idle = 0
    while True:
        pid = os.fork()
        if pid == 0:
            small.train(out, interval=0.0, resume=True)
            os._exit(0)
        if middle < kills and killed < 10 * kills:
            time.sleep(moments.uniform(0.02, latest))
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        if not os.WIFSIGNALED(status):
            if status or middle >= kills or killed >= 10 * kills:
                break
            shutil.rmtree(out)  # A fast machine has come to the end before it was killed often enough: once more.
            latest, lines = latest / 2, 0
            continue
        killed += 1
        if (out / "run.json").exists():
            found = read(out)
            before, lines = lines, len(found.starts) + len(found.epochs) + len(found.done)
            middle += lines > before and len(found.done) < trials
            idle = idle + 1 if lines == before else 0
            if idle == _PATIENCE:  # A slow machine has not come as far yet.
                latest, idle = 1.5 * latest, 0
    print(json.dumps({"by SIGKILL": killed, "in the middle": middle}))  # noqa: T201
    sys.exit(status and 1)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
