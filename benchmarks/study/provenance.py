"""Where a run comes from: command, code, versions, machine, data and plan."""

import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from xaigrad.benchmarks import results, yours
from xaigrad.benchmarks.data import Digits
from xaigrad.benchmarks.digest import hashed
from xaigrad.benchmarks.study.plan import Plan

_LIBRARIES = ("torch", "torch-fidelity", "numpy", "scipy", "safetensors", "captum", "shap", "accelerate")


def facts(plan: Plan, digits: Digits, extractor: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a run folder records of it.

    ``determined_by`` is all that the figures depend on; a run can be gone on with where it is the same.
    """
    data = {
        "dataset": digits.name,
        "digit": asked.get("digit"),
        "images": len(digits),
        "shape": list(digits.images.shape[1:]),
        "hash": hashed(digits.images, digits.labels),
    }
    versions = {name: found for name in _LIBRARIES if (found := _version(name)) is not None}
    determined_by = {
        "data": data,
        "plan": plan.record(),
        "extractor": extractor,
        "code": {name: yours.code_of(text) for name, text in asked.get("own", {}).items() if text and ":" in text},
        "torch": versions["torch"],
        "threads": torch.get_num_threads(),
    }
    return {
        "command": results.command_line(sys.argv[1:]),
        "arguments": results.without(("--out",), sys.argv[1:]),
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "xaigrad": code(),
        "versions": versions,
        "machine": results.machine(),
        "preset": asked.get("preset"),
        "data": data,
        "extractor": extractor,
        "plan": plan.record(),
        "determined_by": determined_by,
    }


def code() -> dict[str, Any]:
    """Return the version of xaigrad and, in a clone, the commit and whether files were changed since."""
    found: dict[str, Any] = {"version": version("xaigrad"), "commit": None, "changed": None}
    if (Path(__file__).resolve().parents[2] / ".git").exists():
        found |= {
            "commit": _git("rev-parse", "HEAD"),
            "changed": None if (changes := _git("status", "--porcelain")) is None else bool(changes),
        }
    return found


def _git(*words: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", *words], cwd=Path(__file__).parent, capture_output=True, text=True, check=True, timeout=10
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
