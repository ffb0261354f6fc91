"""The most memory that tensors hold at once."""

import gc
import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
from torch._C._profiler import _EventType
from torch.profiler import ProfilerActivity, profile, record_function

_MEASURED = "xaigrad: measured"


def peak_bytes(device: torch.device, prepare: Callable[[], Callable[[], object]]) -> int:
    """Return the most bytes of tensors on a device at any moment of a task.

    What the preparation has allocated and still holds is counted too; what was there before it is not. On the CPU it is
    the running sum of PyTorch's allocations, in a profile: scratch memory of operators included, NumPy's arrays not. On
    a GPU it is what the caching allocator hands out.

    Args:
        device: Where the tensors lie.
        prepare: Makes all that the task needs, warms up, and returns the task.
    """
    if device.type == "cuda":
        gc.collect()  # What is released later would be missed in the difference.
        torch.cuda.synchronize(device)
        before = torch.cuda.memory_allocated(device)
        task = prepare()
        torch.cuda.synchronize(device)
        torch.cuda.reset_peak_memory_stats(device)
        task()
        torch.cuda.synchronize(device)
        return torch.cuda.max_memory_allocated(device) - before
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # The profiler would write two lines a profile to the terminal.
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiled:
        task = prepare()
        with record_function(_MEASURED):
            task()
    recorded: Any = profiled.profiler
    events = sorted(_flat(recorded.kineto_results.experimental_event_tree()), key=lambda event: event.start_time_ns)
    (measured,) = [event for event in events if event.name == _MEASURED]
    changes = [
        (event.start_time_ns, event.extra_fields.ptr, event.extra_fields.alloc_size)
        for event in events
        if event.tag == _EventType.Allocation and event.extra_fields.device.type == "cpu"
    ]
    return highest(changes, measured.start_time_ns, measured.end_time_ns)


def highest(changes: Iterable[tuple[int, int, int]], start: int, end: int) -> int:
    """Return the highest sum of what is allocated, between two times.

    Args:
        changes: Time, address and bytes of each allocation (positive) and release (negative), in the order of time.
        start: From when on the sum counts.
        end: Until when.

    Example:
        >>> highest([(0, 1, 50), (1, 2, 70), (2, 2, -70), (3, 3, 20), (9, 4, 80)], start=2, end=5)
        70
    """
    live: dict[int, int] = {}
    total = peak = 0
    for time, address, size in changes:
        if time > end:
            break
        if size < 0:
            # Releases of what was allocated before the profile are reported now and then, with stale sizes.
            total -= live.pop(address, 0)
        else:
            live[address] = size
            total += size
        # Until the start the sum itself is followed; after it, its maximum.
        peak = total if time <= start else max(peak, total)
    return peak


def _flat(events: Iterable[Any]) -> Iterator[Any]:
    for event in events:
        yield event
        yield from _flat(event.children)
