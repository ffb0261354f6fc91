"""DistributedDataParallel: two processes of gloo explain what one process would, and keep in step.

They are started once, by torchrun as a user starts them, run every training below, and leave what they found to the
tests. SyncBatchNorm needs a CUDA device and is not tried.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.functional import softplus
from torch.nn.parallel import DistributedDataParallel

from xaigrad import Guidance, XAIGuidedGenerator
from xaigrad.explainers import DeepLift, DeepShap, Explainer, Saliency
from xaigrad.integrations import distributed
from xaigrad.schedules import Constant

from ..loops import assert_same_bits, bits, flat_bits, random_states, seed_everything
from ..networks import DISCRIMINATORS, FEATURES, LATENT, smooth
from .documented import SECTIONS

ROWS, STEPS = 4, 3
"""Rows of each process, and updates of each training."""
BANK = torch.randn(20, FEATURES, generator=torch.Generator().manual_seed(2))
EXPLAINERS: dict[str, Explainer] = {
    "fused": Saliency(),
    "exact": Saliency(exact=True),
    "DeepLift": DeepLift(BANK[:1]),
}
SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "find_unused_parameters": {"find_unused_parameters": True},
    "static_graph": {"static_graph": True},
    "gradient_as_bucket_view": {"gradient_as_bucket_view": True},
    "own buffers": {"broadcast_buffers": False},
    "no_sync": {},
}
GUIDANCES: dict[str, Guidance | None] = {
    "unguided": None,
    "strength 0": Guidance(schedule=Constant(0)),
    "ones": Guidance(Saliency(exact=True), torch.ones_like),
    "guided": Guidance(DeepShap(BANK)),
}
TRAININGS = [("plain", "last"), ("plain", "between"), *((settings, "first") for settings in SETTINGS)]
"""Settings, and whether the guidance goes on before the networks are distributed."""


def networks(judge: Callable[[], nn.Module] = DISCRIMINATORS["BatchNorm"]) -> tuple[nn.Module, nn.Module]:
    """A generator with BatchNorm and dropout, and a discriminator; the same in every process."""
    seed_everything(0)
    layers = nn.Linear(LATENT, 16), nn.BatchNorm1d(16), nn.ReLU(inplace=True), nn.Dropout(0.2), nn.Linear(16, FEATURES)
    return nn.Sequential(*layers), judge()


def guided_and_distributed(
    maker: nn.Module, judge: nn.Module, guidance: Guidance | None, order: str = "first", **settings: Any
) -> tuple[Any, Any]:
    """Return both, distributed, with the guidance around the bare networks, the distributed ones, or a mixture."""

    def spread(network: nn.Module) -> nn.Module:
        return DistributedDataParallel(network, **settings)

    def guide(maker: nn.Module) -> XAIGuidedGenerator:  # Explainers ask in training mode, where D has most to lose.
        return XAIGuidedGenerator(maker, judge, guidance, eval_mode=False)

    if guidance is None:
        return spread(maker), spread(judge)
    if order == "first":
        return spread(guide(maker)), spread(judge)
    judge = spread(judge)
    if order == "between":
        return spread(guide(maker)), judge
    return guide(spread(maker)), judge


def explained(explainer: Explainer, rows: slice, spread: bool) -> dict[str, Any]:
    """One gradient of the generator for some rows of a batch, with no randomness in the networks."""
    maker, judge = networks(smooth)
    maker.eval()
    draws = torch.randn(2 * ROWS, LATENT)
    if spread:
        play, judge = guided_and_distributed(maker, judge, Guidance(explainer))
        guided = play.module
    else:
        play = guided = XAIGuidedGenerator(maker, judge, explainer=explainer, eval_mode=False)
    softplus(-judge(play(draws[rows]))).mean().backward()
    gradients = [parameter.grad.clone() for parameter in maker.parameters()]
    return {"mask": guided.last.mask, "gradients": gradients}


def trained(guidance: Guidance | None, settings: str, order: str) -> dict[str, Any]:
    """Some steps of a GAN, with the gradients accumulated over two batches where they are not synchronised."""
    maker, judge = networks()
    play, asked = guided_and_distributed(maker, judge, guidance, order, **SETTINGS[settings])
    optimizers = [torch.optim.Adam(network.parameters(), 1e-2) for network in (maker, judge)]
    seed_everything(1 + dist.get_rank())
    first: list[Tensor] = []
    for _ in range(STEPS):
        for synchronised in [False, True] if settings == "no_sync" else [True]:
            with ExitStack() as stack:
                for network in [] if synchronised else [play, asked]:
                    stack.enter_context(network.no_sync())
                fake = play(torch.randn(ROWS, LATENT))
                of_real, of_fake = asked(torch.cat([torch.randn(ROWS, FEATURES), fake.detach()])).chunk(2)
                (softplus(-of_real).mean() + softplus(of_fake).mean()).backward()
                softplus(-asked(fake)).mean().backward()
        first = first or [parameter.grad.clone() for parameter in judge.parameters()]
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
    parameters = flat_bits("", [dict(network.named_parameters()) for network in (maker, judge)])
    state = flat_bits("", [network.state_dict() for network in (maker, judge)])
    adam = flat_bits("Adam", [optimizer.state_dict() for optimizer in optimizers])
    found = {"parameters": parameters, "everything": state | adam | random_states(), "judge": list(map(bits, first))}
    if guidance is not None:
        guided = play if order == "last" else play.module
        found |= {"counts": [guided.updates, guided.explanations], "names": list(play.module.state_dict())}
    return found


def all_found(rank: int) -> Iterator[tuple[Any, dict[str, Any]]]:
    for name, explainer in EXPLAINERS.items():
        yield name, explained(explainer, slice(rank * ROWS, (rank + 1) * ROWS), spread=True)
    for settings, order in TRAININGS:
        for name, guidance in GUIDANCES.items():
            yield (settings, order, name), trained(guidance, settings, order)


def main(folder: Path) -> None:
    """What each of the two processes does."""
    torch.set_num_threads(1)
    torch.set_default_dtype(getattr(torch, os.environ.get("XAIGRAD_TEST_DTYPE", "float32")))
    distributed.main()
    rank, store = int(os.environ["RANK"]), dist.FileStore(str(folder / "store"), 2)
    dist.init_process_group("gloo", store=store, rank=rank, world_size=2)
    torch.save(dict(all_found(rank)), folder / f"{rank}.pt")
    dist.destroy_process_group()


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[Mapping[Any, Any]]]:
    folder, root = tmp_path_factory.mktemp("processes"), Path(__file__).parents[2]
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [*torchrun, "-m", __name__, folder],
        cwd=root,
        env=os.environ | {"CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr, [torch.load(folder / f"{rank}.pt", weights_only=False) for rank in range(2)]


@pytest.fixture
def found(processes: tuple[str, list[Mapping[Any, Any]]]) -> list[Mapping[Any, Any]]:
    return processes[1]


def test_the_script_runs_under_torchrun(processes: tuple[str, list[Mapping[Any, Any]]]) -> None:
    assert "4 updates, 4 explanations in the first process" in processes[0]


@pytest.mark.parametrize("name", EXPLAINERS)
def test_masks_are_those_of_one_process(found: list[Mapping[Any, Any]], name: str) -> None:
    halves = [explained(EXPLAINERS[name], slice(rank * ROWS, (rank + 1) * ROWS), spread=False) for rank in range(2)]
    whole = explained(EXPLAINERS[name], slice(None), spread=False)
    for rank, half in enumerate(halves):
        assert bits(found[rank][name]["mask"]) == bits(half["mask"])
    torch.testing.assert_close(torch.cat([found[rank][name]["mask"] for rank in range(2)]), whole["mask"])
    for ours, *theirs in zip(found[0][name]["gradients"], *(half["gradients"] for half in halves), strict=True):
        torch.testing.assert_close(ours, sum(theirs) / 2)


@pytest.mark.parametrize(("settings", "order"), TRAININGS)
def test_processes_stay_in_step(found: list[Mapping[Any, Any]], settings: str, order: str) -> None:
    first, second = (found[rank][settings, order, "guided"] for rank in range(2))
    assert_same_bits(first["parameters"], second["parameters"])
    assert first["counts"] == second["counts"] == [STEPS, STEPS * (2 if settings == "no_sync" else 1)]
    assert first["everything"] != found[0][settings, order, "unguided"]["everything"]


@pytest.mark.parametrize("rank", range(2))
@pytest.mark.parametrize(("settings", "order"), TRAININGS)
def test_neutral(found: list[Mapping[Any, Any]], settings: str, order: str, rank: int) -> None:
    """Strength 0, and a mask of ones that asked D: networks, buffers, optimizers and random states, to the bit."""
    unguided = found[rank][settings, order, "unguided"]["everything"]
    for name, explanations in ("strength 0", 0), ("ones", STEPS * (2 if settings == "no_sync" else 1)):
        assert_same_bits(found[rank][settings, order, name]["everything"], unguided)
        assert found[rank][settings, order, name]["counts"] == [STEPS, explanations]


@pytest.mark.parametrize(("settings", "order"), TRAININGS)
def test_the_discriminator_learns_as_ever(found: list[Mapping[Any, Any]], settings: str, order: str) -> None:
    """Its gradients of a guided step, from both losses, are those of an unguided one."""
    for each in found:
        assert each[settings, order, "guided"]["judge"] == each[settings, order, "unguided"]["judge"]


def test_names_in_a_checkpoint(found: list[Mapping[Any, Any]]) -> None:
    """`generator.module.state_dict()`, as code with DistributedDataParallel has it."""
    assert found[0]["plain", "first", "guided"]["names"] == list(networks()[0].state_dict())


def test_documentation() -> None:
    """Its lines are the script's, and the script is the one that was run."""
    (_, lines), (_, command) = SECTIONS["torchrun"]
    assert indent(lines, "    ") in Path(distributed.__file__).read_text()
    assert command == f"torchrun --nproc-per-node 2 -m {distributed.__name__}\n"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
