"""Lets torchvision be imported beside a PyTorch that its compiled operators were not built for.

Beside a CPU build of PyTorch, PyPI's CUDA build of torchvision cannot load its operators, and its import stops at
``operator torchvision::nms does not exist``. Nothing here calls that operator; its declaration is enough.
"""

import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import torch


def declare_missing_operators() -> None:
    """Declare the operators whose absence would stop ``import torchvision``; call it before that import.

    Does nothing where torchvision works, is imported already or is not installed, and nothing the second time.
    """
    if "torchvision" in sys.modules:
        return
    _load_compiled_operators()
    for operator in ("nms", "qnms"):
        if not hasattr(torch.ops.torchvision, operator):
            torch.library.define(
                f"torchvision::{operator}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
            )


def _load_compiled_operators() -> None:
    # They come first: where they fit this PyTorch, loading them after a declaration of the same name ends the process.
    package = find_spec("torchvision")
    for folder in (package and package.submodule_search_locations) or ():
        for library in Path(folder).glob("_C*"):  # `_C` until torchvision 0.28, `_C_stable` from 0.29
            if library.suffix in {".so", ".pyd"}:
                with suppress(OSError):
                    torch.ops.load_library(library)  # type: ignore[no-untyped-call]
