"""On a GPU the data stays there, and no step of a trial waits for the device."""

import pytest
import torch

from xaigrad.benchmarks.setting import Setting
from xaigrad.benchmarks.study.averaged import Averaged
from xaigrad.benchmarks.study.meter import Meter
from xaigrad.benchmarks.training import Training

from . import small

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")]


@pytest.mark.parametrize("arm", small.arms(), ids=lambda arm: arm.name)
def test_no_step_waits(arm: small.Arm) -> None:
    if "matched-rate" in arm.name or arm.name == "harvesting":
        pytest.skip("It reads a number in each update: a learning rate, or D's accuracy.")
    training = Training(Setting(batch=12, device="cuda"), small.IMAGES, arm.guidance)
    Meter(training.gan.g_optimizer, training.guided)
    Averaged(training.generator, training.gan.g_optimizer)
    batch = torch.arange(12, device="cuda")
    for _ in range(3):
        training._step(batch)
    torch.cuda.set_sync_debug_mode("error")
    try:
        training._step(batch)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert training._images.is_cuda
