"""Trains the small plan, killed again and again: ``killed.py OUT KILLS``. It prints how often, as JSON.

Each process is a fork of this one, so that the moment of its death lies in the training and not in an import.
"""

import json
import os
import random
import signal
import sys
import time
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import torch

from xaigrad.benchmarks.study.folder import read


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
    moments = random.Random(0)
    killed = middle = 0
    while True:
        pid = os.fork()
        if pid == 0:
            small.train(out, interval=0.0, resume=True)
            os._exit(0)
        if killed < kills:
            time.sleep(moments.uniform(0.02, 0.35))
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
            killed += 1
            middle += bool((out / "run.json").exists() and len(read(out).done) < len(list(small.plan().trials())))
        elif killed >= kills:
            break
        else:  # It ended before it was killed: once more, from the start.
            print(f"ended after {killed} kills", file=sys.stderr)  # noqa: T201
            sys.exit(1)
    if status != 0:
        sys.exit(1)
    print(json.dumps({"by SIGKILL": killed, "in the middle": middle}))  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
